/*
 * api_settings: showing settings and changing them.  What a right value is,
 * the store knows.
 */
#include "service/api_settings.h"

#include "core/log.h"
#include "core/secret.h"

static const char *const sources[] = { "default", "stored", "run" };

static bool
has(enum setting id, unsigned flag)
{
	return (settings_schema[id].flags & flag) != 0;
}

/* ---- showing ---- */

static void
write_schema(struct json_out *o, enum setting id)
{
	const struct setting_spec *spec = &settings_schema[id];

	json_cstr(o, "key", spec->key);
	json_cstr(o, "type", setting_type_name(spec->type));
	json_bool(o, "secret", has(id, SETTING_SECRET));
	json_bool(o, "restart", has(id, SETTING_RESTART));
	json_bool(o, "family", has(id, SETTING_FAMILY));
	json_bool(o, "empty", has(id, SETTING_EMPTY));
	if (spec->type == SETTING_NUMBER) {
		json_u64(o, "min", spec->min);
		json_u64(o, "max", spec->max);
	}
	if (spec->words != NULL)
		json_cstr(o, "words", spec->words);
	if (spec->preset != NULL)
		json_cstr(o, "default", spec->preset);
	if (spec->example != NULL)
		json_cstr(o, "example", spec->example);
	json_object(o, "help");
	json_cstr(o, "en", spec->help_en);
	json_cstr(o, "ja", spec->help_ja);
	json_end(o);
}

static void
write_value(struct json_out *o, struct settings *s, enum setting id)
{
	if (has(id, SETTING_FAMILY))
		return;
	if (has(id, SETTING_SECRET)) {
		bool set = settings_has_secret(s, id);

		json_cstr(o, "source", sources[set ? SETTING_STORED : 0]);
		json_bool(o, "set", set);
		return;
	}
	json_cstr(o, "source", sources[settings_source(s, id)]);
	json_str(o, "value", settings_text(s, id));
}

/* The walk over all settings; a setting takes two parts. */
struct walk {
	unsigned id;
	bool begun;
	bool value_due;
	bool in_family;
	struct kv_cursor member;
};

_Static_assert(sizeof(struct walk) <= API_STATE, "it is a call's state");

/* The value of a family's member, or that it is a secret. */
static enum api_result
write_member(struct api_call *c, struct settings *s, enum setting id,
    const struct settings_member *m)
{
	char *value = c->api->scratch.bytes;
	int n = ERR_OK;

	if (!has(id, SETTING_SECRET))
		n = settings_member(s, id, m->label, value, API_SCRATCH);
	if (n < 0)
		return api_failed(c, "reading the settings", n);
	json_object(&c->json, NULL);
	json_str(&c->json, "key", span_of(m->entry.key, m->entry.key_len));
	json_cstr(&c->json, "member_of", settings_schema[id].key);
	json_cstr(&c->json, "source", "stored");
	json_bool(&c->json, "secret", has(id, SETTING_SECRET));
	if (!has(id, SETTING_SECRET))
		json_str(&c->json, "value", span_of(value, (size_t)n));
	json_end(&c->json);
	return API_MORE;
}

static enum api_result
next_member(struct api_call *c, struct walk *w)
{
	struct state *s = c->context;
	enum setting id = (enum setting)w->id;
	struct settings_member m;
	int got = settings_member_next(&s->settings, id, &w->member, &m);

	if (got > 0)
		return write_member(c, &s->settings, id, &m);
	if (got < 0)
		return api_failed(c, "reading the settings", got);
	w->in_family = false;
	w->id++;
	return API_MORE;
}

static enum api_result
next_setting(struct api_call *c, struct walk *w)
{
	struct state *s = c->context;
	enum setting id = (enum setting)w->id;

	if (!w->value_due) {
		json_object(&c->json, NULL);
		write_schema(&c->json, id);
		w->value_due = true;
		return API_MORE;
	}
	write_value(&c->json, &s->settings, id);
	json_end(&c->json);
	w->value_due = false;
	memset(&w->member, 0, sizeof(w->member));
	w->in_family = has(id, SETTING_FAMILY);
	w->id += !w->in_family;
	return API_MORE;
}

