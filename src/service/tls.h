/*
 * tls: one encrypted connection, as four byte windows and a state.
 *
 *                 tls_room            tls_app_data
 *     socket ---> tls_commit   tls    tls_app_drop  ---> session
 *     socket <--- tls_data            tls_app_room  <--- session
 *                 tls_drop            tls_app_commit, tls_flush
 *
 * It does no I/O: the connection moves the bytes.  A turn of the connection is
 *
 *	p = tls_room(t, &len); n = recv(fd, p, len); tls_commit(t, n);
 *	while (p = tls_app_data(t, &len), len) { use n of it; tls_app_drop }
 *	p = tls_app_room(t, &len); copy n; tls_app_commit(t, n); tls_flush(t);
 *	while (d = tls_data(t), d.len) { n = send(fd, d); tls_drop(t, n); }
 *
 * and it sleeps for reading while tls_room has a length, for writing while
 * tls_data has one.  Windows are void after any other call on the same tls.
 * STARTTLS: start the tls after the "go ahead" has left the socket, and throw
 * away whatever plain text had been read before (RFC 3207 section 4.2).
 *
 * Profiles: modern is TLS 1.2 with ECDHE and AEAD ciphers only; legacy (a
 * listener or network that the owner marked, R11) adds TLS 1.0 and 1.1,
 * AES-CBC, 3DES and RSA key exchange.  No renegotiation, no compression.
 * TLS 1.3 is not spoken: a later library would stand behind this header.
 *
 * Memory: struct tls comes from a pool; about 4.3 KB of state, an output
 * buffer of TLS_RECORD_OCTETS and an input buffer for the largest record of
 * the standard, in this order, so that an idle connection has touched only the
 * first pages of each.  Everything else belongs to the configuration.
 * Bounds: one private-key operation per handshake, within tls_commit.
 * Failure: the first error sticks; tls_state says TLS_FAILED and
 * tls_error_text why, in words for the log.  The peer has been told by an
 * alert where the protocol allows; send what tls_data still holds, then close.
 * Tested: tests/unit/test_tls.c, tests/e2e/test_tls.py.
 */
#ifndef SERVICE_TLS_H
#define SERVICE_TLS_H

#include <bearssl.h>

#include "config.h"
#include "core/err.h"
#include "core/span.h"

/* Sizes of the engine's buffers: record plus what encryption adds to it. */
#define TLS_IN_OCTETS  16709
#define TLS_OUT_OCTETS (TLS_RECORD_OCTETS + 85)

#define TLS_FINGERPRINT 32 /* bytes: SHA-256 of a certificate */
#define TLS_SUITES_MAX	24
#define TLS_ERR_PIN	200 /* beside BearSSL's numbers: another certificate */

/* Memory for `n` sessions in a cache; they are forgotten after 8 hours. */
#define TLS_CACHE_OCTETS(n) ((n)*100)

struct tls_identity; /* service/tls_identity.h: our key and certificates */
struct tls_peer;     /* service/tls_peer.h: what we expect of a server */

/* The implementations that are best on this CPU, chosen once. */
struct tls_kit {
	const br_block_ctr_class *aes_ctr;
	const br_block_cbcenc_class *cbc_enc;
	const br_block_cbcdec_class *cbc_dec;
	br_ghash ghash;
	br_chacha20_run chacha;
	br_poly1305_run poly;
	br_ec_impl ec; /* X25519, P-256, P-384 and no other curve */
	br_ecdsa_sign ecdsa_sign;
	br_ecdsa_vrfy ecdsa_vrfy;
	br_rsa_private rsa_private;
	br_rsa_public rsa_public;
	br_rsa_pkcs1_sign rsa_sign;
	br_rsa_pkcs1_vrfy rsa_vrfy;
	uint16_t suites[TLS_SUITES_MAX];
	unsigned suites_n;
};

/* Sessions that clients may resume; one per profile, never shared. */
struct tls_cache {
	const br_ssl_session_cache_class *vtable;
	br_ssl_session_cache_lru lru;
	uint8_t *mem;
	size_t octets;
	int64_t began_ms;
	uint64_t resumed, full;
};

