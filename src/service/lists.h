/*
 * lists: mailing lists (R23).
 *
 *   list.club = owner=anna posting=members members=anna,ben@example.net
 *   list.club:2 = members=carl,...    more of them; up to list.club:6
 *
 *   club@            a posting: goes to every member once
 *   club-owner@, club-request@, club-bounces@     to the owner
 *
 * `posting=members` (the default) takes postings from members and the owner
 * only, by their envelope sender (also those behind a member that is an alias
 * of ours), and refuses others at RCPT; `anyone` takes all but the null sender.
 * A posting waits in the queue under the list's bare name and is made into one
 * new message for all members: List-Id, List-Post and List-Unsubscribe are
 * added, its sender is club-bounces@, so that what fails comes to the owner.  A
 * message that has been through the list already is not posted again.
 *
 * Memory: one struct, about 20 KB.  Bounds: DIRECTORY_LIST_PARTS settings a
 * list, its members' addresses together DELIVERY_NOTED.
 * Failure: enum err: nothing was posted; the queue tries again.
 * Tested: tests/unit/test_directory.c, tests/e2e/test_lists.py.
 */
#ifndef SERVICE_LISTS_H
#define SERVICE_LISTS_H

#include "service/deliver.h"

struct lists {
	struct deliver *deliver;
	struct spool spool; /* its batch is only ever one message */
	struct spool_file file;
	struct delivery delivery;
	uint64_t wire_octets;
	char id[ADDR_TEXT_MAX + 16]; /* "<club.home.example>" */
	char sender[ADDR_TEXT_MAX + 16];
	char text[DIRECTORY_TEXT];
	uint8_t piece[2048];
};

/* Prepare; `tmp` as for the main spool. */
int lists_init(struct lists *l, struct deliver *d, const char *tmp) MUST_CHECK;

/*
 * The setting list.LABEL with this text: ERR_SYNTAX and what is wrong with it.
 */
int lists_judge(
    struct span label, struct span text, struct text *why) MUST_CHECK;

/* May this envelope sender post to the list? */
bool lists_may_post(
    const struct directory *d, struct span name, struct span sender);

/*
 * Post the message in `f` to the list `name`: durable on return.  ERR_MISSING:
 * there is no such list, or nobody on it; ERR_EXISTS: it has been through the
 * list before.
 */
int lists_post(struct lists *l, struct queue_file *f, struct span name,
    int64_t now_ms, int64_t now_s) MUST_CHECK;

#endif
