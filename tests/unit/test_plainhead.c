/* test_plainhead: fields of every kind, fed whole and in pieces of any size. */
#include "support/test.h"

#include "codec/sevenbit.h"

static struct sevenbit s;
static char out_mem[8192];

static void
survey(struct span rest, size_t step)
{
	sevenbit_init(&s, true);
	for (; rest.len > 0; rest = span_from(rest, step))
		sevenbit_look(&s, span_first(rest, step));
	sevenbit_end(&s, NULL);
}

static const char *
convert(struct span rest, size_t step)
{
	struct text out;

	text_init(&out, out_mem, sizeof(out_mem));
	sevenbit_rewind(&s);
	for (; rest.len > 0; rest = span_from(rest, step))
		sevenbit_feed(&s, span_first(rest, step), &out);
	sevenbit_end(&s, &out);
	assert_false(out.cut);
	return text_cstr(&out);
}

/* This header, with a field before and behind it, and the body. */
static void
check(const char *field, const char *want)
{
	static char message[2400], whole[4800];
	struct text t;

	text_init(&t, message, sizeof(message));
	text_str(&t, "To: a@b\n");
	text_str(&t, field);
	text_str(&t, "\nX-Last: 1\n\nbody \xff\n");
	text_init(&t, whole, sizeof(whole));
	text_str(&t, "To: a@b\n");
	text_str(&t, want);
	text_str(&t, "\nX-Last: 1\n\nbody \xff\n");
	for (size_t step = 1; step <= strlen(message) + 1; step++) {
		survey(span_str(message), step);
		assert_null(sevenbit_flaw(&s));
		assert_int_equal(
		    sevenbit_needed(&s), strcmp(message, whole) != 0);
		assert_string_equal(convert(span_str(message), step), whole);
	}
}

static void
check_flaw(const char *field, const char *words, bool is_address)
{
	for (size_t step = 1; step <= strlen(field) + 1; step++) {
		survey(span_str(field), step);
		assert_string_equal(sevenbit_flaw(&s), words);
		assert_int_equal(sevenbit_is_address(&s), is_address);
	}
}

static void
words_are_encoded_from_the_first_that_needs_it(void **state)
{
	(void)state;
	check("Subject: Re: Gr\xc3\xb6\xc3\x9f"
	      "e, please",
	    "Subject: Re: =?utf-8?Q?Gr=C3=B6=C3=9F"
	    "e=2C_please?=");
	check("Subject:\xc3\xb6", "Subject: =?utf-8?Q?=C3=B6?=");
	check("Subject: plain words", "Subject: plain words");
	check("X: a\n\tb \xc3\xb6\n c", "X: a\n\tb =?utf-8?Q?=C3=B6_c?=");
	check("X: a =", "X: a =");
	check("X: \xc3\xb6 =", "X: =?utf-8?Q?=C3=B6_=3D?=");
	check("no field \xc3\xb6", "no field =?utf-8?Q?=C3=B6?=");
	check("\xc3\xb6: b", "=?utf-8?Q?=C3=B6=3A_b?=");
}

static void
words_that_are_encoded_already_stay(void **state)
{
	(void)state;
	check("Subject: =?utf-8?Q?a?= \xc3\xb6 =?utf-8?Q?b?= c",
	    "Subject: =?utf-8?Q?a?= =?utf-8?Q?_=C3=B6_?= =?utf-8?Q?b?= c");
	check("Subject: \xc3\xb6 =x", "Subject: =?utf-8?Q?=C3=B6_=3Dx?=");
}

static void
long_ones_are_folded_between_characters(void **state)
{
	(void)state;
	check("Subject: \xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1"
	      "\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1"
	      "\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1"
	      "x\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1\xe3\x83\xa1",
	    "Subject: "
	    "=?utf-8?B?44Oh44Oh44Oh44Oh44Oh44Oh44Oh44Oh44Oh44Oh44Oh44Oh"
	    "eOODoeODoQ==?=\n =?utf-8?B?44Oh44Oh?=");
}

static void
names_have_another_form_and_addresses_stay(void **state)
{
	(void)state;
	check("From: J\xc3\xb6rg M <j@x.example>, b@y.example",
	    "From: =?utf-8?Q?J=C3=B6rg_M?= <j@x.example>, b@y.example");
	check("Cc: \"M, \\\"\xc3\xb6\\\"\"<j@x.example>,\xc3\xb6<k@x.example>",
	    "Cc: =?utf-8?Q?M=2C_=22=C3=B6=22?= <j@x.example>,"
	    " =?utf-8?Q?=C3=B6?= <k@x.example>");
	check("To: j@x.example (J\xc3\xb6rg (at) home), \"a, b\" <c@d>",
	    "To: j@x.example (=?utf-8?Q?J=C3=B6rg_=28at=29_home?=),"
	    " \"a, b\" <c@d>");
	check("To: Gr\xc3\xbc"
	      "ne:\n\ta@b, B\n \xc3\xb6 <c@d>;",
	    "To: =?utf-8?Q?Gr=C3=BCne?= :\n\ta@b, =?utf-8?Q?B_=C3=B6?= <c@d>;");
	check("To: J\xc3\xb6rg (x) M <j@x.example>",
	    "To: =?utf-8?Q?J=C3=B6rg?= (x) M <j@x.example>");
	check("Sender: \"\xc3\xb6", "Sender: =?utf-8?Q?=C3=B6?= ");
}

