/*
 * http: the session.  Heads are codec/httpreq's; what a path means is the
 * service's.
 */
#include "proto/http.h"

#include <assert.h>

#include "core/be.h"

static const struct {
	unsigned status;
	const char *text;
} names[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 204, "No Content" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *
http_status_text(unsigned status)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].text;
	return "Error";
}

static void
next_request(struct http *h)
{
	httpreq_init(&h->req);
	h->state = HTTP_HEAD_STATE;
	h->body = NULL;
	h->body_len = 0;
	h->in_head = false;
}

void
http_init(struct http *h)
{
	h->requests = 0;
	next_request(h);
}

bool
http_is_idle(const struct http *h)
{
	return h->state == HTTP_HEAD_STATE || h->state == HTTP_OVER;
}

static void
request_over(struct http *h)
{
	if (h->req.keep_alive)
		next_request(h);
	else
		h->state = HTTP_OVER;
}

/* ---- answers ---- */

static void
put_head(struct http *h, const struct http_answer *a, struct text *t)
{
	text_str(t, "HTTP/1.1 ");
	text_u64(t, a->status);
	text_chr(t, ' ');
	text_str(t, http_status_text(a->status));
	text_str(t, "\r\nX-Content-Type-Options: nosniff\r\n");
	if (!a->cacheable)
		text_str(t, "Cache-Control: no-store\r\n");
	if (a->type != NULL) {
		text_str(t, "Content-Type: ");
		text_str(t, a->type);
		text_str(t, "\r\n");
	}
	if (h->chunked) {
		text_str(t, "Transfer-Encoding: chunked\r\n");
	} else if (!a->more && a->status != 204 && a->status != 304) {
		text_str(t, "Content-Length: ");
		text_u64(t, a->body.len);
		text_str(t, "\r\n");
	}
	if (!h->req.keep_alive)
		text_str(t, "Connection: close\r\n");
	else if (h->req.is_http10)
		text_str(t, "Connection: keep-alive\r\n");
}

static void
put_piece(struct http *h, struct span piece, struct buf *out)
{
	char mem[HTTP_PIECE_OVER];
	struct text t;
	uint8_t size[4];
	bool all = true;

	if (h->req.method == HTTP_HEAD || piece.len == 0)
		return;
	assert(piece.len <= UINT32_MAX);
	be32_put(size, (uint32_t)piece.len);
	text_init(&t, mem, sizeof(mem));
	text_hex(&t, span_of(size, 4));
	text_str(&t, "\r\n");
	if (h->chunked)
		all = buf_put(out, text_data(&t));
	all = all && buf_put(out, piece);
	if (h->chunked)
		all = all && buf_put(out, SPAN("\r\n"));
	assert(all);
}

void
http_answer(struct http *h, const struct http_answer *a, struct buf *out)
{
	char mem[HTTP_HEAD_OUT];
	struct text t;
	bool all;

	assert(h->state == HTTP_ASK_BODY || h->state == HTTP_ASK_ANSWER);
	/* An unread body would be taken for the next request. */
	if (h->state == HTTP_ASK_BODY || (a->more && h->req.is_http10))
		h->req.keep_alive = false;
	h->chunked = a->more && !h->req.is_http10;
	text_init(&t, mem, sizeof(mem));
	put_head(h, a, &t);
	assert(!t.cut);
	all = buf_put(out, text_data(&t)) && buf_put(out, a->headers)
	      && buf_put(out, SPAN("\r\n"));
	assert(all);
	put_piece(h, a->body, out);
	if (a->more)
		h->state = HTTP_STREAM;
	else
		request_over(h);
}

void
http_more(struct http *h, struct span piece, struct buf *out)
{
	assert(h->state == HTTP_STREAM);
	put_piece(h, piece, out);
}

void
http_end(struct http *h, struct buf *out)
{
	bool all = true;

	assert(h->state == HTTP_STREAM);
	if (h->chunked && h->req.method != HTTP_HEAD)
		all = buf_put(out, SPAN("0\r\n\r\n"));
	assert(all);
	request_over(h);
}

void
http_break(struct http *h)
{
	h->state = HTTP_OVER;
}

