/*
 * settings_change: new values, checked one by one and all together, then
 * stored all or none.
 */
#include "store/settings.h"

#include "core/secret.h"
#include "store/kv_item.h"
#include "store/settings_parts.h"
#include "store/settings_value.h"
#include "store/settings_view.h"

/* Messages. */

static void
say_key(struct text *m, struct span key)
{
	text_escaped(m, span_first(key, KV_KEY_MAX));
	text_str(m, ": ");
}

static int
say_unknown(struct text *m, struct span key)
{
	say_key(m, key);
	text_str(m,
	    "no such setting; \"gatepost settings list\" shows all, with"
	    " * for a name of your own");
	return ERR_MISSING;
}

static int
say(struct text *m, const char *words, int rc)
{
	text_str(m, words);
	return rc;
}

static void
say_usage(struct text *m, const char *what, uint32_t need, uint32_t total)
{
	text_str(m, "settings are full: ");
	text_u64(m, need);
	text_str(m, " of ");
	text_u64(m, total);
	text_str(m, what);
	text_str(m, "; nothing was changed");
}

static int
say_commit(struct settings *s, struct text *m, int rc)
{
	struct kv_stats st;

	if (rc == ERR_OK)
		return rc;
	if (rc != ERR_FULL) {
		text_str(m, "settings could not be stored: ");
		return say(m, err_text(rc), rc);
	}
	kv_stats(s->kv, &st);
	if (kv_need(s->kv).keys > st.total.keys)
		say_usage(m, " entries", kv_need(s->kv).keys, st.total.keys);
	else
		say_usage(m, " bytes", kv_need(s->kv).octets, st.total.octets);
	return rc;
}

/* Changing. */

void
settings_judge_by(
    struct settings *s, settings_judge judge, settings_weigh weigh, void *user)
{
	s->judge = judge;
	s->weigh = weigh;
	s->judge_user = user;
}

int
settings_fit(struct settings *s, const struct settings_view *coming,
    struct text *message)
{
	struct settings_view now = settings_view_now(s);
	struct text unheard;
	int rc;

	if (s->weigh == NULL)
		return ERR_OK;
	rc = s->weigh(s->judge_user, coming, message);
	if (rc == ERR_OK)
		return rc;
	text_init(&unheard, s->scratch, sizeof(s->scratch));
	if (coming->kv != NULL && s->weigh(s->judge_user, &now, &unheard) < 0) {
		text_init(message, message->mem, message->cap + 1);
		return ERR_OK;
	}
	text_str(message, "; nothing was changed");
	return rc;
}

/* Find the row and check key and value; the canonical value in `out`. */
static int
check(struct settings *s, struct span key, struct span value, struct text *out,
    uint32_t *number, struct text *m)
{
	char why_mem[300];
	struct text why;
	struct span label;
	int rc, id = settings_find(key, &label);

	if (id < 0)
		return say_unknown(m, key);
	text_init(&why, why_mem, sizeof(why_mem));
	if (!kv_is_key(key)) {
		say_key(m, key);
		return say(
		    m, "a key is up to 63 printable characters", ERR_SYNTAX);
	}
	rc = setting_read(spec_of((enum setting)id), value, out, number, &why);
	if (rc == ERR_OK && s->judge != NULL)
		rc = s->judge(s->judge_user, (enum setting)id, label,
		    text_data(out), &why);
	if (rc == ERR_OK)
		return id;
	say_key(m, key);
	if (rc != ERR_UNSUPPORTED
	    && (spec_of((enum setting)id)->flags & SETTING_SECRET))
		text_str(m, "this secret can't be stored as it is");
	else
		text_span(m, text_data(&why));
	if (rc == ERR_UNSUPPORTED)
		return rc;
	text_str(m, "; right would be: ");
	text_str(m, spec_of((enum setting)id)->example);
	return rc;
}

int
settings_check(struct settings *s, struct span key, struct span value,
    struct text *message)
{
	struct text out;
	uint32_t number;
	int rc;

	text_init(&out, s->scratch, sizeof(s->scratch));
	rc = check(s, key, value, &out, &number, message);
	return rc < 0 ? rc : ERR_OK;
}

int
settings_override(struct settings *s, struct span key, struct span value,
    struct text *message)
{
	struct setting_value *v;
	struct text out;
	uint32_t number;
	int id;

