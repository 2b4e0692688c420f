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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_escapes),
		cmocka_unit_test(leaves_halves_of_escapes),
		cmocka_unit_test(lets_no_control_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
