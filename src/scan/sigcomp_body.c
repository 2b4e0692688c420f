/*
 * sigcomp_body: reads one body in ClamAV's hex form into parts and gaps.
 *
 *	6161??(62|63)*64  ->  "aa"  +1 {"b","c"}  +any "d"
 *
 * A part is a run of bytes of fixed length, perhaps with masks, or a choice
 * between such runs; ??, * and {} are gaps between parts.  Where the first
 * fixed part is behind a gap, or the last before one, an empty part stands at
 * the end.
 */
#include "scan/sigcomp.h"

#include "core/chr.h"

int
sigcomp_unsupported(struct sigcomp *sc, const char *why)
{
	sc->why = why;
	return ERR_UNSUPPORTED;
}

int
sigcomp_wrong(struct sigcomp *sc, const char *why)
{
	sc->why = why;
	return ERR_SYNTAX;
}

static int
new_seg(struct sigcomp *sc, unsigned len, unsigned kind)
{
	if (sc->n == SIGDB_SEGS)
		return sigcomp_unsupported(sc, "more than 64 parts");
	sc->seg[sc->n++] = (struct sigcomp_seg) {
		.data = (uint32_t)buf_len(&sc->data),
		.len = (uint16_t)len,
		.kind = (uint16_t)kind,
		.gap_min = sc->gap_min,
		.gap_max = sc->gap_max,
	};
	sc->gap_min = sc->gap_max = 0;
	return ERR_OK;
}

/* End the run of bytes that is being read. */
static int
close_run(struct sigcomp *sc)
{
	unsigned len = sc->len;
	int err;

	if (len == 0)
		return ERR_OK;
	sc->len = 0;
	err = new_seg(sc, len, sc->masked ? SIGDB_MASKED | 1 : 1);
	if (err)
		return err;
	if (!buf_put(&sc->data, span_of(sc->value, len))
	    || (sc->masked && !buf_put(&sc->data, span_of(sc->mask, len))))
		return ERR_FULL;
	sc->masked = false;
	return ERR_OK;
}

static int
add_byte(struct sigcomp *sc, uint8_t value, uint8_t mask)
{
	int err = sc->len == SIGCOMP_PART ? close_run(sc) : ERR_OK;

	if (err)
		return err;
	sc->value[sc->len] = value;
	sc->mask[sc->len] = mask;
	sc->len++;
	sc->masked = sc->masked || mask != 0xff;
	return ERR_OK;
}

static int
add_gap(struct sigcomp *sc, uint32_t min, uint32_t max)
{
	int err = close_run(sc);

	if (err)
		return err;
	/* an empty part, so that the first gap is before something */
	if (sc->n == 0)
		err = new_seg(sc, 0, 1);
	if (min > SIGDB_NONE / 4 || (max != SIGDB_NONE && max > SIGDB_NONE / 4)
	    || sc->gap_min > SIGDB_NONE / 4)
		return sigcomp_unsupported(sc, "a gap is too wide");
	sc->gap_min += min;
	if (max == SIGDB_NONE || sc->gap_max == SIGDB_NONE
	    || sc->gap_max + max < max)
		sc->gap_max = SIGDB_NONE;
	else
		sc->gap_max += max;
	return err;
}

static bool
nibble(uint8_t c, unsigned *value, unsigned *mask)
{
	int v = chr_hex(c);

	*value = v < 0 ? 0u : (unsigned)v;
	*mask = v < 0 ? 0u : 15u;
	return v >= 0 || c == '?';
}

/* Two characters: a byte, ??, or one nibble known. */
static int
take_byte(struct sigcomp *sc, struct span *s)
{
	unsigned vh, mh, vl, ml;

	if (s->len < 2 || !nibble(s->p[0], &vh, &mh)
	    || !nibble(s->p[1], &vl, &ml))
		return sigcomp_wrong(sc, "not hexadecimal");
	*s = span_from(*s, 2);
	if (mh == 0 && ml == 0)
		return add_gap(sc, 1, 1);
	return add_byte(sc, (uint8_t)(vh << 4 | vl), (uint8_t)(mh << 4 | ml));
}

