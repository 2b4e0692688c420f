/*
 * api: finding the route of a request and running its handler piece by piece.
 * It knows no route itself, and nothing of connections.
 */
#include "service/api.h"

#include <assert.h>

#include "core/secret.h"
#include "service/parts.h"

#define API_MEMBER 16 /* a name in a body, terminated */

void
api_init(struct api *api)
{
	api->n_tables = 0;
	api->tls = NULL;
	api->calls = 0;
	api->refusals = 0;
}

void
api_add(struct api *api, const struct api_table *t, void *context)
{
	assert(api->n_tables < API_TABLES);
	api->tables[api->n_tables].table = t;
	api->tables[api->n_tables++].context = context;
}

/* Does `path` have the form of the route?  Its {parts} go to `arg`. */
static bool
is_match(const char *pattern, struct span path, struct span arg[API_ARGS])
{
	struct span form = span_str(pattern), piece, part;
	unsigned n = 0;

	while (span_next(&form, '/', &piece)) {
		if (!span_next(&path, '/', &part))
			return false;
		if (piece.len > 0 && piece.p[0] == '{') {
			assert(n < API_ARGS);
			if (part.len == 0)
				return false;
			arg[n++] = part;
		} else if (!span_is(piece, part)) {
			return false;
		}
	}
	return path.p == NULL;
}

static enum api_result
no_such_path(struct api_call *c)
{
	/* behind the slash that follows it */
	struct span rest = span_from(c->path, sizeof(API_PREFIX)), word;
	const char *part = NULL;
	char mem[API_MESSAGE];
	struct text t;

	if (span_next(&rest, '/', &word))
		part = parts_lacking_word(word);
	if (part != NULL) {
		text_init(&t, mem, sizeof(mem));
		text_str(&t, part);
		text_str(&t, PARTS_ABSENT);
		return api_refuse(c, 404, mem);
	}
	return api_refuse(c, 404,
	    "no such path in the API: see src/service/README.md for the list");
}

static enum api_result
no_such_method(struct api_call *c)
{
	return api_refuse(c, 405, "this path does not take this method");
}

static const struct api_route lost = { HTTP_GET, "", no_such_path };
static const struct api_route wrong = { HTTP_GET, "", no_such_method };

static void
look_in(struct api_call *c, const struct api_table *t, struct span path)
{
	struct span arg[API_ARGS] = { { NULL, 0 } };

	for (unsigned i = 0; i < t->n; i++) {
		const struct api_route *r = &t->routes[i];

		if (!is_match(r->path, path, arg))
			continue;
		c->route = &wrong;
		c->methods |= 1u << r->method;
		if (r->method == HTTP_GET)
			c->methods |= 1u << HTTP_HEAD;
		if (r->method != c->method)
			continue;
		memcpy(c->arg, arg, sizeof(arg));
		c->route = r;
		return;
	}
}

void
api_begin(struct api *api, struct api_call *c, enum http_method method,
    struct span path, struct span query, struct span body)
{
	struct span rest = span_from(path, sizeof(API_PREFIX) - 1);

	memset(c, 0, sizeof(*c));
	c->api = api;
	c->method = method == HTTP_HEAD ? HTTP_GET : method;
	c->path = path;
	c->query = query;
	c->body = body;
	c->status = 200;
	c->type = "application/json";
	c->route = &lost;
	api->calls++;
	if (!span_starts(path, SPAN(API_PREFIX)))
		return;
	for (unsigned i = 0; i < api->n_tables; i++) {
		look_in(c, api->tables[i].table, rest);
		c->context = api->tables[i].context;
		if (c->route != &lost && c->route != &wrong)
			return;
	}
}

/* Take back what the last part wrote, and the places it moved. */
static void
take_back(struct api_call *c, const struct api_call *before, size_t len)
{
	struct text *out = c->out;

	*c = *before;
	out->len = len;
	out->mem[len] = '\0';
	out->cut = false;
}

int
api_piece(struct api_call *c, struct text *out)
{
	struct api_call before;
	enum api_result got;
	bool broken;
	size_t len;

	if (c->out == NULL)
		json_begin(&c->json, out);
	c->json.to = out;
	c->out = out;
	do {
		before = *c;
		len = out->len;
		got = c->route->run(c);
	} while (got == API_MORE && !out->cut);
	broken = c->broken || (out->cut && len == 0);
	if (out->cut && !broken) {
		take_back(c, &before, len);
		got = API_MORE;
	}
	secret_wipe(&before.state, sizeof(before.state));
	c->began = c->began || out->len > 0;
	return broken ? ERR_FULL : (int)got;
}

