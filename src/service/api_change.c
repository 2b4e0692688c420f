/*
 * api_change: changing settings, all or none.  What a right value is, the
 * store knows.
 */
#include "service/api_settings.h"

#include "core/log.h"
#include "core/secret.h"
#include "service/spot.h"
#include "service/server_tls.h"

/* A change while it is made, in the API's scratch memory. */
struct change {
	struct state *state;
	struct settings *settings;
	struct text message;
	char message_mem[SETTINGS_MESSAGE_MAX];
	char key[KV_KEY_MAX + 1];
	char value[SETTING_TEXT_MAX + 2];
};

/* The new value of a setting: a string, a number, or true and false. */
static int
value_text(const struct json *j, int at, struct text *to)
{
	switch (json_type(j, at)) {
	case JSON_STRING:
		return json_text(j, at, to);
	case JSON_NUMBER:
		text_span(to, json_raw(j, at));
		return ERR_OK;
	case JSON_BOOL:
		text_str(to, json_raw(j, at).len == 4 ? "on" : "off");
		return ERR_OK;
	case JSON_NONE:
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_NULL:
	default:
		return ERR_SYNTAX;
	}
}

_Static_assert(sizeof(struct change) <= API_SCRATCH, "it is in the scratch");

/* The value has been taken, if the place it names is one. */
static int
try_spot(struct change *ch)
{
	int id = settings_find(span_str(ch->key), NULL);
	struct text why;
	char mem[STATE_WHY];
	int err;

	if (id < 0)
		return ERR_OK;
	text_init(&why, mem, sizeof(mem));
	err = spot_try(ch->state, (enum setting)id, span_str(ch->value), &why);
	if (!err)
		return ERR_OK;
	text_str(&ch->message, ch->key);
	text_str(&ch->message, ": ");
	text_span(&ch->message, text_data(&why));
	return err;
}

static int
set_one(struct change *ch, struct span raw_key, const struct json *j, int at)
{
	struct text key, value;
	int err;

	text_init(&key, ch->key, sizeof(ch->key));
	text_init(&value, ch->value, sizeof(ch->value));
	if (json_unescape(raw_key, &key)) {
		text_str(&ch->message,
		    "a key in \"set\" is no setting's; `gatepost settings "
		    "list` shows all");
		return ERR_MISSING;
	}
	err = value_text(j, at, &value);
	if (err) {
		text_str(&ch->message, ch->key);
		text_str(&ch->message,
		    err == ERR_FULL ? ": the value is too long"
				    : ": the value must be a string in UTF-8, "
				      "a number, true or false");
		return err == ERR_FULL ? ERR_RANGE : err;
	}
	err = settings_set(
	    ch->settings, text_data(&key), text_data(&value), &ch->message);
	return err ? err : try_spot(ch);
}

static int
set_all(struct change *ch, const struct json *j)
{
	int set = json_member(j, JSON_ROOT, "set"), at = JSON_ABSENT, err;
	struct span key;

	while (json_next(j, set, &at, &key)) {
		err = set_one(ch, key, j, at);
		if (err < 0)
			return err;
	}
	return ERR_OK;
}

static int
unset_all(struct change *ch, const struct json *j)
{
	int list_at = json_member(j, JSON_ROOT, "unset"), at = JSON_ABSENT, err;

	while (json_next(j, list_at, &at, NULL)) {
		struct text key;

		text_init(&key, ch->key, sizeof(ch->key));
		if (json_text(j, at, &key)) {
			text_str(
			    &ch->message, "\"unset\" must be a list of keys");
			return ERR_SYNTAX;
		}
		err =
		    settings_unset(ch->settings, text_data(&key), &ch->message);
		if (err < 0)
			return err;
	}
	return ERR_OK;
}

static unsigned
status_of(int err)
{
	switch (err) {
	case ERR_MISSING:
		return 404;
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_UNSUPPORTED:
		return 400;
	case ERR_FULL:
		return 507;
	case ERR_BUSY:
		return 409;
	default:
		return 500;
	}
}

/* A JSON string without its quotes. */
static struct span
inside(struct span raw)
{
	return span_of(raw.p + 1, raw.len - 2);
}

static void
log_keys(const struct json *j)
{
	int set = json_member(j, JSON_ROOT, "set"), at = JSON_ABSENT;
	int unset = json_member(j, JSON_ROOT, "unset");
	struct log_line l;
	struct span key;

	log_begin(&l, LOG_INFO, "settings.changed");
	while (json_next(j, set, &at, &key))
		log_span(&l, "set", key);
	at = JSON_ABSENT;
	while (json_next(j, unset, &at, NULL))
		log_span(&l, "unset", inside(json_raw(j, at)));
	log_end(&l);
}

