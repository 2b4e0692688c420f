/*
 * key: private keys as files hold them, made ready for BearSSL.
 *
 * PKCS#8, SEC 1 and PKCS#1 forms (RFC 5208, 5915, 8017), as DER.  BearSSL has
 * a decoder for these, but it writes large keys past its buffer: what is read
 * here is measured first.
 *
 * Memory: struct key holds the numbers; it points into itself and is not to
 * be copied.  Bounds: EC P-256 and P-384; RSA with 2048 to 4096 bits and two
 * primes.  Failure: ERR_SYNTAX (not a key, or damaged), ERR_UNSUPPORTED (a
 * kind that is not done; `why` says which), ERR_RANGE (too small, too large).
 * Tested: tests/unit/test_tls_identity.c, tests/fuzz/fuzz_key.c.
 */
#ifndef CODEC_KEY_H
#define CODEC_KEY_H

#include <bearssl.h>

#include "core/err.h"
#include "core/span.h"

#define KEY_RSA_MIN	  2048
#define KEY_RSA_MAX	  4096
#define KEY_SIGNATURE_MAX 139 /* bytes of an ECDSA signature at most */

/* Five numbers of half the modulus' size, or one of 48 bytes. */
#define KEY_OCTETS (5 * (KEY_RSA_MAX / 16))

struct key {
	int type; /* BR_KEYTYPE_EC or BR_KEYTYPE_RSA; 0: no key */
	union {
		br_ec_private_key ec;
		br_rsa_private_key rsa;
	} u;
	uint8_t mem[KEY_OCTETS];
};

/*
 * Read one private key that fills `der`.  On failure the key is wiped and
 * `*why` is a few words: "an Ed25519 key", "an RSA key of more than 4096 bits".
 */
int key_read(struct key *k, struct span der, const char **why) MUST_CHECK;

/*
 * Make a new P-256 key from `rng`; returns 0, or ERR_IO when the generator
 * gives nothing.
 */
int key_make_p256(struct key *k, const br_prng_class **rng) MUST_CHECK;

/*
 * Make a new RSA key of KEY_RSA_MIN bits; as above.  Takes 0.1 to 1 s on a PC,
 * a minute and more on a router: not for the loop.
 */
int key_make_rsa(struct key *k, const br_prng_class **rng) MUST_CHECK;

/*
 * An RSA key's private form (PKCS#8), and its public one
 * (SubjectPublicKeyInfo), as DER: its length, or ERR_RANGE.
 */
#define KEY_RSA_DER	   2500 /* octets of an RSA-4096 key at most */
#define KEY_RSA_PUBLIC_DER 560
int key_rsa_private(const struct key *k, uint8_t *to, size_t cap) MUST_CHECK;
int key_rsa_public(const struct key *k, uint8_t *to, size_t cap) MUST_CHECK;

void key_wipe(struct key *k);

#endif
