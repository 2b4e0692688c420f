/*
 * tls_client: a TLS client that offers what a test wants, for talking to
 * service/tls in memory; it is BearSSL's full client, believing everybody.
 */
#ifndef SUPPORT_TLS_CLIENT_H
#define SUPPORT_TLS_CLIENT_H

#include "service/tls.h"
#include "service/tls_peer.h"

struct tls_client {
	br_ssl_client_context br;
	struct tls_peer peer;
	struct tls_config config;
	uint8_t in[BR_SSL_BUFSIZE_INPUT];
	uint8_t out[BR_SSL_BUFSIZE_OUTPUT];
};

/* Offer versions up to `version` and, unless 0, only the suite. */
void tls_client_start(struct tls_client *c, unsigned version, uint16_t suite,
    const br_ssl_session_parameters *resume);

/* Carry bytes to and from the server until nothing moves. */
void tls_client_settle(struct tls_client *c, struct tls *server);

#endif
