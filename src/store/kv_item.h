/*
 * kv_item: what stands in a frame's body: items, one behind the other.
 *
 *   key length (1) | value length (2) | key | value
 *
 * A value length of 0xffff means: the key is deleted; no value follows.
 */
#ifndef STORE_KV_ITEM_H
#define STORE_KV_ITEM_H

#include "store/kv.h"

#define KV_ITEM_HEAD 3
#define KV_GONE	     0xffffu

struct kv_item {
	uint32_t at; /* on the flash */
	uint32_t value_at;
	uint32_t size; /* in the log, with head, key and value */
	uint16_t value_len;
	bool gone;
	size_t key_len;
	uint8_t key[KV_KEY_MAX];
};

static inline struct span
kv_item_key(const struct kv_item *it)
{
	return span_of(it->key, it->key_len);
}

bool kv_is_key(struct span key);

/* Octets of an item; `gone`: of a deletion. */
size_t kv_item_size(size_t key_len, size_t value_len, bool gone);

/* Write an item's bytes at `to`; there is room.  Returns its size. */
size_t kv_item_put(uint8_t *to, struct span key, struct span value, bool gone);

/* Read the item at `at`, which must end before `end`: ERR_TORN, ERR_IO. */
int kv_item_read(struct kv_log *log, uint32_t at, uint32_t end,
    struct kv_item *it) MUST_CHECK;

/* The same from memory: takes the item off `*rest`; `at` stays 0. */
int kv_item_take(
    struct span *rest, struct kv_item *it, struct span *value) MUST_CHECK;

#endif
