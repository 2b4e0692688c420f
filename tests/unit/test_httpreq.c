/* test_httpreq: one reading of a head, or a refusal with the right status. */
#include "support/test.h"

#include "codec/httpreq.h"

static struct httpreq r;

/* Feed `head` line by line; the last result. */
static int
feed(const char *head)
{
	struct span rest = span_str(head);
	int got = 0;

	httpreq_init(&r);
	while (rest.len > 0 && got == 0) {
		size_t at = span_find(rest, '\n');

		got = httpreq_line(&r, span_first(rest, at));
		rest = span_from(rest, at + 1);
	}
	return got;
}

static void
takes_a_usual_request_apart(void **state)
{
	(void)state;
	assert_int_equal(feed("\n"
			      "POST /api/v1/users?x=1&y=%32 HTTP/1.1\n"
			      "Host: router.lan:8443\n"
			      "User-Agent: anything (at all)\n"
			      "Cookie:  a=1; sid=abc ; b=2 \n"
			      "content-type: application/json\n"
			      "CONTENT-LENGTH: 12\n"
			      "Expect: 100-continue\n"
			      "\n"),
	    1);
	assert_int_equal(r.method, HTTP_POST);
	assert_span(r.path, "/api/v1/users");
	assert_span(r.query, "x=1&y=%32");
	assert_span(r.field[HTTP_HOST], "router.lan:8443");
	assert_span(r.field[HTTP_CONTENT_TYPE], "application/json");
	assert_span(httpreq_cookie(r.field[HTTP_COOKIE], "sid"), "abc");
	assert_null(httpreq_cookie(r.field[HTTP_COOKIE], "si").p);
	assert_null(r.field[HTTP_ORIGIN].p);
	assert_int_equal(r.body_octets, 12);
	assert_true(r.expects_continue);
	assert_true(r.keep_alive);
}