/* What a client that reads no RFC can do about it. */
static const char *
refusal_words(unsigned status)
{
	switch (status) {
	case 408:
		return "the request came too slowly";
	case 413:
		return "the request's body is too long";
	case 414:
		return "the request's first line is too long";
	case 417:
		return "nothing but 100-continue can be expected";
	case 431:
		return "the request's header is too long";
	case 501:
		return "neither this method nor Transfer-Encoding is known "
		       "here; send a Content-Length";
	case 503:
		return "the server is being stopped";
	case 505:
		return "HTTP/1.1 is spoken here";
	default:
		return "the request or its path can't be read, or could be in "
		       "two ways";
	}
}

/* A refusal in the session's own words; the connection ends with it. */
static void
refuse(struct http *h, unsigned status, struct buf *out)
{
	struct http_answer a = { .status = status, .type = "application/json" };
	char mem[160];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "{\"error\":\"");
	text_str(&t, refusal_words(status));
	text_str(&t, "\"}");
	assert(!t.cut);
	h->req.keep_alive = false;
	h->req.method = HTTP_GET;
	h->state = HTTP_ASK_ANSWER;
	a.body = text_data(&t);
	http_answer(h, &a, out);
}

/* ---- what conn calls ---- */

static enum want
session_want(const void *s)
{
	const struct http *h = s;

	switch (h->state) {
	case HTTP_HEAD_STATE:
		return WANT_LINE;
	case HTTP_BODY:
		return WANT_BODY;
	case HTTP_OVER:
		return WANT_CLOSE;
	case HTTP_ASK_BODY:
	case HTTP_ASK_ANSWER:
	case HTTP_STREAM:
	default:
		return WANT_ANSWER;
	}
}

static void
session_line(void *s, struct span line, enum line_flaw flaw, struct buf *out)
{
	struct http *h = s;
	int got;

	h->in_head = true;
	if (flaw == LINE_LONG) {
		refuse(h, h->req.has_line ? 431 : 414, out);
		return;
	}
	if (flaw != LINE_OK) {
		refuse(h, 400, out);
		return;
	}
	got = httpreq_line(&h->req, line);
	if (got < 0) {
		refuse(h, h->req.status, out);
	} else if (got > 0) {
		h->requests++;
		h->state =
		    h->req.body_octets > 0 ? HTTP_ASK_BODY : HTTP_ASK_ANSWER;
	}
}

static size_t
session_body(void *s, uint8_t *bytes, size_t len, struct buf *out)
{
	struct http *h = s;
	uint64_t left = h->req.body_octets - h->body_len;

	(void)out;
	if (len > left)
		len = (size_t)left;
	memcpy(h->body + h->body_len, bytes, len);
	h->body_len += len;
	if (len == left)
		h->state = HTTP_ASK_ANSWER;
	return len;
}

static void
session_secured(void *s, struct buf *out)
{
	(void)s;
	(void)out;
}

static void
session_stop(void *s, enum session_stop why, struct buf *out)
{
	struct http *h = s;

	/* In a stream a word would be taken for part of the answer. */
	if (h->state == HTTP_STREAM || h->state == HTTP_OVER || !h->in_head)
		h->state = HTTP_OVER;
	else
		refuse(h, why == STOP_SHUTDOWN ? 503 : 408, out);
}

static unsigned
session_phase(const void *s)
{
	const struct http *h = s;

	return h->requests * 16 + (unsigned)h->state * 2 + h->in_head;
}

static unsigned
session_phase_seconds(const void *s)
{
	const struct http *h = s;

	switch (h->state) {
	case HTTP_HEAD_STATE:
		return h->in_head ? 20 : 60;
	case HTTP_BODY:
		return 120;
	case HTTP_STREAM:
		return 600;
	case HTTP_ASK_BODY:
	case HTTP_ASK_ANSWER:
	case HTTP_OVER:
	default:
		return 120;
	}
}

void
http_lend(struct http *h, uint8_t *mem, struct buf *out)
{
	bool all = true;

	assert(h->state == HTTP_ASK_BODY);
	h->body = mem;
	h->body_len = 0;
	h->state = HTTP_BODY;
	if (h->req.expects_continue)
		all = buf_put(out, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	assert(all);
}

const struct session_ops http_ops = {
	.name = "http",
	.line_max = HTTP_LINE_MAX,
	.want = session_want,
	.line = session_line,
	.body = session_body,
	.secured = session_secured,
	.stop = session_stop,
	.phase = session_phase,
	.phase_seconds = session_phase_seconds,
};
