/*
 * inflate64: deflate64 ("enhanced deflate", method 9 of zip) read.
 *
 * Like deflate, with a window of 64 KiB, distance codes 30 and 31, and a
 * length code 285 of 16 more bits.  zlib does not know it.  The result is the
 * window: it must be in one piece.
 *
 * Memory: struct inflate64, for one call; the caller's output.
 * Bounds: each bit is read once; it ends with the input or the output.
 * Failure: what came out before the damage is there.
 * Tested: test_inflate64, fuzz_inflate64, test_scan (7-Zip's files).
 */
#ifndef CODEC_INFLATE64_H
#define CODEC_INFLATE64_H

#include "codec/prefix.h"

#define INFLATE64_LITERALS  288
#define INFLATE64_DISTANCES 32

struct inflate64 {
	struct prefix_bits bits;
	uint8_t *out;
	size_t cap, len;
	struct prefix literal, distance;
	uint8_t lengths[INFLATE64_LITERALS + INFLATE64_DISTANCES];
};

/*
 * Unpack `in` to `out`, at most `cap` bytes.  `*used` is set to how much of
 * the input was read, `*len` to how much came out.  ERR_FULL: there is more
 * than `cap`; ERR_SYNTAX: damaged; ERR_EOF: cut off.
 */
int inflate64(struct inflate64 *z, struct span in, uint8_t *out, size_t cap,
    size_t *used, size_t *len) MUST_CHECK;

#endif
