/* inflate64: canonical codes, decoded bit by bit: rare, so small. */
#include "codec/inflate64.h"

#define BITS	     INFLATE64_BITS
#define LITERALS     INFLATE64_LITERALS
#define DISTANCES    INFLATE64_DISTANCES
#define END_OF_BLOCK 256

/* ---- bits ---- */

/* `n` bits, at most 16; the first one is the lowest. */
static uint32_t
take(struct inflate64 *s, unsigned n)
{
	uint32_t got;

	while (s->n_bits < n) {
		s->is_cut |= s->at >= s->in.len;
		if (!s->is_cut)
			s->bits |= (uint32_t)s->in.p[s->at++] << s->n_bits;
		s->n_bits += 8;
	}
	got = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->n_bits -= n;
	return got;
}

/* The next symbol, or ERR_SYNTAX where no code is like these bits. */
static int
symbol(struct inflate64 *s, const struct inflate64_code *c)
{
	int code = 0, first = 0, index = 0;

	for (unsigned len = 1; len <= BITS; len++) {
		code |= (int)take(s, 1);
		if (code - c->count[len] < first)
			return c->symbol[index + (code - first)];
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return ERR_SYNTAX;
}

/* Make a code of `n` lengths; a set with too many short ones is an error. */
static int
make(struct inflate64_code *c, const uint8_t *lengths, unsigned n)
{
	uint16_t next[BITS + 1];
	int left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	next[1] = 0;
	for (unsigned len = 1; len <= BITS; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return ERR_SYNTAX;
		if (len < BITS)
			next[len + 1] = (uint16_t)(next[len] + c->count[len]);
	}
	for (unsigned i = 0; i < n; i++)
		if (lengths[i] != 0)
			c->symbol[next[lengths[i]]++] = (uint16_t)i;
	return ERR_OK;
}

/* ---- output ---- */

static int
put(struct inflate64 *s, uint8_t c)
{
	if (s->len == s->cap)
		return ERR_FULL;
	s->out[s->len++] = c;
	return ERR_OK;
}

static int
copy(struct inflate64 *s, size_t distance, size_t n)
{
	int err = ERR_OK;

	if (distance > s->len)
		return ERR_SYNTAX;
	for (; n > 0 && !err; n--)
		err = put(s, s->len < s->cap ? s->out[s->len - distance] : 0);
	return err;
}

/* ---- blocks ---- */

static int
stored(struct inflate64 *s)
{
	size_t n;
	int err = ERR_OK;

	(void)take(s, s->n_bits % 8);
	n = take(s, 16);
	if (take(s, 16) != (~n & 0xffff))
		return s->is_cut ? ERR_EOF : ERR_SYNTAX;
	for (; n > 0 && !err; n--) {
		uint8_t c = (uint8_t)take(s, 8);

		if (s->is_cut)
			return ERR_EOF;
		err = put(s, c);
	}
	return err;
}

/* How long a match is, whose symbol is `sym` (257 and up). */
static size_t
match_length(struct inflate64 *s, unsigned sym)
{
	unsigned extra;

	if (sym < 265)
		return sym - 254;
	if (sym == 285)
		return 3 + take(s, 16);
	extra = (sym - 261) / 4;
	return 3 + ((4 + (sym - 261) % 4) << extra) + take(s, extra);
}

static size_t
match_distance(struct inflate64 *s, unsigned sym)
{
	unsigned extra = sym / 2 - 1;

	if (sym < 4)
		return sym + 1;
	return 1 + ((2 + sym % 2) << extra) + take(s, extra);
}

static int
coded(struct inflate64 *s)
{
	int err = ERR_OK, sym, far;

	while (!err) {
		size_t n;

		sym = symbol(s, &s->literal);
		if (s->is_cut)
			return ERR_EOF;
		if (sym == END_OF_BLOCK)
			return ERR_OK;
		if (sym < 0 || sym > 285)
			return ERR_SYNTAX;
		if (sym < END_OF_BLOCK) {
			err = put(s, (uint8_t)sym);
			continue;
		}
		n = match_length(s, (unsigned)sym);
		far = symbol(s, &s->distance);
		if (far < 0)
			return s->is_cut ? ERR_EOF : ERR_SYNTAX;
		err = copy(s, match_distance(s, (unsigned)far), n);
	}
	return err;
}

static int
fixed(struct inflate64 *s)
{
	uint8_t *lengths = s->lengths;
	int err;

	memset(lengths, 8, LITERALS);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	err = make(&s->literal, lengths, LITERALS);
	memset(lengths, 5, DISTANCES);
	if (!err)
		err = make(&s->distance, lengths, DISTANCES);
	return err ? err : coded(s);
}

/* The lengths of both codes, which are coded themselves. */
static int
read_lengths(struct inflate64 *s, const struct inflate64_code *c,
    uint8_t *lengths, unsigned n)
{
	unsigned i = 0;

	while (i < n && !s->is_cut) {
		int sym = symbol(s, c);
		unsigned times = 1;
		uint8_t len = (uint8_t)sym;

		if (sym < 0 || sym > 18 || (sym == 16 && i == 0))
			return ERR_SYNTAX;
		if (sym == 16)
			times = 3 + take(s, 2);
		else if (sym > 16)
			times = sym == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (sym >= 16)
			len = sym == 16 ? lengths[i - 1] : 0;
		if (times > n - i)
			return ERR_SYNTAX;
		memset(lengths + i, len, times);
		i += times;
	}
	return s->is_cut ? ERR_EOF : ERR_OK;
}

static int
dynamic(struct inflate64 *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11,
		4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t *lengths = s->lengths;
	unsigned n_literals = 257 + take(s, 5), n_distances = 1 + take(s, 5);
	int err;

	memset(lengths, 0, 19);
	for (unsigned i = 0, n = 4 + take(s, 4); i < n; i++)
		lengths[order[i]] = (uint8_t)take(s, 3);
	err =
	    n_literals > LITERALS ? ERR_SYNTAX : make(&s->literal, lengths, 19);
	memset(lengths, 0, sizeof(s->lengths));
	if (!err)
		err = read_lengths(
		    s, &s->literal, lengths, n_literals + n_distances);
	if (!err)
		err = make(&s->literal, lengths, n_literals);
	if (!err)
		err = make(&s->distance, lengths + n_literals, n_distances);
	return err ? err : coded(s);
}

int
inflate64(struct inflate64 *z, struct span in, uint8_t *out, size_t cap,
    size_t *used, size_t *len)
{
	bool is_last = false;
	int err = ERR_OK;

	*z = (struct inflate64) { .in = in, .out = out, .cap = cap };
	while (!is_last && !err) {
		is_last = take(z, 1);
		switch (take(z, 2)) {
		case 0:
			err = stored(z);
			break;
		case 1:
			err = fixed(z);
			break;
		case 2:
			err = dynamic(z);
			break;
		default:
			err = ERR_SYNTAX;
		}
		if (z->is_cut)
			err = ERR_EOF;
	}
	*used = z->at;
	*len = z->len;
	return err;
}
