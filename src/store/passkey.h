/*
 * passkey: the key that a passphrase makes, in slices.
 *
 *   out   passkey_new   --passkey_run ... true--> given to whoever writes
 *   in    passkey_begin --passkey_run ... true--> given to whoever reads, with
 *                          the salt and rounds that stand in the file
 *
 * PBKDF2-HMAC-SHA-256, one block.  PASSKEY_ROUNDS take about 20 ms on a PC and
 * a second on a small router; a server goes on serving between two slices.
 * A zeroed one is "no passphrase".
 *
 * Memory: one struct, to be wiped with passkey_end.
 * Failure: ERR_IO without entropy.
 * Tested: tests/unit/test_settings_text.c, tests/e2e/test_backup.py.
 */
#ifndef STORE_PASSKEY_H
#define STORE_PASSKEY_H

#include "policy/kdf.h"
#include "store/seal.h"

#define PASSKEY_ROUNDS	   50000
#define PASSKEY_ROUNDS_MAX 10000000
#define PASSKEY_SALT	   16

struct passkey {
	uint32_t rounds; /* 0: no passphrase */
	bool done;
	uint8_t salt[PASSKEY_SALT];
	uint8_t key[SEAL_KEY]; /* once it is done */
	struct kdf kdf;
};

/*
 * Begin with salt and rounds as a file says them; what no passphrase can make
 * (an empty one, no rounds, or more than PASSKEY_ROUNDS_MAX) is done at once,
 * as none.
 */
void passkey_begin(struct passkey *k, struct span passphrase,
    const uint8_t salt[PASSKEY_SALT], uint32_t rounds);

/* The same for a new file; an empty passphrase is none. */
int passkey_new(
    struct passkey *k, struct span passphrase, seal_random fill) MUST_CHECK;

/* Go on until `now_us` says `until_us`; true once it is done. */
bool passkey_run(struct passkey *k, int64_t (*now_us)(void), int64_t until_us);

/* The same, however long it takes. */
void passkey_finish(struct passkey *k);

/* Is it the key for this salt and these rounds? */
bool passkey_is(
    const struct passkey *k, const uint8_t salt[PASSKEY_SALT], uint32_t rounds);

/* Wipe it. */
void passkey_end(struct passkey *k);

#endif
