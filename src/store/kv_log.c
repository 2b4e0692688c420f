/*
 * kv_log: the only place that knows how banks and frames lie on the flash.
 * It never looks into a frame's body.
 */
#include "store/kv_log.h"

#include <assert.h>
#include "core/crc.h"
#include "core/le.h"

#define HEAD	  (KV_MARK + KV_SEAL)
#define CHUNK	  256
#define FRAME_TAG 0x4652u /* "RF" */

static const uint8_t mark_tag[4] = { 'G', 'P', 'K', 'V' };
static const uint8_t seal_tag[4] = { 'S', 'E', 'A', 'L' };

static uint32_t
crc_of(uint32_t seed, const uint8_t *p, size_t len)
{
	return crc32_add(seed, p, len);
}

static uint32_t
bank_start(const struct kv_log *log, uint32_t bank)
{
	return bank * log->bank_octets;
}

static uint32_t
bank_end(const struct kv_log *log, uint32_t bank)
{
	return (bank + 1) * log->bank_octets;
}

uint32_t
kv_log_first(const struct kv_log *log, uint32_t bank)
{
	return bank_start(log, bank) + HEAD;
}

uint32_t
kv_frame_size(size_t body_len)
{
	size_t size = KV_FRAME_HEAD + body_len;

	return (uint32_t)((size + KV_ALIGN - 1) / KV_ALIGN * KV_ALIGN);
}

static bool
is_erased(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] != 0xff)
			return false;
	}
	return true;
}

int
kv_log_init(struct kv_log *log, struct flash *flash, uint32_t bank_blocks)
{
	uint32_t banks;

	*log = (struct kv_log) { .flash = flash };
	if (bank_blocks == 0 || flash->unit == 0 || flash->unit > KV_ALIGN)
		return ERR_RANGE;
	if (KV_ALIGN % flash->unit != 0
	    || flash->block_octets > UINT32_MAX / flash->blocks)
		return ERR_RANGE;
	banks = flash->blocks / bank_blocks;
	if (banks < 2 || flash->block_octets < HEAD + KV_FRAME_HEAD)
		return ERR_RANGE;
	log->banks = banks < KV_BANKS_MAX ? banks : KV_BANKS_MAX;
	log->bank_octets = bank_blocks * flash->block_octets;
	return ERR_OK;
}

/* Marks and seals. */

static void
mark_build(const struct kv_log *log, uint32_t wear, uint8_t mem[KV_MARK])
{
	memset(mem, 0, KV_MARK);
	memcpy(mem, mark_tag, 4);
	le16_put(mem + 4, KV_VERSION);
	le16_put(mem + 6, (uint16_t)log->banks);
	le32_put(mem + 8, log->bank_octets);
	le32_put(mem + 12, wear);
	le32_put(mem + 20, crc_of(0, mem, 20));
}

/* The seal's checksum covers the mark too; `mem` holds both. */
static void
seal_build(uint32_t seq, uint8_t mem[HEAD])
{
	uint8_t *seal = mem + KV_MARK;

	memset(seal, 0, KV_SEAL);
	memcpy(seal, seal_tag, 4);
	le32_put(seal + 4, seq);
	le32_put(seal + 8, crc_of(0, mem, KV_MARK + 8));
}

static int
bank_survey(struct kv_log *log, uint32_t i)
{
	struct kv_bank *b = &log->bank[i];
	uint8_t mem[HEAD], seal[KV_SEAL];
	int rc = log->flash->read(log->flash, bank_start(log, i), mem, HEAD);

	*b = (struct kv_bank) { 0 };
	if (rc != ERR_OK)
		return rc;
	if (memcmp(mem, mark_tag, 4) != 0
	    || le32_get(mem + 20) != crc_of(0, mem, 20))
		return ERR_OK;
	if (le16_get(mem + 4) == 0 || le16_get(mem + 4) > KV_VERSION
	    || le32_get(mem + 8) != log->bank_octets)
		return ERR_UNSUPPORTED;
	b->version = (uint8_t)le16_get(mem + 4);
	b->wear = le32_get(mem + 12);
	b->seq = le32_get(mem + KV_MARK + 4);
	memcpy(seal, mem + KV_MARK, KV_SEAL);
	seal_build(b->seq, mem);
	b->sealed = memcmp(seal, mem + KV_MARK, KV_SEAL) == 0;
	memset(mem, 0, KV_SEAL);
	b->struck = memcmp(seal, mem, KV_SEAL) == 0;
	return ERR_OK;
}

