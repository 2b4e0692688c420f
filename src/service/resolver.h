/*
 * resolver: names into exchangers and addresses, without blocking.
 *
 *   resolver_begin -> struct lookup, pending
 *   ... turns of the loop: UDP, again, another server, TCP if cut ...
 *   lookup->done: lookup->answer; resolver_end
 *
 * Every query has its own socket (a random port), a random id, and is believed
 * only when server, id and question fit (RFC 5452).  Answers are remembered
 * for their TTL within RESOLVER_TTL bounds of service/dns, failures are not.
 *
 * Memory: lookups from a pool, the cache is the caller's array.
 * Bounds: RESOLVER_SERVERS servers, RESOLVER_TRIES tries of RESOLVER_WAIT_MS
 * each; a TCP answer of RESOLVER_TCP octets; DNS_ALIASES aliases in a row.
 * Failure: answer.outcome DNS_FAILED, and `why` in words.
 * Tested: tests/e2e/test_dns.py (NSD, and a server that lies).
 */
#ifndef SERVICE_RESOLVER_H
#define SERVICE_RESOLVER_H

#include "core/pool.h"
#include "service/dns.h"
#include "service/loop.h"

#define RESOLVER_SERVERS 4
#define RESOLVER_TRIES	 6
#define RESOLVER_WAIT_MS 2500
#define RESOLVER_TCP	 4096

struct lookup {
	struct lookup *next, *prev;
	struct resolver *owner;
	bool done;
	bool tcp, connected;
	int fd; /* -1: none */
	enum dns_type type;
	unsigned tries, aliases;
	int64_t deadline_ms;
	const char *why;
	size_t query_len, sent, have;
	char name[DNS_NAME_MAX];
	uint8_t query[2 + DNS_QUERY_MAX]; /* behind its length, as TCP has it */
	uint8_t reply[RESOLVER_TCP];
	struct dns_answer answer;
};

struct resolver_memo {
	char name[DNS_NAME_MAX];
	enum dns_type type;
	int64_t until_ms; /* 0: free */
	struct dns_answer answer;
};

struct resolver {
	struct participant base;
	struct pool *lookups;
	struct lookup *list;
	struct resolver_memo *memo;
	uint32_t memo_n;
	struct net_addr server[RESOLVER_SERVERS];
	unsigned server_n, server_at;
	unsigned tries;	 /* in all, of one name */
	int64_t wait_ms; /* for one server */
	uint64_t asked, remembered, failed;
};

/* Prepare; then join `base` to the loop before those who ask. */
void resolver_init(struct resolver *r, struct pool *lookups,
    struct resolver_memo *memo, uint32_t memo_n);

/* Ask these from now on: "ADDR" or "ADDR:PORT", by commas. */
void resolver_servers(struct resolver *r, struct span list);

/*
 * Read a resolv.conf as glibc does: nameserver (also with %scope; none:
 * 127.0.0.1), options timeout and attempts.
 */
void resolver_conf(struct resolver *r, struct span text);

/* Forget what was learnt. */
void resolver_forget(struct resolver *r);

/*
 * Begin to look `name` up; NULL when the pool is empty.  Often done at once.
 * A name that is an address is answered as itself.
 */
struct lookup *resolver_begin(
    struct resolver *r, struct span name, enum dns_type type, int64_t now_ms);

/* Let go of it, done or not; NULL is ignored. */
void resolver_end(struct lookup *l);

#endif
