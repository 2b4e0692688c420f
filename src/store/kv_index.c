/*
 * kv_index: linear probing with backward-shift deletion, so that there are no
 * tombstones and a full table never degrades.
 */
#include "store/kv_index.h"

#include <assert.h>

#include "core/zero.h"

void
kv_index_init(struct kv_index *ix, struct kv_slot *slots, uint32_t n)
{
	assert(n >= 4);
	*ix = (struct kv_index) { .slots = slots, .n = n };
	kv_index_clear(ix);
}

void
kv_index_clear(struct kv_index *ix)
{
	zero_fill(ix->slots, ix->n * sizeof(*ix->slots));
	ix->used = 0;
}

uint32_t
kv_index_most(const struct kv_index *ix)
{
	return ix->n - ix->n / 4;
}

/* FNV-1a, then a finisher, since the slot comes from the high bits. */
uint32_t
kv_index_hash(struct span key)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ key.p[i]) * 16777619u;
	h = (h ^ h >> 16) * 0x85ebca6bu;
	return (h ^ h >> 13) * 0xc2b2ae35u;
}

static uint32_t
home(const struct kv_index *ix, uint32_t hash)
{
	return (uint32_t)((uint64_t)hash * ix->n >> 32);
}

struct kv_slot *
kv_index_next(const struct kv_index *ix, uint32_t hash, uint32_t *probe)
{
	while (*probe < ix->n) {
		uint32_t i = (home(ix, hash) + (*probe)++) % ix->n;

		if (ix->slots[i].at == 0)
			return NULL;
		if (ix->slots[i].hash == hash)
			return &ix->slots[i];
	}
	return NULL;
}

void
kv_index_add(struct kv_index *ix, uint32_t hash, uint32_t at)
{
	uint32_t i = home(ix, hash);

	assert(at != 0 && ix->used < kv_index_most(ix));
	while (ix->slots[i].at != 0)
		i = (i + 1) % ix->n;
	ix->slots[i] = (struct kv_slot) { hash, at };
	ix->used++;
}

/* Is `want` in the ring's stretch after `from` up to and with `to`? */
static bool
lies_between(uint32_t from, uint32_t want, uint32_t to)
{
	if (from <= to)
		return from < want && want <= to;
	return from < want || want <= to;
}

void
kv_index_remove(struct kv_index *ix, struct kv_slot *slot)
{
	uint32_t hole = (uint32_t)(slot - ix->slots);
	uint32_t i = hole;

	for (;;) {
		ix->slots[hole].at = 0;
		do {
			i = (i + 1) % ix->n;
			if (ix->slots[i].at == 0) {
				ix->used--;
				return;
			}
		} while (lies_between(hole, home(ix, ix->slots[i].hash), i));
		ix->slots[hole] = ix->slots[i];
		hole = i;
	}
}