/* A bank whose mark was lost is as worn as the most worn: they take turns. */
static void
guess_lost_wear(struct kv_log *log)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < log->banks; i++) {
		if (log->bank[i].wear > most)
			most = log->bank[i].wear;
	}
	for (uint32_t i = 0; i < log->banks; i++) {
		if (log->bank[i].version == 0)
			log->bank[i].wear = most;
	}
}

int
kv_log_survey(struct kv_log *log)
{
	const struct kv_bank *best = NULL;

	for (uint32_t i = 0; i < log->banks; i++) {
		int rc = bank_survey(log, i);

		if (rc != ERR_OK)
			return rc;
		if (log->bank[i].sealed
		    && (best == NULL || log->bank[i].seq > best->seq))
			best = &log->bank[i];
	}
	guess_lost_wear(log);
	if (best == NULL)
		return ERR_MISSING;
	log->live = (struct kv_tail) {
		.bank = (uint32_t)(best - log->bank),
		.seq = best->seq,
	};
	log->live.end = kv_log_first(log, log->live.bank);
	return ERR_OK;
}

/* Frames. */

/* Checksum of a part of the flash, on top of `*crc`. */
static int
crc_flash(struct kv_log *log, uint32_t at, uint32_t len, uint32_t *crc)
{
	uint8_t mem[CHUNK];

	while (len > 0) {
		uint32_t n = len < CHUNK ? len : CHUNK;
		int rc = log->flash->read(log->flash, at, mem, n);

		if (rc != ERR_OK)
			return rc;
		*crc = crc_of(*crc, mem, n);
		at += n;
		len -= n;
	}
	return ERR_OK;
}

/* Old frames must never pass in a bank's later life: seq is in every sum. */
static uint32_t
frame_seed(uint32_t seq)
{
	uint8_t mem[4];

	le32_put(mem, seq);
	return crc_of(0, mem, 4);
}

int
kv_log_frame(struct kv_log *log, uint32_t at, struct kv_frame *f)
{
	uint32_t end = bank_end(log, log->live.bank);
	uint32_t crc = frame_seed(log->live.seq);
	uint8_t head[KV_FRAME_HEAD];
	int rc;

	if (end - at < KV_FRAME_HEAD)
		return 0;
	rc = log->flash->read(log->flash, at, head, sizeof(head));
	if (rc != ERR_OK)
		return rc;
	if (is_erased(head, sizeof(head)))
		return 0;
	if (le16_get(head) != FRAME_TAG
	    || le32_get(head + 12) != crc_of(crc, head, 12))
		return ERR_TORN;
	*f = (struct kv_frame) { .at = at, .body = at + KV_FRAME_HEAD };
	f->body_len = le32_get(head + 4);
	if (f->body_len > end - f->body)
		return ERR_TORN;
	f->size = kv_frame_size(f->body_len);
	rc = crc_flash(log, f->body, f->body_len, &crc);
	if (rc != ERR_OK)
		return rc;
	f->whole = crc == le32_get(head + 8);
	return 1;
}

int
kv_log_is_blank(struct kv_log *log, uint32_t at, uint8_t *mem, size_t cap)
{
	uint32_t end = bank_end(log, log->live.bank);

	while (at < end) {
		uint32_t n = end - at < cap ? end - at : (uint32_t)cap;
		int rc = log->flash->read(log->flash, at, mem, n);

		if (rc != ERR_OK)
			return rc;
		if (!is_erased(mem, n))
			return 0;
		at += n;
	}
	return 1;
}

