/*
 * tls_pairs: the certificates of tests/vectors/tls in two server profiles, as
 * service/server_tls puts them together.
 */
#ifndef SUPPORT_TLS_PAIRS_H
#define SUPPORT_TLS_PAIRS_H

#include "platform/files.h"
#include "service/tls.h"
#include "service/tls_identity.h"

struct tls_pairs {
	struct files files;
	struct tls_identity ec, rsa; /* P-256, RSA-2048 */
	struct tls_config modern, legacy;
	struct tls_cache cache, legacy_cache;
	uint8_t cache_mem[TLS_CACHE_OCTETS(8)];
	uint8_t legacy_mem[TLS_CACHE_OCTETS(8)];
};

/* Open the working folder and load the two; fails the test. */
void tls_pairs_open(struct tls_pairs *p);

/* Load "NAME.cert.pem" and "NAME.key.pem" of the vectors. */
void tls_pairs_load(
    struct tls_pairs *p, struct tls_identity *id, const char *name);

/* Both profiles anew, with empty caches. */
void tls_pairs_fresh(struct tls_pairs *p);

#endif
