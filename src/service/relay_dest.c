/* relay_dest: a small table, searched from end to end. */
#include "service/relay_dest.h"

struct relay_dest *
relay_dest_find(const struct relay_dests *ds, uint32_t key)
{
	for (uint32_t i = 0; key != 0 && i < ds->n; i++)
		if (ds->table[i].key == key)
			return &ds->table[i];
	return NULL;
}

/* Which of two may go first: the free, the sound, the longest unused. */
static bool
is_less(const struct relay_dest *a, const struct relay_dest *b)
{
	if (a->key == 0 || b->key == 0)
		return a->key == 0 && b->key != 0;
	if (a->rest_until_ms != b->rest_until_ms)
		return a->rest_until_ms < b->rest_until_ms;
	return a->used_ms < b->used_ms;
}

struct relay_dest *
relay_dest_take(
    struct relay_dests *ds, uint32_t key, struct span name, int64_t now_ms)
{
	struct relay_dest *d = relay_dest_find(ds, key), *least = NULL;
	struct text t;

	if (d == NULL) {
		for (uint32_t i = 0; i < ds->n; i++) {
			if (ds->table[i].active > 0)
				continue;
			if (least == NULL || is_less(&ds->table[i], least))
				least = &ds->table[i];
		}
		if (least == NULL)
			return NULL;
		d = least;
		memset(d, 0, sizeof(*d));
		d->key = key;
		text_init(&t, d->name, sizeof(d->name));
		text_span(&t, name);
	}
	d->used_ms = now_ms;
	return d;
}

int64_t
relay_dest_when(const struct relay_dests *ds, uint32_t key)
{
	const struct relay_dest *d = relay_dest_find(ds, key);

	if (d == NULL)
		return 0;
	if (d->active >= ds->per_dest)
		return INT64_MAX;
	return d->rest_until_ms > d->pace_at_ms ? d->rest_until_ms
						: d->pace_at_ms;
}

bool
relay_dest_rests(const struct relay_dests *ds, uint32_t key, int64_t now_ms)
{
	const struct relay_dest *d = relay_dest_find(ds, key);

	return d != NULL && d->rest_until_ms > now_ms;
}

void
relay_dest_failed(const struct relay_dests *ds, struct relay_dest *d,
    struct span words, uint32_t random, int64_t now_ms)
{
	int64_t rest = ds->rest_ms;
	struct text t;

	for (uint32_t i = 0; i < d->failures && rest < ds->rest_max_ms; i++)
		rest *= 2;
	if (rest > ds->rest_max_ms)
		rest = ds->rest_max_ms;
	d->failures++;
	d->rest_until_ms = now_ms + rest / 2 + random % (rest / 2 + 1);
	text_init(&t, d->words, sizeof(d->words));
	text_span(&t, words);
}

void
relay_dest_works(struct relay_dest *d)
{
	d->failures = 0;
	d->rest_until_ms = 0;
	d->words[0] = '\0';
}

void
relay_dest_pace(struct relay_dest *d, int64_t now_ms)
{
	int64_t step = d->per_minute > 0 ? 60000 / d->per_minute : 0;

	if (step == 0)
		return;
	d->pace_at_ms =
	    (d->pace_at_ms > now_ms ? d->pace_at_ms : now_ms) + step;
}

void
relay_dests_retry(struct relay_dests *ds)
{
	for (uint32_t i = 0; i < ds->n; i++)
		if (ds->table[i].key != 0)
			ds->table[i].rest_until_ms = 0;
}
