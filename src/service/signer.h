/*
 * signer: the device's DKIM key, and whose mail it signs.
 *
 *   STATE/dkim.pem --signer_load--> key --+
 *   dkim.domains, dkim.selector ----------+--> signer_sign
 *
 * One RSA-2048 key serves all domains; each publishes it in its own DNS.  A
 * message is signed for the domain of its From, when that is one of
 * dkim.domains (a domain within one of them is not): of several addresses the
 * first that is, and where none is, Sender.
 *
 * Memory: struct signer, about 4 KB.
 * Failure: no key, no domains: nothing is signed; a domain without a key is
 * logged when it is met.
 * Tested: tests/e2e/test_dkim.py.
 */
#ifndef SERVICE_SIGNER_H
#define SERVICE_SIGNER_H

#include "codec/dkim.h"
#include "codec/key.h"
#include "platform/fs.h"

#define SIGNER_FILE	"dkim.pem"
#define SIGNER_DOMAINS	1024
#define SIGNER_SELECTOR 254 /* a domain name and its terminator */

struct signer {
	struct key key; /* type 0: none */
	char domains[SIGNER_DOMAINS];
	char selector[SIGNER_SELECTOR];
};

/* Read STATE/dkim.pem, where there is one; ERR_MISSING, else `why`. */
int signer_load(struct signer *s, struct fs *fs, struct text *why) MUST_CHECK;

/* Judge a private key (PEM) and keep it as STATE/dkim.pem, durable. */
int signer_keep(struct signer *s, struct fs *fs, struct span pem,
    struct text *why) MUST_CHECK;

/* New settings; domains by comma. */
void signer_configure(
    struct signer *s, struct span domains, struct span selector);

/* Is there anything that it could sign? */
bool signer_is_ready(const struct signer *s);

/*
 * Write the signature's field of a message that dkim has seen: 1; 0: it is
 * not to be signed.
 */
int signer_sign(
    const struct signer *s, struct dkim *d, struct text *field) MUST_CHECK;

/* The value of the DNS record: "v=DKIM1; k=rsa; p=..."; ERR_MISSING. */
int signer_record(const struct signer *s, struct text *out) MUST_CHECK;

#endif
