/*
 * kdf: from a password to its salted password: PBKDF2-HMAC-SHA-256, one block
 * (RFC 8018 section 5.2; RFC 5802 calls it Hi), in slices.
 *
 *   kdf_begin -> kdf_run or kdf_until, until true -> kdf_done
 *
 * ENABLE_NETTLE makes it several times as fast where the processor has
 * instructions for SHA-256.
 *
 * Memory: the caller's; it holds what the password can be guessed by: wipe it.
 * Bounds: the longest stall is that of one call, which the caller chooses.
 * Failure: none.
 * Tested: test_sasl (RFC 7914's vectors, slow clocks).
 */
#ifndef POLICY_KDF_H
#define POLICY_KDF_H

#include "config.h"

#if ENABLE_NETTLE
#include <nettle/hmac.h>
#else
#include <bearssl.h>
#endif

#include "core/span.h"

#define KDF_HASH 32

/* One stretching under way. */
struct kdf {
#if ENABLE_NETTLE
	struct hmac_sha256_ctx key;
#else
	br_hmac_key_context key;
#endif
	uint8_t u[KDF_HASH];
	uint8_t sum[KDF_HASH];
	uint32_t left;
};

/* Begin; password and salt are not needed afterwards; iterations >= 1. */
void kdf_begin(
    struct kdf *k, struct span password, struct span salt, uint32_t iterations);

/*
 * Do up to `most` further iterations (two compressions of SHA-256 each, about
 * 1 us on a PC, 0.2 with nettle, and 20 us on a 24Kc); true when none is left.
 */
bool kdf_run(struct kdf *k, uint32_t most);

/*
 * The same until `now_us` says `until_us`, which it is asked every KDF_CHUNK
 * iterations; true when none is left.  At least one chunk is done, so that
 * every call brings the end nearer.
 */
#define KDF_CHUNK 64 /* 1.3 ms on a 24Kc */
bool kdf_until(struct kdf *k, int64_t (*now_us)(void), int64_t until_us);

/* The salted password, once kdf_run said true. */
void kdf_done(const struct kdf *k, uint8_t salted[KDF_HASH]);

#endif
