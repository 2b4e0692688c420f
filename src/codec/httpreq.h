/*
 * httpreq: the head of an HTTP/1.1 request (RFC 9112), line by line.
 *
 *	httpreq_init(&r);
 *	httpreq_line(&r, line)  ->  0 go on, 1 head complete, < 0 refused
 *	                                                       (r.status says
 *how)
 *
 * Strict where leniency lets two readers of one stream disagree (request
 * smuggling): no folded lines, no blank before the colon, one Content-Length
 * made of digits, no Transfer-Encoding, one Host.  The path is decoded and
 * checked: no NUL or control bytes, no encoded slash, no empty, "." or ".."
 * segment, so that a handler's comparison is the whole truth.
 *
 * Memory: everything kept is copied into the struct; spans point into it and
 * are valid until the next httpreq_init.
 * Bounds: HTTPREQ_MEM bytes kept, HTTPREQ_LINES header lines (431).
 * Tested: test_httpreq, fuzz_httpreq.
 */
#ifndef CODEC_HTTPREQ_H
#define CODEC_HTTPREQ_H

#include "core/err.h"
#include "core/text.h"

#define HTTPREQ_MEM   4096
#define HTTPREQ_LINES 64

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_METHODS
};

/* The header fields that are kept; all others are checked and forgotten. */
enum http_field {
	HTTP_HOST, /* also from an absolute target, which then counts alone */
	HTTP_ORIGIN,
	HTTP_REFERER,
	HTTP_COOKIE,
	HTTP_CONTENT_TYPE,
	HTTP_AUTHORIZATION,
	HTTP_CSRF_TOKEN, /* X-CSRF-Token */
	HTTP_ACCEPT_LANGUAGE,
	HTTP_ACCEPT_ENCODING,
	HTTP_IF_NONE_MATCH,
	HTTP_FIELDS
};

struct httpreq {
	enum http_method method;
	struct span path;		/* decoded; starts with '/' */
	struct span query;		/* as it came, without the '?' */
	struct span field[HTTP_FIELDS]; /* p is NULL where it was not sent */
	uint64_t body_octets;
	bool keep_alive;
	bool expects_continue; /* the client waits for "100 Continue" */
	bool is_http10;
	unsigned status; /* the answer to a refused head; 0: all well */

	bool has_length;
	bool has_target_host;
	bool has_line; /* the request line has been read */
	bool skipped_blank;
	unsigned lines;
	size_t used;
	char mem[HTTPREQ_MEM];
};

void httpreq_init(struct httpreq *r);

/*
 * Take the next line, without its end.  ERR_SYNTAX: refuse with r->status and
 * close the connection, since it is not known where the next request begins.
 */
int httpreq_line(struct httpreq *r, struct span line) MUST_CHECK;

/*
 * Take only a request target ("/path?query") after httpreq_init, for requests
 * that did not come over a connection.
 */
int httpreq_target(struct httpreq *r, struct span target) MUST_CHECK;

/*
 * Decode the value of `name` in a query or a posted form ("a=1&b=x%20y") to
 * the end of `to`.  ERR_MISSING; ERR_SYNTAX for a bad escape; ERR_FULL.
 */
int httpreq_param(
    struct span query, const char *name, struct text *to) MUST_CHECK;

/* The value of a cookie in a Cookie field's value; p is NULL if not there. */
struct span httpreq_cookie(struct span field, const char *name);

/* Append `s` so that it is one path segment or query value. */
void httpreq_encode(struct text *to, struct span s);

const char *http_method_text(enum http_method m);

#endif
