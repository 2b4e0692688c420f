/* test_repair: headers of real devices, fed whole and byte by byte. */
#include "support/test.h"

#include "codec/repair.h"

static char out_mem[8192];

static struct span
run(const char *message, const char *from, bool force, size_t step)
{
	struct span rest = span_str(message);
	struct repair r;
	struct text out;

	text_init(&out, out_mem, sizeof(out_mem));
	repair_init(&r, SPAN("DATE"), SPAN("<ID@h>"), span_str(from), force);
	while (rest.len > 0) {
		struct span part = span_first(rest, step);

		rest = span_from(rest, part.len);
		while (part.len > 0)
			repair_feed(&r, &part, &out);
	}
	repair_end(&r, &out);
	return text_data(&out);
}

static void
check(const char *message, const char *from, bool force, const char *want)
{
	for (size_t step = 1; step <= strlen(message) + 1; step++) {
		struct span got = run(message, from, force, step);

		assert_int_equal(got.len, strlen(want));
		assert_memory_equal(got.p, want, got.len);
	}
}

static void
check_mode(void (*mode)(struct repair *), const char *message, const char *want)
{
	for (size_t step = 1; step <= strlen(message) + 1; step++) {
		struct span rest = span_str(message), got;
		struct repair r;
		struct text out;

		text_init(&out, out_mem, sizeof(out_mem));
		mode(&r);
		while (rest.len > 0) {
			struct span part = span_first(rest, step);

			rest = span_from(rest, part.len);
			while (part.len > 0)
				repair_feed(&r, &part, &out);
		}
		repair_end(&r, &out);
		got = text_data(&out);
		assert_int_equal(got.len, strlen(want));
		assert_memory_equal(got.p, want, got.len);
	}
}

static void
check_blind(const char *message, const char *want)
{
	check_mode(repair_blind, message, want);
}

static void
a_body_without_a_header_is_set_apart(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "hello\n", "\nhello\n" },
		{ "hello world: yes\nBcc: b\n",
		    "\nhello world: yes\nBcc: b\n" },
		{ " indented\nx\n", "\n indented\nx\n" },
		{ ": x\n", "\n: x\n" },
		{ "a line that is longer than what is looked at\n",
		    "\na line that is longer than what is looked at\n" },
		{ "no line end", "\nno line end" },
		{ "\nbody\n", "\nbody\n" },
		{ "", "" },
		{ "Subject: x\nno field\n", "Subject: x\nno field\n" },
		{ "From ann Mon Jan 1\nSubject: a\n\nb\n",
		    "From ann Mon Jan 1\nSubject: a\n\nb\n" },
		{ ">From ann Mon Jan 1\nSubject: a\n\nb\n",
		    ">From ann Mon Jan 1\nSubject: a\n\nb\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_mode(repair_gap, cases[i].in, cases[i].out);
		check_mode(repair_blind, cases[i].in, cases[i].out);
	}
	check_mode(repair_gap, "Bcc: b\n\nx\n", "Bcc: b\n\nx\n");
	check_blind(
	    "From ann Mon Jan 1\nBcc: b\n\nx\n", "From ann Mon Jan 1\n\nx\n");
}

static void
blind_recipients_are_taken_out_and_nothing_else_is_touched(void **state)
{
	static const char same[] =
	    "Subject: x\nBccx: y\n bcc: folded\n\nBcc: body\n";

	(void)state;
	check_blind(same, same);
	check_blind("", "");
	check_blind("Bcc: a@b\n", "");
	check_blind("Bcc: a@b", "");
	check_blind("BCC: a@b,\n\tand a much longer line than is looked at: c@d"
		    "\nSubject: x\nresent-bcc:\n e@f\n\nBcc: body\n",
	    "Subject: x\n\nBcc: body\n");
}