/* {n} {n-m} {-m} {n-} */
static int
take_braces(struct sigcomp *sc, struct span *s)
{
	size_t end = span_find(*s, '}');
	struct span in = span_first(span_from(*s, 1), end - 1), low, high;
	size_t dash = span_find(in, '-');
	uint64_t min = 0, max = SIGDB_NONE;

	if (end == s->len || in.len == 0)
		return sigcomp_wrong(sc, "braces without an end or content");
	*s = span_from(*s, end + 1);
	low = span_first(in, dash);
	high = span_from(in, dash + 1);
	if ((low.len > 0 && span_u64(low, SIGDB_NONE - 1, &min))
	    || (high.len > 0 && span_u64(high, SIGDB_NONE - 1, &max)))
		return sigcomp_wrong(sc, "not a number in braces");
	if (dash == in.len)
		max = min;
	/* ClamAV takes {0} for {0-}, against its manual */
	if (max == 0)
		return sigcomp_unsupported(sc, "a gap of nothing");
	if (min > max)
		return sigcomp_wrong(sc, "braces from more to less");
	return add_gap(sc, (uint32_t)min, (uint32_t)max);
}

static int
put_choice(struct sigcomp *sc, struct span hex, size_t len)
{
	if (hex.len == 0 || hex.len % 2 != 0 || hex.len != len)
		return sigcomp_unsupported(
		    sc, "alternatives of unequal length");
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = chr_hex(hex.p[i]), low = chr_hex(hex.p[i + 1]);
		uint8_t c;

		if (high < 0 || low < 0)
			return sigcomp_unsupported(
			    sc, "wild cards within alternatives");
		c = (uint8_t)(high << 4 | low);
		if (!buf_put(&sc->data, span_of(&c, 1)))
			return ERR_FULL;
	}
	return ERR_OK;
}

/* (aa|bb|cc) */
static int
take_choices(struct sigcomp *sc, struct span *s)
{
	size_t end = span_find(*s, ')');
	struct span in = span_first(span_from(*s, 1), end - 1), one;
	size_t len = span_find(in, '|');
	unsigned n = 0;
	int err = close_run(sc);

	if (end == s->len)
		return sigcomp_wrong(sc, "a bracket without an end");
	*s = span_from(*s, end + 1);
	if (in.len == 1 && memchr("BLW", in.p[0], 3) != NULL)
		return sigcomp_unsupported(sc, "boundaries of words or lines");
	if (len == in.len)
		return sigcomp_unsupported(sc, "a bracket without a choice");
	if (!err)
		err = new_seg(sc, (unsigned)(len / 2), 1);
	while (!err && span_next(&in, '|', &one)) {
		err = put_choice(sc, one, len);
		n++;
	}
	if (!err && (n > 0x7fff || len > 0xffff))
		err = sigcomp_unsupported(sc, "too many alternatives");
	if (!err)
		sc->seg[sc->n - 1].kind = (uint16_t)n;
	return err;
}

static int
take_one(struct sigcomp *sc, struct span *s)
{
	switch (s->p[0]) {
	case '*':
		*s = span_from(*s, 1);
		return add_gap(sc, 0, SIGDB_NONE);
	case '{':
		return take_braces(sc, s);
	case '(':
		return take_choices(sc, s);
	case '!':
		return sigcomp_unsupported(sc, "negated alternatives");
	case '[':
		return sigcomp_unsupported(sc, "anchored single bytes");
	default:
		return take_byte(sc, s);
	}
}

int
sigcomp_body(struct sigcomp *sc, struct span hex)
{
	int err = ERR_OK;

	sc->n = 0;
	sc->len = 0;
	sc->masked = false;
	sc->gap_min = sc->gap_max = 0;
	while (!err && hex.len > 0)
		err = take_one(sc, &hex);
	if (!err)
		err = close_run(sc);
	if (!err && (sc->gap_min > 0 || sc->gap_max > 0))
		err = new_seg(sc, 0, 1);
	return err;
}

