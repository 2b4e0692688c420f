/* test_subject: what a person reads of a header field. */
#include "codec/japanese.h"
#include "codec/subject.h"
#include "support/test.h"

static void
check_find(const char *head, const char *wanted)
{
	struct span got = subject_find(span_str(head), "Subject");

	assert_true(span_is(got, span_str(wanted)));
}

static void
check_with(subject_decoder other, const char *from, const char *wanted)
{
	char mem[256];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	subject_decode(span_str(from), other, &t);
	assert_string_equal(text_cstr(&t), wanted);
}

static void
check(const char *from, const char *wanted)
{
	check_with(NULL, from, wanted);
}

static void
finds_the_first_of_its_name_with_its_folds(void **state)
{
	(void)state;
	check_find("From: a\nSUBJECT:  x\n y\n\tz\nTo: b\nSubject: no\n\n",
	    "x\n y\n\tz");
	check_find("Subject: last", "last");
	check_find("Subject: a\n b", "a\n b");
	check_find("Subject:\n", "");
}

static void
looks_no_further_than_the_header(void **state)
{
	(void)state;
	check_find("From: a\n\nSubject: no\n", "");
	check_find("X: a\n Subject: no\nSubjects: no\n\n", "");
	check_find("\nSubject: no\n", "");
	check_find("", "");
}

static void
decodes_words_in_the_character_sets_it_knows(void **state)
{
	(void)state;
	check("=?UTF-8?B?44Oh?= x", "メ x");
	check("=?utf-8?q?caf=C3=A9_=5F?=", "café _");
	check("=?iso-8859-1*fr?Q?=E9t=E9?=", "été");
	check("a =?us-ascii?q?b?= c", "a b c");
}

static void
joins_words_that_only_a_fold_divides(void **state)
{
	(void)state;
	check("=?utf-8?q?a?=\n =?utf-8?q?b?= c", "ab c");
	check("one\n two", "one two");
	check("=?utf-8?q?a?= =?x-none?q?b?=", "a[x-none]");
}

static void
names_the_character_sets_it_does_not_know(void **state)
{
	(void)state;
	check("Re: =?ISO-2022-JP?B?GyRCJCIbKEI=?=\n"
	      " =?iso-2022-jp?B?GyRCJCIbKEI=?= (2)",
	    "Re: [ISO-2022-JP] (2)");
	check("=?Shift_JIS?B?gqA=?= =?EUC-JP?B?pKI=?=", "[Shift_JIS][EUC-JP]");
	check("=?windows-1252?q?=80_=93=E9=94_=81?=",
	    "\u20ac \u201c\u00e9\u201d ?");
}

static void
asks_about_the_character_sets_it_does_not_know(void **state)
{
	(void)state;
	check_with(japanese_decode,
	    "Re: =?ISO-2022-JP?B?GyRCJCIbKEI=?=\n"
	    " =?iso-2022-jp*ja?B?GyRCJCIbKEI=?= (2) =?utf-8?q?=C3=A9?=",
	    "Re: ああ (2) é");
	check_with(japanese_decode,
	    "=?Shift_JIS?B?gqA=?= =?EUC-JP?B?pKI=?= =?Big5?q?x?=",
	    "ああ[Big5]");
	check_with(
	    japanese_decode, "a \x1b$B$\"\x1b(B b \x1b$B$\"", "a あ b あ");
	check("a \x1b$B$\"\x1b(B", "a \x1b$B$\"\x1b(B");
}

static void
leaves_what_is_no_word_as_it_stands(void **state)
{
	static const char *const odd[] = { "=?", "=?utf-8", "=?utf-8?", "=?u?q",
		"=?utf-8?q?", "=?utf-8?q?x", "=?utf-8?q?x?",
		"=?utf-8?x?y?=", "=??q?x?=", "?=", "a=b" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		check(odd[i], odd[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_first_of_its_name_with_its_folds),
		cmocka_unit_test(looks_no_further_than_the_header),
		cmocka_unit_test(decodes_words_in_the_character_sets_it_knows),
		cmocka_unit_test(joins_words_that_only_a_fold_divides),
		cmocka_unit_test(names_the_character_sets_it_does_not_know),
		cmocka_unit_test(
		    asks_about_the_character_sets_it_does_not_know),
		cmocka_unit_test(leaves_what_is_no_word_as_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
