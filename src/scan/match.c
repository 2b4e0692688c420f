/* match: searching; what the file looks like inside is sigdb's business. */
#include "scan/match.h"

#include <bearssl.h>

#include "core/le.h"

/* ---- one pattern ---- */

static bool
has_masked(const struct sigdb_part *s, const uint8_t *p)
{
	const uint8_t *value = s->data.p, *mask = s->data.p + s->len;

	for (size_t i = 0; i < s->len; i++)
		if ((p[i] & mask[i]) != value[i])
			return false;
	return true;
}

/* Does the part stand at `p`, of which its length is there? */
static bool
is_at(const struct sigdb_part *s, const uint8_t *p)
{
	if (s->len == 0)
		return true;
	if (s->masked)
		return has_masked(s, p);
	for (size_t i = 0; i < s->choices; i++)
		if (!memcmp(p, s->data.p + i * s->len, s->len))
			return true;
	return false;
}

/* The next position at which a literal can begin; limits the work, too. */
static bool
skip_ahead(struct match *m, struct match_level *l, const struct sigdb_part *s)
{
	const uint8_t *p = m->bytes.p + l->at, *hit;
	size_t n = l->last - l->at + 1;

	if (s->masked || s->choices > 1 || s->len == 0 || n == 1)
		return true;
	hit = memchr(p, s->data.p[0], n);
	n = hit != NULL ? (size_t)(hit - p) : n;
	l->at += n;
	m->work -= n / 16 < m->work ? n / 16 : m->work;
	return hit != NULL;
}

/* Move the level to its next position that fits; false: none is left. */
static bool
advance(struct match *m, struct match_level *l)
{
	const struct sigdb_part *s = &m->parts[l->part];

	while (l->at <= l->last && m->work > 0) {
		if (!skip_ahead(m, l, s))
			return false;
		m->work--;
		if (is_at(s, m->bytes.p + l->at)) {
			m->found[l->part] = l->at++;
			return true;
		}
		l->at++;
	}
	return false;
}

/* Cut [from, to] down to where the part and the pattern's place allow. */
static void
bound(struct match *m, struct match_level *l, size_t from, size_t to)
{
	const struct sigdb_pattern *p = &m->pattern;
	size_t len = m->bytes.len, size = m->parts[l->part].len;
	size_t low = p->offset, high;

	l->at = 1;
	l->last = 0;
	if (size > len)
		return;
	if (to > len - size)
		to = len - size;
	if (l->part == 0 && p->place != SIGDB_ANYWHERE) {
		if (p->place == SIGDB_FROM_END && low > len)
			return;
		low = p->place == SIGDB_FROM_END ? len - low : low;
		high = low + p->shift;
		from = from > low ? from : low;
		to = to < high ? to : high;
	}
	if (from <= to) {
		l->at = from;
		l->last = to;
	}
}

/* Where may the part of level `i` be, as those before it stand? */
static void
enter(struct match *m, unsigned i)
{
	struct match_level *l = &m->level[i];
	const struct sigdb_pattern *p = &m->pattern;
	unsigned rights = p->n - 1u - p->lead;
	const struct sigdb_part *gap;
	size_t at;

	if (i <= rights) {
		l->part = (uint16_t)(p->lead + i);
		gap = &m->parts[l->part];
		at = m->found[l->part - 1] + m->parts[l->part - 1].len;
		bound(m, l, at + gap->gap_min,
		    gap->gap_max == SIGDB_NONE ? m->bytes.len
					       : at + gap->gap_max);
		return;
	}
	l->part = (uint16_t)(p->n - 1u - i);
	gap = &m->parts[l->part + 1];
	at = m->found[l->part + 1];
	if (at < (size_t)gap->gap_min + m->parts[l->part].len) {
		l->at = 1;
		l->last = 0;
		return;
	}
	at -= m->parts[l->part].len;
	bound(m, l,
	    gap->gap_max == SIGDB_NONE || gap->gap_max > at ? 0
							    : at - gap->gap_max,
	    at - gap->gap_min);
}

