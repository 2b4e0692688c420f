/*
 * post: spool, queue, two accounts (ann, ben) and all that delivers to them,
 * on a file system in memory; for tests of deliver and notice.
 *
 * Ours is home.example; all else is elsewhere.
 */
#ifndef SUPPORT_POST_H
#define SUPPORT_POST_H

#include "service/notice.h"
#include "support/fs_emu.h"

struct post {
	struct fs_emu emu;
	struct mailbox_ids ids;
	struct spool spool;
	struct queue queue;
	struct queue_entry window[4];
	struct account table[4];
	uint16_t places[ACCOUNTS_INDEX(4)];
	struct accounts accounts;
	struct directory directory;
	struct deliver deliver;
	struct letter letter;
	struct notice notice;
	struct delivery delivery;
	struct spool_file file;
	struct queue_file queued;
	struct queue_strings strings;
};

/* Begin anew, with empty mailboxes and an empty queue. */
void post_init(struct post *p);

/*
 * Deliver "Subject: x\n\nbody\n" to `to`, addresses by blanks, as `head` says,
 * each with `notify`; the result of the barrier.
 */
int post_send(struct post *p, const struct delivery_head *head, const char *to,
    unsigned notify);

/* How many messages lie in this account's mailbox. */
unsigned post_count(struct post *p, const char *account);

/* The newest message there, as a terminated text. */
const char *post_read(struct post *p, const char *account);

/* Open the one message in the queue as p->queued; false: there is none. */
bool post_open(struct post *p, struct queue_entry *e);

#endif
