/*
 * kv_pack: reading a bank from its beginning (replay), and copying what still
 * counts to another one (compaction, replacement).
 */
#include "store/kv_pack.h"

#include "store/kv_item.h"

/*
 * Compaction packs small items into frames of about this many octets: larger
 * ones would save little, and a rotten bit costs one frame.
 */
#define PACK 1024

/*
 * Two neighbouring frames together always exceed PACK, since the second was
 * begun because its first item did not fit in the one before.
 */
uint32_t
kv_packed_octets(uint32_t live_octets)
{
	uint32_t frames = live_octets / (PACK / 2) + 1;

	return KV_MARK + KV_SEAL + live_octets
	       + frames * (KV_FRAME_HEAD + KV_ALIGN);
}

int
kv_find(
    struct kv *kv, struct span key, struct kv_item *it, struct kv_slot **slot)
{
	uint32_t hash = kv_index_hash(key), probe = 0;
	uint32_t end = kv->log.live.end;

	while ((*slot = kv_index_next(&kv->index, hash, &probe)) != NULL) {
		int rc = kv_item_read(&kv->log, (*slot)->at, end, it);

		if (rc != ERR_OK)
			return rc;
		if (span_is(kv_item_key(it), key))
			return 1;
	}
	return 0;
}

int
kv_apply(struct kv *kv, const struct kv_item *it)
{
	struct kv_item old;
	struct kv_slot *slot;
	int rc = kv_find(kv, kv_item_key(it), &old, &slot);

	if (rc < 0)
		return rc;
	if (rc == 1) {
		kv->live_octets -= old.size;
		if (it->gone)
			kv_index_remove(&kv->index, slot);
		else
			slot->at = it->at;
	} else if (!it->gone) {
		if (kv->index.used == kv_index_most(&kv->index))
			return ERR_FULL;
		kv_index_add(
		    &kv->index, kv_index_hash(kv_item_key(it)), it->at);
	}
	if (!it->gone)
		kv->live_octets += it->size;
	return ERR_OK;
}

/* Do the items fill the frame exactly?  1, 0, or an error of the flash. */
static int
is_well_formed(struct kv *kv, const struct kv_frame *f)
{
	uint32_t end = f->body + f->body_len;
	struct kv_item it;

	for (uint32_t at = f->body; at < end; at += it.size) {
		int rc = kv_item_read(&kv->log, at, end, &it);

		if (rc != ERR_OK)
			return rc == ERR_TORN ? 0 : rc;
	}
	return 1;
}

