/* test_xtext: escapes, halves of escapes, and octets that must not pass. */
#include "codec/xtext.h"
#include "support/test.h"

static void
check(const char *from, const char *wanted)
{
	char mem[64];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	xtext_decode(span_str(from), &t);
	assert_string_equal(text_cstr(&t), wanted);
}

static void
decodes_escapes(void **state)
{
	(void)state;
	check("joe+2Btag@x.example", "joe+tag@x.example");
	check("+3D+3d", "==");
}

static void
leaves_halves_of_escapes(void **state)
{
	(void)state;
	check("a+", "a+");
	check("a+2", "a+2");
	check("a+2x", "a+2x");
}

static void
lets_no_control_pass(void **state)
{
	(void)state;
	check("a+0D+0Ab\tc\xc3", "a??b?c?");
}

static void
check_utf8(const char *from, bool coded, const char *wanted)
{
	char mem[96];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	xtext_from_utf8(span_str(from), coded, &t);
	assert_string_equal(text_cstr(&t), wanted);
}

static void
writes_other_letters_in_ascii(void **state)
{
	(void)state;
	check_utf8("gr\xc3\xbcn+\xe6\x97\xa5\xf0\x9f\x98\x80@x", false,
	    "gr\\x{FC}n\\x{2B}\\x{65E5}\\x{1F600}@x");
	check_utf8("a\\b=c", false, "a\\x{5C}b\\x{3D}c");
	check_utf8("a\xc3(\n\xff", false, "a?(??");
}

static void
leaves_what_is_coded_already(void **state)
{
	(void)state;
	check_utf8("\\x{FC}\xc3\xbc+2B@x", true, "\\x{FC}\\x{FC}+2B@x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_escapes),
		cmocka_unit_test(leaves_halves_of_escapes),
		cmocka_unit_test(lets_no_control_pass),
		cmocka_unit_test(writes_other_letters_in_ascii),
		cmocka_unit_test(leaves_what_is_coded_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