static void
values_take_the_form_of_rfc_2231(void **state)
{
	(void)state;
	check("Content-Type: image/x; name=\"\xc3\xa4;\\\" b\"; x=y",
	    "Content-Type: image/x; name*=utf-8''%C3%A4%3B%22%20b; x=y");
	check("Content-Disposition: attachment;\n\tfilename=\xc3\xa4.txt",
	    "Content-Disposition: attachment;\n\tfilename*=utf-8''%C3%A4.txt");
	check("Content-Type: a/b;n*0=\"\xc3\xa4\"; n*1=\xc3\xa4",
	    "Content-Type: a/b; n*0*=utf-8''%C3%A4; n*1*=%C3%A4");
	check("Content-Type: a/b; n*=utf-8''x%20\xc3\xa4",
	    "Content-Type: a/b; n*=utf-8''x%20%C3%A4");
	check("Content-Type: a/\xc3\xa4; \xc3=1; (\xc3)",
	    "Content-Type: a/??; ?=1; (?)");
}

static void
what_programs_read_gets_question_marks(void **state)
{
	(void)state;
	check("Received: by x for <\xc3\xb6@y>;\n date",
	    "Received: by x for <??@y>;\n date");
	check("Message-ID: <\xe9@x>", "Message-ID: <?@x>");
}

static void
other_character_sets_are_named_as_the_message_does(void **state)
{
	(void)state;
	check("Subject: gr\xfc\xdf", "Subject: =?unknown-8bit?Q?gr=FC=DF?=");
	check("Subject: \xe4\nContent-Type: text/plain; charset=\"ISO-8859-1\"",
	    "Subject: =?ISO-8859-1?Q?=E4?=\n"
	    "Content-Type: text/plain; charset=\"ISO-8859-1\"");
	check("Subject: \xe4\nContent-Type: text/plain; charset=utf-8",
	    "Subject: =?unknown-8bit?Q?=E4?=\n"
	    "Content-Type: text/plain; charset=utf-8");
	check("Subject: \xe4\nContent-Type: text/plain; charset=a?b",
	    "Subject: =?unknown-8bit?Q?=E4?=\n"
	    "Content-Type: text/plain; charset=a?b");
	check("Subject: \xe4"
	      "0123456789012345678901234567890123456789012345\n"
	      "Content-Type: text/plain; charset=koi8",
	    "Subject: =?koi8?Q?=E4"
	    "01234567890123456789012345678901234567890123?=\n"
	    " =?koi8?Q?45?=\nContent-Type: text/plain; charset=koi8");
	check("Subject: \xc3\nX: \xb6", /* a character does not go on there */
	    "Subject: =?unknown-8bit?Q?=C3?=\nX: =?unknown-8bit?Q?=B6?=");
}

static void
addresses_that_are_not_ascii_are_a_flaw(void **state)
{
	static const char *const fields[] = {
		"From: j\xc3\xb6rg@x.example\n\n",
		"To: a <b@\xc3\xb6.example>\n\n",
		"Cc: a@b, (x) \"\xc3\xb6\"@x.example\n\n",
		"To: <\"a>\xc3\xb6\"@x.example>\n\n",
		"To: <\xc3\xb6",
	};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		check_flaw(fields[i],
		    "a header field has an address that is not ASCII", true);
}

static void
what_is_too_long_to_be_understood_is_a_flaw(void **state)
{
	static const char words[] =
	    "a header field has a part that is too long";
	static char field[900];
	struct text t;

	(void)state;
	for (unsigned before = 0; before < 2; before++) {
		text_init(&t, field, sizeof(field));
		text_str(&t, "To: ");
		text_str(&t, before ? "\xc3\xb6" : "");
		for (unsigned i = 0; i < PLAINHEAD_ELEMENT; i++)
			text_chr(&t, 'a');
		text_str(&t, before ? " <a@b>\n" : "\xc3\xb6 <a@b>\n");
		check_flaw(field, words, false);
	}
	text_init(&t, field, sizeof(field));
	text_str(&t, "Content-Type: a/b; n=\xc3\xb6");
	for (unsigned i = 0; i < PLAINHEAD_VALUE; i++)
		text_chr(&t, 'a');
	check_flaw(field, words, false);
	check_flaw("Content-Type: multipart/mixed; boundary=\xc3\xb6\n\n",
	    "its parts are separated by what is not ASCII", false);
	/* without such octets it may be as long as it likes */
	text_init(&t, field, sizeof(field));
	text_str(&t, "To: ");
	for (unsigned i = 0; i < 2 * PLAINHEAD_ELEMENT; i++)
		text_chr(&t, 'a');
	check(field, field);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    words_are_encoded_from_the_first_that_needs_it),
		cmocka_unit_test(words_that_are_encoded_already_stay),
		cmocka_unit_test(long_ones_are_folded_between_characters),
		cmocka_unit_test(names_have_another_form_and_addresses_stay),
		cmocka_unit_test(values_take_the_form_of_rfc_2231),
		cmocka_unit_test(what_programs_read_gets_question_marks),
		cmocka_unit_test(
		    other_character_sets_are_named_as_the_message_does),
		cmocka_unit_test(addresses_that_are_not_ascii_are_a_flaw),
		cmocka_unit_test(what_is_too_long_to_be_understood_is_a_flaw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
