/*
 * sending: everything behind a message that has been accepted, put together.
 *
 *   directory, deliver   where a message goes
 *   queue, relayd        what goes on to other servers
 *   resolver, notice     what relayd needs
 *   quarantine, custody  what the scanner stopped
 *
 * Memory: one struct and the areas of struct sending_memory, the caller's.
 * Failure: `why` gets one line that says what is wrong and what to do.
 */
#ifndef SERVICE_SENDING_H
#define SERVICE_SENDING_H

#include "service/custody.h"
#include "service/quota.h"
#include "service/relayd.h"
#include "service/state.h"

#define SENDING_DOMAINS 1024

struct sending_memory {
	struct queue_entry *window;
	uint32_t window_n;
	void *lookups; /* POOL_MEMORY of struct lookup */
	uint32_t lookups_n;
	struct resolver_memo *memo;
	uint32_t memo_n;
	struct relayd_slot *slots;
	unsigned slots_n;
	struct relay_dest *dests;
	uint32_t dests_n;
	struct warning_rate *rates;
	uint32_t rates_n;
	struct quota_use *quotas; /* by account id */
};

/* Rewritten senders carry the day: it goes on while the server runs. */
struct sending_day {
	struct participant base;
	struct srs *srs;
};

struct sending {
	struct state *state;
	struct pool lookups;
	struct resolver resolver;
	struct srs srs;
	struct sending_day day;
	struct directory directory;
	struct deliver deliver;
	struct files files; /* the queue's own: its syncs go on the side */
	struct queue queue;
	struct quarantine quarantine;
	struct custody custody;
	struct letter letter;
	struct notice notice;
	struct warning warning;
	struct quota quota;
	struct lists lists;
	struct relayd relayd;
	struct tls_config tls;
	struct signer signer;
	struct tls_roots roots;
	char host[ADDR_DOMAIN_MAX + 1];
	char domains[SENDING_DOMAINS];
	bool no_postmaster; /* and that has been said */
	char postmaster[ADDR_TEXT_MAX + 1];
	char catch_all[ADDR_TEXT_MAX + 1];
	char mail_root[FS_PATH_MAX / 2];
};

struct sending_parts {
	struct state *state;
	struct spool *spool; /* initialized */
	struct pool *tls_pool;
	const char *mail_root; /* folder of the mailboxes */
	/* folders on the same file system */
	const char *queue;
	const char *quarantine;
};

/*
 * Before anything is accepted: what addresses mean (directory, deliver).
 * `spool` may be initialized later.
 */
void sending_init(struct sending *s, const struct sending_parts *p);

/* After the spool: open the queue and all that sends it on. */
int sending_open(struct sending *s, const struct sending_parts *p,
    const struct sending_memory *m, struct text *why) MUST_CHECK;

/*
 * Without a server, for the command line: what addresses mean and where mail
 * goes; the quarantine is open and read, the queue is not.
 */
int sending_open_alone(struct sending *s, const struct sending_parts *p,
    const char *host) MUST_CHECK;

/* New settings; `host` is our name.  ERR_RANGE: a text is too long. */
int sending_configure(struct sending *s, const char *host) MUST_CHECK;

/* Join the loop, behind the durability barrier. */
void sending_join(struct sending *s, struct loop *l);

/* End all connections to other servers and close the queue. */
void sending_close(struct sending *s);

#endif
