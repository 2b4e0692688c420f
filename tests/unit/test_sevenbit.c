/* test_sevenbit: parts of every kind, fed whole and in pieces of any size. */
#include "support/test.h"

#include "codec/sevenbit.h"

static struct sevenbit s;
static char out_mem[32768];

static void
survey(const char *message, size_t step)
{
	struct span rest = span_str(message);

	sevenbit_init(&s, false);
	while (rest.len > 0) {
		sevenbit_look(&s, span_first(rest, step));
		rest = span_from(rest, step);
	}
	sevenbit_end(&s, NULL);
}

static struct span
convert(const char *message, size_t step)
{
	struct span rest = span_str(message);
	struct text out;

	text_init(&out, out_mem, sizeof(out_mem));
	sevenbit_rewind(&s);
	while (rest.len > 0) {
		sevenbit_feed(&s, span_first(rest, step), &out);
		rest = span_from(rest, step);
	}
	sevenbit_end(&s, &out);
	assert_false(out.cut);
	return text_data(&out);
}

static void
check(const char *message, const char *want)
{
	for (size_t step = 1; step <= strlen(message) + 1; step++) {
		struct span got;

		survey(message, step);
		assert_true(sevenbit_needed(&s));
		assert_null(sevenbit_flaw(&s));
		got = convert(message, step);
		assert_string_equal((const char *)got.p, want);
	}
}

static void
text_becomes_quoted_printable(void **state)
{
	(void)state;
	check("Mime-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	      "Content-Transfer-Encoding: 8bit\n\n"
	      "Gr\xc3\xbc\xc3\x9f"
	      "e = x \nplain words, plain words, plain \n",
	    "Mime-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "Gr=C3=BC=C3=9Fe =3D x=20\n"
	    "plain words, plain words, plain=20\n");
}

static void
long_lines_get_soft_breaks(void **state)
{
	(void)state;
	check("MIME-Version: 1.0\n\n"
	      "0123456789012345678901234567890123456789012345678901234567890"
	      "1234567890123\xc3\xbc 0123456789\n",
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "0123456789012345678901234567890123456789012345678901234567890"
	    "1234567890123=\n=C3=BC 0123456789\n");
}

static void
a_soft_break_makes_no_boundary(void **state)
{
	(void)state;
	check("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	      "--b\nContent-Type: text/plain\n\n\xe9"
	      "012345678901234567890123456789012345678901234567890123456789"
	      "012345678901--b\n--b--\n",
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: text/plain\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E9"
	    "012345678901234567890123456789012345678901234567890123456789"
	    "012345678901=\n=2D-b\n--b--\n");
}