static int
replay_frame(struct kv *kv, const struct kv_frame *f)
{
	uint32_t end = f->body + f->body_len;
	struct kv_item it;
	int rc = f->whole ? is_well_formed(kv, f) : 0;

	if (rc < 0)
		return rc;
	if (rc == 0) {
		kv->damaged++;
		return ERR_OK;
	}
	for (uint32_t at = f->body; at < end; at += it.size) {
		rc = kv_item_read(&kv->log, at, end, &it);
		if (rc == ERR_OK)
			rc = kv_apply(kv, &it);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

/* By large pieces, unless the large areas hold a change. */
static int
is_blank(struct kv *kv, uint32_t at)
{
	uint8_t small[256];

	if (kv->open)
		return kv_log_is_blank(&kv->log, at, small, sizeof(small));
	return kv_log_is_blank(&kv->log, at, kv->mem.copy, kv->mem.copy_cap);
}

int
kv_replay(struct kv *kv)
{
	struct kv_tail *t = &kv->log.live;
	struct kv_frame f;
	int rc;

	kv_index_clear(&kv->index);
	kv->live_octets = 0;
	kv->damaged = 0;
	t->last = 0;
	t->end = kv_log_first(&kv->log, t->bank);
	while ((rc = kv_log_frame(&kv->log, t->end, &f)) == 1) {
		t->last = f.at;
		t->end = f.at + f.size;
		rc = replay_frame(kv, &f);
		if (rc != ERR_OK)
			return rc;
	}
	if (rc == ERR_TORN) {
		kv->damaged++;
		rc = ERR_OK;
	}
	if (rc == ERR_OK)
		rc = is_blank(kv, t->end);
	if (rc < 0)
		return rc;
	kv->dirty = rc == 0 || kv->damaged > 0
		    || kv->log.bank[t->bank].version < KV_VERSION;
	kv->stale = false;
	return ERR_OK;
}

int
kv_ready(struct kv *kv)
{
	return kv->stale ? kv_replay(kv) : ERR_OK;
}

/* Copying. */

bool
kv_is_current(struct kv *kv, const struct kv_item *it)
{
	uint32_t hash = kv_index_hash(kv_item_key(it)), probe = 0;
	struct kv_slot *slot;

	while ((slot = kv_index_next(&kv->index, hash, &probe)) != NULL) {
		if (slot->at == it->at)
			return true;
	}
	return false;
}

/* Write the frame that has been collected in the copy area. */
static int
copy_flush(struct kv *kv, struct kv_tail *t)
{
	size_t len = kv->copy_len;

	kv->copy_len = 0;
	if (len == 0)
		return ERR_OK;
	if (kv_frame_size(len) > kv_log_room(&kv->log, t))
		return ERR_FULL;
	return kv_log_append(&kv->log, t, kv->mem.copy, len);
}

/* Room for `size` octets in the copy area, behind what is collected. */
static int
copy_room(struct kv *kv, struct kv_tail *t, size_t size, uint8_t **to)
{
	if (kv->copy_len > 0 && kv->copy_len + size > PACK) {
		int rc = copy_flush(kv, t);

		if (rc != ERR_OK)
			return rc;
	}
	*to = kv->mem.copy + KV_FRAME_HEAD + kv->copy_len;
	kv->copy_len += size;
	return ERR_OK;
}

static int
copy_item(struct kv *kv, struct kv_tail *t, const struct kv_item *it)
{
	uint8_t *to;
	int rc = copy_room(kv, t, it->size, &to);

	if (rc != ERR_OK)
		return rc;
	return kv->log.flash->read(kv->log.flash, it->at, to, it->size);
}

static int
copy_frame(struct kv *kv, struct kv_tail *t, const struct kv_frame *f)
{
	uint32_t end = f->body + f->body_len;
	struct kv_item it;

	for (uint32_t at = f->body; at < end; at += it.size) {
		int rc = kv_item_read(&kv->log, at, end, &it);

		if (rc == ERR_OK && !it.gone && kv_is_current(kv, &it)) {
			rc = copy_item(kv, t, &it);
			kv->copied++;
		}
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

/* Copy all that counts into the fresh bank `t`, and seal it. */
static int
copy_all(struct kv *kv, struct kv_tail *t)
{
	uint32_t at = kv_log_first(&kv->log, kv->log.live.bank);
	struct kv_frame f;
	int rc;

	kv->copy_len = 0;
	kv->copied = 0;
	for (; at < kv->log.live.end; at += f.size) {
		rc = kv_log_frame(&kv->log, at, &f);
		if (rc != 1)
			return ERR_IO;
		rc = f.whole ? is_well_formed(kv, &f) : 0;
		if (rc == 1)
			rc = copy_frame(kv, t, &f);
		if (rc != ERR_OK)
			return rc;
	}
	if (kv->copied != kv->index.used)
		return ERR_IO; /* something has become unreadable */
	rc = copy_flush(kv, t);
	return rc == ERR_OK ? kv_log_seal(&kv->log, t) : rc;
}

/* The new bank is live: a failure to read it back leaves the index stale. */
static void
after_move(struct kv *kv)
{
	kv->dirty = false;
	kv->stale = true;
	if (kv_replay(kv) != ERR_OK)
		kv->stale = true;
}

int
kv_compact(struct kv *kv)
{
	uint32_t tried = 0;
	struct kv_tail t;
	int rc;

	do {
		rc = kv_log_fresh(&kv->log, &t, &tried);
		if (rc == ERR_MISSING)
			return ERR_IO;
		if (rc == ERR_OK)
			rc = copy_all(kv, &t);
	} while (rc == ERR_IO && t.failed);
	if (rc == ERR_TORN)
		kv->sealed_in = true;
	if (rc == ERR_OK)
		after_move(kv);
	return rc;
}

int
kv_replace_begin(struct kv *kv)
{
	uint32_t tried = 0;
	int rc;

	if (kv->open)
		return ERR_BUSY;
	if (kv->sealed_in)
		return ERR_IO;
	do {
		rc = kv_log_fresh(&kv->log, &kv->fresh, &tried);
	} while (rc == ERR_IO);
	if (rc != ERR_OK)
		return ERR_IO;
	kv->open = true;
	kv->txn_err = ERR_OK;
	kv->copy_len = 0;
	kv->need = (struct kv_usage) { 0 };
	return ERR_OK;
}

static int
replace_put(struct kv *kv, struct span key, struct span value)
{
	size_t size = kv_item_size(key.len, value.len, false);
	struct kv_stats st;
	uint8_t *to;
	int rc;

	if (!kv_is_key(key) || value.len > KV_VALUE_MAX)
		return ERR_RANGE;
	kv_stats(kv, &st);
	kv->need.keys++;
	kv->need.octets += (uint32_t)size;
	if (kv->need.keys > st.total.keys
	    || kv_packed_octets(kv->need.octets) > st.total.octets)
		return ERR_FULL;
	rc = copy_room(kv, &kv->fresh, size, &to);
	if (rc == ERR_OK)
		(void)kv_item_put(to, key, value, false);
	return rc;
}

int
kv_replace_put(struct kv *kv, struct span key, struct span value)
{
	if (kv->txn_err == ERR_OK)
		kv->txn_err = replace_put(kv, key, value);
	return kv->txn_err;
}

int
kv_replace_commit(struct kv *kv)
{
	int rc = kv->txn_err;

	if (rc == ERR_OK)
		rc = copy_flush(kv, &kv->fresh);
	if (rc == ERR_OK)
		rc = kv_log_seal(&kv->log, &kv->fresh);
	if (rc == ERR_TORN)
		kv->sealed_in = true;
	kv->open = false;
	if (rc != ERR_OK)
		return rc == ERR_TORN ? ERR_IO : rc;
	kv->changes++;
	after_move(kv);
	return ERR_OK;
}
