/*
 * tls_peer: what a client expects of the server it talks to, and what the
 * server showed.
 *
 * Levels (R14): TLS_ANY takes any certificate (opportunistic and required
 * TLS); TLS_VERIFIED wants a chain to one of the given roots and the right
 * name, or for an address an iPAddress of its own; TLS_PINNED wants exactly the
 * certificate whose fingerprint is known, and asks neither for its name nor its
 * dates.
 *
 * Memory: struct tls_peer lives as long as the connection; struct tls_roots
 * holds all anchors in its own bytes.  Bounds: TLS_ROOTS anchors,
 * TLS_ROOTS_OCTETS for their names and keys.
 */
#ifndef SERVICE_TLS_PEER_H
#define SERVICE_TLS_PEER_H

#include "codec/ip.h"
#include "core/text.h"
#include "platform/fs.h"
#include "service/tls.h"

#define TLS_NAME_MAX 255
#define TLS_LEAF     3072 /* octets of a certificate for an address */

enum tls_level {
	TLS_ANY,
	TLS_VERIFIED,
	TLS_PINNED,
};

struct tls_roots {
	br_x509_trust_anchor anchor[TLS_ROOTS];
	size_t n;
	size_t used;
	br_x509_decoder_context decoder; /* while loading */
	uint8_t mem[TLS_ROOTS_OCTETS];
};

struct tls_peer {
	const br_x509_class *vtable; /* first: BearSSL calls back with it */
	enum tls_level level;
	const struct tls_roots *roots;	/* for TLS_VERIFIED */
	uint8_t pin[TLS_FINGERPRINT];	/* for TLS_PINNED */
	char name[TLS_NAME_MAX + 1];	/* for SNI and TLS_VERIFIED */
	int64_t now_s;			/* wall time, for dates */
	const struct tls_kit *kit;	/* set by tls_connect */
	uint8_t found[TLS_FINGERPRINT]; /* what the server showed */
	bool seen;
	bool verified; /* as the level asked, and more than TLS_ANY */
	unsigned depth;
	br_sha256_context hash;
	bool by_ip; /* `name` is an address: the leaf is kept to look into */
	uint8_t ip[IP_OCTETS];
	uint16_t leaf_len; /* TLS_LEAF + 1: it did not fit */
	union {
		br_x509_decoder_context leaf;
		br_x509_minimal_context full;
	} x509;
	uint8_t leaf[TLS_LEAF];
};

/*
 * Expect the server `name` (a host name without final dot; SNI is left out
 * for an address) at this level.  ERR_RANGE when the name is too long or holds
 * a NUL.  For TLS_PINNED fill `pin` afterwards.
 */
int tls_peer_init(struct tls_peer *p, enum tls_level level, struct span name,
    const struct tls_roots *roots, int64_t now_s) MUST_CHECK;

/*
 * Add the certificates in a PEM file to `r`, which begins zeroed.  On failure
 * `why` says which file and what is wrong; those before the fault are kept.
 */
int tls_roots_load(struct tls_roots *r, struct fs *fs, const char *path,
    struct text *why) MUST_CHECK;

/* Read "aa:bb:..." or "aabb..." (SHA-256, either case) into `pin`. */
int tls_fingerprint_read(
    struct span text, uint8_t pin[TLS_FINGERPRINT]) MUST_CHECK;

/* Append the usual form: "AA:BB:..." */
void tls_fingerprint_text(
    struct text *t, const uint8_t fingerprint[TLS_FINGERPRINT]);

#endif