/* An open gap to the right that was searched to the end before: skip it. */
static bool
is_known_dead(struct match *m, uint32_t number, unsigned i)
{
	const struct match_memo *memo = &m->memo[number % MATCH_MEMO];
	const struct match_level *l = &m->level[i];

	return memo->pattern == number + 1 && l->part > m->pattern.lead
	       && m->parts[l->part].gap_max == SIGDB_NONE
	       && l->at >= memo->from;
}

static void
note_dead(struct match *m, uint32_t number, size_t from)
{
	m->memo[number % MATCH_MEMO] = (struct match_memo) { number + 1, from };
}

/*
 * The first open gap to the right of the lead, as a level; 0: none.  Only what
 * is behind that one is remembered as absent, and only when nothing to the
 * left was tried, since only then it was absent for every left side.
 */
static unsigned
first_open(const struct match *m)
{
	unsigned rights = m->pattern.n - 1u - m->pattern.lead;

	for (unsigned i = 1; i <= rights; i++)
		if (m->parts[m->pattern.lead + i].gap_max == SIGDB_NONE)
			return i;
	return 0;
}

/* Try all parts with the lead in [from, to]. */
static bool
is_there(struct match *m, uint32_t number, size_t from, size_t to)
{
	unsigned rights = m->pattern.n - 1u - m->pattern.lead;
	unsigned open = first_open(m), i = 0, deepest = 0;
	size_t open_from = 0;

	m->level[0].part = m->pattern.lead;
	bound(m, &m->level[0], from, to);
	for (;;) {
		if (advance(m, &m->level[i])) {
			if (++i == m->pattern.n)
				return true;
			enter(m, i);
			deepest = i > deepest ? i : deepest;
			if (i != open)
				continue;
			open_from = m->level[i].at <= m->level[i].last
					? m->level[i].at
					: SIZE_MAX;
			deepest = i;
			if (is_known_dead(m, number, i))
				m->level[i].at = m->level[i].last + 1;
			continue;
		}
		if (i > 0 && i == open && deepest <= rights && m->work > 0)
			note_dead(m, number, open_from);
		if (i-- == 0)
			return false;
	}
}

/* Take the pattern with all parts out of the file. */
static bool
take(struct match *m, uint32_t number)
{
	if (!sigdb_pattern(m->db, number, &m->pattern))
		return false;
	for (uint32_t i = 0; i < m->pattern.n; i++)
		if (!sigdb_part(m->db, m->pattern.first + i, &m->parts[i]))
			return false;
	return true;
}

/* The others that must be there as well, wherever. */
static bool
are_there(struct match *m, uint32_t number)
{
	uint32_t before = number;

	while (number != SIGDB_NONE) {
		if (number < before || m->work == 0 || !take(m, number)
		    || !is_there(m, number, 0, m->bytes.len))
			return false;
		before = number;
		number = m->pattern.also;
		if (number == before)
			return false;
	}
	return true;
}

/* A gram was seen at `at`: is it the pattern that it stands for? */
static bool
is_found(struct match *m, uint32_t number, uint32_t back, size_t at)
{
	uint32_t name, also;

	if (at < back || !take(m, number)
	    || (m->targets >> m->pattern.target & 1) == 0)
		return false;
	name = m->pattern.name;
	also = m->pattern.also;
	if (!is_there(m, number, at - back, at - back))
		return false;
	if (also != SIGDB_NONE) {
		struct match_memo *memo = &m->memo[number % MATCH_MEMO];

		/* wherever it is found again, the others stay absent */
		if (memo->pattern == also + 1 && memo->from == 0)
			return false;
		if (!are_there(m, also)) {
			*memo = (struct match_memo) { also + 1, 0 };
			return false;
		}
	}
	m->name = sigdb_name(m->db, name);
	return true;
}

/* ---- all of them ---- */

static bool
candidate(struct match *m, enum sigdb_section start, uint32_t gram, size_t at)
{
	struct span bucket = sigdb_bucket(m->db, start, gram, SIGDB_GRAM_SIZE);

	for (size_t i = 0; i < bucket.len && m->work > 0;
	     i += SIGDB_GRAM_SIZE) {
		const uint8_t *r = bucket.p + i;

		m->work--;
		if (le32_get(r) == gram
		    && is_found(m, le32_get(r + 4), le32_get(r + 8), at))
			return true;
	}
	return false;
}

