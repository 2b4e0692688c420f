/*
 * test_http: dialogues with the session, fed whole, and split in two at every
 * byte, and byte by byte; the answers must be the same bytes.
 */
#include "support/test.h"

#include "proto/http.h"

static struct http h;
static uint8_t out_mem[16384];
static uint8_t body_mem[1024];
static uint8_t in_mem[16384];
static size_t in_len;
static struct buf out;

/* The service: echoes; /stream sends pieces; /small lends no memory. */
static void
serve(void)
{
	struct http_answer a = { .status = 200, .type = "text/plain" };

	if (h.state == HTTP_STREAM) {
		http_more(&h, SPAN("two"), &out);
		http_end(&h, &out);
		return;
	}
	if (h.state == HTTP_ASK_BODY && h.req.body_octets <= sizeof(body_mem)
	    && !span_is(h.req.path, SPAN("/small"))) {
		http_lend(&h, body_mem, &out);
		return;
	}
	if (h.state == HTTP_ASK_BODY)
		a.status = 413;
	a.more = span_is(h.req.path, SPAN("/stream"));
	a.body = h.body_len > 0 ? span_of(h.body, h.body_len) : h.req.path;
	http_answer(&h, &a, &out);
}

/* One step with the bytes at hand, as conn would do it; false: none. */
static bool
step(void)
{
	struct span in = span_of(in_mem, in_len);
	size_t used, at;

	switch (http_ops.want(&h)) {
	case WANT_ANSWER:
		serve();
		return true;
	case WANT_BODY:
		if (in_len == 0)
			return false;
		used = http_ops.body(&h, in_mem, in_len, &out);
		break;
	case WANT_LINE:
		at = span_find(in, '\n');
		if (at == in.len)
			return false;
		used = at + 1;
		if (at == 0 || in.p[at - 1] != '\r')
			http_ops.line(&h, span_first(in, at), LINE_BARE, &out);
		else
			http_ops.line(
			    &h, span_first(in, at - 1), LINE_OK, &out);
		break;
	case WANT_TLS:
	case WANT_CLOSE:
	default:
		return false;
	}
	in_len -= used;
	memmove(in_mem, in_mem + used, in_len);
	return true;
}

static void
feed(struct span s)
{
	if (s.len > 0)
		memcpy(in_mem + in_len, s.p, s.len);
	in_len += s.len;
	while (step())
		;
}

static void
begin(void)
{
	http_init(&h);
	buf_init(&out, out_mem, sizeof(out_mem));
	in_len = 0;
}

static void
talk(const char *input, const char *output)
{
	struct span in = span_str(input);
	struct span want = span_str(output);

	for (size_t split = 0; split <= in.len; split++) {
		begin();
		feed(span_first(in, split));
		feed(span_from(in, split));
		if (!span_is(buf_data(&out), want))
			fail_msg("split at %zu: %.*s", split,
			    (int)buf_len(&out), (const char *)out.mem);
	}
	begin();
	for (size_t i = 0; i < in.len; i++)
		feed(span_of(in.p + i, 1));
	assert_true(span_is(buf_data(&out), want));
}

#define HEAD_OK                                                                \
	"HTTP/1.1 200 OK\r\nX-Content-Type-Options: nosniff\r\n"               \
	"Cache-Control: no-store\r\nContent-Type: text/plain\r\n"
#define REFUSED(status)                                                        \
	"HTTP/1.1 " status "\r\nX-Content-Type-Options: nosniff\r\n"           \
	"Cache-Control: no-store\r\n"                                          \
	"Content-Type: application/json\r\n"

static void
answers_pipelined_requests_in_order(void **state)
{
	(void)state;
	talk("GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
	     "POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	     "HEAD /three HTTP/1.1\r\nHost: a\r\n\r\n",
	    HEAD_OK "Content-Length: 4\r\n\r\n/one" HEAD_OK
		    "Content-Length: 5\r\n\r\nhello" HEAD_OK
		    "Content-Length: 6\r\n\r\n");
	assert_true(http_is_idle(&h));
	assert_int_equal(http_ops.want(&h), WANT_LINE);
}

