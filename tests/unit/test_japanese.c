/* test_japanese: bytes in each of the sets, sound and broken. */
#include "codec/japanese.h"
#include "support/test.h"

static void
check(const char *charset, const char *from, const char *wanted)
{
	char mem[256];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	assert_true(japanese_decode(span_str(charset), span_str(from), &t));
	assert_string_equal(text_cstr(&t), wanted);
}

static void
reads_each_set_by_each_of_its_names(void **state)
{
	(void)state;
	check("Shift_JIS",
	    "\223\372\226\173\214\352\201\101\203\145\203\130\203\147\207\100"
	    "\207\212\356\340\355\225\261\335\040\101\172",
	    "日本語、テスト①㈱髙﨑ｱﾝ Az");
	check("WINDOWS-31J",
	    "\223\372\226\173\214\352\201\101\203\145\203\130\203\147\207\100"
	    "\207\212\356\340\355\225\261\335\040\101\172",
	    "日本語、テスト①㈱髙﨑ｱﾝ Az");
	check("euc-jp",
	    "\306\374\313\334\270\354\241\242\245\306\245\271\245\310\216\261"
	    "\216\335\040\101\172",
	    "日本語、テストｱﾝ Az");
	check("EUC-JP", "\255\241\255\352", "①㈱");
	check("iso-2022-jp",
	    "\033\044\102\106\174\113\134\070\154\041\042\045\106\045\071\045"
	    "\110\033\050\102\040\101\172",
	    "日本語、テスト Az");
	check("ISO-2022-JP",
	    "\033\050\111\061\135\033\044\102\106\174\033\050\102\041",
	    "ｱﾝ日!");
	check("iso-2022-jp", "\033\044\102\055\041\033\050\112\170", "①x");
}

static void
what_is_broken_or_not_in_the_tables_is_a_question_mark(void **state)
{
	(void)state;
	check("shift_jis", "a\x82", "a?");
	check("shift_jis", "\x82\x1b", "?\x1b");
	check("shift_jis", "\x82\xfd\xfd\xfe\x80@", "???");
	check("shift_jis", "\xa0@\xf0@\xff@", "???");
	check("euc-jp", "\xa4", "?");
	check("euc-jp", "\xa4x\xff\xff\x8f\xa1\xa1\x8e\xff\x80", "?x????");
	check("euc-jp", "\x8f\xa1", "??");
	check("iso-2022-jp", "\x1b$B$", "?");
	check("iso-2022-jp", "\x1b$B\x7f\x7f \n$\"", "? \nあ");
	check("iso-2022-jp", "\x1b$(D$\"\x1b(B\xff", "??");
	check("iso-2022-jp", "\x1b$A\x1b(Ia", "\x1b$A?");
}

static void
other_sets_are_none_of_its_business(void **state)
{
	char mem[8];
	struct text t;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	assert_false(japanese_decode(SPAN("utf-8"), SPAN("x"), &t));
	assert_false(japanese_decode(SPAN(""), SPAN("x"), &t));
	assert_false(japanese_decode(SPAN("iso-2022-kr"), SPAN("x"), &t));
	assert_int_equal(t.len, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_set_by_each_of_its_names),
		cmocka_unit_test(
		    what_is_broken_or_not_in_the_tables_is_a_question_mark),
		cmocka_unit_test(other_sets_are_none_of_its_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
