/* sigdb: reading a compiled signature file; writing one is sigcomp's. */
#include "scan/sigdb.h"

#include <zlib.h>

static const uint8_t magic[8] = "GPSIGDB";

static int
take_sections(struct sigdb *db)
{
	for (unsigned i = 0; i < SIGDB_SECTIONS; i++) {
		uint32_t at = le32_get(db->all.p + 64 + i * 8);
		uint32_t len = le32_get(db->all.p + 68 + i * 8);

		if (at < SIGDB_HEADER || at > db->all.len
		    || len > db->all.len - at)
			return ERR_TORN;
		db->section[i] = span_of(db->all.p + at, len);
	}
	return ERR_OK;
}

int
sigdb_open(struct sigdb *db, struct span all)
{
	*db = (struct sigdb) { .all = all };
	if (all.len < SIGDB_HEADER || memcmp(all.p, magic, 8) != 0)
		return ERR_SYNTAX;
	db->version = le32_get(all.p + 8);
	if (db->version != SIGDB_VERSION && db->version != SIGDB_WITHOUT_CRC)
		return ERR_UNSUPPORTED;
	if (le32_get(all.p + 12) != all.len
	    || crc32(0, all.p, SIGDB_HEADER - 4)
		   != le32_get(all.p + SIGDB_HEADER - 4))
		return ERR_TORN;
	db->signatures = le32_get(all.p + 16);
	db->hashes = le32_get(all.p + 20);
	db->reach = le32_get(all.p + SIGDB_REACH);
	db->anywhere = le32_get(all.p + SIGDB_TARGETS);
	db->placed = le32_get(all.p + SIGDB_TARGETS + 4);
	if (db->anywhere == 0 && db->placed == 0) /* not told */
		db->anywhere = db->placed = UINT32_MAX;
	db->made_s = le32_get(all.p + SIGDB_MADE)
		     | (uint64_t)le32_get(all.p + SIGDB_MADE + 4) << 32;
	return take_sections(db);
}

bool
sigdb_is_whole(const struct sigdb *db, uint32_t (*crc)(struct span))
{
	struct span body = span_from(db->all, SIGDB_HEADER);
	uint32_t sum;

	if (db->version == SIGDB_WITHOUT_CRC)
		return true;
	sum = crc != NULL ? crc(body)
			  : (uint32_t)crc32(0, body.p, (uInt)body.len);
	return sum == le32_get(db->all.p + SIGDB_CRC);
}

struct span
sigdb_name(const struct sigdb *db, uint32_t at)
{
	struct span names = span_from(db->section[SIGDB_NAMES], at);

	if (names.len == 0)
		return SPAN("");
	return span_first(span_from(names, 1), names.p[0]);
}

bool
sigdb_pattern(const struct sigdb *db, uint32_t i, struct sigdb_pattern *p)
{
	struct span all = db->section[SIGDB_PATTERNS];
	const uint8_t *r;

	if (i >= all.len / SIGDB_PATTERN_SIZE)
		return false;
	r = all.p + (size_t)i * SIGDB_PATTERN_SIZE;
	*p = (struct sigdb_pattern) {
		.name = le32_get(r),
		.first = le32_get(r + 4),
		.n = le16_get(r + 8),
		.lead = le16_get(r + 10),
		.target = r[12],
		.place = r[13],
		.offset = le32_get(r + 16),
		.shift = le32_get(r + 20),
		.also = le32_get(r + 24),
	};
	return p->n > 0 && p->n <= SIGDB_SEGS && p->lead < p->n
	       && p->target < 32;
}

bool
sigdb_part(const struct sigdb *db, uint32_t i, struct sigdb_part *s)
{
	struct span all = db->section[SIGDB_PARTS];
	unsigned kind;
	size_t octets;
	const uint8_t *r;

	if (i >= all.len / SIGDB_PART_SIZE)
		return false;
	r = all.p + (size_t)i * SIGDB_PART_SIZE;
	kind = le16_get(r + 6);
	s->len = le16_get(r + 4);
	s->masked = (kind & SIGDB_MASKED) != 0;
	s->choices = (uint16_t)(kind & ~SIGDB_MASKED);
	s->gap_min = le32_get(r + 8);
	s->gap_max = le32_get(r + 12);
	s->data = span_from(db->section[SIGDB_DATA], le32_get(r));
	octets = (size_t)s->len * (s->masked ? 2u : s->choices);
	if (s->choices == 0 || s->data.len < octets)
		return false;
	s->data.len = octets;
	return true;
}

/* The number of places that a table of starts has, as a power of two. */
static unsigned
places_log2(struct span start)
{
	uint32_t places = (uint32_t)(start.len / 4);

	return places < 2 ? 0 : 31u - (unsigned)__builtin_clz(places - 1);
}

struct span
sigdb_bucket(
    const struct sigdb *db, enum sigdb_section start, uint32_t key, size_t size)
{
	struct span starts = db->section[start];
	struct span records = db->section[start + 1];
	unsigned bits = places_log2(starts);
	uint32_t at, from, to;

	at = (uint32_t)((uint64_t)(key * SIGDB_MIX) >> (32 - bits));
	if (starts.len < 8 || at >= starts.len / 4 - 1)
		return SPAN("");
	from = le32_get(starts.p + (size_t)at * 4);
	to = le32_get(starts.p + (size_t)at * 4 + 4);
	if (from > to || to > records.len / size)
		return SPAN("");
	return span_of(records.p + from * size, (to - from) * size);
}

bool
sigdb_has_size(const struct sigdb *db, uint64_t octets)
{
	struct span bits = db->section[SIGDB_SIZES];
	uint32_t at;

	if (bits.len < 8192)
		return false;
	at = ((uint32_t)octets * SIGDB_MIX) >> 16;
	return (bits.p[at >> 3] >> (at & 7) & 1) != 0;
}
