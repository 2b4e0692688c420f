/*
 * kv: opening, reading and transactions.  Moving the content from bank to
 * bank is kv_pack's, frames are kv_log's.
 */
#include "store/kv.h"

#include "store/kv_item.h"
#include "store/kv_pack.h"

static int
start(struct kv *kv, struct flash *flash, uint32_t bank_blocks,
    const struct kv_memory *mem)
{
	int rc;

	*kv = (struct kv) { .mem = *mem };
	if (mem->slots_n < 4 || mem->txn_cap < KV_TXN_MIN
	    || mem->copy_cap < KV_COPY_MIN)
		return ERR_RANGE;
	kv_index_init(&kv->index, mem->slots, mem->slots_n);
	rc = kv_log_init(&kv->log, flash, bank_blocks);
	if (rc == ERR_OK
	    && kv->log.bank_octets
		   < mem->txn_cap + KV_ALIGN + kv_packed_octets(0))
		rc = ERR_RANGE;
	return rc;
}

int
kv_open(struct kv *kv, struct flash *flash, uint32_t bank_blocks,
    const struct kv_memory *mem)
{
	int rc = start(kv, flash, bank_blocks, mem);

	if (rc == ERR_OK)
		rc = kv_log_survey(&kv->log);
	if (rc != ERR_OK)
		return rc;
	kv_log_strike_unsealed(&kv->log);
	kv_log_settle(&kv->log, kv->mem.txn, kv->mem.txn_cap);
	rc = kv_replay(kv);
	if (rc == ERR_OK && kv->dirty && kv_compact(kv) != ERR_OK)
		kv->dirty = true; /* readable; the next commit tries again */
	return rc;
}

int
kv_format(struct kv *kv)
{
	int rc;

	kv->log.live = (struct kv_tail) { 0 };
	rc = kv_replace_begin(kv);
	return rc == ERR_OK ? kv_replace_commit(kv) : rc;
}

static bool
is_erased(struct kv *kv, uint32_t at, uint32_t end)
{
	struct flash *flash = kv->log.flash;
	uint8_t *mem = kv->mem.copy;

	while (at < end) {
		uint32_t n = end - at < KV_COPY_MIN ? end - at : KV_COPY_MIN;
		bool read = flash->read(flash, at, mem, n) == ERR_OK;

		for (uint32_t i = 0; read && i < n; i++)
			if (mem[i] != 0xff)
				return false;
		at += n;
	}
	return true;
}

bool
kv_is_blank(struct kv *kv)
{
	const struct kv_log *log = &kv->log;

	for (uint32_t i = 0; i < log->banks; i++) {
		uint32_t at = i * log->bank_octets;

		if (!is_erased(
			kv, at + KV_MARK + KV_SEAL, at + log->bank_octets))
			return false;
	}
	return true;
}

int
kv_get(struct kv *kv, struct span key, void *to, size_t cap)
{
	struct kv_item it = { 0 };
	struct kv_slot *slot;
	int rc = kv_ready(kv);

	if (rc == ERR_OK)
		rc = kv_find(kv, key, &it, &slot);
	if (rc != 1)
		return rc == 0 ? ERR_MISSING : rc;
	if (it.value_len > cap)
		return ERR_RANGE;
	rc = kv->log.flash->read(kv->log.flash, it.value_at, to, it.value_len);
	return rc == ERR_OK ? it.value_len : rc;
}

/* Transactions. */

int
kv_begin(struct kv *kv)
{
	int rc = kv->open ? ERR_BUSY : kv_ready(kv);

	if (rc != ERR_OK)
		return rc;
	kv->open = true;
	kv->txn_err = ERR_OK;
	kv->txn_len = 0;
	return ERR_OK;
}

void
kv_abort(struct kv *kv)
{
	kv->open = false;
}

struct span
kv_pending(const struct kv *kv)
{
	return span_of(kv->mem.txn + KV_FRAME_HEAD, kv->txn_len);
}