static void
streams_in_chunks_or_until_close(void **state)
{
	(void)state;
	talk("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
	    HEAD_OK "Transfer-Encoding: chunked\r\n\r\n"
		    "00000007\r\n/stream\r\n00000003\r\ntwo\r\n0\r\n\r\n");
	assert_int_equal(http_ops.want(&h), WANT_LINE);
	talk("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    HEAD_OK "Connection: close\r\n\r\n/streamtwo");
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
	talk("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n",
	    HEAD_OK "Transfer-Encoding: chunked\r\n\r\n");
}

static void
says_continue_only_when_the_body_is_wanted(void **state)
{
	(void)state;
	talk("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	     "Content-Length: 2\r\n\r\nhi",
	    "HTTP/1.1 100 Continue\r\n\r\n" HEAD_OK
	    "Content-Length: 2\r\n\r\nhi");
	talk("PUT /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	     "Content-Length: 2\r\n\r\n",
	    "HTTP/1.1 413 Content Too Large\r\n"
	    "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 6\r\n"
	    "Connection: close\r\n\r\n/small");
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
}

static void
never_reads_an_unwanted_body_as_a_request(void **state)
{
	(void)state;
	begin();
	feed(SPAN("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n"
		  "\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
	assert_int_equal(h.requests, 1);
}

static void
closes_after_what_could_be_read_two_ways(void **state)
{
	(void)state;
	talk("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	     "Content-Length: 3\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
	    REFUSED("501 Not Implemented") "Content-Length: 90\r\nConnection: "
					   "close\r\n\r\n"
					   "{\"error\":\"neither this method "
					   "nor Transfer-Encoding is known "
					   "here; send a Content-Length\"}");
	talk("GET / HTTP/1.1\nHost: a\n\n",
	    REFUSED("400 Bad Request") "Content-Length: 74\r\nConnection: "
				       "close\r\n\r\n"
				       "{\"error\":\"the request or its path "
				       "can't be read, or could "
				       "be in two ways\"}");
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
}

static void
answers_a_line_that_is_too_long_once(void **state)
{
	(void)state;
	begin();
	http_ops.line(&h, SPAN(""), LINE_LONG, &out);
	assert_true(span_starts(buf_data(&out), SPAN("HTTP/1.1 414 ")));
	begin();
	feed(SPAN("GET / HTTP/1.1\r\n"));
	http_ops.line(&h, SPAN(""), LINE_LONG, &out);
	assert_true(span_starts(buf_data(&out), SPAN("HTTP/1.1 431 ")));
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
}

static void
stops_with_words_only_where_they_can_be_understood(void **state)
{
	(void)state;
	begin();
	http_ops.stop(&h, STOP_IDLE, &out);
	assert_int_equal(buf_len(&out), 0);
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);

	begin();
	feed(SPAN("GET / HTTP/1.1\r\n"));
	http_ops.stop(&h, STOP_SLOW, &out);
	assert_true(span_starts(buf_data(&out), SPAN("HTTP/1.1 408 ")));

	begin();
	feed(SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nx"));
	http_ops.stop(&h, STOP_SHUTDOWN, &out);
	assert_true(span_starts(buf_data(&out), SPAN("HTTP/1.1 503 ")));

	begin();
	h.state = HTTP_STREAM;
	http_ops.stop(&h, STOP_SHUTDOWN, &out);
	assert_int_equal(buf_len(&out), 0);
	assert_int_equal(http_ops.want(&h), WANT_CLOSE);
}

static void
phases_change_as_the_client_gets_on(void **state)
{
	unsigned idle, head, body;

	(void)state;
	begin();
	idle = http_ops.phase(&h);
	feed(SPAN("POST / HTTP/1.1\r\n"));
	head = http_ops.phase(&h);
	feed(SPAN("Host: a\r\n"));
	assert_int_equal(http_ops.phase(&h), head);
	feed(SPAN("Content-Length: 2\r\n\r\na"));
	body = http_ops.phase(&h);
	feed(SPAN("b"));
	assert_true(idle != head && head != body);
	assert_true(http_ops.phase(&h) != idle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_pipelined_requests_in_order),
		cmocka_unit_test(streams_in_chunks_or_until_close),
		cmocka_unit_test(says_continue_only_when_the_body_is_wanted),
		cmocka_unit_test(never_reads_an_unwanted_body_as_a_request),
		cmocka_unit_test(closes_after_what_could_be_read_two_ways),
		cmocka_unit_test(answers_a_line_that_is_too_long_once),
		cmocka_unit_test(
		    stops_with_words_only_where_they_can_be_understood),
		cmocka_unit_test(phases_change_as_the_client_gets_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
