/* prefix: the first code of each length follows from how many are shorter. */
#include "codec/prefix.h"

uint32_t
prefix_take(struct prefix_bits *b, unsigned n)
{
	uint32_t got, mask = (1u << n) - 1;

	while (b->n_bits < n) {
		bool is_there = b->at < b->in.len;
		uint32_t octet = is_there ? b->in.p[b->at++] : 0;

		b->none += is_there ? 0 : 8;
		b->bits = b->is_high_first ? b->bits << 8 | octet
					   : b->bits | octet << b->n_bits;
		b->n_bits += 8;
	}
	b->n_bits -= n;
	if (b->is_high_first)
		return b->bits >> b->n_bits & mask;
	got = b->bits & mask;
	b->bits >>= n;
	return got;
}

int
prefix_make(struct prefix *c, const uint8_t *lengths, unsigned n)
{
	uint16_t next[PREFIX_LONGEST + 1];
	int32_t left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	next[1] = 0;
	for (unsigned len = 1; len <= PREFIX_LONGEST; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return ERR_SYNTAX;
		if (len < PREFIX_LONGEST)
			next[len + 1] = (uint16_t)(next[len] + c->count[len]);
	}
	for (unsigned i = 0; i < n; i++)
		if (lengths[i] != 0)
			c->symbol[next[lengths[i]]++] = (uint16_t)i;
	return ERR_OK;
}

void
prefix_make_one(struct prefix *c, unsigned symbol)
{
	memset(c->count, 0, sizeof(c->count));
	c->count[0] = 1;
	c->symbol[0] = (uint16_t)symbol;
}

int
prefix_symbol(const struct prefix *c, struct prefix_bits *b)
{
	int code = 0, first = 0, index = 0;

	if (c->count[0] > 0)
		return c->symbol[0];
	for (unsigned len = 1; len <= PREFIX_LONGEST; len++) {
		code |= (int)prefix_take(b, 1);
		if (code - c->count[len] < first)
			return c->symbol[index + (code - first)];
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return ERR_SYNTAX;
}