/* ---- for handlers ---- */

enum api_result
api_refuse(struct api_call *c, unsigned status, const char *message)
{
	c->refused = true;
	c->broken = c->began;
	if (c->broken)
		return API_DONE;
	c->out->len = 0;
	c->status = status;
	c->type = "application/json";
	c->api->refusals++;
	json_begin(&c->json, c->out);
	json_object(&c->json, NULL);
	json_cstr(&c->json, "error", message);
	json_end(&c->json);
	return API_DONE;
}

enum api_result
api_failed(struct api_call *c, const char *doing, int err)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, doing);
	text_str(&t, ": ");
	text_str(&t, err_text(err));
	return api_refuse(c,
	    err == ERR_FULL	     ? 507
	    : err == ERR_DESCRIPTORS ? 503
				     : 500,
	    mem);
}

enum api_result
api_no_file(struct api_call *c, const char *folder)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "the message's file is not in ");
	text_str(&t, folder);
	text_str(&t, "; is its disk mounted?  nothing was deleted");
	return api_refuse(c, 409, mem);
}

/* Is this value the member of one of these names? */
static bool
is_known(const struct json *j, int at, const char *members)
{
	struct span rest = span_str(members), word;
	char key[API_MEMBER];
	struct text t;

	while (span_next(&rest, ' ', &word)) {
		text_init(&t, key, sizeof(key));
		text_span(&t, word);
		if (json_member(j, JSON_ROOT, key) == at)
			return true;
	}
	return false;
}

/* A mistyped member must not be lost. */
static int
refuse_unknown(struct api_call *c, const struct json *j, const char *members)
{
	int at = JSON_ABSENT;
	char mem[API_MESSAGE];
	struct span key;
	struct text t;

	while (json_next(j, JSON_ROOT, &at, &key)) {
		if (is_known(j, at, members))
			continue;
		text_init(&t, mem, sizeof(mem));
		text_str(&t, "the body may not have \"");
		text_span(&t, span_first(key, 64));
		text_str(&t, "\", only: ");
		text_str(&t, members);
		(void)api_refuse(c, 400, mem);
		return ERR_SYNTAX;
	}
	return ERR_OK;
}

int
api_body(struct api_call *c, struct json *j, const char *members)
{
	int err = json_parse(j, c->body, c->api->tokens, API_TOKENS);

	if (err == ERR_FULL) {
		(void)api_refuse(c, 413,
		    "the body has too many values; make several requests");
		return ERR_SYNTAX;
	}
	if (err || json_type(j, JSON_ROOT) != JSON_OBJECT) {
		(void)api_refuse(c, 400,
		    "the body must be a JSON object, like {\"name\":\"anna\"}: "
		    "strict JSON, no key twice, no numbers but whole ones");
		return ERR_SYNTAX;
	}
	return refuse_unknown(c, j, members);
}

static int
bad_member(struct api_call *c, const char *key, const char *what)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_chr(&t, '"');
	text_str(&t, key);
	text_str(&t, "\" in the body ");
	text_str(&t, what);
	(void)api_refuse(c, 400, mem);
	return ERR_SYNTAX;
}

int
api_body_text(
    struct api_call *c, const struct json *j, const char *key, struct text *to)
{
	int at = json_member(j, JSON_ROOT, key);

	if (at == JSON_ABSENT)
		return ERR_MISSING;
	switch (json_text(j, at, to)) {
	case ERR_OK:
		return ERR_OK;
	case ERR_FULL:
		return bad_member(c, key, "is too long");
	default:
		return bad_member(c, key, "must be a string in UTF-8");
	}
}

int
api_body_truth(
    struct api_call *c, const struct json *j, const char *key, bool *out)
{
	int at = json_member(j, JSON_ROOT, key);

	*out = false;
	if (at == JSON_ABSENT || !json_truth(j, at, out))
		return ERR_OK;
	return bad_member(c, key, "must be true or false");
}

enum api_result
api_ok(struct api_call *c)
{
	json_object(&c->json, NULL);
	json_end(&c->json);
	return API_DONE;
}
