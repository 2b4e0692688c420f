/*
 * curve: the elliptic curves that TLS is given, as one of BearSSL's tables:
 * BearSSL's own, or with ENABLE_HOGWEED nettle's X25519 and P-256, which take
 * a half to a sixth of the time on a PC.  P-384, and checking signatures, are
 * BearSSL's always.
 *
 * Secrets do not decide where nettle reads or jumps, as in BearSSL.
 * Memory: fixed; GMP, on which nettle stands, is given it here, so nothing
 * else of the program may use GMP.  It is wiped after each multiplication.
 * Failure: a point that is not on the curve, as br_ec_impl says.
 * Tested: test_curve (beside BearSSL's, RFC 7748's and other examples).
 */
#ifndef SERVICE_CURVE_H
#define SERVICE_CURVE_H

#include <bearssl.h>

#include "config.h"

/* The fastest that is built in. */
void curve_choose(br_ec_impl *impl);

/*
 * The signer for the same curves, as DER.  nettle's takes a new random number
 * for each signature; without one (see entropy_fill) there is none.
 */
br_ecdsa_sign curve_signer(void);

/* The most octets that a multiplication has needed until now, of CURVE_ROOM. */
size_t curve_peak(void);
#define CURVE_ROOM 8192

#endif
