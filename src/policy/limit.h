/*
 * limit: what guessing, probing and flooding cost, and whom they shut out.
 *
 *   wrong login    -> a delay that doubles, then a ban          (T5)
 *   bad recipient  -> slower after 3, cut off after a number    (T12),
 *                     in one connection or over many
 *   connections    -> the last places are kept for known clients (T13)
 *   messages       -> so many an hour and a day from one sender
 *
 * Each address has a place in a table (an IPv6 client its /64), and so has
 * each login name that was tried, whether it exists or not.  Failures leak
 * away, one every LIMIT_LEAK_MS, so that a device with an old password that
 * asks every few minutes is never shut out.  An address from which a login
 * was right a while ago may fail four times as often.
 *
 * A name under attack from many addresses is not closed, as that would shut
 * out its owner: who never logged in from his address waits before his
 * password is looked at, the others do not.
 *
 * Nothing here blocks: functions answer "hold that back for N ms".
 *
 * Memory: the caller's arrays.  Bounds: fixed tables of LIMIT_WAYS places a
 * row, aimed at with a keyed hash; a full row gives up what matters least
 * (bans last).  Failure: none.  Tested: tests/unit/test_limit.c.
 */
#ifndef POLICY_LIMIT_H
#define POLICY_LIMIT_H

#include "core/siphash.h"
#include "core/span.h"

#define LIMIT_WAYS    8
#define LIMIT_LEAK_MS 60000
#define LIMIT_WAIT_MS 8000 /* the longest delay */

enum limit_answer {
	LIMIT_OK,
	LIMIT_BUSY,   /* no place for strangers now: 421 */
	LIMIT_BANNED, /* 421, or hang up */
	LIMIT_OVER,   /* the sender's hour or day is used up: 450 */
};

/* How well a client is known when it connects. */
enum limit_standing {
	LIMIT_STRANGER,
	LIMIT_LOCAL,   /* in a network of the owner's */
	LIMIT_GRANTED, /* has a grant now */
};

/* Messages in the running hour and day. */
struct limit_count {
	int64_t hour_ms, day_ms; /* when they began; 0: never */
	uint32_t hour, day;
};

struct limit_place {
	uint8_t key[16];    /* an address, or a name's hash */
	int64_t touched_ms; /* 0: free */
	int64_t leaked_ms;  /* failures are counted down to here */
	int64_t banned_ms;  /* until; 0: never */
	int64_t good_ms;    /* a login was right here at; 0: never */
	uint32_t failures;
	uint32_t bad_recipients; /* over all connections; leak as failures do */
	struct limit_count count;
};

struct limit_config {
	unsigned failures; /* of logins before a ban */
	int64_t ban_ms;
	unsigned bad_recipients;    /* borne in one connection */
	unsigned per_hour, per_day; /* messages of one sender; 0: no limit */
	unsigned reserved;	    /* places kept for known clients */
};

struct limit {
	struct limit_place *places;
	uint32_t rows;
	struct limit_count *senders; /* account `id` at id - 1 */
	uint32_t accounts;
	struct limit_config config;
	uint8_t key[SIPHASH_KEY];

	uint64_t failed; /* counters for status */
	uint64_t bans;
	uint64_t banned; /* connections refused for it */
	uint64_t busy;	 /* connections refused for known clients' sake */
	uint64_t over;
	uint64_t probes;    /* bad recipients */
	uint64_t forgotten; /* places given up for others */
};

/* Tables of zeros: `n` places (a multiple of LIMIT_WAYS), counts by account. */
void limit_init(struct limit *l, struct limit_place *places, uint32_t n,
    struct limit_count *senders, uint32_t accounts);

/* `key` is random, for this boot. */
void limit_configure(struct limit *l, const uint8_t key[SIPHASH_KEY],
    const struct limit_config *config);

/*
 * May this client have one of `cap` places, of which `used` are taken?
 * Strangers leave `reserved` places free, local clients half of them; who has
 * a grant, or logged in from there within the last day, may have the last.
 */
enum limit_answer limit_accept(struct limit *l, const uint8_t ip[16],
    enum limit_standing standing, unsigned used, unsigned cap, int64_t now_ms);

bool limit_is_banned(struct limit *l, const uint8_t ip[16], int64_t now_ms);

/* Was a login right from here within the last day? */
bool limit_is_good(struct limit *l, const uint8_t ip[16], int64_t now_ms);

/* Before a password is looked at: for how many ms to wait first. */
uint32_t limit_login_wait(
    struct limit *l, const uint8_t ip[16], struct span name, int64_t now_ms);

/* A login was wrong: for how many ms to hold back the answer. */
uint32_t limit_login_failed(
    struct limit *l, const uint8_t ip[16], struct span name, int64_t now_ms);

/* A login was right. */
void limit_login_ok(struct limit *l, const uint8_t ip[16], int64_t now_ms);

/*
 * The `nth` bad recipient (from 1) of a connection: ms to hold back the
 * answer, or UINT32_MAX: enough, cut it off.  What the address has had beyond
 * the number that one connection may have counts as if it were of this one,
 * so that hanging up and coming back gains nothing.
 */
uint32_t limit_bad_recipient(
    struct limit *l, const uint8_t ip[16], unsigned nth, int64_t now_ms);

/*
 * One more message from this account (0: nobody, the address counts).
 * LIMIT_OVER: its hour or day is used up; it is not counted then.
 */
enum limit_answer limit_send(
    struct limit *l, uint16_t account, const uint8_t ip[16], int64_t now_ms);

/* The same against a cap of its own (device profiles); 0: no limit. */
enum limit_answer limit_send_within(struct limit *l, const uint8_t ip[16],
    unsigned per_hour, unsigned per_day, int64_t now_ms);

/* Lift the ban of an address; false when there is none. */
bool limit_unban(struct limit *l, const uint8_t ip[16], int64_t now_ms);

/* Walk the addresses that are banned now: begin with 0; NULL at the end. */
const struct limit_place *limit_next_ban(
    const struct limit *l, uint32_t *at, int64_t now_ms);

#endif
