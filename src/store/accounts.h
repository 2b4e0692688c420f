/*
 * accounts: who has a mailbox and may log in.
 *
 * One fixed table in RAM, found by name in O(1); every change is written to
 * the settings log (key `account.NAME`) before it counts.
 * The account `admin` is an account like the others.
 *
 * An account's id is a small number, 1 to the table's size; it stays the same
 * for the account's life, over restarts, and a freed one is used again last.
 * Pointers to accounts are valid until the next add or remove; keep the id.
 *
 * Memory: the caller's table (one struct account each) and index.
 * Bounds: `cap` accounts.  Failure: ERR_FULL, ERR_EXISTS, ERR_MISSING, and
 * what the settings log says (ERR_IO, ERR_FULL): nothing is changed then.
 * Tested: tests/unit/test_accounts.c.
 */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "core/err.h"
#include "core/span.h"
#include "policy/users.h"
#include "store/kv.h"
#include "store/seal.h"

/* The sealed legacy secret: see account_secret. */
#define ACCOUNT_SEALED_MAX (SEAL_OVER + USERS_PASSWORD_MAX)
#define ACCOUNT_RECORD_MAX (4 + USERS_RECORD + ACCOUNT_SEALED_MAX)

enum account_flag {
	ACCOUNT_LEGACY = 1, /* a sealed secret for APOP and CRAM-MD5 is kept */
	ACCOUNT_DISABLED = 2, /* mail comes in, nobody gets in */
	ACCOUNT_NO_WARN = 4,  /* not told of messages that were stopped */
};

struct account {
	uint16_t id;   /* 0: free */
	uint8_t flags; /* of enum account_flag */
	uint8_t name_len;
	uint8_t sealed_len;
	char name[USERS_NAME_MAX + 1];
	struct users_verifier verifier;
	uint8_t sealed[ACCOUNT_SEALED_MAX];
};

struct accounts {
	struct kv *kv;	       /* NULL: in memory only */
	struct account *table; /* account `id` stands at id - 1 */
	uint16_t *index;       /* ids, open addressing, `index_cap` places */
	uint32_t cap;
	uint32_t index_cap;
	uint32_t count;
	uint32_t legacy; /* how many keep a legacy secret */
	uint32_t last_id;
};

/* Places in the index that go with a table of `cap` accounts. */
#define ACCOUNTS_INDEX(cap) (2 * (cap) + 1)

static inline struct span
account_name(const struct account *a)
{
	return span_of(a->name, a->name_len);
}

/* An empty table; `index` has ACCOUNTS_INDEX(cap) places, cap <= 30000. */
void accounts_init(
    struct accounts *as, struct account *table, uint32_t cap, uint16_t *index);

/*
 * Read all accounts from `kv`, and keep changes there from now on.  A record
 * that makes no sense is left alone and counted in `*bad`.  ERR_FULL: more
 * accounts than places; ERR_IO.
 */
int accounts_load(struct accounts *as, struct kv *kv, unsigned *bad) MUST_CHECK;

/*
 * The legacy secret's bytes in the clear, in `out` (USERS_PASSWORD_MAX); its
 * length, ERR_MISSING, or ERR_DENIED when it was sealed with another key.
 * The caller wipes it.
 */
int account_secret(
    const struct account *a, const struct seal *seal, uint8_t *out) MUST_CHECK;

/* Seal a legacy secret for that account; the octets in `out`, or an error. */
int account_seal(struct span name, struct span password,
    const struct seal *seal, uint8_t out[ACCOUNT_SEALED_MAX]) MUST_CHECK;

/* The account with exactly this name (see users_name), or NULL. */
const struct account *accounts_find(
    const struct accounts *as, struct span name);

/* The account with this id, or NULL. */
const struct account *accounts_by_id(const struct accounts *as, uint16_t id);

/*
 * Add an account; ERR_SYNTAX for a name that users_is_name refuses,
 * ERR_EXISTS, ERR_FULL.  `legacy` is a sealed secret or empty.
 */
int accounts_add(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy) MUST_CHECK;

/* Replace verifier and legacy secret (empty: keep none); ERR_MISSING. */
int accounts_set_password(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy) MUST_CHECK;

/* Replace the flags but ACCOUNT_LEGACY, which follows the secret. */
int accounts_set_flags(
    struct accounts *as, struct span name, uint8_t flags) MUST_CHECK;

/* ERR_MISSING when there is none.  Its mail stays where it is. */
int accounts_remove(struct accounts *as, struct span name) MUST_CHECK;

/*
 * Walk all accounts by id: give 0 first, then the id of the one before; NULL
 * at the end.
 */
const struct account *accounts_next(const struct accounts *as, uint16_t after);

#endif
