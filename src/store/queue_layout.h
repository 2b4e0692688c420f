/*
 * queue_layout: where things lie in the file of a queued message.  Only for
 * queue_write.c and queue_file.c.
 */
#ifndef STORE_QUEUE_LAYOUT_H
#define STORE_QUEUE_LAYOUT_H

#include "core/crc.h"
#include "core/le.h"
#include "core/span.h"

#define QUEUE_SECTOR  512u
#define QUEUE_BLOCK   256u /* records begin at multiples of it */
#define FOOT_LEN      32u
#define QUEUE_VERSION 1u

/* Offsets in the head. */
enum {
	HEAD_MAGIC = 0,
	HEAD_VERSION = 4,
	HEAD_OCTETS = 8,
	HEAD_WIRE = 16,
	HEAD_ARRIVED = 24,
	HEAD_FLAGS = 32,
	HEAD_RET = 36,
	HEAD_SENDER = 40,
	HEAD_ENVID = 42,
	HEAD_LOGIN = 44,
	HEAD_CRC = 48,
	HEAD_FIXED = 48, /* what the CRC covers, before the strings */
	HEAD_HELD = 256,
	HEAD_WARNED = 257,
	HEAD_PLAN = 272,
	HEAD_LEN = 512,
};

/* Offsets in the plan. */
enum {
	PLAN_TRIES = 0,
	PLAN_NEXT = 8,
	PLAN_SINCE = 16,
	PLAN_CRC = 24,
	PLAN_LEN = 28,
};

/* Offsets in a recipient's record. */
enum {
	RCPT_MAGIC = 0,
	RCPT_PATH = 2,
	RCPT_ORCPT = 4,
	RCPT_SENDER = 6,
	RCPT_NOTIFY = 8,
	RCPT_CRC = 12,
	RCPT_FIXED = 12,
	RCPT_STATE = 32,
	RCPT_ROUND = 33,
	RCPT_CODE = 34,
	RCPT_ENHANCED = 36,
	RCPT_WORDS_LEN = 42,
	RCPT_WORDS_CRC = 44,
	RCPT_WORDS = 48,
	RCPT_LEN = 256,
	HOST_OVER = 5, /* a host's length and check sum, behind the words */
};

/* Offsets in the foot. */
enum {
	FOOT_MAGIC = 0,
	FOOT_ENVELOPE = 8,
	FOOT_RCPTS = 16,
	FOOT_CRC = 28,
};

static inline uint32_t
queue_crc(uint32_t before, const void *p, size_t len)
{
	/* zlib begins anew where there is no memory at all */
	return len == 0 ? before : crc32_add(before, p, len);
}

static inline uint64_t
queue_aligned(uint64_t n, unsigned to)
{
	return (n + to - 1) / to * to;
}

#endif
