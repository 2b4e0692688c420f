/*
 * tls_identity: our private key and the certificates that go with it.
 *
 *	cert.pem, key.pem --fs--> codec/pem, codec/key --checks--> identity
 *
 * Memory: one struct in static memory, no pointers out of it.  A new pair is
 * loaded into a second struct and exchanged in struct tls_config; the old one
 * may be loaded again when `users` is 0 (handshakes that still use it).
 * Bounds: TLS_CHAIN_MAX certificates, TLS_CHAIN_OCTETS in all; keys: EC P-256
 * and P-384, RSA of 2048 to 4096 bits; files up to TLS_FILE_OCTETS.
 * Failure: `why` gets one line that says which file, what is wrong with it and
 * what to do.
 * Tested: tests/unit/test_tls_identity.c with files made by openssl.
 */
#ifndef SERVICE_TLS_IDENTITY_H
#define SERVICE_TLS_IDENTITY_H

#include "codec/key.h"
#include "core/text.h"
#include "platform/fs.h"
#include "service/tls.h"

#define TLS_CHAIN_MAX 6
#define TLS_HOSTS_MAX 16 /* names in a certificate that we make */

struct tls_identity {
	unsigned users; /* handshakes under way */
	struct key key;
	br_x509_certificate chain[TLS_CHAIN_MAX];
	size_t chain_n;			      /* 0: nothing is loaded */
	uint8_t fingerprint[TLS_FINGERPRINT]; /* of the first certificate */
	int64_t not_before_s, not_after_s;    /* of the first certificate */
	uint8_t der[TLS_CHAIN_OCTETS];
};

/*
 * Load the pair (the two paths may be one file) and check that the key belongs
 * to the first certificate.  ERR_BUSY while `id` has users; ERR_MISSING,
 * ERR_DENIED, ERR_IO from the files; ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED
 * for what is in them.  After any other failure than ERR_BUSY `id` is empty.
 * Costs one private-key operation.
 */
int tls_identity_load(struct tls_identity *id, struct fs *fs,
    const char *cert_path, const char *key_path, struct text *why) MUST_CHECK;

/*
 * Make a P-256 key and a self-signed certificate for `hosts` (names and
 * addresses as text, the first a name, at most TLS_HOSTS_MAX) and keep both
 * in the file `path`, which lies in `folder`: owner only, durable, replaced in
 * one step.  `id` is work space and empty afterwards: load it from `path`.
 * ERR_SYNTAX for a host that cannot stand in a certificate.
 */
int tls_identity_make(struct tls_identity *id, struct fs *fs,
    const char *folder, const char *path, const struct span *hosts,
    unsigned n) MUST_CHECK;

/* The DER of the largest key that codec/key reads. */
struct tls_key_work {
	uint8_t der[4096];
};

/*
 * Find the one private key in a PEM text; `name` stands before what is wrong
 * in `why`.  Errors as those of tls_identity_load; `work` is wiped.
 */
int tls_find_key(struct key *k, const char *name, struct span text,
    struct tls_key_work *work, struct text *why) MUST_CHECK;

void tls_identity_wipe(struct tls_identity *id);

#endif
