/* lzarj: blocks, their tables, matches; codes are codec/prefix's. */
#include "codec/lzarj.h"

#define LONGEST	 LZARJ_LONGEST
#define SYMBOLS	 LZARJ_SYMBOLS
#define LENGTHS	 19 /* symbols of the code for the lengths of codes */
#define LEN_BITS 5
#define SHORTEST 3 /* match */

/* ---- the tables before a block ---- */

/* A code of one symbol that takes no bits. */
static int
make_one(struct prefix *c, unsigned symbol, unsigned most)
{
	prefix_make_one(c, symbol);
	return symbol < most ? ERR_OK : ERR_SYNTAX;
}

/* A length: three bits, 7 goes on in ones up to a zero. */
static unsigned
short_length(struct lzarj *z)
{
	unsigned len = prefix_take(&z->bits, 3);

	if (len == 7)
		while (len <= LONGEST && prefix_take(&z->bits, 1))
			len++;
	return len;
}

/*
 * A code of at most `most` symbols, their number in `bits`; behind the third
 * length of the lengths' own code stands how many zeros follow.
 */
static int
read_short(struct lzarj *z, struct prefix *c, unsigned most, unsigned bits)
{
	unsigned n = prefix_take(&z->bits, bits), i = 0;
	unsigned gap = c == &z->length ? 3 : 0;

	if (n == 0)
		return make_one(c, prefix_take(&z->bits, bits), most);
	if (n > most)
		return ERR_SYNTAX;
	while (i < n) {
		unsigned len = short_length(z), zeros;

		if (len > LONGEST)
			return ERR_SYNTAX;
		z->lengths[i++] = (uint8_t)len;
		zeros = i == gap ? prefix_take(&z->bits, 2) : 0;
		for (; zeros > 0; zeros--)
			z->lengths[i++] = 0;
	}
	return prefix_make(c, z->lengths, i);
}

/* The lengths of the symbols' code, in the code of lengths. */
static int
read_symbols(struct lzarj *z)
{
	unsigned n = prefix_take(&z->bits, 9), i = 0;

	if (n == 0)
		return make_one(&z->symbol, prefix_take(&z->bits, 9), SYMBOLS);
	if (n > SYMBOLS)
		return ERR_SYNTAX;
	while (i < n && !prefix_is_cut(&z->bits)) {
		int sym = prefix_symbol(&z->length, &z->bits);
		unsigned zeros = 0;

		if (sym < 0)
			return ERR_SYNTAX;
		if (sym > 2)
			z->lengths[i++] = (uint8_t)(sym - 2);
		else if (sym == 0)
			zeros = 1;
		else
			zeros = sym == 1 ? prefix_take(&z->bits, 4) + 3
					 : prefix_take(&z->bits, 9) + 20;
		if (zeros > SYMBOLS - i)
			return ERR_SYNTAX;
		memset(z->lengths + i, 0, zeros);
		i += zeros;
	}
	return prefix_make(&z->symbol, z->lengths, i);
}

static int
begin_block(struct lzarj *z)
{
	int err;

	z->left = prefix_take(&z->bits, 16);
	/* as it is counted down before it is looked at */
	if (z->left == 0)
		z->left = 65536;
	err = read_short(z, &z->length, LENGTHS, LEN_BITS);
	if (!err)
		err = read_symbols(z);
	if (!err)
		err = read_short(z, &z->distance, z->distances, z->count_bits);
	return err;
}

/* ---- output ---- */

/* LHA's window is full of spaces at the start, ARJ's of zeros. */
static int
copy(struct lzarj *z, size_t distance, size_t n)
{
	uint8_t fill = z->method < LZARJ_LH5 ? 0 : ' ';

	for (; n > 0 && z->len < z->cap && distance > z->len; n--)
		z->out[z->len++] = fill;
	for (; n > 0 && z->len < z->cap; n--, z->len++)
		z->out[z->len] = z->out[z->len - distance];
	return ERR_OK;
}

/* One literal or match of methods 1 to 3. */
static int
step(struct lzarj *z)
{
	int err = z->left == 0 ? begin_block(z) : ERR_OK, sym, far;
	size_t distance;

	if (err)
		return err;
	z->left--;
	sym = prefix_symbol(&z->symbol, &z->bits);
	if (sym < 0 || prefix_is_cut(&z->bits))
		return ERR_SYNTAX;
	if (sym < 256) {
		z->out[z->len++] = (uint8_t)sym;
		return ERR_OK;
	}
	far = prefix_symbol(&z->distance, &z->bits);
	if (far < 0)
		return ERR_SYNTAX;
	distance = far == 0 ? 0
			    : (1u << (far - 1))
				  + prefix_take(&z->bits, (unsigned)far - 1);
	return copy(z, distance + 1, (size_t)sym - 256 + SHORTEST);
}

/* ---- method 4 ---- */

/* A number: ones that each double the range, a zero, the bits. */
static unsigned
ranged(struct lzarj *z, unsigned from, unsigned to)
{
	unsigned width = from, below = 0;

	while (width < to && prefix_take(&z->bits, 1))
		below += 1u << width++;
	return below + prefix_take(&z->bits, width);
}

static int
fast_step(struct lzarj *z)
{
	unsigned n = ranged(z, 0, 7);

	if (n == 0) {
		z->out[z->len++] = (uint8_t)prefix_take(&z->bits, 8);
		return ERR_OK;
	}
	return copy(z, ranged(z, 9, 13) + 1u, n - 1 + SHORTEST);
}

int
lzarj(struct lzarj *z, unsigned method, struct span in, uint8_t *out,
    size_t cap, size_t *len)
{
	int err = method >= 1 && method <= LZARJ_LH7 ? ERR_OK : ERR_UNSUPPORTED;

	*z = (struct lzarj) {
		.bits = { .in = in, .is_high_first = true },
		.out = out,
		.cap = cap,
		.method = method,
		.distances =
		    method == LZARJ_LH5 ? 14 : (method == LZARJ_LH6 ? 16 : 17),
		.count_bits = method == LZARJ_LH5 ? 4 : 5,
	};
	while (!err && z->len < cap) {
		size_t before = z->len;

		err = method == 4 ? fast_step(z) : step(z);
		if (prefix_is_cut(&z->bits)) {
			/* what was made of bits that are not there is none */
			z->len = before;
			err = ERR_EOF;
		}
	}
	*len = z->len;
	return err;
}
