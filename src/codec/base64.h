/*
 * base64: RFC 4648 section 4, strict.
 */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "core/err.h"
#include "core/span.h"

/* How many characters encode `len` bytes. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/*
 * Decode the whole of `in` to `out` (`cap` bytes; may be the memory of `in`).
 * Returns the number of bytes; ERR_SYNTAX for foreign characters, white space,
 * a wrong length, missing or inner padding, or stray bits; ERR_RANGE when the
 * result does not fit.
 */
int base64_decode(struct span in, uint8_t *out, size_t cap) MUST_CHECK;

/*
 * Encode `in` to `out`, BASE64_LEN(in.len) characters, no terminator, no line
 * breaks.  Returns the number of characters.
 */
size_t base64_encode(struct span in, uint8_t *out);

#endif