static enum api_result
list(struct api_call *c)
{
	struct walk *w = (struct walk *)c->state.bytes;

	if (!w->begun) {
		w->begun = true;
		json_object(&c->json, NULL);
		json_array(&c->json, "settings");
		return API_MORE;
	}
	if (w->in_family)
		return next_member(c, w);
	if (w->id < SETTING_N)
		return next_setting(c, w);
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
no_such_key(struct api_call *c, struct span key)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_span(&t, span_first(key, 64));
	text_str(&t, ": no such setting; `gatepost settings list` shows all");
	return api_refuse(c, 404, mem);
}

/* Look one member of a family up; its value goes to `to`. */
static int
find_member(struct settings *s, enum setting id, struct span label, void *to,
    size_t cap)
{
	int n;

	if (!has(id, SETTING_SECRET))
		return settings_member(s, id, label, to, cap);
	n = settings_member_secret(s, id, label, to, cap);
	secret_wipe(to, cap);
	return n < 0 ? n : 0;
}

static enum api_result
show_member(struct api_call *c, enum setting id, struct span label)
{
	struct state *s = c->context;
	char *value = c->api->scratch.bytes;
	int n = find_member(&s->settings, id, label, value, API_SCRATCH);

	if (n == ERR_MISSING)
		return api_refuse(
		    c, 404, "this setting has not been set and has no default");
	if (n < 0)
		return api_failed(c, "reading the settings", n);
	json_object(&c->json, NULL);
	json_str(&c->json, "key", c->arg[0]);
	json_cstr(&c->json, "source", "stored");
	json_bool(&c->json, "secret", has(id, SETTING_SECRET));
	if (!has(id, SETTING_SECRET))
		json_str(&c->json, "value", span_of(value, (size_t)n));
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
show(struct api_call *c)
{
	struct state *s = c->context;
	struct span label;
	int id = settings_find(c->arg[0], &label);

	if (id < 0)
		return no_such_key(c, c->arg[0]);
	if (has((enum setting)id, SETTING_FAMILY) && label.len > 0)
		return show_member(c, (enum setting)id, label);
	if (c->cursor++ == 0) {
		json_object(&c->json, NULL);
		write_schema(&c->json, (enum setting)id);
		return API_MORE;
	}
	write_value(&c->json, &s->settings, (enum setting)id);
	json_end(&c->json);
	return API_DONE;
}

/* ---- changing ---- */

/* A change while it is made, in the API's scratch memory. */
struct change {
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
		text_str(&ch->message, err == ERR_FULL
					   ? ": the value is too long"
					   : ": the value must be a string");
		return err;
	}
	return settings_set(
	    ch->settings, text_data(&key), text_data(&value), &ch->message);
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
		log_span(&l, "unset", json_raw(j, at));
	log_end(&l);
}

static void
name_if_restart(struct json_out *o, struct span key)
{
	int id = settings_find(key, NULL);

	if (id >= 0 && has((enum setting)id, SETTING_RESTART))
		json_str(o, NULL, key);
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
		key = json_raw(j, at);
		name_if_restart(&c->json, span_of(key.p + 1, key.len - 2));
	}
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

static enum api_result
change_some(struct api_call *c)
{
	struct change *ch = (struct change *)c->api->scratch.bytes;
	struct state *s = c->context;
	struct json j;
	int err;

	if (api_body(c, &j))
		return API_DONE;
	if (has_wrong_form(&j))
		return api_refuse(c, 400,
		    "the body must have \"set\" (an object of keys and "
		    "values), or \"unset\" (a list of keys), or both");
	ch->settings = &s->settings;
	text_init(&ch->message, ch->message_mem, sizeof(ch->message_mem));
	err = apply(ch, &j);
	secret_wipe(ch->value, sizeof(ch->value));
	if (err < 0)
		return api_refuse(c, status_of(err), ch->message_mem);
	log_keys(&j);
	return answer_change(c, &j);
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/settings", list },
	{ HTTP_PATCH, "/settings", change_some },
	{ HTTP_GET, "/settings/{key}", show },
};

static struct api_table table = API_TABLE(routes);

void
api_settings_offer(struct api *api, struct state *state)
{
	api_add(api, &table, state);
}
