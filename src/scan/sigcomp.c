/*
 * sigcomp: lines of ClamAV's text forms.
 *
 * Reading bodies in hex is in sigcomp_body.c, the file in sigcomp_file.c.
 */
#include "scan/sigcomp.h"

#include <bearssl.h>

#include "core/chr.h"
#include "core/le.h"

/* How the memory is divided, in 64ths; the last part is the result. */
#define SHARES 64

#define LEVEL 216 /* ClamAV 1.4's FLEVEL, whose language this is */

/* Targets that scan/kind tells: 0 to 7, 9 to 12. */
#define TARGETS 0x1effu

void
sigcomp_init(struct sigcomp *sc, void *mem, size_t octets)
{
	struct buf *all[] = { &sc->names, &sc->data, &sc->parts, &sc->patterns,
		&sc->grams[0], &sc->grams[1], &sc->grams[2], &sc->hashes[0],
		&sc->hashes[1], &sc->hashes[2], &sc->out };
	static const uint8_t share[] = { 2, 2, 8, 4, 4, 5, 2, 1, 1, 1, 34 };
	uint8_t *p = mem;

	memset(sc, 0, sizeof(*sc));
	for (unsigned i = 0; i < sizeof(share); i++) {
		size_t part = octets / SHARES * share[i];

		buf_init(all[i], p, part);
		p += part;
	}
}

static int
put_name(struct sigcomp *sc, struct span name, uint32_t *at)
{
	uint8_t len = (uint8_t)(name.len < 255 ? name.len : 255);

	if (name.len == 0)
		return sigcomp_wrong(sc, "no name");
	*at = (uint32_t)buf_len(&sc->names);
	return buf_put(&sc->names, span_of(&len, 1))
		       && buf_put(&sc->names, span_first(name, len))
		   ? ERR_OK
		   : ERR_FULL;
}

/* ---- for which versions ---- */

/* From level `least` to level `most`: is that of ClamAV 1.4 among them? */
static int
check_levels(struct sigcomp *sc, struct span least, struct span most)
{
	uint64_t low = 0, high = LEVEL;

	if ((least.len > 0 && span_u64(least, UINT32_MAX, &low))
	    || (most.p != NULL && span_u64(most, UINT32_MAX, &high)))
		return sigcomp_wrong(sc, "not a level of ClamAV's");
	return low <= LEVEL && LEVEL <= high
		   ? ERR_OK
		   : sigcomp_unsupported(sc, "for other versions of ClamAV");
}

/* What stands last in a line, or nothing does: MIN, or MIN:MAX. */
static int
read_levels(struct sigcomp *sc, struct span rest)
{
	struct span least = SPAN(""), most = { NULL, 0 };

	if (span_next(&rest, ':', &least))
		(void)span_next(&rest, ':', &most);
	return rest.p == NULL ? check_levels(sc, least, most)
			      : sigcomp_wrong(sc, "more fields than there are");
}

/* ---- hashes ---- */