/* What all connections of one profile share. */
struct tls_config {
	bool legacy;
	struct tls_kit kit;
	struct tls_identity *main;  /* for servers: never NULL */
	struct tls_identity *other; /* a second one of the other key type */
	struct tls_cache *cache;    /* NULL: sessions are not resumed */
};

enum tls_state {
	TLS_HANDSHAKING,
	TLS_UP,
	TLS_CLOSED, /* in an orderly way, by either side */
	TLS_FAILED,
};

/* The engine's place in memory matters: see tls.c. */
struct tls {
	union {
		br_ssl_engine_context eng;
		br_ssl_server_context server;
		br_ssl_client_context client;
	} br;
	const br_ssl_server_policy_class *policy;
	const struct tls_config *config;
	struct tls_identity *identity; /* in use until the handshake is over */
	struct tls_peer *peer;	       /* of a client */
	uint16_t ahead, ahead_end;     /* received, not yet given to br */
	uint16_t in_high;	       /* most of `in` that was ever used */
	bool up;
	bool closing;
	bool resumed;
	uint8_t out[TLS_OUT_OCTETS];
	uint8_t in[TLS_IN_OCTETS];
};

/* For the Received header and the log. */
struct tls_info {
	const char *version; /* "TLS1.2" */
	const char *suite;   /* its IANA name (RFC 8314 section 4.3) */
	unsigned bits;	     /* of the cipher's key */
	bool resumed;
	bool verified;		    /* a client that checked the server */
	const char *name;	    /* SNI; "" when the client sent none */
	const uint8_t *fingerprint; /* the server's; NULL in a server */
};

/* Choose implementations and suites; identities and cache stay unset. */
void tls_config_init(struct tls_config *c, bool legacy);

/* `mem`: TLS_CACHE_OCTETS for as many sessions as are to be kept. */
void tls_cache_init(struct tls_cache *c, uint8_t *mem, size_t octets);

/*
 * Begin as a server; `now_ms` is the monotonic time, for the age of resumable
 * sessions.  Injects fresh entropy; ERR_IO when the kernel has none.
 */
int tls_serve(
    struct tls *t, const struct tls_config *c, int64_t now_ms) MUST_CHECK;

/*
 * Begin as a client; `peer` says what the server must show and keeps what it
 * showed; it outlives the connection.  ERR_RANGE when its name is too long.
 */
int tls_connect(struct tls *t, const struct tls_config *c,
    struct tls_peer *peer) MUST_CHECK;

/* Wipe all keys and let go of the identity; then give `t` to its pool. */
void tls_end(struct tls *t);

/* Where to receive from the socket; NULL and 0 while the application's bytes
 * must be taken first, or after the end. */
uint8_t *tls_room(struct tls *t, size_t *len);

/* `len` bytes of the room have been filled.  May cost a key operation. */
void tls_commit(struct tls *t, size_t len);

/* What to send to the socket: one record at most; drop what has been sent. */
struct span tls_data(const struct tls *t);
void tls_drop(struct tls *t, size_t len);

/* Decrypted bytes from the peer; may be changed in place. */
uint8_t *tls_app_data(struct tls *t, size_t *len);
void tls_app_drop(struct tls *t, size_t len);

/* Where to put bytes for the peer; 0 while a record waits in tls_data. */
uint8_t *tls_app_room(struct tls *t, size_t *len);
void tls_app_commit(struct tls *t, size_t len);

/* Make a record of the bytes put in so far, to be found in tls_data. */
void tls_flush(struct tls *t);

/*
 * Say goodbye: flushes what was put in, drops what the application did not
 * take, and sends close_notify.  Go on sending tls_data until it is empty;
 * waiting for the peer's own close_notify (TLS_CLOSED) is polite, not needed.
 */
void tls_close(struct tls *t);

enum tls_state tls_state(const struct tls *t);

/* Why it failed, in words, with what can be done where that is known. */
const char *tls_error_text(const struct tls *t);

/* BearSSL's number of the error, 0 for none; for the log. */
int tls_error_code(const struct tls *t);

/* Valid once the state was TLS_UP, until tls_end. */
void tls_info(const struct tls *t, struct tls_info *info);

#endif
