/*
 * prefix: bits from memory, and symbols in canonical prefix codes of them.
 *
 *	struct prefix_bits b = { .in = in, .is_high_first = true };
 *	n = prefix_take(&b, 5);
 *	err = prefix_make(&code, lengths, n);
 *	sym = prefix_symbol(&code, &b);
 *
 * A canonical code is told by the length that each symbol has in it: shorter
 * ones come first, among those of a length lower symbols.  It is decoded bit
 * by bit: what is packed so is rare here (deflate64, ARJ, LHA), so no tables.
 *
 * Memory: the caller's.
 * Bounds: at most 16 bits a code; behind the end of `in` there are zeros.
 * Failure: whoever takes bits asks prefix_is_cut when it matters.
 * Tested: test_prefix, test_inflate64, fuzz_inflate64, fuzz_lzarj.
 */
#ifndef CODEC_PREFIX_H
#define CODEC_PREFIX_H

#include "core/err.h"
#include "core/span.h"

#define PREFIX_LONGEST 16 /* bits of a code */
#define PREFIX_SYMBOLS 510

struct prefix_bits {
	struct span in;
	size_t at;     /* octets of `in` that were read */
	uint32_t bits; /* read, and not taken yet: n_bits of them */
	unsigned n_bits;
	unsigned none;	    /* bits read from behind the end */
	bool is_high_first; /* which bit of an octet is its first */
};

struct prefix {
	uint16_t count[PREFIX_LONGEST + 1]; /* codes of each length */
	uint16_t symbol[PREFIX_SYMBOLS];
};

/* Take `n` bits, at most 16, as a number in the octets' order of bits. */
uint32_t prefix_take(struct prefix_bits *b, unsigned n);

/* Has a bit been taken that was not there? */
static inline bool
prefix_is_cut(const struct prefix_bits *b)
{
	return b->none > b->n_bits;
}

/*
 * Make the code in which symbol i has lengths[i] bits, at most 16, of `n`, at
 * most 510; 0: it has none.  ERR_SYNTAX: too many short ones.  Too few are
 * fine.
 */
int prefix_make(
    struct prefix *c, const uint8_t *lengths, unsigned n) MUST_CHECK;

/* Make the code of one symbol, at most 65535, that takes no bits. */
void prefix_make_one(struct prefix *c, unsigned symbol);

/* Take the next symbol; ERR_SYNTAX: no code is like these bits. */
int prefix_symbol(const struct prefix *c, struct prefix_bits *b) MUST_CHECK;

#endif
