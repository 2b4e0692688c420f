/*
 * users: the forms in which names and passwords are known.
 *
 *   login name   "User%example.org" --users_name--> "user"
 *   password     --kdf (policy/kdf)--> verifier (RFC 5803's four parts)
 *                --users_cache_*--> "this one was right a moment ago"
 *
 * A verifier is what SCRAM-SHA-256 keeps (RFC 5802 section 3, RFC 7677): with
 * it a password can be checked, but neither read nor used to log in elsewhere.
 *
 * Memory: all of it the caller's.  Failure: none but bad input.
 * Tested: test_sasl (RFC 7677's example, property of the cache).
 */
#ifndef POLICY_USERS_H
#define POLICY_USERS_H

#include <bearssl.h>

#include "core/err.h"
#include "core/span.h"

#define USERS_NAME_MAX	     54	 /* an account's name, and its folder's */
#define USERS_PASSWORD_MAX   191 /* octets of UTF-8 */
#define USERS_SALT	     16
#define USERS_HASH	     32
#define USERS_KEY	     32
#define USERS_ITERATIONS_MIN 4096 /* RFC 7677 section 4 */
#define USERS_ITERATIONS_MAX 1000000

struct users_verifier {
	uint32_t iterations;
	uint8_t salt[USERS_SALT];
	uint8_t stored_key[USERS_HASH];
	uint8_t server_key[USERS_HASH];
};

/*
 * Bring a login name to the form under which accounts are found: lower case,
 * "@domain" or "%domain" cut off when it is one of `domains` (a comma
 * separated list, RFC 5321 names), else ERR_MISSING.  ERR_SYNTAX when the rest
 * is not an account name.  `out` has USERS_NAME_MAX + 1 bytes.
 */
int users_name(struct span login, struct span domains, char *out) MUST_CHECK;

/*
 * May this be an account's name?  1 to USERS_NAME_MAX of a-z 0-9 . _ -, no dot
 * at either end and none beside another, no '-' in front; so a dot-string of
 * RFC 5321 and a folder name on any file system.
 */
bool users_is_name(struct span name);

/*
 * Prepare a password for comparison, the first step of SASLprep (RFC 4013
 * section 2.1): other kinds of blanks become a space, characters that show
 * nothing go.  The second, codec/nfkc's, is up to the caller.  Bytes that are
 * no UTF-8 stay, as clients of 1999 send Shift JIS.  Returns the octets in
 * `out`, ERR_SYNTAX for controls or an empty result, ERR_RANGE above
 * USERS_PASSWORD_MAX.
 */
int users_prep(struct span in, uint8_t out[USERS_PASSWORD_MAX]) MUST_CHECK;

/* The two keys that follow from a salted password. */
void users_keys(const uint8_t salted[USERS_HASH],
    uint8_t stored_key[USERS_HASH], uint8_t server_key[USERS_HASH]);

/*
 * A salted password's keys put into `v` beside its salt and iterations.
 */
void users_verifier_set(
    struct users_verifier *v, const uint8_t salted[USERS_HASH]);

/* Is this the salted password behind `v`?  In constant time. */
bool users_verifier_is(
    const struct users_verifier *v, const uint8_t salted[USERS_HASH]);

/*
 * A verifier that no password fits, for a name that has no account: its salt
 * follows from the name and `key`, so that it is the same at every try.
 */
void users_verifier_dummy(struct users_verifier *v, struct span name,
    const uint8_t key[USERS_KEY], uint32_t iterations);

#define USERS_RECORD (4 + USERS_SALT + 2 * USERS_HASH)

/* The compact record on flash: iterations (big endian), salt, both keys. */
void users_verifier_write(
    const struct users_verifier *v, uint8_t out[USERS_RECORD]);

/* ERR_SYNTAX for a wrong length, ERR_RANGE for impossible iterations. */
int users_verifier_read(
    struct span record, struct users_verifier *v) MUST_CHECK;

/*
 * Passwords that were right: so that a client that polls every minute costs
 * one short hash instead of a stretching.  An entry holds no password, only a
 * tag under a key made at boot; it dies with the verifier it was made for.
 */
struct users_seen {
	uint8_t tag[16];
	int64_t until_ms; /* 0: empty */
};

struct users_cache {
	struct users_seen *slots;
	uint32_t n; /* a multiple of 2 */
	int64_t keep_ms;
	uint8_t key[USERS_KEY];
	uint64_t hits;
	uint64_t misses;
};

/* `n` slots (a multiple of 2) of the caller's; `key` random for this boot. */
void users_cache_init(struct users_cache *c, struct users_seen *slots,
    uint32_t n, int64_t keep_ms, const uint8_t key[USERS_KEY]);

/* Was this password right for this verifier within the last keep_ms? */
bool users_cache_has(struct users_cache *c, const struct users_verifier *v,
    struct span password, int64_t now_ms);

/* It was right just now: remember, in place of the older of two. */
void users_cache_put(struct users_cache *c, const struct users_verifier *v,
    struct span password, int64_t now_ms);

#endif
