/*
 * settings: loading the log into typed values, and changing them.  What a
 * right value is, is settings_value's business; how it lies on flash, kv's.
 */
#include "store/settings.h"

#include <assert.h>

#include "core/secret.h"
#include "store/kv_item.h"
#include "store/settings_value.h"

/* The log's own key for the sealed master key; no setting has this name. */
static const char master_name[] = "seal.key";

static const struct setting_spec *
spec_of(enum setting id)
{
	assert(id < SETTING_N);
	return &settings_schema[id];
}

static bool
is_plain(const struct setting_spec *spec)
{
	return !(spec->flags & (SETTING_SECRET | SETTING_FAMILY));
}

/* The area has two halves; a load fills the one that is not in use. */
static char *
half(const struct settings *s, unsigned which)
{
	return s->area + which * s->half_cap;
}

static void
set_default(struct setting_value *v, const struct setting_spec *spec)
{
	*v = (struct setting_value) {
		.number = setting_number(spec, span_str(spec->preset)),
		.source = SETTING_DEFAULT,
	};
}

void
settings_init(struct settings *s, struct kv *kv, char *area, size_t area_cap)
{
	memset(s, 0, sizeof(*s));
	s->kv = kv;
	s->area = area;
	s->half_cap = area_cap / 2;
	s->generation = 1;
	for (int id = 0; id < SETTING_N; id++)
		set_default(&s->value[0][id], &settings_schema[id]);
}

/* Unlocking. */

static int
make_master(struct settings *s, const struct seal *device)
{
	uint8_t sealed[SEAL_KEY + SEAL_OVER];
	int rc = s->seal.random(s->seal.key, SEAL_KEY);

	if (rc == ERR_OK)
		rc = seal_close(device, span_str(master_name),
		    span_of(s->seal.key, SEAL_KEY), sealed, sizeof(sealed));
	if (rc < 0)
		return rc;
	rc = kv_begin(s->kv);
	if (rc != ERR_OK)
		return rc;
	rc = kv_put(
	    s->kv, span_str(master_name), span_of(sealed, sizeof(sealed)));
	if (rc == ERR_OK)
		return kv_commit(s->kv);
	kv_abort(s->kv);
	return rc;
}

int
settings_unlock(
    struct settings *s, const uint8_t device_key[SEAL_KEY], seal_random random)
{
	uint8_t sealed[SEAL_KEY + SEAL_OVER];
	struct seal device = { .random = random };
	int rc;

	memcpy(device.key, device_key, SEAL_KEY);
	s->seal.random = random;
	rc = kv_get(s->kv, span_str(master_name), sealed, sizeof(sealed));
	if (rc == ERR_MISSING)
		rc = make_master(s, &device);
	else if (rc >= 0)
		rc = seal_open(&device, span_str(master_name),
		    span_of(sealed, (size_t)rc), s->seal.key, SEAL_KEY);
	s->has_seal = rc >= 0;
	secret_wipe(&device, sizeof(device));
	return rc < 0 ? rc : ERR_OK;
}

/* Loading. */

/* Put a canonical text at the end of the spare half. */
static int
keep_text(struct settings *s, struct setting_value *v, struct span value)
{
	char *spare = half(s, !s->now);

	if (value.len > s->half_cap - s->spare_len)
		return ERR_FULL;
	if (value.len > 0)
		memcpy(spare + s->spare_len, value.p, value.len);
	v->at = (uint32_t)s->spare_len;
	v->len = (uint16_t)value.len;
	s->spare_len += value.len;
	return ERR_OK;
}

/* A canonical copy of `value` in s->scratch. */
static int
canonical(struct settings *s, const struct setting_spec *spec,
    struct span value, uint32_t *number, struct text *why)
{
	struct text out;

	text_init(&out, s->scratch, sizeof(s->scratch));
	return setting_read(spec, value, &out, number, why);
}

/* The stored value of a plain setting: 1, 0 when there is none (or none that
 * is right: counted), or an error. */
static int
load_stored(
    struct settings *s, enum setting id, struct setting_value *v, unsigned *bad)
{
	const struct setting_spec *spec = spec_of(id);
	struct span value;
	int rc;

	rc = kv_get(s->kv, span_str(spec->key), s->raw, sizeof(s->raw));
	if (rc == ERR_MISSING)
		return 0;
	if (rc < 0 && rc != ERR_RANGE)
		return rc;
	if (rc == ERR_RANGE
	    || canonical(s, spec, span_of(s->raw, (size_t)rc), &v->number, NULL)
		   != ERR_OK) {
		++*bad;
		return 0;
	}
	value = span_str(s->scratch);
	v->source = SETTING_STORED;
	rc = keep_text(s, v, value);
	return rc == ERR_OK ? 1 : rc;
}

static int
load_one(struct settings *s, enum setting id, unsigned *bad)
{
	struct setting_value *v = &s->value[!s->now][id];
	const struct setting_value *was = &s->value[s->now][id];
	int rc = 0;

	set_default(v, spec_of(id));
	if (was->source == SETTING_RUN) {
		*v = *was;
		return keep_text(s, v, settings_text(s, id));
	}
	if (s->kv != NULL && is_plain(spec_of(id)))
		rc = load_stored(s, id, v, bad);
	if (rc == 0)
		set_default(v, spec_of(id));
	return rc < 0 ? rc : ERR_OK;
}

