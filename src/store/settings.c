/*
 * settings: loading the log into typed values, and reading them.  Changing
 * them is settings_change's, what a right value is, settings_value's; how it
 * lies on flash, kv's.
 */
#include "store/settings.h"

#include "core/secret.h"
#include "core/zero.h"
#include "store/settings_parts.h"
#include "store/settings_value.h"

/* The log's own key for the sealed master key; no setting has this name. */
static const char master_name[] = "seal.key";

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
	zero_fill(s, sizeof(*s));
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