static void
a_date_from_a_lost_clock_is_replaced(void **state)
{
	static const struct {
		const char *theirs, *ours;
		bool replaced;
	} cases[] = {
		{ "Thu, 01 Jan 1970 00:00:12 +0000", "2026", true },
		{ "Tue, 01 Jan 1980 00:00:12 +0000", "2026", true },
		{ "Tue, 31 Dec 2024 23:59:59 +0000", "2026", true },
		{ "Wed, 31 Dec 2025 23:59:59 +0000", "2026", false },
		{ "Sun, 22 Nov 2026 16:00:00 +0000", "1970", false },
		{ "Sun, 22 Nov 2099 16:00:00 +0000", "2026", false },
		{ "no date", "2026", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span rest;
		struct repair r;
		struct text in, out;
		char mem[200];

		text_init(&in, mem, sizeof(mem));
		text_str(&in, "Date: ");
		text_str(&in, cases[i].theirs);
		text_str(&in, "\n\n");
		rest = text_data(&in);
		text_init(&out, out_mem, sizeof(out_mem));
		repair_init(&r, span_str(cases[i].ours), SPAN("<ID@h>"),
		    SPAN("a@b"), false);
		while (rest.len > 0)
			repair_feed(&r, &rest, &out);
		text_cstr(&out);
		assert_int_equal(
		    strstr(out_mem, "X-Original-Date: ") == out_mem,
		    cases[i].replaced);
		assert_int_equal(
		    strstr(out_mem, "\nDate: ") != NULL, cases[i].replaced);
	}
}

static void
complete_header_passes_unchanged(void **state)
{
	static const char good[] = "Date: today\nFROM: a@b\nmessage-id: <1@b>\n"
				   "MIME-Version: 1.0\nSubject: x\n y\n\n"
				   "From: the body\n\nDate: too\n";

	(void)state;
	check(good, "x@y", false, good);
}

static void
missing_fields_are_added_at_the_end_of_the_header(void **state)
{
	(void)state;
	check("Subject: scan\nTo: b@c\n\nbody\n", "scanner@h", false,
	    "Subject: scan\nTo: b@c\nDate: DATE\nFrom: scanner@h\n"
	    "Message-ID: <ID@h>\nMIME-Version: 1.0\n\nbody\n");
	check("From: <>\nDated: x\n\n", "scanner@h", false,
	    "From: <>\nDated: x\nDate: DATE\nMessage-ID: <ID@h>\n"
	    "MIME-Version: 1.0\n\n");
}

static void
forced_from_keeps_the_devices_own_aside(void **state)
{
	(void)state;
	check("From: HP\n  DeskJet <root@localhost>\nDate: d\n"
	      "Message-Id: <1@x>\nMime-Version: 1.0\n\nFrom: body\n",
	    "scanner@h", true,
	    "X-Original-From: HP\n  DeskJet <root@localhost>\nDate: d\n"
	    "Message-Id: <1@x>\nMime-Version: 1.0\nFrom: scanner@h\n\n"
	    "From: body\n");
}

static void
message_without_header_gets_one(void **state)
{
	(void)state;
	check("UPS on battery since 12:00\nbye\n", "", false,
	    "Date: DATE\nMessage-ID: <ID@h>\nMIME-Version: 1.0\n\n"
	    "UPS on battery since 12:00\nbye\n");
	check("\nbody\n", "u@h", false,
	    "Date: DATE\nFrom: u@h\nMessage-ID: <ID@h>\nMIME-Version: 1.0\n\n"
	    "body\n");
	check(" folded nothing\n", "", false,
	    "Date: DATE\nMessage-ID: <ID@h>\nMIME-Version: 1.0\n\n"
	    " folded nothing\n");
}

static void
header_without_end_is_completed(void **state)
{
	(void)state;
	check("Subject: only this\n", "u@h", false,
	    "Subject: only this\nDate: DATE\nFrom: u@h\n"
	    "Message-ID: <ID@h>\nMIME-Version: 1.0\n");
	check("", "u@h", false,
	    "Date: DATE\nFrom: u@h\nMessage-ID: <ID@h>\n"
	    "MIME-Version: 1.0\n");
}

static void
long_lines_and_bodies_pass_in_pieces(void **state)
{
	static char message[6000];
	struct span got;

	(void)state;
	memset(message, 'x', sizeof(message) - 1);
	memcpy(message, "Subject: ", 9);
	message[5000] = '\n';
	message[5001] = '\n';
	got = run(message, "u@h", false, 700);
	assert_memory_equal(got.p, message, 5001);
	assert_memory_equal(got.p + 5001, "Date: DATE\n", 11);
	assert_int_equal(got.p[got.len - 1], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_header_passes_unchanged),
		cmocka_unit_test(a_body_without_a_header_is_set_apart),
		cmocka_unit_test(
		    blind_recipients_are_taken_out_and_nothing_else_is_touched),
		cmocka_unit_test(a_date_from_a_lost_clock_is_replaced),
		cmocka_unit_test(
		    missing_fields_are_added_at_the_end_of_the_header),
		cmocka_unit_test(forced_from_keeps_the_devices_own_aside),
		cmocka_unit_test(message_without_header_gets_one),
		cmocka_unit_test(header_without_end_is_completed),
		cmocka_unit_test(long_lines_and_bodies_pass_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
