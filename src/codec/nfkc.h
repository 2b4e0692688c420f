/*
 * nfkc: one form for texts that look the same (Unicode's NFKC, UAX #15), as
 * SASLprep asks of passwords (RFC 4013 section 2.2).
 *
 *   "e" + U+0301 (macOS)        U+00E9 (Windows)
 *   U+FF21 (full width "A")     "A"
 *   U+FF76 U+FF9E (half width)  U+30AC
 *
 * What is covered, as of Unicode 3.2: Latin with all its marks, Greek with
 * accents, Cyrillic, punctuation, figures above and below the line, letters in
 * circles, Roman numerals, arrows and mathematics, Kana, full and half width,
 * squares and circles, CJK compatibility ideographs of the first plane, Hangul.
 * Left as it is: what is none of these (Arabic and Hebrew presentation forms,
 * the scripts of India, musical and mathematical alphabets, radicals), and
 * bytes that are no UTF-8: clients of 1999 send Shift JIS.
 *
 * Memory: none beyond the stack; 13 KB of tables.
 * Bounds: NFKC_MAX characters once taken apart.
 * Tested: tests/unit/test_nfkc.c; tests/e2e/test_nfkc.py compares every
 * character of the first plane, and random texts, with Python's unicodedata.
 */
#ifndef CODEC_NFKC_H
#define CODEC_NFKC_H

#include "core/err.h"
#include "core/span.h"

#define NFKC_MAX 192

/*
 * Write the form of `in` to `out`; its octets, or ERR_RANGE: more than
 * `cap` octets or NFKC_MAX characters.  `in` may lie at `out`.
 */
int nfkc(struct span in, uint8_t *out, size_t cap) MUST_CHECK;

#endif
