/*
 * sigkey: is a signature file signed by the one who may?
 *
 *	openssl dgst -sha256 -sign key.pem -out main.gps.sig main.gps
 *
 * ECDSA with P-256 over the SHA-256 of the whole file; the signature is DER,
 * as that command writes it.  The key is the setting sig.key, in hexadecimal:
 * the point (04..., 65 octets), or the whole public key as
 * `openssl ec -in key.pem -pubout -outform DER` writes it (91 octets).
 *
 * Pure; no memory.  Cost: the hash, and one verification (about 1 ms).
 * Tested: test_sigkey, tests/e2e/test_sig_install.py.
 */
#ifndef SCAN_SIGKEY_H
#define SCAN_SIGKEY_H

#include "core/err.h"
#include "core/span.h"

#define SIGKEY_POINT 65

/* Take the point out of the setting's text; ERR_SYNTAX: it is no such key. */
int sigkey_read(struct span hex, uint8_t point[SIGKEY_POINT]) MUST_CHECK;

/* Does the signature fit the file and the key?  ERR_DENIED: it does not. */
int sigkey_check(const uint8_t point[SIGKEY_POINT], struct span file,
    struct span signature) MUST_CHECK;

#endif
