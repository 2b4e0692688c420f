/*
 * fuzz_http: any stream, in pieces whose sizes the input chooses, leads the
 * session through its states without overrunning its output, and no body
 * byte is ever read as part of a head.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http h;
static uint8_t out_mem[8192];
static uint8_t body[256];
static struct buf out;

static void
serve(void)
{
	struct http_answer a = { .status = 200, .type = "text/plain" };

	if (h.state == HTTP_ASK_BODY && h.req.body_octets <= sizeof(body)) {
		http_lend(&h, body, &out);
	} else if (h.state == HTTP_STREAM) {
		http_more(&h, SPAN("more"), &out);
		http_end(&h, &out);
	} else {
		assert(h.state == HTTP_ASK_BODY
		       || h.body_len == h.req.body_octets);
		a.more = h.req.path.len % 2 == 0;
		a.body = span_of(h.body, h.body_len);
		http_answer(&h, &a, &out);
	}
}

static size_t
step(uint8_t *in, size_t len)
{
	size_t at;

	switch (http_ops.want(&h)) {
	case WANT_ANSWER:
		serve();
		return 0;
	case WANT_BODY:
		return http_ops.body(&h, in, len, &out);
	case WANT_LINE:
		at = span_find(span_of(in, len), '\n');
		if (at > HTTP_LINE_MAX)
			http_ops.line(&h, SPAN(""), LINE_LONG, &out);
		else
			http_ops.line(&h, span_of(in, at), LINE_OK, &out);
		return at < len ? at + 1 : len;
	case WANT_TLS:
	case WANT_CLOSE:
	default:
		return len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[65536];
	size_t at = 0;

	if (size > sizeof(copy))
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	http_init(&h);
	while (at < size || http_ops.want(&h) == WANT_ANSWER) {
		size_t most = at < size ? copy[at] % 64U + 1 : 0;
		size_t left = size - at;

		if (http_ops.want(&h) == WANT_LINE)
			most = left; /* conn gives whole lines */
		buf_init(&out, out_mem, sizeof(out_mem));
		at += step(copy + at, most < left ? most : left);
		assert(buf_len(&out) <= SESSION_REPLY_MAX);
		(void)http_ops.phase(&h);
		assert(http_ops.phase_seconds(&h) > 0);
	}
	http_ops.stop(&h, STOP_IDLE, &out);
	assert(http_ops.want(&h) == WANT_CLOSE);
	return 0;
}