/* The power of two of a bit map's size, or 0 where it is none. */
static unsigned
map_log2(struct span map)
{
	unsigned bits = 3;

	while (bits < 32 && ((size_t)1 << bits) / 8 < map.len)
		bits++;
	return bits < 32 && ((size_t)1 << bits) / 8 == map.len ? bits : 0;
}

/* What is tried, and how it is reached; constant in each search. */
struct table {
	enum sigdb_section bits;
	unsigned stride, octets;
};

/* Inlined into one loop for each table: this is where the time goes. */
static inline __attribute__((always_inline)) int
search(struct match *m, const struct table t)
{
	struct span map = m->db->section[t.bits];
	const uint8_t *p = m->bytes.p, *bits = map.p;
	unsigned shift = 32 - map_log2(map);
	size_t n = m->bytes.len < m->db->reach || m->db->reach == SIGDB_NONE
		       ? m->bytes.len
		       : m->db->reach;

	if (map.len == 0 || shift == 32 || n < t.octets)
		return 0;
	for (size_t i = 0; i <= n - t.octets; i += t.stride) {
		uint32_t key = sigdb_key(p + i, t.octets);
		uint32_t at = (key * SIGDB_MIX) >> shift;

		if ((bits[at >> 3] >> (at & 7) & 1) == 0)
			continue;
		if (candidate(m, t.bits + 1, key, i))
			return 1;
		if (m->work == 0)
			return ERR_RANGE;
	}
	return 0;
}

int
match_bodies(struct match *m, const struct sigdb *db, struct span bytes,
    uint32_t targets, uint64_t work)
{
	static const struct table wide = { SIGDB_WIDE_BITS, SIGDB_WIDE_STRIDE,
		SIGDB_WIDE_OCTETS };
	static const struct table longer = { SIGDB_LONG_BITS, SIGDB_LONG_STRIDE,
		SIGDB_LONG_OCTETS };
	static const struct table shorter = { SIGDB_SHORT_BITS,
		SIGDB_SHORT_STRIDE, SIGDB_SHORT_OCTETS };
	int found;

	memset(m->memo, 0, sizeof(m->memo));
	m->db = db;
	m->bytes = bytes;
	m->targets = targets;
	m->work = work;
	found = search(m, wide);
	if (!found)
		found = search(m, longer);
	return found ? found : search(m, shorter);
}

/* ---- hashes of whole files ---- */

static bool
look_up(struct match *m, enum sigdb_section start, const uint8_t *digest,
    size_t len)
{
	struct span bucket =
	    sigdb_bucket(m->db, start, le32_get(digest), len + 8);

	for (size_t i = 0; i < bucket.len; i += len + 8) {
		const uint8_t *r = bucket.p + i;
		uint32_t size = le32_get(r + len);

		if (memcmp(r, digest, len) != 0
		    || (size != SIGDB_NONE && size != m->bytes.len))
			continue;
		m->name = sigdb_name(m->db, le32_get(r + len + 4));
		return true;
	}
	return false;
}

static bool
has_hash(struct match *m, const br_hash_class *kind, enum sigdb_section start,
    size_t len)
{
	uint8_t digest[br_sha256_SIZE];
	br_hash_compat_context hash;

	if (m->db->section[start + 1].len == 0)
		return false;
	kind->init(&hash.vtable);
	kind->update(&hash.vtable, m->bytes.p, m->bytes.len);
	kind->out(&hash.vtable, digest);
	return look_up(m, start, digest, len);
}

int
match_hashes(struct match *m, const struct sigdb *db, struct span bytes)
{
	m->db = db;
	m->bytes = bytes;
	if (!sigdb_has_size(db, bytes.len))
		return 0;
	return has_hash(m, &br_md5_vtable, SIGDB_MD5_START, br_md5_SIZE)
	       || has_hash(m, &br_sha1_vtable, SIGDB_SHA1_START, br_sha1_SIZE)
	       || has_hash(
		   m, &br_sha256_vtable, SIGDB_SHA256_START, br_sha256_SIZE);
}
