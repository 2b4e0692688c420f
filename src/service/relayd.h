/*
 * relayd: sends queued messages on.
 *
 *   queue --a message--> slot --batch--> way (MX, addresses) --> outgoing
 *     ^                   |                                        |
 *     `-- later, done ----+<----------- results, one by one -------'
 *
 * Once the far end has said what it takes, the message gets the form in which
 * it leaves (service/dispatch): another sender, 7-bit only, a signature.
 *
 * A slot delivers one message at a time over one connection at a time.  A
 * round is one pass over a message's waiting recipients: those with the same
 * way and the same sender are one batch, sent together.  Ways are looked up
 * anew in every round.  After a round the connection is kept for a few
 * seconds, for the next message that goes the same way.
 *
 * What becomes of a recipient is written into the message's file as soon as
 * the far end has said it.  A message whose recipients are all done is
 * removed; removals become durable on the side, those of some turns together.
 * A power cut between the far end's "250" and that moment is the one window in
 * which a message is sent twice.  A message that is given up in the middle, or
 * whose delivery a kill ends, does not go on from the kernel's buffers
 * (net_drop_unsent): it is then the queue's again, and may be deleted.
 *
 * Memory: slots from the caller's array, about 42 KB each; nothing grows with
 * the queue.  Bounds: as in proto/smtp_client, RELAYD_BATCH recipients at once.
 * Failure: storage errors leave the message as it is on the disk and try
 * again later.
 * Tested: tests/e2e/test_relay.py.
 */
#ifndef SERVICE_RELAYD_H
#define SERVICE_RELAYD_H

#include "service/deliver.h"
#include "service/dispatch.h"
#include "service/lists.h"
#include "service/notice.h"
#include "service/outgoing.h"
#include "service/relay_dest.h"
#include "service/relayd_clock.h"
#include "service/relayd_login.h"
#include "service/resolver.h"
#include "service/route.h"

#define RELAYD_BATCH   100
#define RELAYD_BODY    8192
#define RELAYD_PARK_MS 5000

_Static_assert(RELAYD_BODY >= DISPATCH_OUT, "a read of a message fits");
#define RELAYD_SKIPPED 8  /* ways that a round leaves out */
#define RELAYD_RECOVER 64 /* old messages indexed a turn */
#define RELAYD_SLICES  48 /* of messages prepared a turn: 192 KiB */

enum relayd_state {
	RELAYD_IDLE,
	RELAYD_NEXT,	/* has a message: its next batch, or the round's end */
	RELAYD_MX,	/* waiting for the exchangers */
	RELAYD_ADDRESS, /* waiting for the addresses of one host */
	RELAYD_PREPARING, /* connected: the message gets its form */
	RELAYD_TALKING,
	RELAYD_END,    /* the round is over: what becomes of the message? */
	RELAYD_PARKED, /* connected, no message */
};

struct relayd_slot {
	enum relayd_state state;
	bool has_mail;
	bool mailed; /* the batch has been offered to the far end */
	bool no_tls; /* opportunistic TLS has failed at this address */
	bool chunking;

	/* the message */
	struct queue_entry entry;
	struct queue_file file;
	struct dispatch dispatch; /* what leaves on this way */
	size_t body_len, body_used;
	uint32_t skipped[RELAYD_SKIPPED]; /* keys of ways that rest */
	unsigned skipped_n;
	int64_t skip_until_ms;
	bool tried;	    /* the far end of any recipient was asked */
	bool waits;	    /* something is to be done again, but later */
	bool rests;	    /* a way was skipped that fails at present */
	bool all_sent;	    /* the one recipient has it: nothing to write */
	bool wrote;	    /* states that are not yet durable */
	bool broken;	    /* a state could not be written: no more now */
	bool login_refused; /* by the smarthost ... */
	bool login_told;    /* ... and this sender is told at once */

	/* the batch */
	bool list; /* its one recipient is a list of ours */
	bool utf8; /* its sender or its recipients are not ASCII */
	struct route way;
	uint32_t key;
	unsigned rcpt_n, rcpt_at;
	bool settled[RELAYD_BATCH];
	uint64_t rcpt[RELAYD_BATCH]; /* where their records lie */
	char domain[ADDR_DOMAIN_MAX + 1];
	char sender[QUEUE_PATH_MAX + 1];

	/* the way */
	struct lookup *lookup;
	unsigned mx_at, address_at;
	unsigned spoken_mx;  /* which exchanger it was */
	struct reply spoken; /* what a server before this one put it off with */
	bool nowhere;	     /* DNS is sure: no exchanger has an address */
	struct dns_answer mx;
	struct dns_answer addresses;
	struct relay_dest *dest; /* counted as active there */
	int64_t parked_ms;

