/* test_pdfcode: the standard's example, and what is broken. */
#include "codec/pdfcode.h"
#include "support/test.h"

static struct pdfcode_lzw lzw;
static uint8_t out[64];

static struct span
unlzw(struct span in, size_t cap)
{
	return span_of(out, pdfcode_lzw(&lzw, 1, in, out, cap));
}

static struct span
un85(struct span in, size_t cap)
{
	return span_of(out, pdfcode_85(in, out, cap));
}

static struct span
unhex(struct span in, size_t cap)
{
	return span_of(out, pdfcode_hex(in, out, cap));
}

static struct span
unrun(struct span in, size_t cap)
{
	return span_of(out, pdfcode_runs(in, out, cap));
}

static void
reads_the_standards_example_of_lzw(void **state)
{
	struct span in = SPAN("\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01");

	(void)state;
	assert_span(unlzw(in, 64), "-----A---B");
	assert_span(unlzw(in, 4), "----");
	assert_span(unlzw(span_first(in, 4), 64), "---");
	/* a code that was never made */
	assert_span(unlzw(SPAN("\x80\x0b\x7f\xff"), 64), "-");
	assert_span(unlzw(SPAN(""), 64), "");
}

static void
reads_hexadecimal_digits(void **state)
{
	(void)state;
	assert_span(unhex(SPAN("61 6\n2x637>64"), 64), "abcp");
	assert_span(unhex(SPAN("616263"), 2), "ab");
}

static void
reads_base_85(void **state)
{
	(void)state;
	assert_span(un85(SPAN("<~87cUR\nD]i,\"Ebo80~>x"), 64), "Hello World!");
	assert_span(un85(SPAN("87cUR"), 3), "Hel");
	assert_span(un85(SPAN("87cURDZ"), 64), "Hello");
	assert_span(un85(SPAN("8"), 64), "");
	assert_int_equal(un85(SPAN("z"), 64).len, 4);
}

static void
reads_runs(void **state)
{
	(void)state;
	assert_span(unrun(SPAN("\2abc\xfex\x80y"), 64), "abcxxx");
	assert_span(unrun(SPAN("\2abc\xfex"), 5), "abcxx");
	assert_span(unrun(SPAN("\x09"
			       "abc"),
			64),
	    "abc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_standards_example_of_lzw),
		cmocka_unit_test(reads_hexadecimal_digits),
		cmocka_unit_test(reads_base_85),
		cmocka_unit_test(reads_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
