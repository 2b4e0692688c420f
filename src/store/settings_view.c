/*
 * settings_view: reads through an open change.  What it means for several
 * settings to fit together, its callers know.
 */
#include "store/settings_view.h"

#include "store/kv_item.h"

struct settings_view
settings_view_now(const struct settings *s)
{
	return (struct settings_view) { .kv = s->kv };
}

struct settings_view
settings_view_coming(const struct settings *s)
{
	return (struct settings_view) {
		.kv = s->kv,
		.change = kv_pending(s->kv),
	};
}

/* The change of this key: 1, 0 when it has none, or ERR_TORN. */
static int
find_change(const struct settings_view *v, struct span key, struct kv_item *it,
    struct span *value)
{
	struct span rest = v->change;

	while (rest.len > 0) {
		int rc = kv_item_take(&rest, it, value);

		if (rc != ERR_OK)
			return rc;
		if (span_is(kv_item_key(it), key))
			return 1;
	}
	return 0;
}

int
settings_view_get(
    const struct settings_view *v, struct span key, void *to, size_t cap)
{
	struct span value;
	struct kv_item it;
	int rc = find_change(v, key, &it, &value);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return v->kv != NULL ? kv_get(v->kv, key, to, cap)
				     : ERR_MISSING;
	if (it.gone)
		return ERR_MISSING;
	if (value.len > cap)
		return ERR_RANGE;
	if (value.len > 0)
		memcpy(to, value.p, value.len);
	return (int)value.len;
}

/* The next stored key of the family that the change leaves alone. */
static int
next_stored(const struct settings_view *v, struct span prefix,
    struct settings_view_cursor *c, struct kv_entry *e)
{
	struct span value;
	struct kv_item it;
	int rc;

	while ((rc = kv_next(v->kv, prefix, &c->stored, e)) == 1) {
		rc = find_change(v, span_of(e->key, e->key_len), &it, &value);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
	}
	return rc;
}

static int
next_change(
    struct span prefix, struct settings_view_cursor *c, struct kv_entry *e)
{
	struct span value;
	struct kv_item it;

	while (c->rest.len > 0) {
		int rc = kv_item_take(&c->rest, &it, &value);

		if (rc != ERR_OK)
			return rc;
		if (it.gone || !span_starts(kv_item_key(&it), prefix))
			continue;
		memcpy(e->key, it.key, it.key_len);
		e->key[it.key_len] = '\0';
		e->key_len = it.key_len;
		e->value_len = value.len;
		return 1;
	}
	return 0;
}

int
settings_view_next(const struct settings_view *v, enum setting family,
    struct settings_view_cursor *c, struct settings_member *m)
{
	struct span name = span_str(settings_schema[family].key);
	struct span prefix = span_first(name, name.len - 1);
	int rc = 0;

	if (!c->in_change && v->kv != NULL)
		rc = next_stored(v, prefix, c, &m->entry);
	if (rc == 0) {
		if (!c->in_change)
			c->rest = v->change;
		c->in_change = true;
		rc = next_change(prefix, c, &m->entry);
	}
	if (rc == 1)
		m->label = span_from(
		    span_of(m->entry.key, m->entry.key_len), prefix.len);
	return rc;
}
