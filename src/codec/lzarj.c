/* lzarj: canonical codes, decoded bit by bit: rare, so small. */
#include "codec/lzarj.h"

#define LONGEST	 LZARJ_LONGEST
#define SYMBOLS	 LZARJ_SYMBOLS
#define LENGTHS	 19 /* symbols of the code for the lengths of codes */
#define LEN_BITS 5
#define SHORTEST 3 /* match */

/* ---- bits ---- */

/* `n` bits, at most 16; zeros behind the end. */
static unsigned
take(struct lzarj *z, unsigned n)
{
	unsigned got;

	while (z->n_bits < n) {
		bool is_there = z->at < z->in.len;

		z->bits = z->bits << 8 | (is_there ? z->in.p[z->at++] : 0u);
		z->none += is_there ? 0 : 8;
		z->n_bits += 8;
	}
	z->n_bits -= n;
	got = z->bits >> z->n_bits & ((1u << n) - 1);
	return got;
}

/* Has a bit been used that was not there? */
static bool
is_cut(const struct lzarj *z)
{
	return z->none > z->n_bits;
}

/* ---- codes ---- */

/* A code of the first `n` of z->lengths; the rest of `of` have none. */
static int
make(struct lzarj *z, struct lzarj_code *c, unsigned n)
{
	uint16_t next[LONGEST + 1];
	int32_t left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (unsigned i = 0; i < n; i++)
		c->count[z->lengths[i]]++;
	c->count[0] = 0;
	next[1] = 0;
	for (unsigned len = 1; len <= LONGEST; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return ERR_SYNTAX;
		if (len < LONGEST)
			next[len + 1] = (uint16_t)(next[len] + c->count[len]);
	}
	for (unsigned i = 0; i < n; i++)
		if (z->lengths[i] != 0)
			c->symbol[next[z->lengths[i]]++] = (uint16_t)i;
	return ERR_OK;
}

/* A code of one symbol that takes no bits. */
static int
make_one(struct lzarj_code *c, unsigned symbol, unsigned most)
{
	memset(c->count, 0, sizeof(c->count));
	c->count[0] = 1;
	c->symbol[0] = (uint16_t)symbol;
	return symbol < most ? ERR_OK : ERR_SYNTAX;
}

/* The next symbol, or ERR_SYNTAX where no code is like these bits. */
static int
symbol(struct lzarj *z, const struct lzarj_code *c)
{
	int code = 0, first = 0, index = 0;

	if (c->count[0] > 0)
		return c->symbol[0];
	for (unsigned len = 1; len <= LONGEST; len++) {
		code |= (int)take(z, 1);
		if (code - c->count[len] < first)
			return c->symbol[index + (code - first)];
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return ERR_SYNTAX;
}

/* ---- the tables before a block ---- */

/* A length: three bits, 7 goes on in ones up to a zero. */
static unsigned
short_length(struct lzarj *z)
{
	unsigned len = take(z, 3);

	if (len == 7)
		while (len <= LONGEST && take(z, 1))
			len++;
	return len;
}

/*
 * A code of at most `most` symbols, their number in `bits`; behind the third
 * length of the lengths' own code stands how many zeros follow.
 */
static int
read_short(struct lzarj *z, struct lzarj_code *c, unsigned most, unsigned bits)
{
	unsigned n = take(z, bits), i = 0;
	unsigned gap = c == &z->length ? 3 : 0;

	if (n == 0)
		return make_one(c, take(z, bits), most);
	if (n > most)
		return ERR_SYNTAX;
	while (i < n) {
		unsigned len = short_length(z), zeros;

		if (len > LONGEST)
			return ERR_SYNTAX;
		z->lengths[i++] = (uint8_t)len;
		zeros = i == gap ? take(z, 2) : 0;
		for (; zeros > 0; zeros--)
			z->lengths[i++] = 0;
	}
	return make(z, c, i);
}

/* The lengths of the symbols' code, in the code of lengths. */
static int
read_symbols(struct lzarj *z)
{
	unsigned n = take(z, 9), i = 0;

	if (n == 0)
		return make_one(&z->symbol, take(z, 9), SYMBOLS);
	if (n > SYMBOLS)
		return ERR_SYNTAX;
	while (i < n && !is_cut(z)) {
		int sym = symbol(z, &z->length);
		unsigned zeros = 0;

		if (sym < 0)
			return ERR_SYNTAX;
		if (sym > 2)
			z->lengths[i++] = (uint8_t)(sym - 2);
		else if (sym == 0)
			zeros = 1;
		else
			zeros = sym == 1 ? take(z, 4) + 3 : take(z, 9) + 20;
		if (zeros > SYMBOLS - i)
			return ERR_SYNTAX;
		memset(z->lengths + i, 0, zeros);
		i += zeros;
	}
	return make(z, &z->symbol, i);
}

static int
begin_block(struct lzarj *z)
{
	int err;

	z->left = take(z, 16);
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

/* LHA's window is full of spaces at the start. */
static int
copy(struct lzarj *z, size_t distance, size_t n)
{
	if (distance > z->len && z->method < LZARJ_LH5)
		return ERR_SYNTAX;
	for (; n > 0 && z->len < z->cap && distance > z->len; n--)
		z->out[z->len++] = ' ';
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
	sym = symbol(z, &z->symbol);
	if (sym < 0 || is_cut(z))
		return ERR_SYNTAX;
	if (sym < 256) {
		z->out[z->len++] = (uint8_t)sym;
		return ERR_OK;
	}
	far = symbol(z, &z->distance);
	if (far < 0)
		return ERR_SYNTAX;
	distance =
	    far == 0 ? 0 : (1u << (far - 1)) + take(z, (unsigned)far - 1);
	return copy(z, distance + 1, (size_t)sym - 256 + SHORTEST);
}

/* ---- method 4 ---- */

/* A number: ones that each double the range, a zero, the bits. */
static unsigned
ranged(struct lzarj *z, unsigned from, unsigned to)
{
	unsigned width = from, below = 0;

	while (width < to && take(z, 1))
		below += 1u << width++;
	return below + take(z, width);
}

static int
fast_step(struct lzarj *z)
{
	unsigned n = ranged(z, 0, 7);

	if (n == 0) {
		z->out[z->len++] = (uint8_t)take(z, 8);
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
		.in = in,
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
		if (is_cut(z)) {
			/* what was made of bits that are not there is none */
			z->len = before;
			err = ERR_EOF;
		}
	}
	*len = z->len;
	return err;
}
