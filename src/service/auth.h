/*
 * auth: logging in, for SMTP and POP3 alike.
 *
 *   request of a session                       accounts, verifiers
 *   -- auth_begin, auth_password, auth_apop -->   |
 *   <-- AUTH_CHALLENGE: auth_challenge            v
 *   -- auth_step ------------------------->  stretching in slices, delays
 *   <-- AUTH_PENDING ... peer->wake(peer->waker)
 *   -- auth_poll ------------------------->  AUTH_OK: auth_account
 *   -- auth_end  (always, also when the connection goes away)
 *
 * The module takes part in the loop: stretching a password is done in slices
 * of at most AUTH_SLICE_MS a turn for all exchanges together, and a refusal is
 * held back for the growing delay of policy/limit, without holding up anybody
 * else.  Unknown names and wrong passwords look alike in words and in time.
 *
 * Memory: one struct auth from a pool per exchange; the pool is as large as
 * the number of connections, so that a login never finds it empty unless a
 * connection keeps two.
 * Failure: AUTH_TEMPFAIL (no struct, no entropy, an account that vanished);
 * the client is told to come again.
 * Tested: tests/unit/test_auth.c, tests/e2e/test_access.py.
 */
#ifndef SERVICE_AUTH_H
#define SERVICE_AUTH_H

#include "core/pool.h"
#include "platform/net.h"
#include "policy/grant.h"
#include "policy/limit.h"
#include "policy/network.h"
#include "proto/sasl.h"
#include "service/loop.h"
#include "store/accounts.h"

#define AUTH_SLICE_MS 10

enum auth_protocol {
	AUTH_SMTP,
	AUTH_POP3, /* success records a grant (R3) */
	AUTH_HTTP, /* the page's login: auth_password only */
};

/* Who wants in; copied by auth_begin. */
struct auth_peer {
	struct net_addr addr;
	enum auth_protocol protocol;
	bool tls;		   /* the connection is under TLS now */
	bool legacy;		   /* its listener is marked as legacy */
	void (*wake)(void *waker); /* conn_wake, or NULL */
	void *waker;
};

enum auth_result {
	AUTH_PENDING,	/* wait for peer->wake, then auth_poll */
	AUTH_CHALLENGE, /* send auth_challenge, then auth_step */
	AUTH_OK,	/* 235 / +OK: auth_account says who */
	AUTH_FAILED,	/* 535 5.7.8 / -ERR [AUTH]; the same for all reasons */
	AUTH_TEMPFAIL,	/* 454 4.7.0 / -ERR [SYS/TEMP] */
	AUTH_NEEDS_TLS, /* 538 5.7.11 / -ERR; no secret was asked for (R10) */
	AUTH_UNKNOWN_MECH, /* 504 5.5.4 / -ERR */
	AUTH_SYNTAX,	   /* 501 5.5.2 / -ERR: not what the mechanism says */
	AUTH_BANNED,	   /* 421 4.7.0 / -ERR [SYS/TEMP], and close */
};

/* auth.plaintext: where passwords may travel in the clear */
enum auth_plaintext {
	AUTH_PLAIN_TLS,	   /* under TLS only */
	AUTH_PLAIN_LEGACY, /* and where marked as legacy */
	AUTH_PLAIN_ANY,
};

struct auth_config {
	enum auth_plaintext plaintext;
	bool old_form;		/* announce "AUTH=" to old clients, too (R9) */
	uint32_t iterations;	/* of a new password, and of a dummy */
	uint32_t cache_seconds; /* how long a right password is remembered */
	struct span domains;	/* host.domains, comma separated */
	struct span host;	/* host.name, for challenges */
	const struct networks *legacy; /* marked networks, or NULL */
};

struct auth;

struct auth_service {
	struct participant base;
	struct accounts *accounts;
	struct pool *pool; /* struct auth, AUTH_SIZE bytes each */
	struct users_cache cache;
	struct auth_config config;
	struct grants *grants;	   /* NULL: POP3 logins grant nothing */
	struct limit *limit;	   /* NULL: no delays and bans */
	const struct seal *seal;   /* opens legacy secrets */
	struct auth *first, *last; /* who waits for work or for a time */
	uint64_t serial;
	uint64_t accepted;
	uint64_t failed;
	uint64_t refused;    /* for want of TLS */
	uint64_t slowest_us; /* the longest slice so far */
};

/* Bytes of a struct auth, for its pool. */
#define AUTH_SIZE (1728 + (ENABLE_NETTLE ? 200 : 0))

/*
 * Prepare, and join the loop.  `seen` are `n_seen` slots for the cache of
 * right passwords.  ERR_IO when the kernel has no entropy.
 */
int auth_init(struct auth_service *as, struct accounts *accounts,
    struct pool *pool, struct users_seen *seen, uint32_t n_seen,
    const struct seal *seal) MUST_CHECK;

/* Record grants and failures there from now on; each may be NULL. */
void auth_connect(
    struct auth_service *as, struct grants *grants, struct limit *limit);

/* New settings; what they point to must stay valid. */
void auth_configure(struct auth_service *as, const struct auth_config *config);

/* May this peer send a password in the clear?  For USER, before PASS (R10). */
bool auth_is_plaintext_ok(
    const struct auth_service *as, const struct auth_peer *peer);

/*
 * The mechanisms to announce to this peer, separated by spaces ("PLAIN LOGIN
 * SCRAM-SHA-256"); empty: announce nothing.
 */
struct span auth_mechanisms(
    const struct auth_service *as, const struct auth_peer *peer);

/*
 * Announce `250-AUTH=LOGIN PLAIN` as well?  Only where auth_mechanisms has
 * these two.
 */
bool auth_has_old_form(
    const struct auth_service *as, const struct auth_peer *peer);

/* Is there any account with a legacy secret, so that APOP makes sense? */
bool auth_has_apop(const struct auth_service *as);

/*
 * Begin an exchange by mechanism name; `initial` counts only with has_initial
 * ("=" is already an empty one).  NULL: answer as for AUTH_TEMPFAIL.
 * Look at auth_poll for the state it is in.
 */
struct auth *auth_begin(struct auth_service *as, struct span mech,
    const struct auth_peer *peer, struct span initial, bool has_initial);

/* Begin with a name and a password (USER and PASS; the page's login). */
struct auth *auth_password(struct auth_service *as,
    const struct auth_peer *peer, struct span name, struct span password);

/* Begin with APOP's name and digest; `stamp` as in the greeting, with <>. */
struct auth *auth_apop(struct auth_service *as, const struct auth_peer *peer,
    struct span name, struct span digest, struct span stamp);

/* Feed the client's response (decoded) while AUTH_CHALLENGE. */
enum auth_result auth_step(struct auth *a, struct span response);

/* Where the exchange stands. */
enum auth_result auth_poll(const struct auth *a);

/* The challenge's raw bytes, valid until the next auth_step. */
struct span auth_challenge(const struct auth *a);

/* Who it is, after AUTH_OK; else NULL.  Keep the id, not the pointer. */
const struct account *auth_account(const struct auth *a);

/* The mechanism for logs: "PLAIN", "USER", "APOP". */
const char *auth_how(const struct auth *a);

/* Give the exchange back in whatever state it is; NULL is ignored. */
void auth_end(struct auth *a);

#endif
