/*
 * kv_log: frames of bytes, appended to one bank of a flash, moved to another
 * when it is full.
 *
 *   bank:  mark | seal | frame | frame | ... | frame | 0xff ...
 *
 * A bank is one or more erase blocks.  Its mark is written right after the
 * erase and holds the wear count; its seal is written after everything that
 * was copied into the bank, and makes it count.  Of the sealed banks the one
 * with the highest sequence number is live.  Each frame has its own checksum:
 * a frame is there whole or not at all.  The bit layout is in README.md.
 *
 * This module knows frames, not keys.  Used by kv only.
 *
 * Memory: struct kv_log, the caller's.  Failure: ERR_IO from the flash.
 */
#ifndef STORE_KV_LOG_H
#define STORE_KV_LOG_H

#include "platform/flash.h"

#define KV_VERSION    1 /* of the format that we write */
#define KV_BANKS_MAX  16
#define KV_MARK	      24 /* octets of a bank's mark */
#define KV_SEAL	      16 /* and of its seal, which follows */
#define KV_FRAME_HEAD 16 /* octets before a frame's body */
#define KV_ALIGN      8	 /* frames begin at multiples of this */

struct kv_bank {
	uint32_t wear; /* erases, as far as known */
	uint32_t seq;
	uint16_t failures; /* failed erases and programs since the start */
	uint8_t version;   /* 0: no readable mark */
	bool sealed;
	bool struck; /* the seal's place is made unusable */
};

/* A place where frames are appended: the live bank, or one being filled. */
struct kv_tail {
	uint32_t bank;
	uint32_t seq;
	uint32_t end;  /* where the next frame goes */
	uint32_t last; /* where the newest frame lies; 0: none */
	bool failed;   /* a program or erase of this bank failed */
};

struct kv_log {
	struct flash *flash;
	uint32_t bank_octets;
	uint32_t banks;
	struct kv_tail live;
	struct kv_bank bank[KV_BANKS_MAX];
};

struct kv_frame {
	uint32_t at;
	uint32_t body;
	uint32_t body_len;
	uint32_t size; /* with head and padding */
	bool whole;    /* its checksum is right */
};

/* Octets that a frame with this body takes. */
uint32_t kv_frame_size(size_t body_len);

/*
 * Use `flash` in banks of `bank_blocks` erase blocks each: at least 2 banks,
 * at most KV_BANKS_MAX (blocks beyond are left alone).  ERR_RANGE otherwise.
 */
int kv_log_init(
    struct kv_log *log, struct flash *flash, uint32_t bank_blocks) MUST_CHECK;

/*
 * Read the marks and seals and choose the live bank.  ERR_MISSING when there
 * is none, ERR_UNSUPPORTED when a mark tells of a newer version or of other
 * bank sizes.  Writes nothing.
 */
int kv_log_survey(struct kv_log *log) MUST_CHECK;

/* Where the first frame of a bank lies. */
uint32_t kv_log_first(const struct kv_log *log, uint32_t bank);

/*
 * Look at the frame at `at` in the live bank: 1 and `*f`; 0 where the log
 * ends; ERR_TORN where something lies that is no frame; ERR_IO.
 */
int kv_log_frame(
    struct kv_log *log, uint32_t at, struct kv_frame *f) MUST_CHECK;

/*
 * 1 when the live bank is erased from `at` to its end, 0 when not; read by
 * way of `mem`, `cap` octets at a time.
 */
int kv_log_is_blank(
    struct kv_log *log, uint32_t at, uint8_t *mem, size_t cap) MUST_CHECK;

/* Octets that are free behind the tail. */
uint32_t kv_log_room(const struct kv_log *log, const struct kv_tail *t);

/*
 * Write one frame behind the tail.  The body's `body_len` octets stand at
 * `mem + KV_FRAME_HEAD`; the octets before and up to KV_ALIGN - 1 behind are
 * overwritten.  There must be room.  ERR_IO: the frame may be readable or not.
 */
int kv_log_append(struct kv_log *log, struct kv_tail *t, uint8_t *mem,
    size_t body_len) MUST_CHECK;

/*
 * Erase the least worn bank that is neither live nor in `tried` (a bit per
 * bank, set here) and prepare it for frames.  ERR_MISSING: none is left.
 */
int kv_log_fresh(
    struct kv_log *log, struct kv_tail *t, uint32_t *tried) MUST_CHECK;

/*
 * Make a filled bank count: it is live now, whatever happens.  On ERR_IO the
 * old one still is; ERR_TORN: it is not known which will be after a restart,
 * so nothing more may be written.
 */
int kv_log_seal(struct kv_log *log, struct kv_tail *t) MUST_CHECK;

/*
 * After a restart: spoil the seals of banks that were never finished, so that
 * bits which read badly now can't complete one later.  Errors are counted.
 */
void kv_log_strike_unsealed(struct kv_log *log);

/*
 * After a restart, on media whose half-programmed bits may fade, before the
 * log is read: program the seal and the newest frame once more, with their own
 * content, using `cap` octets at `mem`; what does not read well is spoilt for
 * good.  So everything reads the same from here on.  Errors are counted.
 */
void kv_log_settle(struct kv_log *log, uint8_t *mem, size_t cap);

/*
 * The geometry that the first KV_MARK octets of an image tell of; ERR_MISSING
 * when it is none.
 */
int kv_geometry(
    struct span head, uint32_t *bank_octets, uint32_t *banks) MUST_CHECK;

#endif
