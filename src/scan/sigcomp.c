/*
 * sigcomp: lines of ClamAV's text forms, and putting the file together.
 *
 * Reading bodies in hex is in sigcomp_body.c.
 */
#include "scan/sigcomp.h"

#include <bearssl.h>
#include <zlib.h>

#include "core/chr.h"
#include "core/le.h"

/* How the memory is divided, in 64ths; the last part is the result. */
#define SHARES 64

#define MAP_LITTLE 20 /* 128 KiB of bits */

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

/* HASH:SIZE:NAME[:...] */
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
		return sigcomp_unsupported(
		    sc, "an offset by entry point, section or version");
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

	if (span_u64(s, 31, &n))
		return sigcomp_wrong(sc, "not a target");
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
		err = sigcomp_body(sc, hex);
	if (!err)
		err = put_name(sc, name, &p.name);
	return err ? err : put_pattern(sc, &p, true);
}

/* ---- logical signatures ---- */

/* "Engine:51-255,Target:1": the target; anything else is not ours. */
static int
read_block(struct sigcomp *sc, struct span block, struct sigdb_pattern *p)
{
	struct span one;
	int err = ERR_OK;

	while (!err && span_next(&block, ',', &one)) {
		if (span_starts(one, SPAN("Target:")))
			err = read_target(sc, span_from(one, 7), p);
		else if (!span_starts(one, SPAN("Engine:")))
			err = sigcomp_unsupported(
			    sc, "a condition other than Target and Engine");
	}
	return err;
}

/* "0&1&2" or "0|1": how many, and with what between them. */
static int
read_logic(struct sigcomp *sc, struct span s, unsigned *n, uint8_t *with)
{
	struct span one;
	uint64_t i;

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
	return ERR_OK;
}

/* ---- the file ---- */

static uint8_t *
append(struct sigcomp *sc, size_t octets)
{
	size_t room, padded = (octets + 7) / 8 * 8;
	uint8_t *p = buf_room(&sc->out, &room);

	if (padded > room)
		return NULL;
	memset(p, 0, padded);
	buf_commit(&sc->out, padded);
	return p;
}

static void
note_section(
    struct sigcomp *sc, enum sigdb_section s, const uint8_t *p, size_t len)
{
	uint8_t *head = buf_bytes(&sc->out);

	le32_put(head + 64 + s * 8, (uint32_t)(p - head));
	le32_put(head + 68 + s * 8, (uint32_t)len);
}

static int
put_section(struct sigcomp *sc, enum sigdb_section s, struct span content)
{
	uint8_t *p = append(sc, content.len);

	if (p == NULL)
		return ERR_FULL;
	if (content.len > 0)
		memcpy(p, content.p, content.len);
	note_section(sc, s, p, content.len);
	return ERR_OK;
}

static unsigned
log2_of(size_t n, unsigned least, unsigned most)
{
	unsigned bits = least;

	while (bits < most && (size_t)1 << bits < n)
		bits++;
	return bits;
}

/*
 * Records sorted into buckets by their first four bytes, and the table where
 * each bucket starts: counted, summed up to ends, then filled from behind.
 */
static int
put_table(
    struct sigcomp *sc, enum sigdb_section s, struct span records, size_t size)
{
	size_t n = records.len / size;
	unsigned bits = log2_of(n, 4, 24);
	size_t places = (size_t)1 << bits;
	uint8_t *start = append(sc, (places + 1) * 4);
	uint8_t *to = append(sc, records.len);
	uint32_t sum = 0;

	if (start == NULL || to == NULL)
		return ERR_FULL;
	note_section(sc, s, start, (places + 1) * 4);
	note_section(sc, s + 1, to, records.len);
	for (size_t i = 0; i < n; i++) {
		uint32_t key = le32_get(records.p + i * size) * SIGDB_MIX;
		uint8_t *p = start + (size_t)(key >> (32 - bits)) * 4;

		le32_put(p, le32_get(p) + 1);
	}
	for (size_t i = 0; i <= places; i++) {
		sum += le32_get(start + i * 4);
		le32_put(start + i * 4, sum);
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *from = records.p + i * size;
		uint32_t key = le32_get(from) * SIGDB_MIX;
		uint8_t *p = start + (size_t)(key >> (32 - bits)) * 4;

		le32_put(p, le32_get(p) - 1);
		memcpy(to + le32_get(p) * size, from, size);
	}
	return ERR_OK;
}