	struct outgoing out;
	char add[512]; /* fields that the message lacks */
	char secret[256];
	char nonce[40];
	uint8_t body[RELAYD_BODY];
};

struct relayd_config {
	struct span host;				 /* our name for EHLO */
	int64_t retry_s, retry_max_s, expire_s, delay_s; /* delay 0: never */
	unsigned per_dest;
	bool hold; /* send nothing */
};

/*
 * The certificates that vouch for servers.  Reading them takes a moment, so
 * they are read when a route first needs them.
 */
typedef const struct tls_roots *(*relayd_roots)(void *ctx);

struct relayd {
	struct participant base;
	struct queue *queue;
	struct settings *settings;
	struct resolver *resolver;
	const struct directory *directory;
	struct notice *notice;
	struct lists *lists;
	relayd_roots roots;
	void *roots_ctx;
	struct pool *tls_pool;
	const struct tls_config *tls_config;
	struct relayd_slot *slots;
	unsigned slots_n;
	struct relay_dests dests;
	struct routes routes;
	struct relayd_config config;
	struct queue_strings strings;
	struct reply own; /* words of ours, where no server spoke */
	int64_t now_ms, now_s;
	struct relayd_clock clock;
	bool noticed; /* one notice a turn */
	bool busy;    /* one RSA operation, and so many slices, a turn */
	unsigned slices;
	const struct signer *signer; /* may be NULL */
	struct dispatch_work work;
	struct relayd_login login;
	uint64_t delivered, deferred, failed, rounds;
};

struct relayd_parts {
	struct queue *queue;
	struct settings *settings;
	struct resolver *resolver;
	const struct directory *directory;
	struct notice *notice;
	struct lists *lists;
	struct pool *tls_pool;
	const struct tls_config *tls_config;
	const struct signer *signer; /* of mail that leaves; may be NULL */
	relayd_roots roots;	     /* asked when a route must be verified */
	void *roots_ctx;
	struct relayd_slot *slots;
	unsigned slots_n;
	struct relay_dest *dests;
	uint32_t dests_n;
};

/* Prepare; then relayd_configure, and join `base` after the barrier. */
void relayd_init(struct relayd *r, const struct relayd_parts *parts);

/* New settings: ways are read anew; the host name outlives the relayd. */
void relayd_configure(struct relayd *r, const struct relayd_config *c);

/* End all connections; messages stay as they are on the disk. */
void relayd_stop(struct relayd *r);

/* --- between relayd's own files ------------------------------------------ */

/* relayd_batch.c: take the recipients that go together now, and their way. */
void relayd_next_batch(struct relayd *r, struct relayd_slot *s);

/* relayd_round.c: take up the message in s->entry; what becomes of it. */
void relayd_begin(struct relayd *r, struct relayd_slot *s);
void relayd_end(struct relayd *r, struct relayd_slot *s);

/* relayd_dispatch.c: give the message its form; a slice of that work. */
void relayd_prepare(struct relayd *r, struct relayd_slot *s);
bool relayd_prepare_step(struct relayd *r, struct relayd_slot *s);

/* The connection has ended before MAIL, with no result: as a failed session. */
void relayd_lost(struct relayd *r, struct relayd_slot *s);

/* relayd_list.c: the batch is one list: post to it. */
void relayd_post(struct relayd *r, struct relayd_slot *s);

/* The destination of a recipient; 0 for a list.  For struct queue. */
uint32_t relayd_dest_of(void *relayd, struct span sender, struct span path);

/* The octet that marks a recipient as asked for in this round. */
uint8_t relayd_mark(const struct relayd_slot *s);

/* In whose name this recipient gets the message. */
struct span relayd_sender(
    const struct relayd_slot *s, const struct queue_rcpt *q);

/* One result of the far end. */
void relayd_result(struct relayd *r, struct relayd_slot *s,
    const struct smtp_client_result *result);

/* The whole batch: not now, or never. */
void relayd_batch_failed(struct relayd *r, struct relayd_slot *s, bool never,
    const struct reply *reply);

/* relayd_way.c: find and try the way of the batch. */
void relayd_way(struct relayd *r, struct relayd_slot *s);
void relayd_looked_up(struct relayd *r, struct relayd_slot *s);

/* No message could be sent over this connection: another address. */
void relayd_session_failed(
    struct relayd *r, struct relayd_slot *s, const struct reply *reply);

/* A message that failed for now may go to another address: true if it does. */
bool relayd_elsewhere(struct relayd *r, struct relayd_slot *s,
    const struct smtp_client_result *result);

/* The name of the server that is being talked to. */
struct span relayd_host(const struct relayd_slot *s);

/* The same address again, without what it did not understand. */
void relayd_reconnect(struct relayd *r, struct relayd_slot *s);

/* Let go of the connection and its count. */
void relayd_hang_up(struct relayd_slot *s);

#endif
