/*
 * api_settings: showing settings.  Changing them is api_change.c's.
 */
#include "service/api_settings.h"

#include "config.h"

#include "core/secret.h"

static const char *const sources[] = { "default", "stored", "run" };

static bool
has(enum setting id, unsigned flag)
{
	return (settings_schema[id].flags & flag) != 0;
}

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
	if (ENABLE_JAPANESE)
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
no_such_key(struct api_call *c, const char *why)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_span(&t, span_first(c->arg[0], 64));
	text_str(&t, why);
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
		return no_such_key(c, ": has not been set, and has no default");
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
		return no_such_key(c,
		    ": no such setting; `gatepost settings list` shows all, "
		    "with * for a name of your own");
	if (has((enum setting)id, SETTING_FAMILY))
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

static const struct api_route routes[] = {
	{ HTTP_GET, "/settings", list },
	{ HTTP_PATCH, "/settings", api_settings_change },
	{ HTTP_GET, "/settings/{key}", show },
};

static const struct api_table table = API_TABLE(routes);

void
api_settings_offer(struct api *api, struct state *state)
{
	api_add(api, &table, state);
}
