/*
 * http: the server side of HTTP/1.1 (RFC 9110, 9112) as a session.
 *
 *   conn -- line --> head complete -- HTTP_ASK_BODY --> http_lend, or answer
 *        -- body --> body complete -- HTTP_ASK_ANSWER -> http_answer
 *                                                        http_more ...
 *                                                        http_end
 *
 * One request is open at a time; pipelined ones wait in the input window.  The
 * service looks at h->req and h->body and answers with one http_answer, which
 * either carries the whole body (Content-Length), or begins one that follows
 * in pieces as the output drains (chunked; to an HTTP/1.0 client until close).
 *
 * A head that can't be read in one way only is answered and the connection
 * closed; so is a request that is answered before its body has been read.
 *
 * Memory: one struct; the body's memory is lent by the service and given back
 * when the request is over (http_is_idle) or the connection ends.
 * Bounds: HTTP_LINE_MAX, codec/httpreq's, and the body's memory (413).
 * Failure: http_stop's reasons; a piece that is missing at a close tells the
 * client that the answer is incomplete.
 * Tested: test_http (dialogues split at every byte), fuzz_http.
 */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include "codec/httpreq.h"
#include "proto/session.h"

#define HTTP_LINE_MAX 4000
#define HTTP_HEAD_OUT                                                          \
	512		   /* output that http_answer may take, less the body  \
			    */
#define HTTP_PIECE_OVER 16 /* and http_more, beyond its piece */

enum http_state {
	HTTP_HEAD_STATE, /* waiting for, or inside, a head */
	HTTP_ASK_BODY,	 /* open: lend memory for req.body_octets, or answer */
	HTTP_BODY,	 /* reading the body */
	HTTP_ASK_ANSWER, /* open: answer */
	HTTP_STREAM,	 /* open: the answer's further pieces */
	HTTP_OVER,	 /* close */
};

struct http_answer {
	unsigned status;     /* 200 to 599 */
	const char *type;    /* NULL: no body and no type */
	struct span headers; /* further lines, each with its CRLF */
	struct span body;    /* the whole of it, or the first piece */
	bool more;	     /* further pieces follow */
	bool cacheable;	     /* else "Cache-Control: no-store" is sent */
};

struct http {
	struct httpreq req;
	enum http_state state;
	uint8_t *body;	   /* lent */
	size_t body_len;   /* received so far */
	unsigned requests; /* heads seen */
	bool chunked;
	bool in_head; /* something of the next request has come */
};

extern const struct session_ops http_ops;

void http_init(struct http *h);

/* No request is open or being read: lent memory can be taken back. */
bool http_is_idle(const struct http *h);

/*
 * In HTTP_ASK_BODY: `mem` has room for req.body_octets and stays until the
 * request is over.  Sends "100 Continue" to a client that waits for it.
 */
void http_lend(struct http *h, uint8_t *mem, struct buf *out);

/*
 * In HTTP_ASK_BODY or HTTP_ASK_ANSWER: answer.  `out` needs HTTP_HEAD_OUT
 * bytes beside `headers` and `body`.
 */
void http_answer(struct http *h, const struct http_answer *a, struct buf *out);

/* In HTTP_STREAM: a further piece; HTTP_PIECE_OVER bytes beside it. */
void http_more(struct http *h, struct span piece, struct buf *out);

/* In HTTP_STREAM: that was all; HTTP_PIECE_OVER bytes. */
void http_end(struct http *h, struct buf *out);

/* In HTTP_STREAM: the rest can't be had; the client sees a broken answer. */
void http_break(struct http *h);

/* "Not Found" for 404; "Error" for a status without a name. */
const char *http_status_text(unsigned status);

#endif
