/*
 * quarantine_file: one stopped message in one file.
 *
 *   0                 body with LF line ends, as it was received
 *   envelope - 1024   why it was stopped: one record, under a CRC-32
 *   envelope          as in a queued message (queue_file.h): sender, account,
 *                     and the recipients as the client named them
 *
 * So queue_file_open reads envelope and body, and quarantine_file_open the
 * record as well.  `warned` of struct queue_file says here that the people
 * concerned have been told; plan.since_s is since when it counts as kept,
 * once the clock was right.
 *
 * Memory: the caller's; a record is 1 KiB.
 * Failure: enum err; ERR_TORN where a check sum is wrong.
 * Tested: tests/unit/test_quarantine.c, tests/powerloss/power_quarantine.c.
 */
#ifndef STORE_QUARANTINE_FILE_H
#define STORE_QUARANTINE_FILE_H

#include "store/queue_file.h"

#define QUARANTINE_RECORD     1024u
#define QUARANTINE_NAME_MAX   200
#define QUARANTINE_WHERE_MAX  500
#define QUARANTINE_CLIENT_MAX 64
#define QUARANTINE_WAY_MAX    24
#define QUARANTINE_HASH	      32

/* Kept on the disk by number: add at the end only. */
enum quarantine_reason {
	QUARANTINE_MALWARE,
	QUARANTINE_ENCRYPTED,
	QUARANTINE_DEEP,
	QUARANTINE_DAMAGED,
	QUARANTINE_LIMITS,
	QUARANTINE_UNOPENED,
	QUARANTINE_FAILED,
	QUARANTINE_SCRIPTS,
	QUARANTINE_PROGRAMS,
	QUARANTINE_MACROS,
	QUARANTINE_REASONS
};

enum quarantine_flag {
	QUARANTINE_OURS = 1,	/* sent with one of our permissions (R19) */
	QUARANTINE_REFUSED = 2, /* its client was told so: 554 */
	QUARANTINE_HASHED = 4,	/* `hash` is set */
};

/* Why a message was stopped. */
struct quarantine_note {
	enum quarantine_reason reason;
	unsigned flags;	    /* enum quarantine_flag */
	struct span name;   /* signature or rule; cut at its bound */
	struct span where;  /* "a.zip/b.exe" as unpacked; cut likewise */
	struct span client; /* its address */
	struct span way;    /* the listener: "smtp", "submission" */
	uint8_t hash[QUARANTINE_HASH]; /* SHA-256 of what was found */
};

/* "malware", "encrypted" ...: as in the settings scan.*. */
const char *quarantine_reason_name(enum quarantine_reason r);

/*
 * Append the record to a message whose body is complete; then
 * queue_write_begin, one queue_write_rcpt for each recipient and
 * queue_write_end.  Errors are spool_append's.
 */
int quarantine_write(struct spool *sp, struct spool_file *f,
    const struct quarantine_note *n) MUST_CHECK;

struct quarantine_file {
	struct queue_file queue; /* envelope, body, recipients */
	struct quarantine_note note;
	uint8_t record[QUARANTINE_RECORD]; /* what the note points into */
};

/* Open FOLDER/ID; ERR_MISSING, ERR_TORN, ERR_IO. */
int quarantine_file_open(struct quarantine_file *q, struct fs *fs,
    const char *folder, const char *id) MUST_CHECK;

static inline void
quarantine_file_close(struct quarantine_file *q)
{
	queue_file_close(&q->queue);
}

/* Write queue.warned (and queue.plan); not synced: a hint. */
static inline int
quarantine_file_warned(struct quarantine_file *q)
{
	q->queue.warned = true;
	return queue_file_marks(&q->queue);
}

#endif