static void
answers_each_bad_head_with_its_status(void **state)
{
#define H "GET / HTTP/1.1\nHost: a\n"
	static const struct {
		const char *head;
		unsigned status;
	} table[] = {
		{ "GET / HTTP/1.1\n\n", 400 }, /* no Host */
		{ H "Host: b\n", 400 },
		{ "GET  / HTTP/1.1\n", 400 },
		{ " GET / HTTP/1.1\n", 400 },
		{ "\n\n", 400 },
		{ "GET /\n", 400 },
		{ "GET / HTTP/1.1 x\n", 400 },
		{ "GET / http/1.1\n", 400 },
		{ "GET / HTTP/2.0\n", 505 },
		{ "GET / HTTP/1.1\r\n", 400 },
		{ "G\tT / HTTP/1.1\n", 400 },
		{ "BREW / HTTP/1.1\n", 501 },
		{ "get / HTTP/1.1\n", 501 },
		{ "GET * HTTP/1.1\n", 400 },
		{ "GET a/b HTTP/1.1\n", 400 },
		{ "GET http://h HTTP/1.1\n", 400 },
		{ "GET /a\tb HTTP/1.1\n", 400 },
		{ H "Content-Length: 5\nContent-Length: 5\n", 400 },
		{ H "Content-Length: 5, 5\n", 400 },
		{ H "Content-Length: +5\n", 400 },
		{ H "Content-Length: 0x5\n", 400 },
		{ H "Content-Length: -1\n", 400 },
		{ H "Content-Length:\n", 400 },
		{ H "Content-Length: 99999999999999999999\n", 413 },
		{ H "Content-Length : 5\n", 400 },
		{ H "Transfer-Encoding: chunked\n", 501 },
		{ H "Content-Length: 5\nTransfer-Encoding: x\n", 501 },
		{ H " folded: x\n", 400 },
		{ H "\tfolded\n", 400 },
		{ H "no colon\n", 400 },
		{ H ": no name\n", 400 },
		{ H "na me: x\n", 400 },
		{ H "n\x01: x\n", 400 },
		{ H "x: a\x01\n", 400 },
		{ H "x: a\rb\n", 400 },
		{ H "Cookie: a=1\nCookie: a=2\n", 400 },
		{ H "Expect: tea\n", 417 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (feed(table[i].head) != ERR_SYNTAX)
			fail_msg("taken: %s", table[i].head);
		if (r.status != table[i].status)
			fail_msg("%u, not %u: %s", r.status, table[i].status,
			    table[i].head);
	}
#undef H
}

static void
refuses_paths_that_climb_or_hide_bytes(void **state)
{
	static const char *const bad[] = { "/..", "/../etc", "/a/../b", "/a/..",
		"/./a", "/a/.", "//a", "/a//b", "/%2e%2e/x", "/a/%2E%2e",
		"/a%2fb", "/a%2Fb", "/a%00", "/a%0a", "/a%7f", "/a%", "/a%2",
		"/a%g0" };
	char head[64];
	struct text t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text_init(&t, head, sizeof(head));
		text_str(&t, "GET ");
		text_str(&t, bad[i]);
		text_str(&t, " HTTP/1.1\n");
		if (feed(head) != ERR_SYNTAX || r.status != 400)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(feed("GET /a%20b/..c/%e6%97%a5/ HTTP/1.1\n"), 0);
	assert_span(r.path, "/a b/..c/\xe6\x97\xa5/");
}

static void
takes_the_host_of_an_absolute_target(void **state)
{
	(void)state;
	assert_int_equal(
	    feed("GET HTTP://real:80/p HTTP/1.1\nHost: other\n\n"), 1);
	assert_span(r.field[HTTP_HOST], "real:80");
	assert_span(r.path, "/p");
	assert_int_equal(
	    feed("GET http://real/p HTTP/1.1\nHost: a\nHost: b\n"), ERR_SYNTAX);
}

static void
closes_where_the_client_or_its_version_says_so(void **state)
{
	(void)state;
	assert_int_equal(feed("GET / HTTP/1.0\n\n"), 1);
	assert_false(r.keep_alive);
	assert_int_equal(feed("GET / HTTP/1.0\nConnection: Keep-Alive\n\n"), 1);
	assert_true(r.keep_alive);
	assert_int_equal(
	    feed("GET / HTTP/1.1\nHost: a\nConnection: x, Close\n\n"), 1);
	assert_false(r.keep_alive);
}

static void
refuses_too_many_lines_and_too_much_to_keep(void **state)
{
	static char big[HTTPREQ_MEM + 64];
	struct span line;
	int got = 0;

	(void)state;
	assert_int_equal(feed("GET / HTTP/1.1\nHost: a\n"), 0);
	for (int i = 1; i < HTTPREQ_LINES; i++)
		assert_int_equal(httpreq_line(&r, SPAN("x: y")), 0);
	assert_int_equal(httpreq_line(&r, SPAN("x: y")), ERR_SYNTAX);
	assert_int_equal(r.status, 431);

	memset(big, 'c', sizeof(big));
	memcpy(big, "Cookie: ", 8);
	line = span_of(big, sizeof(big));
	assert_int_equal(feed("GET / HTTP/1.1\n"), 0);
	got = httpreq_line(&r, line);
	assert_int_equal(got, ERR_SYNTAX);
	assert_int_equal(r.status, 431);

	memcpy(big, "GET /ccc", 8);
	memcpy(big + sizeof(big) - 9, " HTTP/1.1", 9);
	httpreq_init(&r);
	got = httpreq_line(&r, line);
	assert_int_equal(got, ERR_SYNTAX);
	assert_int_equal(r.status, 414);
}

static void
decodes_parameters_and_encodes_segments(void **state)
{
	char mem[16];
	struct text t;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(httpreq_param(SPAN("ab=0&b=x+y%26z&b=2"), "b", &t), 0);
	assert_string_equal(text_cstr(&t), "x y&z");
	assert_int_equal(httpreq_param(SPAN("ab=0"), "b", &t), ERR_MISSING);
	assert_int_equal(httpreq_param(SPAN("b=%4"), "b", &t), ERR_SYNTAX);
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(
	    httpreq_param(SPAN("b=0123456789abcdef"), "b", &t), ERR_FULL);
	text_init(&t, mem, sizeof(mem));
	httpreq_encode(&t, SPAN("a/b c.\xff"));
	assert_string_equal(text_cstr(&t), "a%2Fb%20c.%FF");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_usual_request_apart),
		cmocka_unit_test(answers_each_bad_head_with_its_status),
		cmocka_unit_test(refuses_paths_that_climb_or_hide_bytes),
		cmocka_unit_test(takes_the_host_of_an_absolute_target),
		cmocka_unit_test(
		    closes_where_the_client_or_its_version_says_so),
		cmocka_unit_test(refuses_too_many_lines_and_too_much_to_keep),
		cmocka_unit_test(decodes_parameters_and_encodes_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
