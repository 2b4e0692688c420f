/*
 * test_nfkc: examples of the RFCs and of keyboards; all characters are
 * compared in tests/e2e/test_nfkc.py.
 */
#include "support/test.h"

#include "codec/nfkc.h"
#include "config.h"
#include "service/password.h"

static uint8_t out[USERS_PASSWORD_MAX];

#define assert_form(in, want)                                                  \
	do {                                                                   \
		int form_n_ = nfkc(SPAN(in), out, sizeof(out));                \
		assert_true(form_n_ >= 0);                                     \
		assert_span(span_of(out, (size_t)form_n_), want);              \
	} while (0)

static void
two_ways_to_write_a_letter_are_one(void **state)
{
	(void)state;
	assert_form("e\xcc\x81", "\xc3\xa9");
	assert_form("\xc3\xa9", "\xc3\xa9");
	/* two marks in either order: U+1EAD */
	assert_form("a\xcc\xa3\xcc\x82", "\xe1\xba\xad");
	assert_form("a\xcc\x82\xcc\xa3", "\xe1\xba\xad");
	/* a second mark of the same class does not jump over the first */
	assert_form("a\xcc\x80\xcc\x81", "\xc3\xa0\xcc\x81");
}

static void
kana_of_any_width_are_one(void **state)
{
	(void)state;
	assert_form("\xef\xbd\xb6\xef\xbe\x9e", "\xe3\x82\xac");
	assert_form("\xe3\x82\xab\xe3\x82\x99", "\xe3\x82\xac");
	assert_form("\xef\xbc\xa1\xef\xbc\x91", "A1");
	assert_form("\xe3\x8c\x96", "\xe3\x82\xad\xe3\x83\xad\xe3\x83\xa1"
				    "\xe3\x83\xbc\xe3\x83\x88\xe3\x83\xab");
}

static void
hangul_is_composed(void **state)
{
	(void)state;
	assert_form("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c");
	assert_form("\xed\x95\x9c", "\xed\x95\x9c");
}

static void
bytes_that_are_no_utf8_stay_as_they_are(void **state)
{
	(void)state;
	assert_form("\x83\x70\x83\x58\xe3\x80", "\x83\x70\x83\x58\xe3\x80");
	assert_form("\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80",
	    "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80");
	assert_form("\xe3", "\xe3");
	assert_form("", "");
}

static void
too_long_a_result_is_refused(void **state)
{
	uint8_t in[3 * 64];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i += 3)
		memcpy(in + i, "\xe3\x8c\x96", 3);
	assert_int_equal(
	    nfkc(span_of(in, sizeof(in)), out, sizeof(out)), ERR_RANGE);
	assert_int_equal(nfkc(SPAN("\xe3\x8c\x96"), out, 17), ERR_RANGE);
	assert_int_equal(nfkc(SPAN("\xe3\x8c\x96"), out, 18), 18);
}

/* RFC 4013 section 3; RFC 8265 section 4.3, as far as SASLprep agrees */
static void
password_examples_of_the_rfcs_hold(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: refused */
	} cases[] = {
		{ "I\xc2\xadX", "IX" },
		{ "user", "user" },
		{ "USER", "USER" },
		{ "\xc2\xaa", "a" },
		{ "\xe2\x85\xa8", "IX" },
		{ "\x07", NULL },
		{ "correct horse battery staple",
		    "correct horse battery staple" },
		{ "\xcf\x80\xc3\x9f\xc3\xa5", "\xcf\x80\xc3\x9f\xc3\xa5" },
		{ "Jack of \xe2\x99\xa6s", "Jack of \xe2\x99\xa6s" },
		{ "foo\xe1\x9a\x80"
		  "bar",
		    "foo bar" },
		{ "", NULL },
		{ "my cat is a \x09"
		  "by",
		    NULL },
	};

	(void)state;
	needs(ENABLE_NFKC);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int n = password_prep(span_str(cases[i].in), out);

		if (cases[i].want == NULL) {
			assert_int_equal(n, ERR_SYNTAX);
			continue;
		}
		assert_int_equal(n, strlen(cases[i].want));
		assert_memory_equal(out, cases[i].want, (size_t)n);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ways_to_write_a_letter_are_one),
		cmocka_unit_test(kana_of_any_width_are_one),
		cmocka_unit_test(hangul_is_composed),
		cmocka_unit_test(bytes_that_are_no_utf8_stay_as_they_are),
		cmocka_unit_test(too_long_a_result_is_refused),
		cmocka_unit_test(password_examples_of_the_rfcs_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
