/*
 * pem: the text form of keys and certificates (RFC 7468), through BearSSL's
 * decoder.
 *
 * Memory: the caller's.  Bounds: one object fits the caller's buffer.
 * Failure: ERR_SYNTAX (broken base64, no end line), ERR_RANGE (does not fit).
 */
#ifndef CODEC_PEM_H
#define CODEC_PEM_H

#include <bearssl.h>

#include "core/err.h"
#include "core/span.h"

struct pem {
	br_pem_decoder_context br;
	struct span rest;
	uint8_t *to;
	size_t cap;
	size_t len;
	bool cut;
};

/* Read objects out of `text`, which stays the caller's. */
void pem_init(struct pem *p, struct span text);

/*
 * Decode the next object to `to` (`cap` bytes).  1 = there is one, its length
 * in `*len`, its name in pem_name; 0 = the text is at its end.
 */
int pem_next(struct pem *p, uint8_t *to, size_t cap, size_t *len) MUST_CHECK;

/* "CERTIFICATE", "EC PRIVATE KEY"; valid until the next pem_next. */
const char *pem_name(struct pem *p);

/*
 * Is a pass phrase needed?  The old form says so in header lines inside the
 * object, which is no base64; so this is asked about the text.
 */
bool pem_is_encrypted(struct span text);

/* The most characters that `len` bytes take with this banner. */
#define PEM_LEN(len) ((len)*4 / 3 + (len) / 48 + 128)

/* Write an object; returns its characters, or ERR_RANGE. */
int pem_write(
    struct span der, const char *banner, char *to, size_t cap) MUST_CHECK;

#endif
