/*
 * unpdf: the streams of a PDF, unpacked; files embedded in it are among them.
 *
 * No table of objects is believed, and no chain followed: a stream begins
 * wherever "stream" stands, and what is before it says how it is packed.  It
 * ends where its length says, if "endstream" stands there, or else at the next
 * "endstream".  What claims to be packed in a way that it is not, or in one
 * that is told elsewhere, is inflated where it looks like that.
 *
 * Streams of pictures, and of anything else with a coding of its own, are
 * members as they lie.  Predictors are not undone.  Scripts, launches and
 * actions are not judged.
 */
#include "codec/pdfcode.h"
#include "core/chr.h"
#include "scan/unpack.h"

_Static_assert(sizeof(struct pdfcode_lzw) <= SCAN_ZLIB, "shares zlib's room");

#define FILTERS 8
#define NAME	32

enum filter { NONE, FLATE, HEX, A85, RUNS, LZW, PASS };

struct stream {
	unsigned n;
	uint8_t filters[FILTERS]; /* enum filter */
	unsigned early;
	bool is_file;	 /* embedded, or a row of objects: all of it counts */
	bool is_behind;	 /* "stream" stands behind a dictionary */
	uint64_t length; /* UINT64_MAX: not told */
	struct span data;
};

/* ---- what stands before a stream ---- */

static bool
is_white(uint8_t c)
{
	return c <= ' ';
}

/* May it stand in a name? */
static bool
is_regular(uint8_t c)
{
	return c > ' ' && c != 0x7f && strchr("()<>[]{}/%", c) == NULL;
}

static struct span
skip_white(struct span s)
{
	while (s.len > 0 && is_white(s.p[0]))
		s = span_from(s, 1);
	return s;
}

/*
 * Cut the name off that follows the slash at the start of `*s`: its first
 * octets, "#41" read as "A".
 */
static struct span
take_name(struct span *s, uint8_t *mem)
{
	size_t n = 0;

	for (*s = span_from(*s, 1); s->len > 0 && is_regular(s->p[0]);) {
		bool coded = s->p[0] == '#' && s->len > 2
			     && chr_hex(s->p[1]) >= 0 && chr_hex(s->p[2]) >= 0;
		int c =
		    coded ? chr_hex(s->p[1]) * 16 + chr_hex(s->p[2]) : s->p[0];

		if (n < NAME)
			mem[n++] = (uint8_t)c;
		*s = span_from(*s, coded ? 3 : 1);
	}
	return span_of(mem, n);
}

static enum filter
filter_of(struct span name)
{
	static const struct {
		const char *name;
		enum filter filter;
	} names[] = {
		{ "FlateDecode", FLATE },
		{ "Fl", FLATE },
		{ "ASCIIHexDecode", HEX },
		{ "AHx", HEX },
		{ "ASCII85Decode", A85 },
		{ "A85", A85 },
		{ "RunLengthDecode", RUNS },
		{ "RL", RUNS },
		{ "LZWDecode", LZW },
		{ "LZW", LZW },
		{ "Crypt", PASS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, span_str(names[i].name)))
			return names[i].filter;
	return NONE;
}

/* The names of filters, at the start of `*s`; one, or several in brackets. */
static void
read_filters(struct span *s, struct stream *t)
{
	uint8_t mem[NAME];
	bool several;

	*s = skip_white(*s);
	several = span_starts(*s, SPAN("["));
	if (several)
		*s = skip_white(span_from(*s, 1));
	for (t->n = 0; span_starts(*s, SPAN("/")) && t->n < FILTERS;) {
		t->filters[t->n++] = (uint8_t)filter_of(take_name(s, mem));
		*s = skip_white(*s);
		if (!several)
			break;
	}
}

/* The number at the start of `s`; UINT64_MAX: none, or it stands elsewhere. */
static uint64_t
number(struct span s)
{
	size_t len = 0;
	uint64_t n;

	s = skip_white(s);
	while (len < s.len && chr_is(s.p[len], CHR_DIGIT))
		len++;
	if (span_u64(span_first(s, len), UINT64_MAX, &n))
		return UINT64_MAX;
	s = skip_white(span_from(s, len));
	return s.len > 0 && chr_is(s.p[0], CHR_DIGIT) ? UINT64_MAX : n;
}

static void
read_dictionary(struct span s, struct stream *t)
{
	uint8_t mem[NAME];
	struct span name;

	*t = (struct stream) { .early = 1, .length = UINT64_MAX };
	for (;;) {
		s = span_from(s, span_find(s, '/'));
		if (s.len == 0)
			return;
		name = take_name(&s, mem);
		if (span_is(name, SPAN("Filter")))
			read_filters(&s, t);
		else if (span_is(name, SPAN("Length")))
			t->length = number(s);
		else if (span_is(name, SPAN("EarlyChange")))
			t->early = number(s) != 0;
		else if (span_is(name, SPAN("EmbeddedFile"))
			 || span_is(name, SPAN("ObjStm")))
			t->is_file = true;
	}
}

/* From behind the last "obj" on, which is not the end of one. */
static struct span
last_object(struct span s)
{
	size_t at = 0, last = 0;

	while ((at = scan_find(s, at, SPAN("obj"))) < s.len) {
		if (at > 0
		    && (is_white(s.p[at - 1])
			|| chr_is(s.p[at - 1], CHR_DIGIT)))
			last = at + 3;
		at += 3;
	}
	return span_from(s, last);
}

/* ---- where a stream is ---- */