static int
hex_bytes(struct span hex, uint8_t *out)
{
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		int high = chr_hex(hex.p[i]), low = chr_hex(hex.p[i + 1]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return ERR_OK;
}

static int
hash_kind(size_t digits)
{
	switch (digits) {
	case 2 * br_md5_SIZE:
		return 0;
	case 2 * br_sha1_SIZE:
		return 1;
	case 2 * br_sha256_SIZE:
		return 2;
	default:
		return -1;
	}
}

static void
note_size(struct sigcomp *sc, uint64_t octets)
{
	uint32_t at = ((uint32_t)octets * SIGDB_MIX) >> 16;

	if (octets == SIGDB_NONE)
		memset(sc->sizes, 0xff, sizeof(sc->sizes));
	else
		sc->sizes[at >> 3] |= (uint8_t)(1u << (at & 7));
}

/* HASH:SIZE:NAME[:MIN[:MAX]] */
static int
add_hash(struct sigcomp *sc, struct span line)
{
	struct span digest, size, name;
	uint8_t record[br_sha256_SIZE + 8];
	uint64_t octets = SIGDB_NONE;
	int kind, err;
	uint32_t at = 0;
	size_t len;

	if (!span_next(&line, ':', &digest) || !span_next(&line, ':', &size)
	    || !span_next(&line, ':', &name))
		return sigcomp_wrong(sc, "not HASH:SIZE:NAME");
	kind = hash_kind(digest.len);
	if (kind < 0 || hex_bytes(digest, record))
		return sigcomp_wrong(sc, "not a hash in hexadecimal");
	if (!span_is(size, SPAN("*"))
	    && span_u64(size, SIGDB_NONE - 1, &octets))
		return sigcomp_wrong(sc, "not a size");
	err = read_levels(sc, line);
	if (!err)
		err = put_name(sc, name, &at);
	if (err)
		return err;
	len = digest.len / 2;
	le32_put(record + len, (uint32_t)octets);
	le32_put(record + len + 4, at);
	if (!buf_put(&sc->hashes[kind], span_of(record, len + 8)))
		return ERR_FULL;
	note_size(sc, octets);
	sc->n_hashes++;
	return ERR_OK;
}

/* ---- bodies ---- */

/* EP+N  SX+N  SL+N  SEX  VI  MP: ClamAV's, and not ours. */
static bool
is_by_program(struct span s)
{
	return s.len > 1 && memchr("ESVM", s.p[0], 4) != NULL;
}

/* *  N  N,SHIFT  EOF-N  EOF-N,SHIFT */
static int
read_offset(struct sigcomp *sc, struct span s, struct sigdb_pattern *p)
{
	size_t comma = span_find(s, ',');
	struct span shift = span_from(s, comma + 1);
	uint64_t n, most = 0;

	p->place = SIGDB_ANYWHERE;
	p->offset = p->shift = 0;
	if (span_is(s, SPAN("*")))
		return ERR_OK;
	p->place = SIGDB_FROM_START;
	s = span_first(s, comma);
	if (span_starts(s, SPAN("EOF-"))) {
		p->place = SIGDB_FROM_END;
		s = span_from(s, 4);
	}
	if (span_u64(s, SIGDB_NONE / 2, &n)
	    || (shift.len > 0 && span_u64(shift, SIGDB_NONE / 2, &most)))
		return is_by_program(s) ? sigcomp_unsupported(
			   sc, "an offset by entry point, section or version")
					: sigcomp_wrong(sc, "not an offset");
	p->offset = (uint32_t)n;
	p->shift = (uint32_t)most;
	return ERR_OK;
}

static int
put_parts(struct sigcomp *sc)
{
	for (unsigned i = 0; i < sc->n; i++) {
		const struct sigcomp_seg *g = &sc->seg[i];
		uint8_t r[SIGDB_PART_SIZE];

		le32_put(r, g->data);
		le16_put(r + 4, g->len);
		le16_put(r + 6, g->kind);
		le32_put(r + 8, g->gap_min);
		le32_put(r + 12, g->gap_max);
		if (!buf_put(&sc->parts, span_of(r, sizeof(r))))
			return ERR_FULL;
	}
	return ERR_OK;
}

static int
put_grams(struct sigcomp *sc, const struct sigcomp_anchor *a, uint32_t pattern)
{
	static const struct {
		uint8_t stride, octets;
	} of[SIGDB_WIDTHS] = {
		[SIGDB_WIDE] = { SIGDB_WIDE_STRIDE, SIGDB_WIDE_OCTETS },
		[SIGDB_LONG] = { SIGDB_LONG_STRIDE, SIGDB_LONG_OCTETS },
		[SIGDB_SHORT] = { SIGDB_SHORT_STRIDE, SIGDB_SHORT_OCTETS },
	};
	const uint8_t *data =
	    buf_data(&sc->data).p + sc->seg[a->seg].data + a->at;

	for (unsigned i = 0; i < of[a->width].stride; i++) {
		uint8_t r[SIGDB_GRAM_SIZE];

		le32_put(r, sigdb_key(data + i, of[a->width].octets));
		le32_put(r + 4, pattern);
		le32_put(r + 8, a->at + i);
		if (!buf_put(&sc->grams[a->width], span_of(r, sizeof(r))))
			return ERR_FULL;
	}
	return ERR_OK;
}

/* No place of the body that was read is further from the start than that. */
static void
note_reach(struct sigcomp *sc, const struct sigdb_pattern *p)
{
	uint64_t reach = (uint64_t)p->offset + p->shift;

	for (unsigned i = 0; i < sc->n; i++)
		reach += (uint64_t)sc->seg[i].len + sc->seg[i].gap_max;
	if (p->place != SIGDB_FROM_START || reach > SIGDB_NONE)
		reach = SIGDB_NONE;
	if (sc->reach < reach)
		sc->reach = (uint32_t)reach;
}

static uint32_t
n_patterns(const struct sigcomp *sc)
{
	return (uint32_t)(buf_len(&sc->patterns) / SIGDB_PATTERN_SIZE);
}

/* Add the body that was read as pattern `p`; `found`: by its grams. */
static int
put_pattern(struct sigcomp *sc, const struct sigdb_pattern *p, bool found)
{
	uint8_t r[SIGDB_PATTERN_SIZE] = { 0 };
	struct sigcomp_anchor anchor;
	int err = sigcomp_anchor(sc, &anchor);

	if (err)
		return err;
	le32_put(r, p->name);
	le32_put(r + 4, (uint32_t)(buf_len(&sc->parts) / SIGDB_PART_SIZE));
	le16_put(r + 8, (uint16_t)sc->n);
	le16_put(r + 10, (uint16_t)anchor.seg);
	r[12] = p->target;
	r[13] = p->place;
	le32_put(r + 16, p->offset);
	le32_put(r + 20, p->shift);
	le32_put(r + 24, p->also);
	if (p->place == SIGDB_ANYWHERE)
		sc->anywhere |= 1u << p->target;
	else
		sc->placed |= 1u << p->target;
	sc->is_formless |= sigcomp_is_formless(sc, p->target);
	err = put_parts(sc);
	if (!err && found) {
		note_reach(sc, p);
		err = put_grams(sc, &anchor, n_patterns(sc));
	}
	if (!err && !buf_put(&sc->patterns, span_of(r, sizeof(r))))
		err = ERR_FULL;
	return err;
}

static int
read_target(struct sigcomp *sc, struct span s, struct sigdb_pattern *p)
{
	uint64_t n;

	if (span_u64(s, UINT32_MAX, &n))
		return sigcomp_wrong(sc, "not a target");
	if (n > 31 || (TARGETS >> n & 1) == 0)
		return sigcomp_unsupported(sc, "a target that is never told");
	p->target = (uint8_t)n;
	return ERR_OK;
}

/* NAME:TARGET:OFFSET:HEX[:MIN[:MAX]] */
static int
add_ndb(struct sigcomp *sc, struct span line)
{
	struct sigdb_pattern p = { .also = SIGDB_NONE };
	struct span name, target, offset, hex;
	int err;

	if (!span_next(&line, ':', &name) || !span_next(&line, ':', &target)
	    || !span_next(&line, ':', &offset) || !span_next(&line, ':', &hex))
		return sigcomp_wrong(sc, "not NAME:TARGET:OFFSET:HEX");
	err = read_target(sc, target, &p);
	if (!err)
		err = read_offset(sc, offset, &p);
	if (!err)
		err = read_levels(sc, line);
	if (!err)
		err = sigcomp_body(sc, hex);
	if (!err)
		err = put_name(sc, name, &p.name);
	return err ? err : put_pattern(sc, &p, true);
}

/* ---- logical signatures ---- */

/* MIN-MAX, both there */
static int
read_engine(struct sigcomp *sc, struct span s)
{
	size_t dash = span_find(s, '-');

	if (dash == 0 || dash == s.len)
		return sigcomp_wrong(sc, "not a range of ClamAV's levels");
	return check_levels(sc, span_first(s, dash), span_from(s, dash + 1));
}

/* "Engine:51-255,Target:1": the target; anything else is not ours. */
static int
read_block(struct sigcomp *sc, struct span block, struct sigdb_pattern *p)
{
	struct span one;
	int err = ERR_OK;

	while (!err && span_next(&block, ',', &one)) {
		if (span_starts(one, SPAN("Target:")))
			err = read_target(sc, span_from(one, 7), p);
		else if (span_starts(one, SPAN("Engine:")))
			err = read_engine(sc, span_from(one, 7));
		else
			err = sigcomp_unsupported(
			    sc, "a condition other than Target and Engine");
	}
	return err;
}

/* "(0|1)" without its brackets, where they are the only ones. */
static struct span
without_brackets(struct span s)
{
	struct span in = span_from(s, 1);

	return s.len > 2 && s.p[0] == '(' && span_find(in, ')') + 1 == in.len
		   ? span_first(in, in.len - 1)
		   : s;
}

/* "0&1&2" or "0|1": how many, and with what between them. */
static int
read_logic(struct sigcomp *sc, struct span s, unsigned *n, uint8_t *with)
{
	struct span one;
	uint64_t i;

	s = without_brackets(s);
	*with = span_find(s, '|') < s.len ? '|' : '&';
	*n = 0;
	while (span_next(&s, *with, &one)) {
		if (span_u64(one, SIGDB_SEGS - 1, &i) || i != *n)
			return sigcomp_unsupported(
			    sc, "logic other than 0&1&2 or 0|1|2");
		(*n)++;
	}
	return ERR_OK;
}

static int
add_sub(
    struct sigcomp *sc, struct span sub, struct sigdb_pattern *p, bool found)
{
	size_t colon = span_find(sub, ':');
	struct span offset = SPAN("*");
	int err;

	if (colon < sub.len) {
		offset = span_first(sub, colon);
		sub = span_from(sub, colon + 1);
	}
	if (span_find(sub, ':') < sub.len || span_find(sub, '/') < sub.len
	    || span_find(sub, '#') < sub.len)
		return sigcomp_unsupported(sc, "modifiers, PCRE or macros");
	err = read_offset(sc, offset, p);
	if (!err)
		err = sigcomp_body(sc, sub);
	return err ? err : put_pattern(sc, p, found);
}

/* NAME;BLOCK;LOGIC;SUB0;SUB1... */
static int
add_ldb(struct sigcomp *sc, struct span line)
{
	struct sigdb_pattern p = { .target = 0 };
	struct span name, block, logic, sub;
	unsigned n = 0, have = 0;
	uint8_t with = 0;
	int err;

	if (!span_next(&line, ';', &name) || !span_next(&line, ';', &block)
	    || !span_next(&line, ';', &logic))
		return sigcomp_wrong(sc, "not NAME;TARGET;LOGIC;HEX");
	err = read_block(sc, block, &p);
	if (!err)
		err = read_logic(sc, logic, &n, &with);
	if (!err)
		err = put_name(sc, name, &p.name);
	while (!err && span_next(&line, ';', &sub)) {
		have++;
		p.also =
		    with == '&' && have < n ? n_patterns(sc) + 1 : SIGDB_NONE;
		err = add_sub(sc, sub, &p, with == '|' || have == 1);
	}
	if (!err && have != n)
		err = sigcomp_wrong(sc, "not as many bodies as the logic has");
	return err;
}

/* ---- lines ---- */

/* How much stood in each part of the memory, to take a line back. */
static void
marks(struct sigcomp *sc, size_t *at, bool back)
{
	struct buf *all[] = { &sc->names, &sc->data, &sc->parts, &sc->patterns,
		&sc->grams[0], &sc->grams[1], &sc->grams[2] };

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (back)
			all[i]->tail = at[i];
		else
			at[i] = all[i]->tail;
	}
}

int
sigcomp_line(struct sigcomp *sc, enum sigcomp_form form, struct span line,
    const char **why)
{
	size_t at[7];
	int err;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	line = span_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return ERR_OK;
	sc->why = "more signatures than fit";
	sc->is_formless = false;
	marks(sc, at, false);
	if (form == SIGCOMP_HASH)
		err = add_hash(sc, line);
	else
		err =
		    form == SIGCOMP_NDB ? add_ndb(sc, line) : add_ldb(sc, line);
	if (err) {
		marks(sc, at, true);
		*why = sc->why;
		return err;
	}
	sc->signatures++;
	sc->formless += sc->is_formless;
	return ERR_OK;
}
