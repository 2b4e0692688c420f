/*
 * pdfcode: PDF's packings beside deflate, read (ISO 32000-1, 7.4.2 to 7.4.5).
 *
 * Read as the most forgiving viewer would: foreign characters are skipped, and
 * what came out before the damage is there.
 *
 * Memory: the caller's; for LZW a table for one call.
 * Bounds: each octet is read once; it ends with the input or the output.
 * Returns, each, the number of octets that came out; `cap` of them may mean
 * that there are more.
 * Tested: test_pdfcode, fuzz_pdfcode.
 */
#ifndef CODEC_PDFCODE_H
#define CODEC_PDFCODE_H

#include "core/span.h"

#define PDFCODE_CODES 4096

/* Each string of LZW lies somewhere in what came out already. */
struct pdfcode_lzw {
	size_t at[PDFCODE_CODES];
	uint16_t len[PDFCODE_CODES];
};

/* ASCIIHexDecode; at most in.len / 2 + 1 octets. */
size_t pdfcode_hex(struct span in, uint8_t *out, size_t cap);

/* ASCII85Decode; at most in.len * 4 octets. */
size_t pdfcode_85(struct span in, uint8_t *out, size_t cap);

/* RunLengthDecode; at most in.len * 64 octets. */
size_t pdfcode_runs(struct span in, uint8_t *out, size_t cap);

/* LZWDecode; `early`: 1, or 0 where codes get longer one code later. */
size_t pdfcode_lzw(struct pdfcode_lzw *w, unsigned early, struct span in,
    uint8_t *out, size_t cap);

#endif
