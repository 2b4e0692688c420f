/* test_prefix: bits in both orders, codes, and what is no code. */
#include "codec/prefix.h"
#include "support/test.h"

static struct prefix code;

static void
takes_bits_in_both_orders(void **state)
{
	struct prefix_bits low = { .in = SPAN("\xb4\x6f\x01") };
	struct prefix_bits high = { .in = SPAN("\xb4\x6f\x01"),
		.is_high_first = true };

	(void)state;
	assert_int_equal(prefix_take(&low, 3), 4);
	assert_int_equal(prefix_take(&high, 3), 5);
	assert_int_equal(prefix_take(&low, 0), 0);
	assert_int_equal(prefix_take(&high, 0), 0);
	assert_int_equal(prefix_take(&low, 16), 0x2df6);
	assert_int_equal(prefix_take(&high, 16), 0xa378);
	assert_int_equal(low.at, 3);
	assert_int_equal(high.at, 3);
	assert_int_equal(prefix_take(&low, 5), 0);
	assert_int_equal(prefix_take(&high, 5), 1);
	assert_false(prefix_is_cut(&low));
	assert_false(prefix_is_cut(&high));
}

/* Zeros follow, and the cut is told from the first of them on. */
static void
tells_the_first_bit_that_is_not_there(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 2; order++) {
		struct prefix_bits b = { .in = SPAN("\xff"),
			.is_high_first = order };

		assert_int_equal(prefix_take(&b, 8), 0xff);
		assert_false(prefix_is_cut(&b));
		assert_int_equal(prefix_take(&b, 1), 0);
		assert_true(prefix_is_cut(&b));
		for (unsigned i = 0; i < 40; i++) {
			assert_int_equal(prefix_take(&b, 5), 0);
			assert_true(prefix_is_cut(&b));
		}
	}
}

/* RFC 1951, 3.2.2: ABCDEFGH with lengths 3, 3, 3, 3, 3, 2, 4, 4. */
static void
makes_the_code_of_the_rfc(void **state)
{
	static const uint8_t lengths[] = { 3, 3, 3, 3, 3, 2, 4, 4 };
	/* 010 011 100 101 110 00 1110 1111 */
	struct prefix_bits b = { .in = SPAN("\x4e\x5c\x77\x80"),
		.is_high_first = true };

	(void)state;
	assert_int_equal(prefix_make(&code, lengths, sizeof(lengths)), ERR_OK);
	for (int i = 0; i < 8; i++)
		assert_int_equal(prefix_symbol(&code, &b), i);
	assert_false(prefix_is_cut(&b));
}

static void
a_code_may_have_16_bits(void **state)
{
	uint8_t lengths[17];
	struct prefix_bits b = { .in = SPAN("\xff\xff\xff\xfe"),
		.is_high_first = true };

	(void)state;
	for (uint8_t i = 0; i < 17; i++)
		lengths[i] = i < 16 ? i + 1 : 16;
	assert_int_equal(prefix_make(&code, lengths, 17), ERR_OK);
	assert_int_equal(prefix_symbol(&code, &b), 16);
	assert_int_equal(prefix_symbol(&code, &b), 15);
	assert_int_equal(prefix_symbol(&code, &b), 0);
}

static void
too_many_short_ones_are_no_code(void **state)
{
	static const uint8_t many[] = { 1, 1, 16 }, few[] = { 0, 2, 0 },
			     none[] = { 0, 0 };
	struct prefix_bits b = { .in = SPAN("\x3f\xff\xff"),
		.is_high_first = true };

	(void)state;
	assert_int_equal(prefix_make(&code, many, 3), ERR_SYNTAX);
	assert_int_equal(prefix_make(&code, few, 3), ERR_OK);
	assert_int_equal(prefix_symbol(&code, &b), 1);
	assert_int_equal(prefix_symbol(&code, &b), ERR_SYNTAX);
	assert_int_equal(prefix_make(&code, none, 2), ERR_OK);
	b = (struct prefix_bits) { .in = SPAN("\0\0") };
	assert_int_equal(prefix_symbol(&code, &b), ERR_SYNTAX);
}

static void
the_code_of_one_symbol_takes_no_bits(void **state)
{
	struct prefix_bits b = { .in = SPAN("\xff") };

	(void)state;
	prefix_make_one(&code, 509);
	assert_int_equal(prefix_symbol(&code, &b), 509);
	assert_int_equal(prefix_symbol(&code, &b), 509);
	assert_int_equal(b.at, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_bits_in_both_orders),
		cmocka_unit_test(tells_the_first_bit_that_is_not_there),
		cmocka_unit_test(makes_the_code_of_the_rfc),
		cmocka_unit_test(a_code_may_have_16_bits),
		cmocka_unit_test(too_many_short_ones_are_no_code),
		cmocka_unit_test(the_code_of_one_symbol_takes_no_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
