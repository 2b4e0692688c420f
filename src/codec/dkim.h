/*
 * dkim: the signature of a message that leaves (RFC 6376): rsa-sha256,
 * relaxed/relaxed, one signature, the whole body (never l=).
 *
 *   dkim_init -> dkim_feed ... -> dkim_end -> dkim_next ... -> dkim_sign
 *                the message as it leaves     for whom?     the field, first
 *
 * Text has LF line ends, as stored; hashed is what the wire will carry: CR LF,
 * no other CR, a last line that ends.  Signed are the fields that readers see
 * and that RFC 6376 section 5.4.1 names, in the order in which they stand;
 * From and others are signed once more than they are there, so that none can
 * be added.  There is no t= and no x=: a router may not know the time.
 *
 * Not signed, with a reason in words, is what another server may read in
 * another way (section 3.8): a field twice that may stand once, a header line
 * that is none, no From or one that holds what is no address.
 *
 * Memory: struct dkim, under 3 KB, whatever the message.
 * Cost: two hashes over the message; dkim_sign one RSA operation.
 * Tested: tests/unit/test_dkim.c (the vectors of RFC 6376 and 8463, every
 * split), fuzz_dkim, tests/e2e/test_dkim.py (two other verifiers).
 */
#ifndef CODEC_DKIM_H
#define CODEC_DKIM_H

#include <bearssl.h>

#include "codec/addr.h"
#include "codec/pieces.h"
#include "core/err.h"
#include "core/text.h"

#define DKIM_FIELDS  24	 /* names that are signed */
#define DKIM_FROM    768 /* octets of a From that are looked at */
#define DKIM_ADDRESS (ADDR_TEXT_MAX + 1)
#define DKIM_TEXT    2048 /* holds any signature field */

/* One canonicalisation under way: octets into a hash. */
struct dkim_hash {
	br_sha256_context sha;
	uint64_t ends; /* line ends that are due before the next octet */
	bool blank;    /* a blank is due before the next octet */
	bool any;      /* something was hashed */
	uint8_t have;
	uint8_t mem[128];
};

struct dkim {
	struct dkim_hash head, body;
	struct pieces lines;
	bool over;    /* the header is done */
	bool in_name; /* of a field, up to its colon */
	bool in_from; /* the field's value is From's */
	bool in_sender;
	bool signing; /* the field is hashed */
	bool started; /* of its value, something was hashed */
	const char *flaw;
	uint32_t seen; /* a bit per known name */
	uint8_t order[DKIM_FIELDS];
	uint8_t order_n;
	uint8_t name_len;
	uint16_t from_len, sender_len;
	char name[32];
	char from[DKIM_FROM];
	char sender[DKIM_ADDRESS];
};

void dkim_init(struct dkim *d);

/* The next piece of the message. */
void dkim_feed(struct dkim *d, struct span text);

/* The message is over. */
void dkim_end(struct dkim *d);

/*
 * Whose it is, after dkim_end: the domains of From's addresses, one after the
 * other, then that of Sender.
 */
struct dkim_walk {
	const struct dkim *dkim;
	struct span rest;
	bool in_sender, any;
	const char *why; /* after ERR_SYNTAX: not to be signed for anybody */
	char mem[DKIM_ADDRESS];
};

void dkim_walk(struct dkim_walk *w, const struct dkim *d);

/* The next one, until the next call: 1; 0 at the end; ERR_SYNTAX. */
int dkim_next(struct dkim_walk *w, struct span *domain) MUST_CHECK;

/*
 * Write the field "DKIM-Signature: ...\n" for `domain` with the key `sk`,
 * which stands in DNS at SELECTOR._domainkey.DOMAIN.  `out` has DKIM_TEXT
 * free.  ERR_RANGE: it did not fit; ERR_DENIED: the key does not sign.
 */
int dkim_sign(struct dkim *d, const br_rsa_private_key *sk, struct span domain,
    struct span selector, struct text *out) MUST_CHECK;

/* ---- for tests: canonicalisation alone ---- */

void dkim_body_feed(struct dkim_hash *h, struct span text);
void dkim_body_end(struct dkim_hash *h);

#endif