static void
name_if_restart(struct json_out *o, struct span key)
{
	int id = settings_find(key, NULL);

	if (id >= 0 && settings_schema[id].flags & SETTING_RESTART)
		json_str(o, NULL, key);
}

static bool
is_of_pair(struct span key, enum server_tls_pair pair)
{
	int id = settings_find(key, NULL);

	return id >= 0 && server_tls_names(pair, (enum setting)id);
}

static bool
changes_pair(const struct json *j, enum server_tls_pair pair)
{
	int set = json_member(j, JSON_ROOT, "set"), at = JSON_ABSENT;
	int unset = json_member(j, JSON_ROOT, "unset");
	struct span key;

	while (json_next(j, set, &at, &key))
		if (is_of_pair(key, pair))
			return true;
	at = JSON_ABSENT;
	while (json_next(j, unset, &at, NULL))
		if (is_of_pair(inside(json_raw(j, at)), pair))
			return true;
	return false;
}

/*
 * Files of certificates and keys are stored whatever they hold: they may come
 * after their names, one name after the other, or be another user's to read.
 */
static void
warn_of_pairs(struct api_call *c, const struct json *j)
{
	struct state *s = c->context;
	char mem[STATE_WHY];
	struct text why;

	for (int pair = 0; pair < SERVER_TLS_PAIRS; pair++) {
		if (c->api->tls == NULL
		    || !changes_pair(j, (enum server_tls_pair)pair))
			continue;
		text_init(&why, mem, sizeof(mem));
		server_tls_try(c->api->tls, &s->files.fs, &s->settings,
		    (enum server_tls_pair)pair, &why);
		if (why.len > 0)
			json_str(&c->json, NULL, text_data(&why));
	}
}

/* What belongs to the web page is taken, and does nothing yet. */
static void
warn_of_page(struct api_call *c, const struct json *j)
{
	int set = json_member(j, JSON_ROOT, "set"), at = JSON_ABSENT;
	struct span key;

	while (json_next(j, set, &at, &key))
		if (span_starts_nocase(key, SPAN("listen.http")))
			json_str(&c->json, NULL,
			    SPAN("there is no web page in this program yet: "
				 "nothing will listen there"));
}

static enum api_result
answer_change(struct api_call *c, const struct json *j)
{
	int set = json_member(j, JSON_ROOT, "set"), at = JSON_ABSENT;
	int unset = json_member(j, JSON_ROOT, "unset");
	struct span key;

	json_object(&c->json, NULL);
	json_array(&c->json, "restart");
	while (json_next(j, set, &at, &key))
		name_if_restart(&c->json, key);
	at = JSON_ABSENT;
	while (json_next(j, unset, &at, NULL)) {
		name_if_restart(&c->json, inside(json_raw(j, at)));
	}
	json_end(&c->json);
	json_array(&c->json, "warnings");
	warn_of_pairs(c, j);
	warn_of_page(c, j);
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

static int
apply(struct change *ch, const struct json *j)
{
	int err = settings_begin(ch->settings, &ch->message);

	if (err < 0)
		return err;
	err = set_all(ch, j);
	if (err >= 0)
		err = unset_all(ch, j);
	if (err >= 0)
		return settings_commit(ch->settings, &ch->message);
	settings_abort(ch->settings);
	return err;
}

static bool
has_wrong_form(const struct json *j)
{
	enum json_type set = json_type(j, json_member(j, JSON_ROOT, "set"));
	enum json_type unset = json_type(j, json_member(j, JSON_ROOT, "unset"));

	return (set != JSON_NONE && set != JSON_OBJECT)
	       || (unset != JSON_NONE && unset != JSON_ARRAY)
	       || (set == JSON_NONE && unset == JSON_NONE);
}

enum api_result
api_settings_change(struct api_call *c)
{
	struct change *ch = (struct change *)c->api->scratch.bytes;
	struct state *s = c->context;
	struct json j;
	int err;

	if (api_body(c, &j, "set unset"))
		return API_DONE;
	if (has_wrong_form(&j))
		return api_refuse(c, 400,
		    "the body must have \"set\" (an object of keys and "
		    "values), or \"unset\" (a list of keys), or both");
	ch->state = s;
	ch->settings = &s->settings;
	text_init(&ch->message, ch->message_mem, sizeof(ch->message_mem));
	err = apply(ch, &j);
	secret_wipe(ch->value, sizeof(ch->value));
	if (err < 0)
		return api_refuse(c, status_of(err), ch->message_mem);
	log_keys(&j);
	return answer_change(c, &j);
}
