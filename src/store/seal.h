/*
 * seal: small secrets at rest.
 *
 *   kind (1) | nonce (12) | ciphertext | tag (16)
 *
 * ChaCha20-Poly1305 (RFC 8439) with the secret's name as associated data: a
 * sealed value moved to another name does not open.
 *
 * Memory: struct seal holds a key: wipe it with secret_wipe when done.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "core/err.h"
#include "core/span.h"

#define SEAL_KEY  32
#define SEAL_OVER 29 /* what sealing adds, in octets */

/* Fill `len` octets with random ones; platform/entropy has it. */
typedef int (*seal_random)(void *to, size_t len);

struct seal {
	uint8_t key[SEAL_KEY];
	seal_random random;
};

/*
 * Seal `plain` into `out`, which has plain.len + SEAL_OVER octets.  Returns
 * that number; ERR_RANGE when `cap` is less, ERR_IO without entropy.
 */
int seal_close(const struct seal *s, struct span name, struct span plain,
    uint8_t *out, size_t cap) MUST_CHECK;

/*
 * Open a sealed value; returns the octets in `out`.  ERR_DENIED: other key,
 * other name or damaged; ERR_RANGE: `cap` is too small.
 */
int seal_open(const struct seal *s, struct span name, struct span sealed,
    uint8_t *out, size_t cap) MUST_CHECK;

#endif