/* Take an earlier change of the same key out of the transaction. */
static void
txn_forget(struct kv *kv, struct span key)
{
	struct span rest = kv_pending(kv), value;
	struct kv_item it;

	while (rest.len > 0) {
		uint8_t *at =
		    kv->mem.txn + KV_FRAME_HEAD + kv->txn_len - rest.len;

		if (kv_item_take(&rest, &it, &value) != ERR_OK)
			return;
		if (!span_is(kv_item_key(&it), key))
			continue;
		memmove(at, rest.p, rest.len);
		kv->txn_len -= it.size;
		return;
	}
}

/* Is this value on the flash already?  1, 0, or an error. */
static int
is_stored(struct kv *kv, const struct kv_item *it, struct span value)
{
	uint8_t mem[256];
	uint32_t at = it->value_at;

	if (it->value_len != value.len)
		return 0;
	while (value.len > 0) {
		size_t n = value.len < sizeof(mem) ? value.len : sizeof(mem);
		int rc = kv->log.flash->read(kv->log.flash, at, mem, n);

		if (rc != ERR_OK)
			return rc;
		if (memcmp(mem, value.p, n) != 0)
			return 0;
		at += (uint32_t)n;
		value = span_from(value, n);
	}
	return 1;
}

/* Does the change alter what is stored?  1, 0, or an error. */
static int
is_change(struct kv *kv, struct span key, struct span value, bool gone)
{
	struct kv_item it;
	struct kv_slot *slot;
	int rc = kv_find(kv, key, &it, &slot);

	if (rc < 0 || gone)
		return rc;
	if (rc == 1)
		rc = is_stored(kv, &it, value);
	return rc < 0 ? rc : !rc;
}

static int
txn_add(struct kv *kv, struct span key, struct span value, bool gone)
{
	size_t size = kv_item_size(key.len, value.len, gone);
	int rc;

	if (!kv_is_key(key) || value.len > KV_VALUE_MAX)
		return ERR_RANGE;
	txn_forget(kv, key);
	rc = is_change(kv, key, value, gone);
	if (rc != 1)
		return rc;
	if (kv_frame_size(kv->txn_len + size) > kv->mem.txn_cap)
		return ERR_FULL;
	(void)kv_item_put(
	    kv->mem.txn + KV_FRAME_HEAD + kv->txn_len, key, value, gone);
	kv->txn_len += size;
	return ERR_OK;
}

int
kv_put(struct kv *kv, struct span key, struct span value)
{
	if (kv->txn_err == ERR_OK)
		kv->txn_err = txn_add(kv, key, value, false);
	return kv->txn_err;
}

int
kv_delete(struct kv *kv, struct span key)
{
	if (kv->txn_err == ERR_OK)
		kv->txn_err = txn_add(kv, key, span_of(NULL, 0), true);
	return kv->txn_err;
}

static struct kv_usage
capacity(const struct kv *kv)
{
	return (struct kv_usage) {
		/* a full transaction must always fit behind the content */
		.octets = kv->log.bank_octets
			  - kv_frame_size(kv->mem.txn_cap - KV_FRAME_HEAD),
		.keys = kv_index_most(&kv->index),
	};
}

/* What the store would hold after the transaction: into kv->need. */
static int
sum_up(struct kv *kv)
{
	uint32_t octets = kv->live_octets, keys = kv->index.used;
	struct span rest = kv_pending(kv), value;
	struct kv_item it, old = { 0 };
	struct kv_slot *slot;
	int rc;

	while (rest.len > 0) {
		rc = kv_item_take(&rest, &it, &value);
		if (rc == ERR_OK)
			rc = kv_find(kv, kv_item_key(&it), &old, &slot);
		if (rc < 0)
			return rc;
		if (rc == 1) {
			octets -= old.size;
			keys--;
		}
		if (!it.gone) {
			octets += it.size;
			keys++;
		}
	}
	kv->need = (struct kv_usage) { kv_packed_octets(octets), keys };
	return ERR_OK;
}

