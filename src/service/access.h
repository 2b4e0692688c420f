/*
 * access: who may connect, log in and send: the settings and tables of the
 * policies in one place, asked by listen, submit and collect.
 *
 *   listen --access_accept-->  limit      a place for this client?
 *   submit --access_mail, access_rcpt-->  relay, grant, profile
 *          --access_sent-->    limit      one more message
 *   auth   --(grants, limit)-->           what logins leave behind
 *
 * Every decision about relaying is one log line with the rule that decided.
 *
 * Memory: the tables of struct access_memory, the caller's.
 * Bounds: as sized there.  Failure: a wrong rule or device is refused when it
 * is set.  Should one be stored all the same (by another version), then
 * access_configure says which; the former rules stay in force, or nothing is
 * relayed if it was wrong at the start; a wrong device is left out.
 * Tested: tests/unit/test_access.c, tests/e2e/test_access.py.
 */
#ifndef SERVICE_ACCESS_H
#define SERVICE_ACCESS_H

#include "platform/net.h"
#include "policy/grant.h"
#include "policy/limit.h"
#include "policy/network.h"
#include "policy/profile.h"
#include "policy/relay.h"
#include "service/auth.h"
#include "service/listener.h"
#include "service/stats.h"
#include "store/settings.h"

struct access_memory {
	struct grant *grants;
	uint16_t *grant_buckets; /* as many as grants */
	uint32_t grants_n;
	struct grant_holder *holders; /* one an account */
	struct limit_count *senders;  /* one an account */
	uint32_t accounts_n;
	struct limit_place *places;
	uint32_t places_n;
	struct profile *devices;
	uint32_t devices_n;
};

struct access {
	struct settings *settings;
	struct grants grants;
	struct limit limit;
	struct relay_rules rules[2]; /* one in force, one being read */
	unsigned now;		     /* which */
	bool ready;		     /* rules have been read once */
	struct networks lan;	     /* places are kept for these */
	struct networks auth_legacy;
	struct networks tls_legacy;
	struct profile *devices;
	uint32_t devices_n;
	uint32_t devices_cap;
	struct profile tried; /* a line that is being judged */
	uint8_t key[SIPHASH_KEY];
	char text[RELAY_TEXT + 1]; /* the rules, while they are read */
	uint64_t relayed;
	uint64_t denied;
};

/* What access must know of an SMTP client. */
struct access_client {
	struct net_addr addr;
	enum relay_listener listener;
	uint16_t account; /* who logged in; 0: nobody */
};

/*
 * ERR_IO when the system has no random numbers.
 */
int access_init(struct access *a, struct settings *settings,
    const struct access_memory *m) MUST_CHECK;

/*
 * Read all settings anew; on failure what was in force stays, and `why` names
 * the setting.
 */
int access_configure(
    struct access *a, int64_t now_ms, struct text *why) MUST_CHECK;

/* Is this rule, or this device's line, right?  See judge.h. */
int access_judge(struct access *a, enum setting id, struct span label,
    struct span value, struct text *why) MUST_CHECK;

/* Do all rules and devices fit in? */
int access_weigh(struct access *a, const struct settings_view *coming,
    struct text *why) MUST_CHECK;

/* Let auth use the grants and limits, and its marks. */
void access_connect_auth(struct access *a, struct auth_service *auth);

/* May a new client have one of `cap` places, of which `used` are taken? */
enum limit_answer access_accept(struct access *a, const struct net_addr *addr,
    unsigned used, unsigned cap, int64_t now_ms);

/* Put the owner's marks (auth.legacy, tls.legacy) on `n` listeners. */
void access_mark(const struct access *a, struct listener *l, unsigned n);

/* The rules' name of a listener. */
enum relay_listener access_listener(enum listener_role role);

/* The profile of a device at this address, or NULL. */
const struct profile *access_device(
    const struct access *a, const struct net_addr *addr);

/*
 * MAIL FROM: may this client send here at all?  `from_own`: the domain is one
 * of ours.
 */
enum relay_verdict access_mail(struct access *a, const struct access_client *c,
    const struct addr *from, bool from_own, int64_t now_ms,
    struct relay_answer *out);

/*
 * RCPT TO: may it reach this recipient?  `to_local`: delivered here.  Logged.
 */
enum relay_verdict access_rcpt(struct access *a, const struct access_client *c,
    const struct relay_question *q, int64_t now_ms, struct relay_answer *out);

/* The same without a word in the log and the counters, for the owner. */
enum relay_verdict access_may(struct access *a, const struct access_client *c,
    const struct relay_question *q, int64_t now_ms, struct relay_answer *out);

/* The `nth` bad recipient of a connection: as limit_bad_recipient. */
uint32_t access_bad_recipient(struct access *a, const struct net_addr *addr,
    unsigned nth, int64_t now_ms);

/* One more message: LIMIT_OK, or LIMIT_OVER (450). */
enum limit_answer access_sent(
    struct access *a, const struct access_client *c, int64_t now_ms);

/* Show grants, failures, bans and caps in the status. */
void access_stats(const struct access *a, struct stats *st);

/* "auth", "grant", ... for the log and the answers of the API. */
const char *access_basis_name(enum relay_basis basis);

#endif