/* The data behind "stream", to the end of all. */
static struct span
behind_line(struct span s)
{
	while (s.len > 0 && chr_is(s.p[0], CHR_SPACE))
		s = span_from(s, 1);
	if (span_starts(s, SPAN("\r\n")))
		return span_from(s, 2);
	return span_from(
	    s, span_starts(s, SPAN("\n")) || span_starts(s, SPAN("\r")));
}

static bool
is_end(struct span s)
{
	for (unsigned i = 0; i < 3 && s.len > 0 && is_white(s.p[0]); i++)
		s = span_from(s, 1);
	return span_starts(s, SPAN("endstream"))
	       || span_starts(s, SPAN("endobj"));
}

/* Without the end of the line before "endstream". */
static struct span
without_line_end(struct span s)
{
	if (s.len > 0 && s.p[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.p[s.len - 1] == '\r')
		s.len--;
	return s;
}

static struct span
cut_data(struct scan *sc, const struct stream *t, struct span s)
{
	size_t end;

	if (t->length < s.len && is_end(span_from(s, (size_t)t->length)))
		return span_first(s, (size_t)t->length);
	end = scan_find(s, 0, SPAN("endstream"));
	/* the word alone, in some text, promises nothing */
	if (end == s.len && t->is_behind)
		scan_flaw(sc, SCAN_DAMAGED);
	return without_line_end(span_first(s, end));
}

/* Does a dictionary end here? */
static bool
ends_dictionary(struct span s)
{
	while (s.len > 0 && is_white(s.p[s.len - 1]))
		s.len--;
	return s.len > 1 && s.p[s.len - 1] == '>' && s.p[s.len - 2] == '>';
}

/* The next stream, from f->at on; it may begin within another one's data. */
static bool
next_stream(struct scan *sc, struct scan_frame *f, struct stream *t)
{
	struct span word = SPAN("stream"), s;
	size_t at = f->at;

	for (;;) {
		at = scan_find(f->bytes, at, word);
		if (at == f->bytes.len)
			return false;
		at += word.len;
		if (at < word.len + 3
		    || memcmp(f->bytes.p + at - word.len - 3, "end", 3) != 0)
			break;
	}
	s = span_of(f->bytes.p + f->at, at - word.len - f->at);
	read_dictionary(last_object(s), t);
	t->is_behind = ends_dictionary(s);
	f->at = at;
	t->data = cut_data(sc, t, behind_line(span_from(f->bytes, at)));
	return true;
}

/* ---- unpacking ---- */

/* Do the two octets of zlib's header stand there? */
static bool
is_zlib(struct span s)
{
	return s.len > 2 && (s.p[0] & 15) == 8 && s.p[0] < 0x80
	       && (s.p[0] * 256u + s.p[1]) % 31 == 0;
}

/*
 * Pages that are damaged are shown as far as they go; of a file, or where
 * nothing is as it should be, the rest might be what matters.
 */
static struct span
inflate(struct scan *sc, const struct stream *t, struct span s)
{
	unsigned flaws = sc->flaws;
	struct span z = skip_white(s);
	bool sound = is_zlib(z);
	size_t used;

	if (s.len == 0)
		return s;
	s = scan_inflate(sc, sound ? span_from(z, 2) : s, -15, &used);
	if (sound && !t->is_file && s.len > 0 && !(flaws & SCAN_DAMAGED))
		sc->flaws &= ~(unsigned)SCAN_DAMAGED;
	return s;
}

static struct span
unpack(struct scan *sc, const struct stream *t, enum filter how, struct span s)
{
	static const uint8_t grows[] = { [HEX] = 1, [A85] = 4, [RUNS] = 64 };
	size_t most, room, len = 0;
	uint8_t *to;

	if (how == FLATE)
		return inflate(sc, t, s);
	most = how != LZW && s.len < SIZE_MAX / 64 - 1
		   ? (s.len + 1) * grows[how]
		   : SIZE_MAX;
	to = scan_most(sc, most, &room);
	if (how == HEX)
		len = pdfcode_hex(s, to, room);
	else if (how == A85)
		len = pdfcode_85(s, to, room);
	else if (how == RUNS)
		len = pdfcode_runs(s, to, room);
	else
		len = pdfcode_lzw((void *)sc->zlib, t->early, s, to, room);
	if (len == room && room < most)
		scan_flaw(sc, SCAN_LIMITS);
	return scan_take(sc, len);
}

static struct span
unpack_all(struct scan *sc, const struct stream *t)
{
	struct span s = t->data;

	for (unsigned i = 0; i < t->n; i++) {
		if (t->filters[i] == NONE)
			return s;
		if (t->filters[i] != PASS)
			s = unpack(sc, t, t->filters[i], s);
	}
	return t->n == 0 && is_zlib(s) ? inflate(sc, t, s) : s;
}

/* Is it said that strings and streams are encrypted? */
static bool
is_encrypted(struct span s)
{
	struct span name = SPAN("/Encrypt");
	size_t at = 0;

	while ((at = scan_find(s, at, name)) < s.len) {
		at += name.len;
		if (at == s.len || !is_regular(s.p[at]))
			return true;
	}
	return false;
}

int
scan_next_pdf(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct stream t;

	if (f->at == 0 && is_encrypted(f->bytes))
		scan_flaw(sc, SCAN_ENCRYPTED);
	if (!next_stream(sc, f, &t))
		return 0;
	*member = unpack_all(sc, &t);
	return 1;
}
