/*
 * pdfcrypt: PDF's encryption, read with the empty user password (ISO 32000-1,
 * 7.6, ISO 32000-2, and Adobe's extension level 3).
 *
 *   what /Encrypt says --open--> key --read (object's number)--> plain octets
 *
 * RC4 with 40 to 128 bits, AES-128 and AES-256: revisions 2 to 6.  A document
 * without a question for a password is such a one; nothing is guessed.
 *
 * Memory: struct pdfcrypt; none is allocated.
 * Bounds: revision 6 takes some 10 ms to open on a PC.
 * Tested: test_pdfcrypt, test_scan_documents; fuzz_pdf.
 */
#ifndef CODEC_PDFCRYPT_H
#define CODEC_PDFCRYPT_H

#include "core/err.h"
#include "core/span.h"

enum pdfcrypt_how { PDFCRYPT_NOT, PDFCRYPT_RC4, PDFCRYPT_AES };

/* What the dictionary says; strings as they are behind their escapes. */
struct pdfcrypt_said {
	unsigned version, revision; /* V, R */
	unsigned bits;		    /* Length; 0: not told */
	uint32_t may;		    /* P */
	bool is_meta_plain;	    /* EncryptMetadata is false */
	struct span owner, user;    /* O, U */
	struct span user_key;	    /* UE */
	struct span id;		    /* the first of the trailer's ID */
};

struct pdfcrypt {
	uint8_t key[32];
	uint8_t len;
	bool by_object; /* each object has a key of its own */
};

/*
 * Find the key; ERR_DENIED: a password is needed, ERR_UNSUPPORTED: encrypted
 * in another way.
 */
int pdfcrypt_open(
    struct pdfcrypt *c, const struct pdfcrypt_said *said) MUST_CHECK;

/*
 * Decrypt a string or stream of object `number` `generation` to `out`, which
 * has in.len octets and is not `in`; returns how many came out.
 */
size_t pdfcrypt_read(const struct pdfcrypt *c, enum pdfcrypt_how how,
    uint32_t number, uint32_t generation, struct span in, uint8_t *out);

#endif
