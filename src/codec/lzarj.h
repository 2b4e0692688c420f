/*
 * lzarj: the packings of ARJ, methods 1 to 4, and LHA's newer ones, read.
 *
 * 1 to 3 are one format: blocks of symbols in canonical codes, matches of 3 to
 * 256 bytes within 26 KiB.  4 ("fastest") has no tables.  LHA's -lh4- to
 * -lh7- are the first format with other windows.  The end is not in the data:
 * the number of bytes that come out must be known.
 *
 * Memory: struct lzarj, for one call; the caller's output, which is the
 * window and must be in one piece.
 * Bounds: each bit is read once; it ends with the input or the output.
 * Failure: what came out before the damage is there.
 * Tested: test_scan_formats (Debian's arj and jlha, all methods), fuzz_lzarj.
 */
#ifndef CODEC_LZARJ_H
#define CODEC_LZARJ_H

#include "codec/prefix.h"

#define LZARJ_LONGEST PREFIX_LONGEST
#define LZARJ_SYMBOLS PREFIX_SYMBOLS

/* Methods beside ARJ's 1 to 4; LZARJ_LH5 reads -lh4-, too. */
enum { LZARJ_LH5 = 5, LZARJ_LH6, LZARJ_LH7 };

struct lzarj {
	struct prefix_bits bits;
	uint8_t *out;
	size_t cap, len;
	unsigned left; /* symbols of the block */
	unsigned method, distances, count_bits;
	struct prefix length, symbol, distance;
	uint8_t lengths[LZARJ_SYMBOLS];
};

/*
 * Unpack `in` to exactly `cap` bytes at `out`; `*len` is set to how many came.
 * ERR_SYNTAX: damaged; ERR_EOF: cut off; ERR_UNSUPPORTED: another method.
 */
int lzarj(struct lzarj *z, unsigned method, struct span in, uint8_t *out,
    size_t cap, size_t *len) MUST_CHECK;

#endif
