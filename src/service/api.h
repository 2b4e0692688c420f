/*
 * api: every state change of gatepost, as requests and JSON answers.
 *
 *   control socket --+                 +-- users     (api_users.c)
 *   page (HTTPS) ----+--> api_begin -->+-- settings  (api_settings.c)
 *   command line ----+    api_piece    +-- ...       one table each
 *
 * A module that has something to offer declares a table of routes and adds it
 * with api_add; that is all.  A route's handler reads the call and writes its
 * answer; it is the same whether the server runs it for the control socket or
 * the page, or the command line runs it in its own process.
 *
 *	static enum api_result
 *	sizes_show(struct api_call *c)
 *	{
 *		struct sizes *s = c->context;
 *
 *		json_object(&c->json, NULL);
 *		json_u64(&c->json, "octets", s->octets);
 *		json_end(&c->json);
 *		return API_DONE;
 *	}
 *
 *	static const struct api_route routes[] = {
 *		{ HTTP_GET, "/sizes", sizes_show },
 *		{ HTTP_DELETE, "/sizes/{name}", sizes_forget },  (c->arg[0])
 *	};
 *	static const struct api_table table = API_TABLE(routes);
 *	api_add(&api, &table, &sizes);
 *
 * Long answers: a handler that returns API_MORE is called again for the next
 * part; it keeps its place in c->cursor and c->state.  One part (one entry of
 * a list) is at most API_PIECE bytes; a part that did not fit behind the
 * others is taken back and asked for once more, so a handler must not change
 * anything but the call before it has returned API_DONE.
 * Long work: API_AGAIN asks for another turn, having written nothing.
 *
 * Refusals: `return api_refuse(c, 404, "no account \"x\": see ...")`: a status
 * of 400 and more, and one line of text that says what is wrong, where, and
 * what to do.  The command line prints that line as it is.
 *
 * Memory: one struct api_call per request in the transport's memory.
 * Bounds: API_PIECE, API_ARGS, API_TOKENS values in a body.
 * Tested: test_api.
 */
#ifndef SERVICE_API_H
#define SERVICE_API_H

#include "codec/httpreq.h"
#include "codec/json.h"

#define API_PREFIX  "/api/v1"
#define API_PIECE   3072
#define API_ARGS    3
#define API_STATE   512
#define API_TOKENS  512
#define API_MESSAGE 400
#define API_SCRATCH 4608

enum api_result {
	API_DONE,
	API_MORE,
	API_AGAIN,
};

struct api_call {
	/* the request, for the whole of its life */
	enum http_method method;
	struct span path; /* begins with API_PREFIX */
	struct span query;
	struct span body;
	struct span arg[API_ARGS]; /* what stood for {name} in the route */
	void *context;		   /* the table's */
	struct api *api;

	/* the answer */
	unsigned status;  /* 200 unless the handler sets it */
	const char *type; /* "application/json" unless it sets it */
	struct text *out; /* for answers that are not JSON */
	struct json_out json;

	/* the handler's own, zero at the start */
	uint64_t cursor;
	union {
		int64_t align;
		uint8_t bytes[API_STATE];
	} state;

	const struct api_route *route;
	unsigned methods; /* those of the path, as bits; when none fits */
	bool began;	  /* a piece of the answer has been given out */
	bool refused;
	bool broken; /* it can only be broken off */
};

struct api_route {
	enum http_method method;
	const char *path; /* behind API_PREFIX */
	enum api_result (*run)(struct api_call *c);
};

struct api_table {
	const struct api_route *routes;
	unsigned n;
};

#define API_TABLE(routes)                                                      \
	{                                                                      \
		(routes), sizeof(routes) / sizeof((routes)[0])                 \
	}

struct server_tls;

#define API_TABLES 16

struct api {
	struct {
		const struct api_table *table;
		void *context; /* of its routes' calls */
	} tables[API_TABLES];
	unsigned n_tables;
	struct server_tls *tls; /* where pairs are tried; NULL: nowhere */
	struct json_token tokens[API_TOKENS]; /* for the call that runs */
	union {
		int64_t align;
		char bytes[API_SCRATCH]; /* the same; too much for a stack */
	} scratch;
	uint64_t calls;
	uint64_t refusals;
};

void api_init(struct api *api);

/* Offer the table's routes; it stays the caller's and lives on. */
void api_add(struct api *api, const struct api_table *t, void *context);

/*
 * Begin a call: find its route.  The spans must stay valid until the call is
 * over.  A path or method that nobody offers is answered by api_piece.
 */
void api_begin(struct api *api, struct api_call *c, enum http_method method,
    struct span path, struct span query, struct span body);

/*
 * Run the call and write its next piece into `out` (which has room for
 * API_PIECE bytes and is empty).  API_DONE: that was the last one.  API_MORE:
 * send it, then come again.  API_AGAIN: nothing to send yet; come again at the
 * next turn.  ERR_FULL: the answer can't be finished (a change came in between,
 * or a part was too long): break it off.
 */
int api_piece(struct api_call *c, struct text *out) MUST_CHECK;

/* ---- for handlers ---- */

/*
 * Answer with an error instead; `message` is one line without a stop.  Once
 * pieces have been given out, the answer is broken off.
 */
enum api_result api_refuse(
    struct api_call *c, unsigned status, const char *message);

/* The same for an enum err of a device: says it and answers 500 or 507. */
enum api_result api_failed(struct api_call *c, const char *doing, int err);

/* A message is listed, and its file is not there: says so and answers 409. */
enum api_result api_no_file(struct api_call *c, const char *folder);

/*
 * The body as a JSON object; valid until the handler returns.  `members` are
 * those that it may have, with blanks between.  On ERR_SYNTAX the call has been
 * refused already: return API_DONE.
 */
int api_body(
    struct api_call *c, struct json *j, const char *members) MUST_CHECK;

/*
 * Copy the string member `key` of the body to `to`, ERR_MISSING when it is not
 * there; other faults are refused already, as above.
 */
int api_body_text(struct api_call *c, const struct json *j, const char *key,
    struct text *to) MUST_CHECK;

/* The boolean member; false when it is not there; ERR_SYNTAX as above. */
int api_body_truth(struct api_call *c, const struct json *j, const char *key,
    bool *out) MUST_CHECK;

/* Answer {} (or what a change returns: nothing). */
enum api_result api_ok(struct api_call *c);

#endif