/* Refuse what grows beyond the capacity; shrinking is always allowed. */
static int
check_room(struct kv *kv)
{
	struct kv_usage most = capacity(kv);
	uint32_t now = kv_packed_octets(kv->live_octets);
	int rc = sum_up(kv);

	if (rc != ERR_OK)
		return rc;
	if (kv->need.octets > most.octets && kv->need.octets > now)
		return ERR_FULL;
	if (kv->need.keys > most.keys)
		return ERR_FULL;
	if (now + kv_frame_size(kv->txn_len) > kv->log.bank_octets)
		return ERR_FULL;
	return ERR_OK;
}

static int
write_frame(struct kv *kv)
{
	struct kv_log *log = &kv->log;
	int rc = ERR_OK;

	if (kv->dirty
	    || kv_frame_size(kv->txn_len) > kv_log_room(log, &log->live))
		rc = kv_compact(kv);
	if (rc == ERR_OK)
		rc = kv_ready(kv);
	if (rc != ERR_OK)
		return rc;
	rc = kv_log_append(log, &log->live, kv->mem.txn, kv->txn_len);
	kv->dirty = rc != ERR_OK;
	return rc;
}

/* The transaction is on the flash: bring the index up to date. */
static void
apply_items(struct kv *kv)
{
	struct span rest = kv_pending(kv), value;
	uint32_t at = kv->log.live.last + KV_FRAME_HEAD;
	struct kv_item it;
	int rc = ERR_OK;

	while (rc == ERR_OK && rest.len > 0) {
		rc = kv_item_take(&rest, &it, &value);
		it.at = at;
		at += it.size;
		if (rc == ERR_OK)
			rc = kv_apply(kv, &it);
	}
	kv->stale = rc != ERR_OK;
	kv->changes++;
}

int
kv_commit(struct kv *kv)
{
	int rc = kv->txn_err;

	kv->open = false;
	if (rc != ERR_OK || kv->txn_len == 0)
		return rc;
	if (kv->sealed_in)
		return ERR_IO;
	rc = check_room(kv);
	if (rc == ERR_OK) {
		rc = write_frame(kv);
		if (rc == ERR_IO && kv->dirty) /* once more, elsewhere */
			rc = write_frame(kv);
	}
	if (rc == ERR_OK)
		apply_items(kv);
	return rc == ERR_TORN ? ERR_IO : rc;
}

/* Figures. */

void
kv_stats(const struct kv *kv, struct kv_stats *st)
{
	const struct kv_log *log = &kv->log;

	*st = (struct kv_stats) {
		.used = { kv_packed_octets(kv->live_octets), kv->index.used },
		.total = capacity(kv),
		.log_octets = log->live.end - log->live.bank * log->bank_octets,
		.bank_octets = log->bank_octets,
		.banks = log->banks,
		.live_bank = log->live.bank,
		.compactions = log->live.seq,
		.damaged = kv->damaged,
	};
}

struct kv_usage
kv_need(const struct kv *kv)
{
	return kv->need;
}

uint64_t
kv_years(const struct kv *kv, uint32_t changes_a_day, uint32_t octets_a_change)
{
	uint32_t room = kv->log.bank_octets - kv_packed_octets(kv->live_octets);
	uint64_t left = 0;

	for (uint32_t i = 0; i < kv->log.banks; i++) {
		uint32_t erases = kv->log.bank[i].wear;

		left += erases < KV_ENDURANCE ? KV_ENDURANCE - erases : 0;
	}
	return left * (room / octets_a_change) / changes_a_day / 365;
}

void
kv_wear(
    const struct kv *kv, uint32_t bank, uint32_t *erases, uint32_t *failures)
{
	*erases = kv->log.bank[bank].wear;
	*failures = kv->log.bank[bank].failures;
}
