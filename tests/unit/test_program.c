/* test_program: what runs, told by content and by name. */
#include "support/test.h"

#include "scan/program.h"

#define S(literal)                                                             \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}

static void
check(const char *got, const char *want, size_t row)
{
	if (got == NULL)
		got = "nothing";
	if (want == NULL)
		want = "nothing";
	if (strcmp(got, want) != 0)
		fail_msg("row %zu: %s, not %s", row, got, want);
}

static void
knows_programs_by_their_content(void **state)
{
	static const struct {
		struct span bytes;
		const char *want;
	} rows[] = {
		{ S("\177ELF\1\1\1"), "Program.ELF" },
		{ S("\177EL"), NULL },
		{ S("\xcf\xfa\xed\xfe\7"), "Program.MachO" },
		{ S("\xfe\xed\xfa\xce\0"), "Program.MachO" },
		{ S("\xca\xfe\xba\xbe\0\0\0\2"), "Program.MachO" },
		{ S("\xca\xfe\xba\xbe\0\0\0\x34"), "Program.Java" },
		{ S("\xca\xfe\xba\xbe\0\0"), NULL },
		{ S("L\0\0\0\1\24\2\0\0\0"), "Program.Link" },
		{ S("ITSF\3\0\0\0"), "Program.Help" },
		{ S("#!/bin/sh\n"), "Program.Script" },
		{ S("#! \t/usr/bin/perl"), "Program.Script" },
		{ S("#!shebang is a word"), NULL },
		{ S("#!"), NULL },
		{ S("@ECHO OFF\r\n"), "Program.Batch" },
		{ S("echo off"), NULL },
		{ S("MZ"), NULL },
		{ S("MZ is how this text begins, and it goes on for a while "
		    "and another while, so that it is long"),
		    NULL },
		{ S(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(program_content(rows[i].bytes), rows[i].want, i);
}

static void
a_program_of_dos_is_told_from_that_of_windows(void **state)
{
	uint8_t b[96] = "MZ";

	(void)state;
	b[8] = 4;
	check(program_content(span_of(b, sizeof(b))), "Program.DOS", 0);
	b[60] = 92;
	memcpy(b + 92, "PE\0\0", 4);
	check(program_content(span_of(b, sizeof(b))), "Program.PE", 1);
	check(program_content(span_of(b, 95)), "Program.DOS", 2);
	b[63] = 0xff; /* the offset leads out of the file */
	check(program_content(span_of(b, sizeof(b))), "Program.DOS", 3);
	b[8] = 7; /* a header longer than the file */
	check(program_content(span_of(b, sizeof(b))), NULL, 4);
	b[63] = 0;
	memcpy(b + 92, "NE\0\0", 4);
	check(program_content(span_of(b, sizeof(b))), "Program.Windows", 5);
}

static void
knows_programs_by_their_name(void **state)
{
	static const struct {
		struct span name;
		const char *want;
	} rows[] = {
		{ S("a.exe"), "Name.Program" },
		{ S("A.ScR"), "Name.Program" },
		{ S("folder/sub\\run.js"), "Name.Program" },
		{ S("a.exe. . "), "Name.Program" },
		{ S("a.exe\0.txt"), "Name.Program" },
		{ S("a.exe::$DATA"), "Name.Program" },
		{ S("C:\\x\\a.hta"), "Name.Program" },
		{ S(".lnk"), "Name.Program" },
		{ S("invoice.pdf.exe"), "Name.DoubleEnding" },
		{ S("invoice.PDF          .exe"), "Name.DoubleEnding" },
		{ S("photo_\xe2\x80\xaegpj.exe"), "Name.RightToLeft" },
		{ S("\xe2\x80\xae"
		    "cod.tr"),
		    "Name.RightToLeft" },
		{ S("a.txt"), NULL },
		{ S("exe"), NULL },
		{ S("a.exe/b.txt"), NULL },
		{ S("a.exe/"), NULL },
		{ S("a.exec"), NULL },
		{ S("a.tar.gz"), NULL },
		{ S("\xe2\x80\x8f\xd7\xa9\xd7\x9c.pdf"), NULL },
		{ S("a."), NULL },
		{ S(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(program_name(rows[i].name, false), rows[i].want, i);
}

static void
an_image_of_a_disk_counts_where_it_is_packed(void **state)
{
	(void)state;
	check(program_name(SPAN("a.iso"), true), "Name.Image", 0);
	check(program_name(SPAN("a.VHDX"), true), "Name.Image", 1);
	check(program_name(SPAN("a.iso"), false), NULL, 2);
	check(program_name(SPAN("a.png"), true), NULL, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_programs_by_their_content),
		cmocka_unit_test(a_program_of_dos_is_told_from_that_of_windows),
		cmocka_unit_test(knows_programs_by_their_name),
		cmocka_unit_test(an_image_of_a_disk_counts_where_it_is_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
