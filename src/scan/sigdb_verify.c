/*
 * sigdb_verify: is a compiled signature file one that sigcomp could have made?
 *
 * Every record is visited as a search would, so that what is said to be sound
 * finds each of its signatures: patterns, parts, data and names lie without
 * gaps, each pattern has all grams of one table and no table any other, and
 * each gram and hash lies where it is looked up.  Not told apart: another
 * text of a signature, a later date, a map with a bit too many.
 */
#include <bearssl.h>

#include "scan/sigdb.h"

#define HASHES 3

/* How far the records that lie in order have been seen. */
struct walk {
	uint32_t parts, data, name; /* the next one's */
	bool is_next;		    /* the pattern before leads here */
	uint32_t bodies;	    /* names of patterns */
	size_t grams[SIGDB_WIDTHS]; /* that its patterns have */
	uint64_t reach;
};

static const uint8_t digests[HASHES] = { br_md5_SIZE, br_sha1_SIZE,
	br_sha256_SIZE };

/* ---- the file as a whole ---- */

static bool
has_digest(const struct sigdb *db)
{
	struct span body = span_from(db->all, SIGDB_HEADER);
	uint8_t digest[SIGDB_DIGEST];
	br_sha256_context hash;

	br_sha256_init(&hash);
	br_sha256_update(&hash, body.p, body.len);
	br_sha256_out(&hash, digest);
	return memcmp(digest, db->all.p + 24, SIGDB_DIGEST) == 0;
}

/* Octets of a record; 1: it has none. */
static size_t
record_size(unsigned section)
{
	switch (section) {
	case SIGDB_PATTERNS:
		return SIGDB_PATTERN_SIZE;
	case SIGDB_PARTS:
		return SIGDB_PART_SIZE;
	case SIGDB_WIDE_START:
	case SIGDB_LONG_START:
	case SIGDB_SHORT_START:
	case SIGDB_MD5_START:
	case SIGDB_SHA1_START:
	case SIGDB_SHA256_START:
		return 4;
	case SIGDB_WIDE_GRAMS:
	case SIGDB_LONG_GRAMS:
	case SIGDB_SHORT_GRAMS:
		return SIGDB_GRAM_SIZE;
	case SIGDB_MD5:
	case SIGDB_SHA1:
	case SIGDB_SHA256:
		return digests[(section - SIGDB_MD5) / 2] + 8u;
	default:
		return 1;
	}
}

/* One behind the other to the end, each filled up to 8 octets by zeros. */
static bool
are_sections_in_order(const struct sigdb *db)
{
	const uint8_t *at = db->all.p + SIGDB_HEADER;
	const uint8_t *end = db->all.p + db->all.len;

	if (le32_get(db->all.p + SIGDB_CRC + 4) != 0
	    || (db->version == SIGDB_WITHOUT_CRC
		&& le32_get(db->all.p + SIGDB_CRC) != 0))
		return false;
	for (unsigned i = 0; i < SIGDB_SECTIONS; i++) {
		struct span s = db->section[i];

		if (s.p != at || s.len % record_size(i) != 0)
			return false;
		for (at = s.p + s.len; (s.len & 7) != 0; s.len++)
			if (at == end || *at++ != 0)
				return false;
	}
	return at == end;
}

/*
 * Starts of 2^n buckets that rise from none to all, and are as many as a
 * search takes them for.
 */
static bool
is_table(struct span starts, size_t n)
{
	size_t places = starts.len / 4 - 1;
	uint32_t before = 0;

	if (starts.len < 8 || (places & (places - 1)) != 0
	    || le32_get(starts.p) != 0)
		return false;
	for (size_t i = 0; i + 4 <= starts.len; i += 4) {
		uint32_t at = le32_get(starts.p + i);

		if (at < before || at > n)
			return false;
		before = at;
	}
	return before == n;
}

/* ---- names ---- */

static bool
is_name(const struct sigdb *db, uint32_t at)
{
	struct span names = span_from(db->section[SIGDB_NAMES], at);

	return names.len > 0 && names.p[0] > 0 && names.p[0] < names.len;
}

/* How many there are, each but the first behind another; 0: not so. */
static size_t
count_names(const struct sigdb *db)
{
	size_t n = 0;

	for (uint32_t at = 0; at < db->section[SIGDB_NAMES].len; n++) {
		if (!is_name(db, at))
			return 0;
		at += 1u + db->section[SIGDB_NAMES].p[at];
	}
	return n;
}

/* The walk's name moves on to `at`, which must be the start of one. */
static bool
is_name_reached(const struct sigdb *db, struct walk *w, uint32_t at)
{
	while (w->name < at && is_name(db, w->name))
		w->name += 1u + db->section[SIGDB_NAMES].p[w->name];
	return w->name == at && is_name(db, at);
}

/* ---- grams ---- */

/* Will the pattern be met wherever it stands?  Notes with how many grams. */
static bool
is_met(const struct sigdb *db, struct walk *w, uint32_t pattern,
    const struct sigdb_part *lead)
{
	enum sigdb_width width;
	unsigned n = sigdb_met(db, pattern, lead, &width);

	if (n > 0)
		w->grams[width] += n;
	return n > 0;
}

/* Are the three tables such that a search finds its way in them? */
static bool
are_tables(const struct sigdb *db)
{
	for (unsigned i = 0; i < SIGDB_WIDTHS; i++) {
		enum sigdb_section bits = SIGDB_WIDE_BITS + 3 * i;
		size_t n = db->section[bits + 2].len / SIGDB_GRAM_SIZE;

		if (!sigdb_is_map(db->section[bits], n)
		    || !is_table(db->section[bits + 1], n))
			return false;
	}
	return true;
}

