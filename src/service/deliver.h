/*
 * deliver: where a complete message goes: mailboxes, the queue, or both.
 *
 *   RCPT      delivery_add        each accepted recipient is noted
 *   COMMIT    delivery_commit     directory says what they mean; the message
 *                                 joins the spool's batch with all its places
 *   barrier   delivery_done       what went to the queue is due
 *
 *   only mailboxes   the file becomes a Maildir file, further ones are links
 *   only remote      the envelope is appended; the file becomes queue/ID
 *   both             mailboxes and queue/ID.body are one file; the envelope is
 *                    queue/ID, a second file tied to the first
 *
 * A message that the scanner stopped takes another way from the same point:
 *
 *   COMMIT    delivery_hold       instead of delivery_commit
 *   barrier   delivery_done       it is in the quarantine, durably; whoever is
 *                                 to be told of it is told by service/warning,
 *                                 which finds it there: nothing else to call
 *
 * Memory: one struct delivery per message under way, about 9 KB, part of its
 * transaction.  Bounds: DELIVERY_BOXES mailboxes after aliases,
 * DELIVERY_NOTED octets of noted recipients.
 * A message that is `limited` is refused at COMMIT when every mailbox that it
 * is for would be over its quota, and it goes nowhere else; beside others, the
 * mailbox takes it and is a little over.
 *
 * Failure: ERR_FULL at add: 452 for that recipient; anything at commit: the
 * message is refused for now, and nothing of it is kept.
 * Tested: tests/unit/test_deliver.c, tests/e2e/test_relay.py, test_lists.py.
 */
#ifndef SERVICE_DELIVER_H
#define SERVICE_DELIVER_H

#include "config.h"

#include "service/directory.h"
#include "store/quarantine.h"
#include "store/queue.h"
#include "store/spool.h"

#define DELIVERY_BOXES 256
#define DELIVERY_NOTED 8192

/* What all deliveries share. */
struct deliver {
	struct spool *spool;
	struct queue *queue;
	struct quarantine *quarantine;
	struct quota *quota; /* counts what comes in */
	const struct directory *directory;
	const struct accounts *accounts;
	const char *mail_root; /* the folder of all mailboxes */
	bool lmtp; /* no mailboxes here: local mail goes to the queue, too */
	struct directory_walk walk;
	struct queue_writer writer;
};

struct delivery {
	struct deliver *owner;
	struct spool *spool;	 /* the owner's, unless set anew after begin */
	void *user;		 /* the caller's, untouched */
	struct spool_file *file; /* the message */
	struct spool_file envelope; /* in use where both kinds meet */
	uint64_t wire_octets;
	bool queued; /* a part of it is in the queue's places */
	bool apart;
	bool limited;  /* set after begin: full mailboxes refuse it */
	bool full;     /* ... and did: 452 4.2.2 */
	bool held;     /* its one place is in the quarantine */
	uint32_t dest; /* for the queue: where all recipients go, or 0 */
	uint32_t remote_n;
	int64_t arrived_s;
	uint16_t boxes_n;
	uint16_t noted_n;
	uint16_t noted_len;
	uint16_t boxes[DELIVERY_BOXES];
	uint8_t noted[DELIVERY_NOTED];
};

/* What is known about the message itself. */
struct delivery_head {
	struct span sender; /* without <>; empty: null */
	struct span envid;  /* as written */
	struct span login;  /* the account that submitted it, or empty */
	uint64_t wire_octets;
	int64_t arrived_s;
	unsigned flags; /* enum queue_flag */
	char ret;	/* 'F', 'H' or 0 */
};

/* Begin with no recipients; `user` is NULL then. */
void delivery_begin(struct delivery *d, struct deliver *owner);

/* Note an accepted recipient; `notify` and `orcpt` as in RFC 3461. */
int delivery_add(struct delivery *d, const struct addr *path, unsigned notify,
    struct span orcpt) MUST_CHECK;

/* The noted recipients in turn; `*at` is 0 before the first call. */
bool delivery_recipient(
    const struct delivery *d, size_t *at, struct span *path);

/*
 * The message in `f` is complete: give it to the spool's batch.  On an error
 * it is still the caller's, to abort.
 */
int delivery_commit(struct delivery *d, struct spool_file *f,
    const struct delivery_head *head) MUST_CHECK;

/*
 * The same, but it goes to the quarantine, with its recipients as they were
 * noted and `note` that says why.  The scanner's finding is enough:
 *
 *	const struct quarantine_note note = {
 *		.reason = QUARANTINE_MALWARE,
 *		.flags = QUARANTINE_OURS | QUARANTINE_HASHED,
 *		.name = name, .where = where, .client = peer, .way = listener,
 *		.hash = { ... },
 *	};
 *	err = delivery_hold(&t->delivery, &t->file, &head, &note);
 *
 * QUARANTINE_OURS: a login, a grant or a rule permitted its sender (R19); then
 * the sender is warned, otherwise only local recipients are.
 * QUARANTINE_REFUSED: the client will be told 554 after the barrier; its
 * sender needs no warning then.  `head->login` is used for both.
 */
int delivery_hold(struct delivery *d, struct spool_file *f,
    const struct delivery_head *head,
    const struct quarantine_note *note) MUST_CHECK;

/*
 * A file that spool_next returned: the delivery it belongs to, or NULL for the
 * first file of two, which is to be passed over: once its delivery is let go,
 * the spool must have neither.
 */
static inline struct delivery *
delivery_of(const struct spool_file *f)
{
	struct delivery *d = f->owner;

	if (ENABLE_RELAY && d->apart)
		return f == &d->envelope ? d : NULL;
	return d->file == f ? d : NULL;
}

/* After the barrier, with a good result: queue or quarantine know of it. */
void delivery_done(struct delivery *d, int64_t now_ms);

/*
 * For a delivery with a spool of its own: commit, wait for the barrier, done.
 * On an error it is still the caller's, to abort.
 */
int delivery_send(struct delivery *d, struct spool_file *f,
    const struct delivery_head *head, int64_t now_ms) MUST_CHECK;

/* Give it up before or after commit, but not after the barrier. */
void delivery_abort(struct delivery *d);

#endif
