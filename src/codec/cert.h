/*
 * cert: certificates (RFC 5280): the few fields that we look at ourselves,
 * and making self-signed ones.  Validation is BearSSL's.
 *
 * Memory: spans point into the caller's DER.
 * Failure: ERR_SYNTAX for what is no certificate.
 * Tested: tests/unit/test_tls_identity.c, tests/fuzz/fuzz_key.c.
 */
#ifndef CODEC_CERT_H
#define CODEC_CERT_H

#include <bearssl.h>

#include "codec/key.h"
#include "core/err.h"
#include "core/span.h"

struct cert {
	int64_t not_before_s; /* seconds since 1970, UTC */
	int64_t not_after_s;
	int key_type; /* BR_KEYTYPE_EC or _RSA; 0: another kind */
	int curve;    /* of an EC key on P-256 or P-384; else 0 */
	struct span ec_point;
	struct span rsa_n, rsa_e;
};

/* Look into one certificate that fills `der`. */
int cert_read(struct cert *c, struct span der) MUST_CHECK;

/*
 * Is the certificate for this address (16 octets, as of codec/ip)?  Only the
 * iPAddress entries of its SAN count (RFC 9525, 6.5).
 */
bool cert_has_ip(struct span der, const uint8_t ip[16]);

/* A host name, or the 4 or 16 bytes of an address. */
struct cert_host {
	struct span name;
	uint8_t ip[16];
	uint8_t ip_octets; /* 0: it is a name */
};

/* What a new certificate is for. */
struct cert_wish {
	const struct cert_host *hosts;
	unsigned hosts_n; /* at least 1; the first must be a name */
	int64_t not_before_s;
	int64_t not_after_s;
	const uint8_t *serial; /* 16 random bytes */
};

/*
 * Write the certificate that `k`, a P-256 key, signs for itself: version 3,
 * SAN with all hosts, not a CA, for servers.  Returns its octets; ERR_RANGE
 * when twice its octets do not fit, ERR_SYNTAX for a host that is no ASCII
 * name.
 */
int cert_make(const struct key *k, const struct cert_wish *w, uint8_t *to,
    size_t cap) MUST_CHECK;

#endif