static void
much_of_it_becomes_base64(void **state)
{
	(void)state;
	check("MIME-Version: 1.0\nContent-Type: text/html\n"
	      "content-transfer-encoding:\n 8bit\nSubject: \xe3\n\n"
	      "\xe3\x83\xa1\xe3\x83\xbc\nx\n",
	    "MIME-Version: 1.0\nContent-Type: text/html\n"
	    "Subject: =?unknown-8bit?Q?=E3?=\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "44Oh44O8DQp4DQo=\n");
}

static void
only_parts_that_need_it_are_touched(void **state)
{
	(void)state;
	check("MIME-Version: 1.0\n"
	      "Content-Type: multipart/mixed; boundary=\"a b\"\n"
	      "Content-Transfer-Encoding: 8bit\n\npre\xff\n"
	      "--a b\n\nplain = \n"
	      "--a b  \nContent-Type: multipart/alternative; boundary=c\n\n"
	      "--c\nContent-Type: image/x; name=\"a;boundary=no\"\n\n\xff\n\n"
	      "--c\nContent-Transfer-Encoding: base64\n\nAAAA\n"
	      "--c--\nepi\xc3\n--cc\n"
	      "--a b\n\n--c\nlast words, last words \xe9\n"
	      "--a b--\nepi \xff\n",
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=\"a b\"\n"
	    "Content-Transfer-Encoding: 7bit\n\npre?\n"
	    "--a b\n\nplain = \n"
	    "--a b  \nContent-Type: multipart/alternative; boundary=c\n\n"
	    "--c\nContent-Type: image/x; name=\"a;boundary=no\"\n"
	    "Content-Transfer-Encoding: base64\n\n/w0K\n"
	    "--c\nContent-Transfer-Encoding: base64\n\nAAAA\n"
	    "--c--\nepi?\n--cc\n"
	    "--a b\nContent-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "--c\nlast words, last words =E9\n"
	    "--a b--\nepi ?\n");
}

static void
a_message_without_mime_gets_it(void **state)
{
	(void)state;
	check("Subject: x\n\nwords and words \xe9",
	    "Subject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "words and words =E9\n");
}

static void
check_flaw(const char *message, const char *words)
{
	for (size_t step = 1; step < 40; step++) {
		survey(message, step);
		assert_non_null(sevenbit_flaw(&s));
		assert_non_null(strstr(sevenbit_flaw(&s), words));
	}
}

static void
what_must_not_be_touched_is_told(void **state)
{
	(void)state;
	check_flaw("Content-Type: message/rfc822\n\nSubject: x\n\n\xe9\n",
	    "message within");
	check_flaw("Content-Type: Multipart/Digest; boundary=b\n\n"
		   "--b\n\nSubject: x\n\n\xe9\n--b--\n",
	    "message within");
	check_flaw("Content-Type: multipart/signed; boundary=b\n\n"
		   "--b\n\n\xe9\n--b\n\nsignature\n--b--\n",
	    "signed");
	check_flaw("Content-Type: multipart/mixed; boundary=a\n\n--a\n"
		   "Content-Type: multipart/encrypted; boundary=b\n\n"
		   "--b\n\n\xe9\n--b--\n--a--\n",
	    "encrypted");
	check_flaw("Content-Type: text/plain\n"
		   "Content-Transfer-Encoding: base64\n\n\xe9\n",
	    "says it is encoded");
	check_flaw("Content-Type: multipart/mixed\n\n--a\n\n\xe9\n--a--\n",
	    "cannot be taken apart");
	check_flaw("Content-Type: multipart/mixed; boundary=\"open\n\n\xe9\n",
	    "cannot be taken apart");
}

static void
a_plain_message_needs_nothing(void **state)
{
	(void)state;
	survey("Subject: e\nContent-Type: message/rfc822\n\nplain\n", 7);
	assert_false(sevenbit_needed(&s));
	assert_null(sevenbit_flaw(&s));
}

static void
multiparts_within_each_other_have_a_bound(void **state)
{
	static char message[4096];
	char *p = message;

	(void)state;
	for (char c = 'a'; c < 'a' + SEVENBIT_DEPTH + 1; c++) {
		p = stpcpy(p, "Content-Type: multipart/mixed; boundary=");
		*p++ = c;
		p = stpcpy(p, "\n\n--");
		*p++ = c;
		*p++ = '\n';
	}
	strcpy(p, "\n\xe9\n");
	check_flaw(message, "cannot be taken apart");
}

static void
parts_have_a_bound(void **state)
{
	static char message[16384];
	char *p = message;

	(void)state;
	p = stpcpy(p, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (unsigned i = 0; i < SEVENBIT_PARTS + 1; i++)
		p = stpcpy(p, "--b\n\nx\n");
	survey(message, 100);
	assert_null(sevenbit_flaw(&s));
	strcpy(p, "\xe9\n");
	survey(message, 100);
	assert_string_equal(sevenbit_flaw(&s), "it has too many parts");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_quoted_printable),
		cmocka_unit_test(long_lines_get_soft_breaks),
		cmocka_unit_test(a_soft_break_makes_no_boundary),
		cmocka_unit_test(much_of_it_becomes_base64),
		cmocka_unit_test(only_parts_that_need_it_are_touched),
		cmocka_unit_test(a_message_without_mime_gets_it),
		cmocka_unit_test(what_must_not_be_touched_is_told),
		cmocka_unit_test(a_plain_message_needs_nothing),
		cmocka_unit_test(multiparts_within_each_other_have_a_bound),
		cmocka_unit_test(parts_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