	text_init(&out, s->scratch, sizeof(s->scratch));
	id = check(s, key, value, &out, &number, message);
	if (id < 0)
		return id;
	if (!is_plain(spec_of((enum setting)id))) {
		say_key(message, key);
		return say(message,
		    "can't be set for one run; store it with \"set\"",
		    ERR_UNSUPPORTED);
	}
	if (out.len > s->half_cap - s->used) {
		say_key(message, key);
		return say(message, "no room for this value", ERR_FULL);
	}
	v = &s->value[s->now][id];
	*v = (struct setting_value) { .number = number,
		.at = (uint32_t)s->used,
		.len = (uint16_t)out.len,
		.source = SETTING_RUN };
	memcpy(half(s, s->now) + s->used, out.mem, out.len);
	s->used += out.len;
	s->generation++;
	return ERR_OK;
}

int
settings_begin(struct settings *s, struct text *message)
{
	int rc = s->kv == NULL ? ERR_UNSUPPORTED : kv_begin(s->kv);

	s->grown = 0;
	if (rc != ERR_OK) {
		text_str(message, "settings can't be changed now: ");
		text_str(message, err_text(rc));
	}
	return rc;
}

void
settings_abort(struct settings *s)
{
	if (s->kv != NULL)
		kv_abort(s->kv);
}

/* Seal the secret in s->scratch into s->raw, unless the same is stored. */
static int
put_secret(
    struct settings *s, struct span key, struct span value, struct text *m)
{
	int rc = settings_open_secret(s, key, s->raw, sizeof(s->raw));

	if (!s->has_seal) {
		say_key(m, key);
		return say(m,
		    "secrets can't be sealed: the device's key is"
		    " missing or not the one of these settings",
		    ERR_DENIED);
	}
	if (rc >= 0 && span_is(span_of(s->raw, (size_t)rc), value))
		return ERR_OK;
	rc = seal_close(&s->seal, key, value, s->raw, sizeof(s->raw));
	if (rc >= 0)
		rc = kv_put(s->kv, key, span_of(s->raw, (size_t)rc));
	return rc;
}

static int
put(struct settings *s, enum setting id, struct span key, struct span value,
    struct text *m)
{
	int rc;

	if (spec_of(id)->flags & SETTING_SECRET) {
		if (value.len == 0)
			return kv_delete(s->kv, key);
		rc = put_secret(s, key, value, m);
		secret_wipe(s->scratch, sizeof(s->scratch));
		secret_wipe(s->raw, sizeof(s->raw));
		return rc;
	}
	if (is_plain(spec_of(id)))
		s->grown += value.len;
	return kv_put(s->kv, key, value);
}

int
settings_set(struct settings *s, struct span key, struct span value,
    struct text *message)
{
	struct text out;
	uint32_t number;
	size_t said = message->len;
	int id, rc;

	text_init(&out, s->scratch, sizeof(s->scratch));
	id = check(s, key, value, &out, &number, message);
	if (id < 0)
		return id;
	rc = put(s, (enum setting)id, key, text_data(&out), message);
	if (rc == ERR_OK && s->used + s->grown > s->half_cap) {
		say_key(message, key);
		say_usage(message, " bytes of text",
		    (uint32_t)(s->used + s->grown), (uint32_t)s->half_cap);
		return ERR_FULL;
	}
	if (rc != ERR_OK && message->len == said) {
		say_key(message, key);
		text_str(message, rc == ERR_FULL
				      ? "too many changes at once; make fewer"
				      : err_text(rc));
	}
	return rc;
}

int
settings_unset(struct settings *s, struct span key, struct text *message)
{
	int rc = settings_find(key, NULL);

	if (rc < 0 || !kv_is_key(key))
		return say_unknown(message, key);
	rc = kv_delete(s->kv, key);
	if (rc != ERR_OK)
		text_str(message, err_text(rc));
	return rc;
}

int
settings_commit(struct settings *s, struct text *message)
{
	struct settings_view coming = settings_view_coming(s);
	int rc = settings_fit(s, &coming, message);

	if (rc != ERR_OK) {
		kv_abort(s->kv);
		return rc;
	}
	rc = say_commit(s, message, kv_commit(s->kv));
	if (rc != ERR_OK)
		return rc;
	rc = settings_load(s, NULL);
	if (rc != ERR_OK)
		text_str(message,
		    "the change is stored, but could not be read back; it"
		    " counts after a restart");
	return rc;
}
