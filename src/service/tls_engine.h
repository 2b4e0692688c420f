/*
 * tls_engine: what the files of tls share among themselves and with nobody
 * else.
 */
#ifndef SERVICE_TLS_ENGINE_H
#define SERVICE_TLS_ENGINE_H

#include "service/tls.h"

/*
 * Set t's own fields for a new connection and give the zeroed engine its
 * profile, buffers and entropy.  ERR_IO without entropy.
 */
int tls_begin(struct tls *t, const struct tls_config *c) MUST_CHECK;

/* The keys' share of the above, in tls_kit.c. */
int tls_engine_prepare(struct tls *t) MUST_CHECK;

/* Give up the identity that a handshake was using. */
void tls_identity_leave(struct tls *t);

#endif
