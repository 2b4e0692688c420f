/*
 * grant: POP-before-SMTP.  A login permits relaying from its address for a
 * while: at least W, at most 2W, whatever the order of events.
 *
 *      generation 6      generation 7      generation 8
 *   ---|---login---------|-----------------|------------> time
 *          `---- may relay ----------------'
 *
 * Two generations count, the running one and the one before; they change
 * every W, and what is older is swept out then.  No timers, and nothing that
 * an attempt to relay could renew.
 *
 * An entry stands for an address and an account.  One account holds at most
 * `per_account` of them, its newest replacing its oldest; as the table holds
 * that many for every account, nobody can push anybody else out.
 *
 * Time is monotonic milliseconds.  Adding and finding are O(1); the sweep
 * touches each entry once every W.
 *
 * Memory: the caller's three arrays.  Bounds: as given to grants_init.
 * Failure: none.  Tested: tests/unit/test_grant.c, by random orders of events
 * against a simple model.
 */
#ifndef POLICY_GRANT_H
#define POLICY_GRANT_H

#include "core/siphash.h"
#include "core/span.h"

/* How the password travelled at the login that made the grant. */
enum grant_how {
	GRANT_NONE,
	GRANT_CLEAR,	 /* readable on the wire */
	GRANT_CHALLENGE, /* APOP, CRAM-MD5, SCRAM: protected */
	GRANT_TLS,	 /* protected */
};

#define GRANT_END	0      /* no entry; they count from 1 */
#define GRANT_WINDOW_MS 300000 /* W until configured */

struct grant {
	uint8_t ip[16];
	int64_t made_ms;
	uint32_t generation;
	uint16_t account;      /* 0: a free entry */
	uint16_t next;	       /* in its bucket, or among the free */
	uint16_t older, newer; /* of the same account */
	enum grant_how how;
};

/* An account's entries, from oldest to newest. */
struct grant_holder {
	uint16_t oldest, newest;
	uint16_t n;
};

struct grants {
	struct grant *table;
	uint16_t *buckets;	      /* as many as entries */
	struct grant_holder *holders; /* account `id` at id - 1 */
	uint32_t cap;
	uint32_t accounts;
	uint16_t free; /* given back; beyond `used` none was ever taken */
	uint16_t used;
	uint16_t per_account;
	uint32_t generation;
	int64_t window_ms;
	int64_t begun_ms; /* the running generation */
	uint8_t key[SIPHASH_KEY];

	uint32_t live; /* counters for status */
	uint64_t made;
	uint64_t renewed;
	uint64_t replaced; /* an account's oldest for its newest */
	uint64_t revoked;
	uint64_t refused; /* relay attempts without a grant: see grants_find */
};

/*
 * Prepare an empty table of `cap` entries (at most 65534, and at least
 * `accounts`) with as many buckets, for account ids 1 to `accounts`.
 */
void grants_init(struct grants *g, struct grant *table, uint16_t *buckets,
    uint32_t cap, struct grant_holder *holders, uint32_t accounts);

/*
 * Set the hash's key (random, for this boot; another one forgets all), the
 * window W (> 0) and the most entries an account may hold (clamped).
 */
void grants_configure(struct grants *g, const uint8_t key[SIPHASH_KEY],
    int64_t window_ms, unsigned per_account, int64_t now_ms);

/* A login succeeded: permit relaying from `ip`; account 1 to `accounts`. */
void grants_add(struct grants *g, const uint8_t ip[16], uint16_t account,
    enum grant_how how, int64_t now_ms);

/*
 * The grant for this address that was made in at least this way, or NULL
 * (counted in `refused`).  Valid until the next call.
 */
const struct grant *grants_find(struct grants *g, const uint8_t ip[16],
    enum grant_how at_least, int64_t now_ms);

/* Withdraw all grants of an address, or of an account; how many there were. */
unsigned grants_revoke_ip(struct grants *g, const uint8_t ip[16]);
unsigned grants_revoke_account(struct grants *g, uint16_t account);

/*
 * Walk all live grants in no order: begin with *where = 0; NULL at the end.
 */
const struct grant *grants_next(
    struct grants *g, uint32_t *where, int64_t now_ms);

/* For how much longer at most the grant will count. */
int64_t grants_left_ms(
    const struct grants *g, const struct grant *one, int64_t now_ms);

#endif
