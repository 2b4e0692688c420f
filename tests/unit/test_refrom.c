/* test_refrom: headers before and after, fed whole and byte by byte. */
#include "support/test.h"

#include "codec/refrom.h"

static char out_mem[8192];

static struct span
run(const char *message, size_t step)
{
	struct span rest = span_str(message);
	static struct refrom r;
	struct text out;

	text_init(&out, out_mem, sizeof(out_mem));
	refrom_init(&r, SPAN("box@isp.example"));
	while (rest.len > 0) {
		refrom_feed(&r, span_first(rest, step), &out);
		rest = span_from(rest, step);
	}
	refrom_end(&r, &out);
	assert_false(out.cut);
	return text_data(&out);
}

static void
check(const char *message, const char *want)
{
	for (size_t step = 1; step <= strlen(message) + 1; step++) {
		struct span got = run(message, step);

		assert_int_equal(got.len, strlen(want));
		assert_memory_equal(got.p, want, got.len);
	}
}

static void
the_name_stays_and_the_old_address_answers(void **state)
{
	(void)state;
	check(
	    "From: \"B., Anna\" <anna@home.lan>\nTo: x@y.example\n\nFrom: a\n",
	    "From: \"B., Anna\" <box@isp.example>\nTo: x@y.example\n"
	    "Reply-To: \"B., Anna\" <anna@home.lan>\n\nFrom: a\n");
	check("Subject: s\nFROM : anna@home.lan\n\n",
	    "Subject: s\nFrom: <box@isp.example>\n"
	    "Reply-To: anna@home.lan\n\n");
}

static void
a_reply_to_that_is_there_stays(void **state)
{
	(void)state;
	check("Reply-To: r@x.example\nFrom: <anna@home.lan>\n\nx",
	    "Reply-To: r@x.example\nFrom: <box@isp.example>\n\nx");
	check("From: anna@home.lan\nreply-to: r@x.example\n\n",
	    "From: <box@isp.example>\nreply-to: r@x.example\n\n");
}

static void
folded_and_odd_senders(void **state)
{
	(void)state;
	check("From: Anna\n  B <anna@home.lan>\nTo: b\n\n",
	    "From: Anna\n  B <box@isp.example>\nTo: b\n"
	    "Reply-To: Anna\n  B <anna@home.lan>\n\n");
	check("From: a@x.example, B <b@x.example>\n\n",
	    "From: <box@isp.example>\n"
	    "Reply-To: a@x.example, B <b@x.example>\n\n");
	check("From: a@x.example (\"<x>\")\n\n",
	    "From: <box@isp.example>\n"
	    "Reply-To: a@x.example (\"<x>\")\n\n");
	check("From: \"a\\\"<\" <a@x.example>\n\n",
	    "From: \"a\\\"<\" <box@isp.example>\n"
	    "Reply-To: \"a\\\"<\" <a@x.example>\n\n");
}

static void
no_from_two_froms_or_no_body(void **state)
{
	(void)state;
	check("To: x\n\n", "To: x\nFrom: <box@isp.example>\n\n");
	check("", "From: <box@isp.example>\n");
	check("From: a@x.example\nFrom: b@x.example\n c\nTo: y\n",
	    "From: <box@isp.example>\nTo: y\nReply-To: a@x.example\n");
	check("From: a@x.example", "From: <box@isp.example>\n"
				   "Reply-To: a@x.example\n");
}

static void
a_from_that_is_too_long_is_not_kept(void **state)
{
	static char message[3000];

	(void)state;
	memset(message, 'a', sizeof(message) - 1);
	memcpy(message, "From: ", 6);
	memcpy(message + 2500, "\n\nbody\n", 8);
	check(message, "From: <box@isp.example>\n\nbody\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_stays_and_the_old_address_answers),
		cmocka_unit_test(a_reply_to_that_is_there_stays),
		cmocka_unit_test(folded_and_odd_senders),
		cmocka_unit_test(no_from_two_froms_or_no_body),
		cmocka_unit_test(a_from_that_is_too_long_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