int
settings_load(struct settings *s, unsigned *bad)
{
	unsigned wrong = 0;

	s->spare_len = 0;
	for (int id = 0; id < SETTING_N; id++) {
		int rc = load_one(s, (enum setting)id, &wrong);

		if (rc != ERR_OK)
			return rc;
	}
	s->now = !s->now;
	s->used = s->spare_len;
	s->generation++;
	if (bad != NULL)
		*bad = wrong;
	return ERR_OK;
}

/* Reading. */

bool
settings_bool(const struct settings *s, enum setting id)
{
	assert(spec_of(id)->type == SETTING_BOOL);
	return s->value[s->now][id].number != 0;
}

uint32_t
settings_number(const struct settings *s, enum setting id)
{
	assert(spec_of(id)->type == SETTING_NUMBER
	       || spec_of(id)->type == SETTING_CHOICE);
	return s->value[s->now][id].number;
}

uint32_t
settings_flags(const struct settings *s, enum setting id)
{
	assert(spec_of(id)->type == SETTING_FLAGS);
	return s->value[s->now][id].number;
}

struct span
settings_text(const struct settings *s, enum setting id)
{
	const struct setting_value *v = &s->value[s->now][id];

	if (v->source == SETTING_DEFAULT)
		return span_str(spec_of(id)->preset);
	return span_of(half(s, s->now) + v->at, v->len);
}

enum setting_source
settings_source(const struct settings *s, enum setting id)
{
	return (enum setting_source)s->value[s->now][id].source;
}

/* Secrets and families. */

int
settings_open_secret(struct settings *s, struct span key, void *to, size_t cap)
{
	int rc = kv_get(s->kv, key, s->raw, sizeof(s->raw));

	if (rc < 0)
		return rc;
	if (!s->has_seal)
		return ERR_DENIED;
	return seal_open(&s->seal, key, span_of(s->raw, (size_t)rc), to, cap);
}

bool
settings_is_stored(struct settings *s, struct span key)
{
	return s->kv != NULL && kv_get(s->kv, key, s->raw, sizeof(s->raw)) >= 0;
}

bool
settings_has_secret(struct settings *s, enum setting id)
{
	return settings_is_stored(s, span_str(spec_of(id)->key));
}

int
settings_secret(struct settings *s, enum setting id, void *to, size_t cap)
{
	assert(spec_of(id)->flags & SETTING_SECRET);
	return settings_open_secret(s, span_str(spec_of(id)->key), to, cap);
}

/* The key of a family's member, from the family's name and a label. */
static int
member_key(enum setting family, struct span label, struct text *key)
{
	struct span name = span_str(spec_of(family)->key);

	assert(spec_of(family)->flags & SETTING_FAMILY);
	text_span(key, span_first(name, name.len - 1));
	text_span(key, label);
	return label.len == 0 || key->cut ? ERR_MISSING : ERR_OK;
}

int
settings_member_next(struct settings *s, enum setting family,
    struct kv_cursor *c, struct settings_member *m)
{
	struct span name = span_str(spec_of(family)->key);
	struct span prefix = span_first(name, name.len - 1);
	int rc = kv_next(s->kv, prefix, c, &m->entry);

	assert(spec_of(family)->flags & SETTING_FAMILY);
	if (rc == 1)
		m->label = span_from(
		    span_of(m->entry.key, m->entry.key_len), prefix.len);
	return rc;
}

int
settings_member(struct settings *s, enum setting family, struct span label,
    void *to, size_t cap)
{
	char mem[KV_KEY_MAX + 1];
	struct text key;
	int rc;

	text_init(&key, mem, sizeof(mem));
	rc = member_key(family, label, &key);
	return rc == ERR_OK ? kv_get(s->kv, text_data(&key), to, cap) : rc;
}

int
settings_member_secret(struct settings *s, enum setting family,
    struct span label, void *to, size_t cap)
{
	char mem[KV_KEY_MAX + 1];
	struct text key;
	int rc;

	text_init(&key, mem, sizeof(mem));
	rc = member_key(family, label, &key);
	return rc == ERR_OK ? settings_open_secret(s, text_data(&key), to, cap)
			    : rc;
}

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
	text_str(m, "no such setting; \"gatepost settings list\" shows all");
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
settings_judge_by(struct settings *s, settings_judge judge, void *user)
{
	s->judge = judge;
	s->judge_user = user;
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
	if (spec_of((enum setting)id)->flags & SETTING_SECRET)
		text_str(m, "this secret can't be stored as it is");
	else
		text_span(m, text_data(&why));
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
	int rc = say_commit(s, message, kv_commit(s->kv));

	if (rc != ERR_OK)
		return rc;
	rc = settings_load(s, NULL);
	if (rc != ERR_OK)
		text_str(message,
		    "the change is stored, but could not be read back; it"
		    " counts after a restart");
	return rc;
}
