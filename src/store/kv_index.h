/*
 * kv_index: where in the log the newest record of each key lies.
 *
 * An open-addressed table of {hash, offset} with linear probing.  The keys
 * themselves stay in the log: who looks something up gets candidates with the
 * right 32-bit hash and compares the key there; a key that is not stored is
 * nearly always answered without touching the flash.
 *
 * Memory: `n` slots of 8 bytes, the caller's; at most three quarters are used.
 * Failure: kv_index_room says when the table is full; adding then is our bug.
 */
#ifndef STORE_KV_INDEX_H
#define STORE_KV_INDEX_H

#include "core/span.h"

struct kv_slot {
	uint32_t hash;
	uint32_t at; /* 0: the slot is free */
};

struct kv_index {
	struct kv_slot *slots;
	uint32_t n;
	uint32_t used;
};

/* `n` >= 4 slots of the caller's; the table is empty afterwards. */
void kv_index_init(struct kv_index *ix, struct kv_slot *slots, uint32_t n);

void kv_index_clear(struct kv_index *ix);

/* The most keys that the table takes. */
uint32_t kv_index_most(const struct kv_index *ix);

uint32_t kv_index_hash(struct span key);

/*
 * The next slot with this hash, or NULL.  Set `*probe` to 0 before the first
 * call.  The slot is valid until the next add or remove.
 */
struct kv_slot *kv_index_next(
    const struct kv_index *ix, uint32_t hash, uint32_t *probe);

/* Enter a key that is not in the table; there must be room. */
void kv_index_add(struct kv_index *ix, uint32_t hash, uint32_t at);

void kv_index_remove(struct kv_index *ix, struct kv_slot *slot);

#endif
