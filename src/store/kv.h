/*
 * kv: short keys and their values on a flash that loses power at any moment.
 *
 *   kv_begin, kv_put, kv_delete ... kv_commit      all of it or nothing
 *   kv_get, kv_next                                what was committed last
 *   kv_replace_begin, _put ... _commit             a whole new content
 *
 * An append-only log over two or more banks of a struct flash.  A commit is
 * one frame; when the bank is full, what still counts is copied to another
 * bank, which takes over with the last bytes written to it.  The format, the
 * arithmetic of wear and the reasons stand in README.md.
 *
 * One process at a time: the caller holds the state folder's lock.  One
 * transaction at a time.  Reads during a transaction see what was committed.
 *
 * Memory: struct kv and the three areas of struct kv_memory, the caller's.
 * The values stay on the flash; the index takes 8 bytes a slot, and three
 * quarters of the slots can hold keys.
 *
 * Bounds: keys 1 to KV_KEY_MAX octets of printable ASCII without space,
 * values up to KV_VALUE_MAX octets, a transaction up to `txn_cap`.  More than
 * that, too many keys and too many bytes are refused before anything is
 * written; kv_need then says how much it would have been.
 *
 * Failure: ERR_IO from the device.  A commit that failed with ERR_IO shows
 * the old content until the next start; after it, old or new, never a
 * mixture.  Reading goes on; later commits are tried again on other banks.
 *
 * Tested: tests/unit/test_kv.c; tests/powerloss cuts power at every byte of
 * every operation, in several models of what a cut leaves behind; fuzz_kv.
 */
#ifndef STORE_KV_H
#define STORE_KV_H

#include "store/kv_index.h"
#include "store/kv_log.h"

#define KV_KEY_MAX   63
#define KV_VALUE_MAX 4096
#define KV_ITEM_MAX  (3 + KV_KEY_MAX + KV_VALUE_MAX)

/* The least that the areas must have: one largest item, framed. */
#define KV_TXN_MIN  (KV_FRAME_HEAD + KV_ITEM_MAX + KV_ALIGN)
#define KV_COPY_MIN KV_TXN_MIN

struct kv_memory {
	struct kv_slot *slots; /* 4 / 3 of the most keys wanted */
	uint32_t slots_n;
	uint8_t *txn; /* collects a transaction, >= KV_TXN_MIN */
	size_t txn_cap;
	uint8_t *copy; /* for compaction, >= KV_COPY_MIN */
	size_t copy_cap;
};

struct kv_usage {
	uint32_t octets; /* what the content takes after a compaction */
	uint32_t keys;
};

struct kv {
	struct kv_log log;
	struct kv_index index;
	struct kv_memory mem;
	uint32_t live_octets; /* of all items that count */
	uint32_t damaged;     /* frames found unreadable at the last open */
	uint32_t changes;     /* grows with every commit that wrote */
	bool dirty; /* a compaction must come before the next append */
	bool stale; /* the index is out of date: replay before the next use */
	bool sealed_in; /* the flash's state is in doubt: write no more */
	bool open;	/* a transaction or replacement is open */
	int txn_err;	/* its first error */
	size_t txn_len; /* octets of items collected */
	struct kv_usage need;
	struct kv_tail fresh; /* the bank that a replacement fills */
	size_t copy_len;      /* octets collected in the copy area */
	uint32_t copied;      /* items, by a compaction */
};

struct kv_stats {
	struct kv_usage used;
	struct kv_usage total;
	uint32_t log_octets; /* of the live bank, the log has reached */
	uint32_t bank_octets;
	uint32_t banks;
	uint32_t live_bank;
	uint32_t compactions; /* in the life of the medium */
	uint32_t damaged;
};

/* A stored item, as kv_next shows it. */
struct kv_entry {
	char key[KV_KEY_MAX + 1]; /* terminated */
	size_t key_len;
	size_t value_len;
};

/* A place in the walk; start with all zeros. */
struct kv_cursor {
	uint32_t at; /* the next item, in a frame's body up to `end` */
	uint32_t end;
	uint32_t next; /* the frame after it */
	uint32_t seq;
};

