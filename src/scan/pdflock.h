/*
 * pdflock: is a PDF encrypted, and does it open without a password?
 *
 *   "/Encrypt 9 0 R" -> "9 0 obj <<...>>", "/ID [<..." --> codec/pdfcrypt
 *
 * As no table of objects is believed, every object of that number is tried;
 * where two could be meant, or their strings could be, `*sure` is false: what
 * a viewer sees may be another document.
 *
 * Memory: struct pdflock, which has no pointers.
 * Bounds: 4 dictionaries, 4 IDs are tried.
 * Tested: test_scan_documents, fuzz_pdf.
 */
#ifndef SCAN_PDFLOCK_H
#define SCAN_PDFLOCK_H

#include "codec/pdfcrypt.h"

struct pdflock {
	struct pdfcrypt crypt;
	/* enum pdfcrypt_how: streams, embedded files, what names a filter */
	uint8_t strings, streams, files, named;
	bool is_meta_plain;
};

/* Is it said, anywhere, that strings and streams are encrypted? */
bool pdflock_is_told(struct span s);

/* ERR_DENIED: a password is needed; ERR_UNSUPPORTED: anything else is. */
int pdflock_open(struct pdflock *l, struct span s, bool *sure) MUST_CHECK;

#endif
