/* sigdb_met: is a pattern in the tables in which a search looks for it? */
#include "scan/sigdb.h"

static const struct {
	uint8_t stride, octets;
} table[SIGDB_WIDTHS] = {
	[SIGDB_WIDE] = { SIGDB_WIDE_STRIDE, SIGDB_WIDE_OCTETS },
	[SIGDB_LONG] = { SIGDB_LONG_STRIDE, SIGDB_LONG_OCTETS },
	[SIGDB_SHORT] = { SIGDB_SHORT_STRIDE, SIGDB_SHORT_OCTETS },
};

size_t
sigdb_count_bits(struct span map)
{
	size_t n = 0;

	for (size_t i = 0; i < map.len; i++)
		for (unsigned c = map.p[i]; c != 0; c &= c - 1)
			n++;
	return n;
}

bool
sigdb_is_map(struct span map, size_t n)
{
	return n == 0 ? map.len == 0
		      : map.len > 0 && map.len <= (size_t)1 << 28
			    && (map.len & (map.len - 1)) == 0
			    && sigdb_count_bits(map) <= n;
}

static bool
is_in_map(struct span map, uint32_t key)
{
	unsigned bits = 3;

	while (((size_t)1 << bits) / 8 < map.len)
		bits++;
	key = (key * SIGDB_MIX) >> (32 - bits);
	return (map.p[key >> 3] >> (key & 7) & 1) != 0;
}

/* They lie there as sigcomp fills a bucket: from the last one to the first. */
static bool
is_in_bucket(struct span bucket, uint32_t key, uint32_t pattern, uint32_t at)
{
	size_t low = 0, high = bucket.len / SIGDB_GRAM_SIZE;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const uint8_t *r = bucket.p + mid * SIGDB_GRAM_SIZE;
		uint32_t p = le32_get(r + 4), back = le32_get(r + 8);

		if (p == pattern && back == at)
			return le32_get(r) == key;
		if (p > pattern || (p == pattern && back > at))
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Is the gram at `at` of the pattern's lead entered in the table? */
static bool
is_entered(const struct sigdb *db, enum sigdb_width width, uint32_t pattern,
    const struct sigdb_part *lead, uint32_t at)
{
	enum sigdb_section bits = SIGDB_WIDE_BITS + 3 * width;
	uint32_t key = sigdb_key(lead->data.p + at, table[width].octets);

	if (db->section[bits].len == 0 || !is_in_map(db->section[bits], key))
		return false;
	return is_in_bucket(
	    sigdb_bucket(db, bits + 1, key, SIGDB_GRAM_SIZE), key, pattern, at);
}

/* Fixed octets of the part from `at` on, as far as it matters. */
static unsigned
fixed(const struct sigdb_part *s, unsigned at, unsigned most)
{
	unsigned n = 0;

	while (n < most && at + n < s->len
	       && (!s->masked || s->data.p[s->len + at + n] == 0xff))
		n++;
	return n;
}

/*
 * Will the pattern be met wherever it stands?  All grams of a table's stride
 * must be there, the first at `at`.
 */
static bool
is_met_at(const struct sigdb *db, enum sigdb_width width, uint32_t pattern,
    const struct sigdb_part *lead, unsigned at)
{
	unsigned span = table[width].octets + table[width].stride - 1u;

	if (fixed(lead, at, span) < span)
		return false;
	for (unsigned i = 0; i < table[width].stride; i++)
		if (!is_entered(db, width, pattern, lead, at + i))
			return false;
	return true;
}

unsigned
sigdb_met(const struct sigdb *db, uint32_t pattern,
    const struct sigdb_part *lead, enum sigdb_width *width)
{
	for (unsigned at = 0; at < lead->len && lead->choices == 1; at++)
		for (unsigned i = 0; i < SIGDB_WIDTHS; i++) {
			if (!is_met_at(db, i, pattern, lead, at))
				continue;
			*width = i;
			return table[i].stride;
		}
	return 0;
}