uint32_t
kv_log_room(const struct kv_log *log, const struct kv_tail *t)
{
	return bank_end(log, t->bank) - t->end;
}

static void
note_failure(struct kv_log *log, struct kv_tail *t)
{
	if (log->bank[t->bank].failures < UINT16_MAX)
		log->bank[t->bank].failures++;
	t->failed = true;
}

/* Program and read back: a cell may be worn without the chip telling. */
static int
program_checked(struct kv_log *log, uint32_t at, struct span data)
{
	uint8_t mem[CHUNK];
	int rc = log->flash->program(log->flash, at, data);

	while (rc == ERR_OK && data.len > 0) {
		size_t n = data.len < CHUNK ? data.len : CHUNK;

		rc = log->flash->read(log->flash, at, mem, n);
		if (rc == ERR_OK && memcmp(mem, data.p, n) != 0)
			rc = ERR_IO;
		at += (uint32_t)n;
		data = span_from(data, n);
	}
	return rc;
}

int
kv_log_append(
    struct kv_log *log, struct kv_tail *t, uint8_t *mem, size_t body_len)
{
	uint32_t size = kv_frame_size(body_len);
	uint32_t seed = frame_seed(t->seq);
	int rc;

	assert(size <= kv_log_room(log, t));
	memset(mem, 0, KV_FRAME_HEAD);
	le16_put(mem, FRAME_TAG);
	le32_put(mem + 4, (uint32_t)body_len);
	le32_put(mem + 8, crc_of(seed, mem + KV_FRAME_HEAD, body_len));
	le32_put(mem + 12, crc_of(seed, mem, 12));
	memset(mem + KV_FRAME_HEAD + body_len, 0xff,
	    size - KV_FRAME_HEAD - body_len);
	rc = program_checked(log, t->end, span_of(mem, size));
	if (rc != ERR_OK) {
		note_failure(log, t);
		return rc;
	}
	t->last = t->end;
	t->end += size;
	return ERR_OK;
}

/* Banks. */

