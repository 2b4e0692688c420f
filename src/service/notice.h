/*
 * notice: telling a sender what became of his message (RFC 3461, 3464).
 *
 *   failure   recipients that will never get it
 *   delay     recipients that still wait
 *   success   recipients that have it, where their sender asked to know:
 *             "delivered" in a mailbox or by LMTP, "relayed" to a server that
 *             tells nobody.  Only for our own people: a stranger's address
 *             may be forged.
 *
 * A multipart/report: words for people in the owner's language, the report for
 * programs, and the message's header (with RET=FULL and up to NOTICE_FULL
 * octets, the message).  The sender is always <>; nothing is ever sent about a
 * message whose own sender is <>.  What others said stands only in bodies, in
 * printable ASCII.
 *
 * Posting is done at once and is durable on return: one barrier of its own.
 *
 * Memory: one struct, about 2 KB, and a letter.  Failure: enum err: nothing was
 * sent, the caller asks again later. Tested: tests/unit/test_notice.c,
 * tests/e2e/test_relay.py.
 */
#ifndef SERVICE_NOTICE_H
#define SERVICE_NOTICE_H

#include "service/letter.h"

#define NOTICE_FULL 65536u

enum notice_kind {
	NOTICE_FAILURE,
	NOTICE_DELAY,
	NOTICE_SUCCESS,
};

struct notice {
	struct letter *letter; /* the owner's, with host and language */
	uint64_t sent;
	struct queue_strings strings;
	char boundary[48];
};

/* When it is, and until when will be tried. */
struct notice_time {
	struct letter_time at;
	int64_t until_s; /* of a delay */
};

/* Prepare; `l` is shared with all who write one letter at a time. */
void notice_init(struct notice *n, struct letter *l);

/*
 * Tell the sender of `f`: of its recipients in state QUEUE_FAILED,
 * QUEUE_WAITING, or QUEUE_ARRIVED and QUEUE_DELIVERED, as `kind` says.  Their
 * states are not changed.
 */
int notice_send(struct notice *n, struct queue_file *f, const char *id,
    enum notice_kind kind, const struct notice_time *t) MUST_CHECK;

#endif