/*
 * A bit for each gram's mix: 16 bits for each gram at least, and 64 as long as
 * that is little.
 */
static int
put_bits(struct sigcomp *sc, enum sigdb_section s, struct span grams)
{
	size_t n = grams.len / SIGDB_GRAM_SIZE;
	unsigned bits = log2_of(n * 64, 9, MAP_LITTLE);
	uint8_t *map;

	bits = log2_of(n * 16, bits, 25);
	map = append(sc, n == 0 ? 0 : ((size_t)1 << bits) / 8);

	if (map == NULL)
		return ERR_FULL;
	note_section(sc, s, map, n == 0 ? 0 : ((size_t)1 << bits) / 8);
	for (size_t i = 0; i < n; i++) {
		uint32_t at = le32_get(grams.p + i * SIGDB_GRAM_SIZE);

		at = (at * SIGDB_MIX) >> (32 - bits);
		map[at >> 3] |= (uint8_t)(1u << (at & 7));
	}
	return ERR_OK;
}

static int
put_sections(struct sigcomp *sc)
{
	static const uint8_t digest[] = { br_md5_SIZE, br_sha1_SIZE,
		br_sha256_SIZE };
	int err = put_section(sc, SIGDB_PATTERNS, buf_data(&sc->patterns));

	if (!err)
		err = put_section(sc, SIGDB_PARTS, buf_data(&sc->parts));
	if (!err)
		err = put_section(sc, SIGDB_DATA, buf_data(&sc->data));
	if (!err)
		err = put_section(sc, SIGDB_NAMES, buf_data(&sc->names));
	for (unsigned i = 0; i < SIGDB_WIDTHS && !err; i++) {
		struct span grams = buf_data(&sc->grams[i]);

		err = put_bits(sc, SIGDB_WIDE_BITS + 3 * i, grams);
		if (!err)
			err = put_table(sc, SIGDB_WIDE_START + 3 * i, grams,
			    SIGDB_GRAM_SIZE);
	}
	for (unsigned i = 0; i < 3 && !err; i++)
		err = put_table(sc, SIGDB_MD5_START + 2 * i,
		    buf_data(&sc->hashes[i]), digest[i] + 8u);
	if (!err)
		err = put_section(sc, SIGDB_SIZES,
		    span_of(sc->sizes, sc->n_hashes ? sizeof(sc->sizes) : 0));
	return err;
}

static void
seal(struct sigcomp *sc)
{
	uint8_t *head = buf_bytes(&sc->out);
	br_sha256_context hash;

	memcpy(head, "GPSIGDB", 8);
	le32_put(head + 8, SIGDB_VERSION);
	le32_put(head + 12, (uint32_t)buf_len(&sc->out));
	le32_put(head + 16, sc->signatures);
	le32_put(head + 20, sc->n_hashes);
	le32_put(head + SIGDB_REACH, sc->reach);
	le32_put(head + SIGDB_TARGETS, sc->anywhere);
	le32_put(head + SIGDB_TARGETS + 4, sc->placed);
	le32_put(head + SIGDB_MADE, (uint32_t)sc->made_s);
	le32_put(head + SIGDB_MADE + 4, (uint32_t)(sc->made_s >> 32));
	br_sha256_init(&hash);
	br_sha256_update(
	    &hash, head + SIGDB_HEADER, buf_len(&sc->out) - SIGDB_HEADER);
	br_sha256_out(&hash, head + 24);
	le32_put(head + SIGDB_HEADER - 4,
	    (uint32_t)crc32(0, head, SIGDB_HEADER - 4));
}

int
sigcomp_finish(struct sigcomp *sc, struct span *file)
{
	int err;

	if (append(sc, SIGDB_HEADER) == NULL)
		return ERR_FULL;
	err = put_sections(sc);
	if (!err && buf_len(&sc->out) > UINT32_MAX / 2)
		err = ERR_FULL;
	if (err)
		return err;
	seal(sc);
	*file = buf_data(&sc->out);
	return ERR_OK;
}