static int
bank_erase(struct kv_log *log, uint32_t bank)
{
	uint32_t blocks = log->bank_octets / log->flash->block_octets;

	log->bank[bank].wear++;
	for (uint32_t i = 0; i < blocks; i++) {
		int rc = log->flash->erase(log->flash, bank * blocks + i);

		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static bool
is_better_target(const struct kv_bank *a, const struct kv_bank *b)
{
	if (a->failures != b->failures)
		return a->failures < b->failures;
	return a->wear < b->wear;
}

/* The bank to fill next, or log->banks. */
static uint32_t
choose_target(const struct kv_log *log, uint32_t tried)
{
	uint32_t best = log->banks;

	for (uint32_t n = 0; n < log->banks; n++) {
		uint32_t i = (log->live.bank + n) % log->banks;

		if (tried & 1u << i
		    || (log->live.seq > 0 && i == log->live.bank))
			continue;
		if (best == log->banks
		    || is_better_target(&log->bank[i], &log->bank[best]))
			best = i;
	}
	return best;
}

int
kv_log_fresh(struct kv_log *log, struct kv_tail *t, uint32_t *tried)
{
	uint8_t mark[KV_MARK];
	uint32_t i = choose_target(log, *tried);
	int rc;

	if (i == log->banks)
		return ERR_MISSING;
	*tried |= 1u << i;
	*t = (struct kv_tail) { .bank = i, .seq = log->live.seq + 1 };
	t->end = kv_log_first(log, i);
	log->bank[i].sealed = false;
	log->bank[i].struck = false;
	rc = bank_erase(log, i);
	if (rc == ERR_OK) {
		mark_build(log, log->bank[i].wear, mark);
		rc = program_checked(
		    log, bank_start(log, i), span_of(mark, KV_MARK));
	}
	if (rc != ERR_OK)
		note_failure(log, t);
	else
		log->bank[i].version = KV_VERSION;
	return rc;
}

/* Zeros over the seal; an erase where even that fails. */
static int
strike(struct kv_log *log, uint32_t bank)
{
	static const uint8_t zeros[KV_SEAL];
	int rc = program_checked(
	    log, bank_start(log, bank) + KV_MARK, span_of(zeros, KV_SEAL));

	if (rc != ERR_OK)
		rc = bank_erase(log, bank);
	log->bank[bank].struck = rc == ERR_OK;
	return rc;
}

int
kv_log_seal(struct kv_log *log, struct kv_tail *t)
{
	struct kv_bank *b = &log->bank[t->bank];
	uint8_t mem[HEAD];
	int rc;

	mark_build(log, b->wear, mem);
	seal_build(t->seq, mem);
	rc = program_checked(log, bank_start(log, t->bank) + KV_MARK,
	    span_of(mem + KV_MARK, KV_SEAL));
	if (rc != ERR_OK) {
		note_failure(log, t);
		return strike(log, t->bank) == ERR_OK ? rc : ERR_TORN;
	}
	b->sealed = true;
	b->seq = t->seq;
	log->live = *t;
	return ERR_OK;
}

void
kv_log_strike_unsealed(struct kv_log *log)
{
	for (uint32_t i = 0; i < log->banks; i++) {
		struct kv_bank *b = &log->bank[i];

		if (b->version == 0 || b->sealed || b->struck)
			continue;
		if (strike(log, i) != ERR_OK)
			b->failures++;
	}
}

static int
refresh_seal(struct kv_log *log)
{
	struct kv_tail *t = &log->live;
	uint8_t mem[HEAD];

	mark_build(log, log->bank[t->bank].wear, mem);
	seal_build(t->seq, mem);
	return program_checked(log, bank_start(log, t->bank) + KV_MARK,
	    span_of(mem + KV_MARK, KV_SEAL));
}

/* Zeros over a frame's head: it never reads well again. */
static int
spoil_frame(struct kv_log *log, uint32_t at)
{
	static const uint8_t zeros[KV_FRAME_HEAD];

	return program_checked(log, at, span_of(zeros, sizeof(zeros)));
}

/* Once in memory the frame is certain, and so is what is programmed. */
static int
refresh_frame(struct kv_log *log, uint8_t *mem, size_t size)
{
	uint32_t at = log->live.last, crc = frame_seed(log->live.seq);
	int rc = log->flash->read(log->flash, at, mem, size);

	if (rc != ERR_OK)
		return rc;
	if (le32_get(mem + 12) == crc_of(crc, mem, 12)
	    && le32_get(mem + 4) <= size - KV_FRAME_HEAD
	    && le32_get(mem + 8)
		   == crc_of(crc, mem + KV_FRAME_HEAD, le32_get(mem + 4)))
		return program_checked(log, at, span_of(mem, size));
	return spoil_frame(log, at);
}

/* The newest frame, and what may lie behind it. */
static int
settle_tail(struct kv_log *log, uint8_t *mem, size_t cap)
{
	struct kv_tail *t = &log->live;
	struct kv_frame f = { .size = 0 };
	int rc;

	while ((rc = kv_log_frame(log, t->end, &f)) == 1) {
		t->last = f.at;
		t->end = f.at + f.size;
	}
	if (rc == ERR_TORN)
		return spoil_frame(log, t->end);
	if (rc == 0 && t->last != 0 && f.size <= cap)
		rc = refresh_frame(log, mem, f.size);
	return rc;
}

void
kv_log_settle(struct kv_log *log, uint8_t *mem, size_t cap)
{
	int rc;

	if (!log->flash->fades)
		return;
	rc = refresh_seal(log);
	if (rc == ERR_OK)
		rc = settle_tail(log, mem, cap);
	if (rc != ERR_OK)
		note_failure(log, &log->live);
}

int
kv_geometry(struct span head, uint32_t *bank_octets, uint32_t *banks)
{
	if (head.len < KV_MARK || memcmp(head.p, mark_tag, 4) != 0
	    || le32_get(head.p + 20) != crc_of(0, head.p, 20))
		return ERR_MISSING;
	*banks = le16_get(head.p + 6);
	*bank_octets = le32_get(head.p + 8);
	return ERR_OK;
}
