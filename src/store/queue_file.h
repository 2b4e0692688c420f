/*
 * queue_file: one queued message in one file.
 *
 *   0          body with LF line ends, as it was received
 *   envelope   at the next multiple of 512: message head, its strings,
 *              then a record for each recipient with its strings
 *   end - 32   foot: where the envelope begins, how many recipients
 *
 * All numbers little-endian.  What is written once (head, strings, foot) is
 * covered by CRC-32.  What changes in place lies within one 512-octet sector
 * and needs one write: a recipient's state is one octet, which cannot tear;
 * the remote's last words beside it, and its name, have their own CRCs and are
 * only shown.
 * README.md of this folder has the table of states.
 *
 * Writing goes through the spool, between the last octet of the body and
 * spool_commit: the message and its envelope become durable by the same
 * barrier, or neither does.
 *
 * Memory: the caller's structs; the writer's is about 2 KiB.
 * Bounds: the lengths below; QUEUE_RCPT_MAX recipients.
 * Failure: enum err; ERR_TORN for a file whose check sums are wrong.
 * Tested: tests/unit/test_queue.c, tests/powerloss, fuzz_queue_file.
 */
#ifndef STORE_QUEUE_FILE_H
#define STORE_QUEUE_FILE_H

#include "store/spool.h"

#define QUEUE_PATH_MAX	  400 /* an address */
#define QUEUE_ORCPT_MAX	  508
#define QUEUE_ENVID_MAX	  100
#define QUEUE_LOGIN_MAX	  64
#define QUEUE_WORDS_MAX	  200
#define QUEUE_HOST_MAX	  96 /* a longer name is left out */
#define QUEUE_RCPT_MAX	  100000u
#define QUEUE_TAIL	  1536 /* holds a usual envelope */
#define QUEUE_STRINGS_MAX (2 * QUEUE_PATH_MAX + QUEUE_ORCPT_MAX)

enum queue_flag {
	QUEUE_8BIT = 1,	  /* holds octets above 127 */
	QUEUE_UTF8 = 2,	  /* needs SMTPUTF8 */
	QUEUE_NOTICE = 4, /* a bounce or warning of our own */
	QUEUE_OWN = 16, /* whoever submitted it may send: it is ours to sign */
	QUEUE_PATHED = 32, /* begins with our own Return-Path */
	QUEUE_NO_DATE = 64,
	QUEUE_NO_ID = 128,
	QUEUE_APART = 8, /* the body is in ID.body, linked with mailboxes */
};

/* What happened to a recipient; one octet on the disk. */
enum queue_state {
	QUEUE_WAITING = 'W',
	QUEUE_SENT = 'S',   /* done; nobody wants to know */
	QUEUE_TOLD = 'T',   /* failed, and the sender was told if he is to be */
	QUEUE_FAILED = 'F', /* a failure notice is due */
	QUEUE_ARRIVED = 'A',   /* sent, and a success notice is due */
	QUEUE_DELIVERED = 'D', /* the same, and it is in its mailbox */
};

/* Is a success notice due? */
static inline bool
queue_is_arrived(enum queue_state s)
{
	return s == QUEUE_ARRIVED || s == QUEUE_DELIVERED;
}

/* Written once. */
struct queue_head {
	uint64_t octets;      /* of the body, as stored */
	uint64_t wire_octets; /* with CRLF line ends */
	int64_t arrived_s;    /* wall clock, perhaps wrong */
	unsigned flags;	      /* enum queue_flag */
	char ret;	      /* RFC 3461 RET: 'F', 'H' or 0 */
	struct span sender;   /* empty: null */
	struct span envid;    /* xtext as it came; empty: none */
	struct span login;    /* the account that submitted it; empty: none */
};

struct queue_rcpt {
	struct span path;
	struct span orcpt;  /* as it came; empty: none */
	struct span sender; /* reverse-path for this one; empty: the head's */
	unsigned notify;    /* RFC 3461, as in proto/smtp_client; 0: not said */

	/* Changes. */
	enum queue_state state;
	uint8_t round; /* the last one (plan.tries) that asked for it */
	unsigned code; /* of the last reply; 0: no server spoke */
	unsigned enhanced[3];
	struct span words; /* the last words, printable ASCII */
	struct span host;  /* whose they are; empty: ours, or not known */

	uint64_t at; /* where its record lies */
};

/* The message's own changing part. */
struct queue_plan {
	uint32_t tries;
	int64_t next_s;	 /* wall clock; a hint after a restart */
	int64_t since_s; /* arrival, set right once the clock was; 0: not */
};

struct queue_writer {
	struct spool *spool;
	struct spool_file *file;
	uint64_t envelope;
	uint32_t rcpts;
	int err;
	size_t len;
	uint8_t mem[2048];
};

/*
 * Append head and recipients (waiting ones, or already in r->state) to a
 * message whose body is complete; then spool_commit.  With QUEUE_APART the file
 * holds no body and head->octets tells the length of the other.  Errors are
 * spool_append's, and are kept: looking at queue_write_end's is enough.
 * ERR_RANGE: a string is too long.
 */
int queue_write_begin(struct queue_writer *w, struct spool *sp,
    struct spool_file *f, const struct queue_head *head);
int queue_write_rcpt(struct queue_writer *w, const struct queue_rcpt *r);
int queue_write_end(struct queue_writer *w) MUST_CHECK;

/* An open message. */
struct queue_file {
	struct fs *fs;
	int h;	    /* -1: none */
	int body_h; /* the same, or that of ID.body */
	bool held;
	bool warned; /* the delay notice was sent */
	uint32_t rcpts;
	uint64_t envelope;
	uint64_t first; /* the first recipient's record */
	struct queue_head head;
	struct queue_plan plan;
	uint64_t tail_at; /* the end of the file, as read when it was opened */
	size_t tail_len;
	uint8_t tail[QUEUE_TAIL];
	uint8_t strings[QUEUE_PATH_MAX + QUEUE_ENVID_MAX + QUEUE_LOGIN_MAX];
};

/* Open FOLDER/ID for reading and changing; ERR_MISSING, ERR_TORN, ERR_IO. */
int queue_file_open(struct queue_file *q, struct fs *fs, const char *folder,
    const char *id) MUST_CHECK;
void queue_file_close(struct queue_file *q);

/*
 * Read the recipient at `*at` (begin with q->first) and move `*at` on: 1, 0
 * after the last.  Spans point into `mem`, which has QUEUE_STRINGS_MAX and
 * QUEUE_WORDS_MAX bytes (struct queue_strings).
 */
struct queue_strings {
	uint8_t mem[QUEUE_STRINGS_MAX + QUEUE_WORDS_MAX];
};
int queue_file_rcpt(struct queue_file *q, uint64_t *at, struct queue_rcpt *r,
    struct queue_strings *mem) MUST_CHECK;

/* Write what has changed of a recipient: state and last reply; one write. */
int queue_file_settle(
    struct queue_file *q, const struct queue_rcpt *r) MUST_CHECK;

/* Write q->plan, or q->held and q->warned; one write each. */
int queue_file_plan(struct queue_file *q) MUST_CHECK;
int queue_file_marks(struct queue_file *q) MUST_CHECK;

/* Read from the body; bytes read, 0 at its end. */
int queue_file_body(
    struct queue_file *q, void *to, size_t cap, uint64_t at) MUST_CHECK;

#endif
