/*
 * kv_pack: the parts of kv that move the whole content; used by kv only.
 */
#ifndef STORE_KV_PACK_H
#define STORE_KV_PACK_H

#include "store/kv.h"

/* What the content takes after a compaction, at most. */
uint32_t kv_packed_octets(uint32_t live_octets);

/* Rebuild the index from the live bank. */
int kv_replay(struct kv *kv) MUST_CHECK;

/*
 * Copy what counts to another bank and make that live.  On ERR_IO nothing
 * has changed.
 */
int kv_compact(struct kv *kv) MUST_CHECK;

/* Is this item of the live bank the newest of its key? */
struct kv_item;
bool kv_is_current(struct kv *kv, const struct kv_item *it);

/* The slot of a key and, in `*it`, its item: 1, 0 when there is none. */
int kv_find(struct kv *kv, struct span key, struct kv_item *it,
    struct kv_slot **slot) MUST_CHECK;

/* Enter an item that has been written into index and sums. */
int kv_apply(struct kv *kv, const struct kv_item *it) MUST_CHECK;

/* Replay first where the index is out of date. */
int kv_ready(struct kv *kv) MUST_CHECK;

#endif