/* No gram but those that patterns have. */
static bool
are_grams_told(const struct sigdb *db, const struct walk *w)
{
	for (unsigned i = 0; i < SIGDB_WIDTHS; i++)
		if (db->section[SIGDB_WIDE_GRAMS + 3 * i].len
		    != w->grams[i] * SIGDB_GRAM_SIZE)
			return false;
	return true;
}

/* ---- patterns ---- */

/* What must be and is not would let no byte fit. */
static bool
is_possible(const struct sigdb_part *s)
{
	const uint8_t *value = s->data.p, *mask = value + s->len;

	if (s->gap_min > s->gap_max || (s->masked && s->choices != 1))
		return false;
	for (size_t i = 0; s->masked && i < s->len; i++)
		if ((value[i] & ~mask[i]) != 0)
			return false;
	return true;
}

static bool
take_parts(const struct sigdb *db, struct walk *w,
    const struct sigdb_pattern *p, struct sigdb_part *lead)
{
	struct sigdb_part s;
	uint64_t reach = (uint64_t)p->offset + p->shift;

	if (p->first != w->parts)
		return false;
	for (uint32_t k = 0; k < p->n; k++) {
		uint32_t data;

		if (!sigdb_part(db, w->parts++, &s) || !is_possible(&s)
		    || (k == 0 && s.gap_max != 0))
			return false;
		data = (uint32_t)(s.data.p - db->section[SIGDB_DATA].p);
		if (s.data.len > 0 && data != w->data)
			return false;
		w->data += (uint32_t)s.data.len;
		reach += (uint64_t)s.len + s.gap_max;
		if (k == p->lead)
			*lead = s;
	}
	w->reach = p->place == SIGDB_FROM_START ? reach : SIGDB_NONE;
	return true;
}

/* Is it where the header says, and are unused octets zero? */
static bool
is_as_told(const struct sigdb *db, const struct sigdb_pattern *p, uint32_t i)
{
	const uint8_t *r =
	    db->section[SIGDB_PATTERNS].p + (size_t)i * SIGDB_PATTERN_SIZE;
	uint32_t targets =
	    p->place == SIGDB_ANYWHERE ? db->anywhere : db->placed;

	return p->place <= SIGDB_FROM_END && (targets >> p->target & 1) != 0
	       && (p->place != SIGDB_ANYWHERE || (p->offset | p->shift) == 0)
	       && le16_get(r + 14) == 0 && le32_get(r + 28) == 0;
}

static bool
is_sound_pattern(const struct sigdb *db, struct walk *w, uint32_t i)
{
	uint32_t before = w->name;
	struct sigdb_pattern p;
	struct sigdb_part lead = { 0 };
	bool is_first = !w->is_next;

	if (!sigdb_pattern(db, i, &p) || !is_as_told(db, &p, i)
	    || !take_parts(db, w, &p, &lead) || !is_name_reached(db, w, p.name)
	    || (!is_first && p.name != before))
		return false;
	w->bodies += i == 0 || p.name != before;
	w->is_next = p.also != SIGDB_NONE;
	if (w->is_next && p.also != i + 1)
		return false;
	return !is_first
	       || (is_met(db, w, i, &lead)
		   && (db->reach == SIGDB_NONE || w->reach <= db->reach));
}

static bool
are_patterns_sound(const struct sigdb *db, struct walk *w)
{
	size_t n = db->section[SIGDB_PATTERNS].len / SIGDB_PATTERN_SIZE;

	for (uint32_t i = 0; i < n; i++)
		if (!is_sound_pattern(db, w, i))
			return false;
	return !w->is_next && w->data == db->section[SIGDB_DATA].len
	       && w->parts == db->section[SIGDB_PARTS].len / SIGDB_PART_SIZE;
}

/* ---- hashes ---- */

/* Every record lies where its digest is looked up, and its size is noted. */
static bool
are_in_place(const struct sigdb *db, enum sigdb_section start, size_t size)
{
	struct span all = db->section[start + 1];

	for (size_t i = 0; i < all.len; i += size) {
		const uint8_t *r = all.p + i;
		uint32_t octets = le32_get(r + size - 8);
		struct span bucket = sigdb_bucket(db, start, le32_get(r), size);

		if (bucket.p > r || r >= bucket.p + bucket.len
		    || !is_name(db, le32_get(r + size - 4))
		    || !sigdb_has_size(db, octets))
			return false;
	}
	return true;
}

/* A bit for each size, or all where a hash is for any. */
static bool
are_hashes_sound(const struct sigdb *db)
{
	size_t n = 0, bits = sigdb_count_bits(db->section[SIGDB_SIZES]);

	for (unsigned i = 0; i < HASHES; i++) {
		size_t size = digests[i] + 8u;
		enum sigdb_section start = SIGDB_MD5_START + 2 * i;
		struct span all = db->section[start + 1];

		if (!is_table(db->section[start], all.len / size)
		    || !are_in_place(db, start, size))
			return false;
		n += all.len / size;
	}
	return n == db->hashes && db->section[SIGDB_SIZES].len == (n > 0) * 8192
	       && (bits <= n || bits == 65536);
}

int
sigdb_verify(const struct sigdb *db)
{
	struct walk w = { 0 };
	bool sound = has_digest(db) && sigdb_is_whole(db, NULL)
		     && are_sections_in_order(db) && are_tables(db)
		     && are_patterns_sound(db, &w) && are_grams_told(db, &w)
		     && are_hashes_sound(db)
		     && count_names(db) == db->signatures
		     && w.bodies + (uint64_t)db->hashes == db->signatures;

	return sound ? ERR_OK : ERR_TORN;
}
