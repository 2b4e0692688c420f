/*
 * sha256: the SHA-256 that TLS is given, as one of BearSSL's hash classes:
 * BearSSL's own, or with ENABLE_NETTLE nettle's, which is several times as
 * fast where the processor has instructions for it.  (Passwords: kdf.)
 *
 * Memory: a context is a br_hash_compat_context of the caller's.
 * Failure: none.
 * Tested: test_sha256 (beside BearSSL's, at every length and cut).
 */
#ifndef POLICY_SHA256_H
#define POLICY_SHA256_H

#include <bearssl.h>

#include "config.h"

#if ENABLE_NETTLE
extern const br_hash_class sha256_class;
#else
#define sha256_class br_sha256_vtable
#endif

#endif
