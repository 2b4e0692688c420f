/*
 * api_http: one request after the other, from the session to the API and
 * back.  Who may ask is the guard's; what a path means, the API's.
 */
#include "service/api_http.h"

#include "core/log.h"
#include "core/secret.h"

/* Output that the first piece of an answer may take. */
#define ALLOW_MAX  64
#define ANSWER_MAX (HTTP_HEAD_OUT + ALLOW_MAX + API_PIECE + HTTP_PIECE_OVER)

_Static_assert(ANSWER_MAX <= CONN_WINDOW, "an answer's piece fits in a window");

static struct api_http *
owner(const struct conn *c)
{
	union {
		const struct conn_kind *kind;
		struct api_http *owner;
	} u = { .kind = c->kind };

	return u.owner;
}

static int
session_open(struct conn *c)
{
	struct api_session *s = pool_take(owner(c)->sessions);

	if (s == NULL)
		return ERR_FULL;
	http_init(&s->http);
	s->running = false;
	s->area = NULL;
	s->area_len = 0;
	c->session = s;
	return ERR_OK;
}

/* Bodies can hold passwords: nothing of them stays behind. */
static void
forget(struct conn *c)
{
	struct api_session *s = c->session;
	struct pool *areas = owner(c)->areas;

	if (s->area != NULL)
		secret_wipe(s->area, s->area_len);
	else
		secret_wipe(s->small, s->area_len);
	pool_give(areas, s->area);
	s->area = NULL;
	s->area_len = 0;
	if (s->running)
		secret_wipe(&s->call, sizeof(s->call));
	s->running = false;
}

static void
session_close(struct conn *c)
{
	forget(c);
	pool_give(owner(c)->sessions, c->session);
}

static void
refuse(struct conn *c, unsigned status, const char *why, struct buf *out)
{
	struct api_session *s = c->session;
	struct http_answer a = { .status = status, .type = "application/json" };
	char mem[API_MESSAGE];
	struct text t;
	struct json_out o;

	text_init(&t, mem, sizeof(mem));
	json_begin(&o, &t);
	json_object(&o, NULL);
	json_cstr(&o, "error", why);
	json_end(&o);
	a.body = text_data(&t);
	http_answer(&s->http, &a, out);
	forget(c);
}

static void
lend_body(struct conn *c, struct buf *out)
{
	struct api_http *ah = owner(c);
	struct api_session *s = c->session;
	uint64_t octets = s->http.req.body_octets;

	if (octets > ah->area_octets) {
		refuse(c, 413, "the request's body is too long", out);
		return;
	}
	s->area_len = (size_t)octets;
	if (octets <= sizeof(s->small)) {
		http_lend(&s->http, s->small, out);
		return;
	}
	s->area = pool_take(ah->areas);
	if (s->area != NULL)
		http_lend(&s->http, s->area, out);
	else
		refuse(c, 503,
		    "another long request is being worked on; try again", out);
}

static void
begin_call(struct conn *c)
{
	struct api_session *s = c->session;
	const struct httpreq *r = &s->http.req;

	api_begin(owner(c)->api, &s->call, r->method, r->path, r->query,
	    span_of(s->http.body, s->http.body_len));
	s->running = true;
}

static void
log_broken(const struct api_session *s)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "api.broken");
	log_span(&l, "path", s->http.req.path);
	log_end(&l);
}

/* RFC 9110 section 15.5.6: a 405 says what the path would take. */
static struct span
allow_line(const struct api_call *call, char mem[ALLOW_MAX])
{
	struct text t;

	text_init(&t, mem, ALLOW_MAX);
	if (call->status != 405)
		return text_data(&t);
	text_str(&t, "Allow:");
	for (unsigned m = 0; m < HTTP_METHODS; m++) {
		if (!(call->methods >> m & 1))
			continue;
		text_str(&t, t.mem[t.len - 1] == ':' ? " " : ", ");
		text_str(&t, http_method_text((enum http_method)m));
	}
	text_str(&t, "\r\n");
	return text_data(&t);
}

/* A long answer to HEAD is over with its head: no piece would wake it. */
static void
first_piece(struct conn *c, struct span piece, bool more, struct buf *out)
{
	struct api_session *s = c->session;
	char mem[ALLOW_MAX];
	struct http_answer a = { .status = s->call.status,
		.type = s->call.type,
		.headers = allow_line(&s->call, mem),
		.body = piece,
		.more = more };
	bool bare = more && s->http.req.method == HTTP_HEAD;

	http_answer(&s->http, &a, out);
	if (bare)
		http_end(&s->http, out);
	if (bare || !more)
		forget(c);
}

static void
further_piece(struct conn *c, struct span piece, bool more, struct buf *out)
{
	struct api_session *s = c->session;

	http_more(&s->http, piece, out);
	if (more)
		return;
	http_end(&s->http, out);
	forget(c);
}

static void
run_call(struct conn *c, struct buf *out)
{
	struct api_session *s = c->session;
	bool streaming = s->http.state == HTTP_STREAM;
	struct text t;
	int got;

	text_init(&t, owner(c)->piece, API_PIECE + 1);
	got = api_piece(&s->call, &t);
	if (got == API_AGAIN) {
		conn_wake(c);
	} else if (got < 0) {
		log_broken(s);
		if (streaming)
			http_break(&s->http);
		else
			refuse(c, 500, "the answer could not be made", out);
	} else if (streaming) {
		further_piece(c, text_data(&t), got == API_MORE, out);
	} else {
		first_piece(c, text_data(&t), got == API_MORE, out);
	}
	secret_wipe(t.mem, t.len);
}

static void
session_request(struct conn *c)
{
	struct api_http *ah = owner(c);
	struct api_session *s = c->session;
	struct buf *out = conn_out(c, ANSWER_MAX);
	const char *why = NULL;
	unsigned status = 0;

	if (out == NULL)
		return;
	if (!s->running && ah->guard != NULL)
		status = ah->guard(c, &why);
	if (status != 0) {
		refuse(c, status, why, out);
	} else if (s->http.state == HTTP_ASK_BODY) {
		lend_body(c, out);
	} else {
		if (!s->running)
			begin_call(c);
		run_call(c, out);
	}
}

void
api_http_init(struct api_http *ah, struct api *api, struct pool *sessions,
    struct pool *areas, size_t area_octets, char *piece)
{
	*ah = (struct api_http) {
		.kind = { .ops = &http_ops,
		    .open = session_open,
		    .request = session_request,
		    .close = session_close,
		    .refusal = SPAN("HTTP/1.1 503 Service Unavailable\r\n"
				    "Content-Type: application/json\r\n"
				    "Content-Length: 47\r\n"
				    "Retry-After: 1\r\n"
				    "Connection: close\r\n\r\n"
				    "{\"error\":\"too many clients at once; "
				    "try again\"}") },
		.api = api,
		.sessions = sessions,
		.areas = areas,
		.area_octets = area_octets,
		.piece = piece,
	};
}