/*
 * Open the store on `flash` in banks of `bank_blocks` erase blocks, and mend
 * what a power cut left.  ERR_MISSING: nothing is stored there yet, format
 * it; ERR_UNSUPPORTED: written by a newer version or for other block sizes;
 * ERR_FULL: more keys than the index takes; ERR_RANGE: flash or memory too
 * small; ERR_IO.  Blocks for reading up to one bank, and after a cut for one
 * compaction.
 */
int kv_open(struct kv *kv, struct flash *flash, uint32_t bank_blocks,
    const struct kv_memory *mem) MUST_CHECK;

/*
 * Start an empty store, after kv_open has said ERR_MISSING.  Wear counts that
 * can still be read are kept.
 */
int kv_format(struct kv *kv) MUST_CHECK;

/*
 * After ERR_MISSING of kv_open: has nothing but marks and seals ever been
 * written here?  Else settings lie here whose marks have been damaged, or
 * something of others, and kv_format would end it.  Reads all of the flash
 * through `copy`; what can't be read counts as blank.
 */
bool kv_is_blank(struct kv *kv);

/*
 * Copy the value of `key` to `to`.  Returns its length (which may be 0),
 * ERR_MISSING, ERR_RANGE when it is longer than `cap`, ERR_IO.
 */
int kv_get(struct kv *kv, struct span key, void *to, size_t cap) MUST_CHECK;

/*
 * Walk all keys that begin with `prefix`, in the order of their last change:
 * 1 and `*e`, or 0 at the end.  ERR_AGAIN when a commit has moved the log
 * under the walk: start over.
 */
int kv_next(struct kv *kv, struct span prefix, struct kv_cursor *c,
    struct kv_entry *e) MUST_CHECK;

/* Open a transaction; ERR_BUSY when one is open. */
int kv_begin(struct kv *kv) MUST_CHECK;

/*
 * Add to the open transaction; a later change of the same key replaces an
 * earlier one, and a value that is stored already adds nothing.  ERR_RANGE:
 * key or value not allowed; ERR_FULL: the transaction is larger than its
 * area.  The first error sticks: kv_commit will return it, too.
 */
int kv_put(struct kv *kv, struct span key, struct span value) MUST_CHECK;

/* Remove a key in the open transaction; fine when there is none. */
int kv_delete(struct kv *kv, struct span key) MUST_CHECK;

/*
 * Make the transaction durable and close it, whatever the result.  ERR_FULL:
 * the store has no room (kv_need); nothing was written.  Blocks for one
 * program, at times for a compaction: an erase and up to a bank of programs.
 */
int kv_commit(struct kv *kv) MUST_CHECK;

/* The items of the open transaction (see kv_item.h), valid until it ends. */
struct span kv_pending(const struct kv *kv);

/* Forget the open transaction or replacement; fine when there is none. */
void kv_abort(struct kv *kv);

/*
 * Replace the whole content: nothing that is not put again remains.  Until
 * the commit has returned ERR_OK the old content counts.  Blocks at the begin
 * for an erase.  Errors as above; the first sticks.
 */
int kv_replace_begin(struct kv *kv) MUST_CHECK;
int kv_replace_put(
    struct kv *kv, struct span key, struct span value) MUST_CHECK;
int kv_replace_commit(struct kv *kv) MUST_CHECK;

void kv_stats(const struct kv *kv, struct kv_stats *st);

/* After ERR_FULL: what the store would have had to hold. */
struct kv_usage kv_need(const struct kv *kv);

/* How often a bank has been erased, and how often it failed since the start. */
void kv_wear(
    const struct kv *kv, uint32_t bank, uint32_t *erases, uint32_t *failures);

/* What NOR flash of small boxes is made for, a block. */
#define KV_ENDURANCE 100000

/*
 * Years until the first bank has been erased KV_ENDURANCE times, at so many
 * changes a day of so many octets in the log (40: a number; README.md), with
 * the content as large as it is now.
 */
uint64_t kv_years(
    const struct kv *kv, uint32_t changes_a_day, uint32_t octets_a_change);

#endif