/* ---- which fixed bytes are looked for ---- */

/* Fixed bytes in a row that all grams of a table take. */
#define WIDE (SIGDB_WIDE_OCTETS + SIGDB_WIDE_STRIDE - 1)
#define LONG (SIGDB_LONG_OCTETS + SIGDB_LONG_STRIDE - 1)

/* How telling a byte is, by its frequency in programs: bits, about. */
static unsigned
worth_of_byte(uint8_t c)
{
	static const uint8_t frequent[] = { 0x48, 0x8b, 0x89, 0x0f, 0x24, 0x44,
		0xe8, 0x8d, 0x83, 0x85, 0x01, 0x20, 0x1f, 0x66, 0xc0, 0x41,
		0x4c, 0x74, 0x10, 0x08, 0x40, 0x90, 0xcc, 0xc3, 0x2e };

	if (c == 0)
		return 1;
	if (c == 0xff)
		return 4;
	return memchr(frequent, c, sizeof(frequent)) != NULL ? 5 : 9;
}

/* The same for a gram; what repeats, or fills gaps in code, tells little. */
static unsigned
worth(const uint8_t *p, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		bool seen = memchr(p, p[i], i) != NULL;
		bool nop = i > 0 && p[i] == 0x1f && p[i - 1] == 0x0f;

		sum += seen || nop ? 1 : worth_of_byte(p[i]);
	}
	return sum;
}

/* Of `grams` grams from `p` on the least telling one: it costs most. */
static unsigned
worth_of_window(const uint8_t *p, unsigned grams, unsigned octets)
{
	unsigned least = worth(p, octets);

	for (unsigned i = 1; i < grams; i++) {
		unsigned w = worth(p + i, octets);

		least = w < least ? w : least;
	}
	return least;
}

/* How many bytes from `at` on are fixed. */
static unsigned
fixed_from(const struct sigcomp_seg *g, const uint8_t *data, unsigned at)
{
	unsigned n = 0;

	while (
	    at + n < g->len && n < WIDE
	    && ((g->kind & SIGDB_MASKED) == 0 || data[g->len + at + n] == 0xff))
		n++;
	return n;
}

/* How good a place with `n` fixed bytes in a row is; short ones only at need.
 */
static unsigned
worth_of_place(const uint8_t *p, unsigned n, enum sigdb_width *width)
{
	if (n >= WIDE) {
		*width = SIGDB_WIDE;
		return 100
		       + worth_of_window(
			   p, SIGDB_WIDE_STRIDE, SIGDB_WIDE_OCTETS);
	}
	if (n >= LONG) {
		*width = SIGDB_LONG;
		return 100
		       + worth_of_window(
			   p, SIGDB_LONG_STRIDE, SIGDB_LONG_OCTETS);
	}
	*width = SIGDB_SHORT;
	return worth(p, SIGDB_SHORT_OCTETS);
}

static void
look_at_seg(
    struct sigcomp *sc, unsigned i, struct sigcomp_anchor *best, unsigned *most)
{
	const struct sigcomp_seg *g = &sc->seg[i];
	const uint8_t *data = buf_data(&sc->data).p + g->data;
	enum sigdb_width width;
	unsigned n, w;

	if ((g->kind & ~SIGDB_MASKED) != 1)
		return;
	for (unsigned at = 0; at < g->len; at++) {
		n = fixed_from(g, data, at);
		if (n < 4)
			continue;
		w = worth_of_place(data + at, n, &width);
		if (w <= *most)
			continue;
		*most = w;
		*best = (struct sigcomp_anchor) { i, at, width };
	}
}

int
sigcomp_anchor(struct sigcomp *sc, struct sigcomp_anchor *best)
{
	unsigned most = 0;

	for (unsigned i = 0; i < sc->n; i++)
		look_at_seg(sc, i, best, &most);
	return most > 0
		   ? ERR_OK
		   : sigcomp_unsupported(sc, "no four fixed bytes in a row");
}
