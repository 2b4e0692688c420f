/* inflate64: blocks, lengths and distances; codes are codec/prefix's. */
#include "codec/inflate64.h"

#define LITERALS     INFLATE64_LITERALS
#define DISTANCES    INFLATE64_DISTANCES
#define END_OF_BLOCK 256

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

	(void)prefix_take(&s->bits, s->bits.n_bits % 8);
	n = prefix_take(&s->bits, 16);
	if (prefix_take(&s->bits, 16) != (~n & 0xffff))
		return prefix_is_cut(&s->bits) ? ERR_EOF : ERR_SYNTAX;
	for (; n > 0 && !err; n--) {
		uint8_t c = (uint8_t)prefix_take(&s->bits, 8);

		if (prefix_is_cut(&s->bits))
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
		return 3 + prefix_take(&s->bits, 16);
	extra = (sym - 261) / 4;
	return 3 + ((4 + (sym - 261) % 4) << extra)
	       + prefix_take(&s->bits, extra);
}

static size_t
match_distance(struct inflate64 *s, unsigned sym)
{
	unsigned extra = sym / 2 - 1;

	if (sym < 4)
		return sym + 1;
	return 1 + ((2 + sym % 2) << extra) + prefix_take(&s->bits, extra);
}

static int
coded(struct inflate64 *s)
{
	int err = ERR_OK, sym, far;

	while (!err) {
		size_t n;

		sym = prefix_symbol(&s->literal, &s->bits);
		if (prefix_is_cut(&s->bits))
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
		far = prefix_symbol(&s->distance, &s->bits);
		if (far < 0)
			return prefix_is_cut(&s->bits) ? ERR_EOF : ERR_SYNTAX;
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
	err = prefix_make(&s->literal, lengths, LITERALS);
	memset(lengths, 5, DISTANCES);
	if (!err)
		err = prefix_make(&s->distance, lengths, DISTANCES);
	return err ? err : coded(s);
}

/* The lengths of both codes, which are coded themselves. */
static int
read_lengths(
    struct inflate64 *s, const struct prefix *c, uint8_t *lengths, unsigned n)
{
	unsigned i = 0;

	while (i < n && !prefix_is_cut(&s->bits)) {
		int sym = prefix_symbol(c, &s->bits);
		unsigned times = 1;
		uint8_t len = (uint8_t)sym;

		if (sym < 0 || sym > 18 || (sym == 16 && i == 0))
			return ERR_SYNTAX;
		if (sym == 16)
			times = 3 + prefix_take(&s->bits, 2);
		else if (sym > 16)
			times = sym == 17 ? 3 + prefix_take(&s->bits, 3)
					  : 11 + prefix_take(&s->bits, 7);
		if (sym >= 16)
			len = sym == 16 ? lengths[i - 1] : 0;
		if (times > n - i)
			return ERR_SYNTAX;
		memset(lengths + i, len, times);
		i += times;
	}
	return prefix_is_cut(&s->bits) ? ERR_EOF : ERR_OK;
}

static int
dynamic(struct inflate64 *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11,
		4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t *lengths = s->lengths;
	unsigned n_literals = 257 + prefix_take(&s->bits, 5),
		 n_distances = 1 + prefix_take(&s->bits, 5);
	int err;

	memset(lengths, 0, 19);
	for (unsigned i = 0, n = 4 + prefix_take(&s->bits, 4); i < n; i++)
		lengths[order[i]] = (uint8_t)prefix_take(&s->bits, 3);
	err = n_literals > LITERALS ? ERR_SYNTAX
				    : prefix_make(&s->literal, lengths, 19);
	memset(lengths, 0, sizeof(s->lengths));
	if (!err)
		err = read_lengths(
		    s, &s->literal, lengths, n_literals + n_distances);
	if (!err)
		err = prefix_make(&s->literal, lengths, n_literals);
	if (!err)
		err = prefix_make(
		    &s->distance, lengths + n_literals, n_distances);
	return err ? err : coded(s);
}

int
inflate64(struct inflate64 *z, struct span in, uint8_t *out, size_t cap,
    size_t *used, size_t *len)
{
	bool is_last = false;
	int err = ERR_OK;

	*z =
	    (struct inflate64) { .bits = { .in = in }, .out = out, .cap = cap };
	while (!is_last && !err) {
		is_last = prefix_take(&z->bits, 1);
		switch (prefix_take(&z->bits, 2)) {
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
		if (prefix_is_cut(&z->bits))
			err = ERR_EOF;
	}
	*used = z->bits.at;
	*len = z->len;
	return err;
}
