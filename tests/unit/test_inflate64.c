/* test_inflate64: what differs from deflate, and what is broken. */
#include "codec/inflate64.h"
#include "support/test.h"

static struct inflate64 z;
static uint8_t out[200000];
static size_t used, len;

static int
unpack(struct span in, size_t cap)
{
	return inflate64(&z, in, out, cap, &used, &len);
}

static void
reads_blocks_of_all_three_kinds(void **state)
{
	(void)state;
	assert_int_equal(
	    unpack(SPAN("\0\3\0\xfc\xffone\1\3\0\xfc\xfftwo"), 99), ERR_OK);
	assert_span(span_of(out, len), "onetwo");
	/* zlib's, of "aaaaaaaaaa\n", and something behind it */
	assert_int_equal(
	    unpack(SPAN("\x4b\x4c\x84\x01\x2e\x00tail"), 99), ERR_OK);
	assert_span(span_of(out, len), "aaaaaaaaaa\n");
	assert_int_equal(used, 6);
}

/* "a", then length code 285 with 65535 in its 16 bits, distance 1, end */
static const char longest[] = "\x4b\x1c\xfd\xff\x07\x00";

static void
a_match_may_be_64_kibibytes_long(void **state)
{
	(void)state;
	assert_int_equal(
	    unpack(span_of(longest, sizeof(longest) - 1), sizeof(out)), ERR_OK);
	assert_int_equal(len, 1 + 65535 + 3);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], 'a');
}

static void
gives_what_there_is_room_for(void **state)
{
	(void)state;
	assert_int_equal(
	    unpack(span_of(longest, sizeof(longest) - 1), 100), ERR_FULL);
	assert_int_equal(len, 100);
}

static void
tells_where_it_is_cut_off(void **state)
{
	(void)state;
	for (size_t n = 0; n < 16; n++)
		assert_int_equal(
		    unpack(span_first(
			       SPAN("\0\3\0\xfc\xffone\1\3\0\xfc\xfftwo"), n),
			99),
		    ERR_EOF);
	for (size_t n = 0; n + 1 < sizeof(longest); n++)
		assert_int_equal(
		    unpack(span_of(longest, n), sizeof(out)), ERR_EOF);
}

static void
refuses_what_no_packer_writes(void **state)
{
	(void)state;
	/* a block of no kind; lengths that disagree; too far back */
	assert_int_equal(unpack(SPAN("\7"), 99), ERR_SYNTAX);
	assert_int_equal(unpack(SPAN("\1\3\0\0\0one"), 99), ERR_SYNTAX);
	assert_int_equal(unpack(SPAN("\x03\x02\0\0"), 99), ERR_SYNTAX);
	/* a code of lengths that has too many short ones */
	assert_int_equal(unpack(SPAN("\x05\x00\x92\x04"), 99), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_blocks_of_all_three_kinds),
		cmocka_unit_test(a_match_may_be_64_kibibytes_long),
		cmocka_unit_test(gives_what_there_is_room_for),
		cmocka_unit_test(tells_where_it_is_cut_off),
		cmocka_unit_test(refuses_what_no_packer_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
