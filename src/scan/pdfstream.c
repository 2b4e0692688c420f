/*
 * pdfstream: where the streams of a PDF are, and what is packed in them.
 *
 * No table of objects is believed, and no chain followed: a stream begins
 * wherever "stream" stands, and what is before it says how it is packed.  It
 * ends where its length says, if "endstream" stands there, or else at the next
 * "endstream".  What claims to be packed in a way that it is not, or in one
 * that is told elsewhere, is inflated where it looks like that.
 *
 * Streams of pictures, and of anything else with a coding of its own, are
 * members as they lie.  Scripts, launches and actions are not judged.
 */
#include "codec/pdfcode.h"
#include "core/chr.h"
#include "scan/pdfstream.h"
#include "scan/pdftoken.h"
#include "scan/unpack.h"

_Static_assert(sizeof(struct pdfcode_lzw) <= SCAN_ZLIB, "shares zlib's room");

/* ---- what stands before a stream ---- */

static enum pdfstream_filter
filter_of(struct span name)
{
	static const struct {
		const char *name;
		enum pdfstream_filter filter;
	} names[] = {
		{ "FlateDecode", PDFSTREAM_FLATE },
		{ "Fl", PDFSTREAM_FLATE },
		{ "ASCIIHexDecode", PDFSTREAM_HEX },
		{ "AHx", PDFSTREAM_HEX },
		{ "ASCII85Decode", PDFSTREAM_A85 },
		{ "A85", PDFSTREAM_A85 },
		{ "RunLengthDecode", PDFSTREAM_RUNS },
		{ "RL", PDFSTREAM_RUNS },
		{ "LZWDecode", PDFSTREAM_LZW },
		{ "LZW", PDFSTREAM_LZW },
		{ "Crypt", PDFSTREAM_PASS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, span_str(names[i].name)))
			return names[i].filter;
	return PDFSTREAM_NONE;
}

/* The names of filters, at the start of `*s`; one, or several in brackets. */
static void
read_filters(struct span *s, struct pdfstream *t)
{
	uint8_t mem[PDFTOKEN_NAME];
	bool several;

	*s = pdftoken_skip_white(*s);
	several = span_starts(*s, SPAN("["));
	if (several)
		*s = pdftoken_skip_white(span_from(*s, 1));
	for (t->n = 0;
	     span_starts(*s, SPAN("/")) && t->n < PDFSTREAM_FILTERS;) {
		t->filters[t->n++] = (uint8_t)filter_of(pdftoken_name(s, mem));
		*s = pdftoken_skip_white(*s);
		if (!several)
			break;
	}
}

/* One of a predictor; a number that stands elsewhere makes it unsound. */
static void
read_param(struct span name, struct span value, struct pdfstream *t)
{
	uint64_t told = pdftoken_number(value);
	uint32_t n = told < UINT32_MAX ? (uint32_t)told : 0;

	if (span_is(name, SPAN("Predictor"))) {
		t->is_guessed |= t->predict.predictor > 1 || n == 0;
		t->predict.predictor = n;
	} else if (span_is(name, SPAN("Colors"))) {
		t->predict.colors = n;
	} else if (span_is(name, SPAN("BitsPerComponent"))) {
		t->predict.bits = n;
	} else if (span_is(name, SPAN("Columns"))) {
		t->predict.columns = n;
	}
}

/* A dictionary, or several in brackets, at the start of `s`. */
static void
read_params(struct span s, struct pdfstream *t)
{
	uint8_t mem[PDFTOKEN_NAME];
	unsigned arrays = 0, dictionaries = 0;
	enum pdftoken kind;
	struct span text;

	t->is_guessed |= t->params >= PDFSTREAM_FILTERS;
	if (t->params++ >= PDFSTREAM_FILTERS)
		return; /* each may go to the end */
	do {
		kind = pdftoken_next(&s, &text);
		if (kind == PDFTOKEN_OPEN)
			dictionaries++;
		else if (kind == PDFTOKEN_CLOSE && dictionaries > 0)
			dictionaries--;
		else if (kind == PDFTOKEN_NAMED && dictionaries > 0)
			read_param(pdftoken_name(&text, mem), s, t);
		else if (kind == PDFTOKEN_WORD && dictionaries == 0)
			t->is_elsewhere |= chr_is(text.p[0], CHR_DIGIT);
		else if (kind == PDFTOKEN_OTHER && text.p[0] == '[')
			arrays++;
		else if (kind == PDFTOKEN_OTHER && text.p[0] == ']')
			arrays = 0;
	} while (kind != PDFTOKEN_END && arrays + dictionaries > 0);
}

static void
note_type(struct pdfstream *t, struct span name, struct span value)
{
	struct span word;

	if (span_is(name, SPAN("Width")))
		t->is_picture = true;
	else if (span_is(name, SPAN("EmbeddedFile")))
		t->is_embedded = t->is_file = true;
	else if (span_is(name, SPAN("Metadata")))
		t->is_meta = true;
	else if (span_is(name, SPAN("XRef")))
		t->is_table = true;
	else if (span_is(name, SPAN("Crypt")))
		t->is_named = t->is_plain = true;
	else if (span_is(name, SPAN("Name"))
		 && pdftoken_next(&value, &word) == PDFTOKEN_NAMED)
		t->is_plain = span_is(word, SPAN("/Identity"));
}

static void
read_dictionary(struct span s, struct pdfstream *t)
{
	uint8_t mem[PDFTOKEN_NAME];
	struct span name;

	*t = (struct pdfstream) {
		.early = 1, .length = UINT64_MAX, .predict = { 1, 1, 8, 1 }
	};
	for (;;) {
		s = span_from(s, span_find(s, '/'));
		if (s.len == 0)
			return;
		name = pdftoken_name(&s, mem);
		if (span_is(name, SPAN("Filter")))
			read_filters(&s, t);
		else if (span_is(name, SPAN("Length")))
			t->length = pdftoken_number(s);
		else if (span_is(name, SPAN("EarlyChange")))
			t->early = pdftoken_number(s) != 0;
		else if (span_is(name, SPAN("DecodeParms"))
			 || (span_is(name, SPAN("DP"))
			     && span_starts(
				 pdftoken_skip_white(s), SPAN("<<"))))
			read_params(s, t);
		else if (span_is(name, SPAN("ObjStm")))
			t->is_file = true;
		else
			note_type(t, name, s);
	}
}

/* From behind the last "obj" on, which is not the end of one. */
static struct span
last_object(struct span s, uint32_t *number, uint32_t *generation)
{
	size_t at = 0, last = 0;

	*number = *generation = 0;
	while ((at = scan_find(s, at, SPAN("obj"))) < s.len) {
		if (at > 0
		    && (pdftoken_is_white(s.p[at - 1])
			|| chr_is(s.p[at - 1], CHR_DIGIT)))
			last = at + 3;
		at += 3;
	}
	if (last > 0 && pdftoken_object(s, last, number, generation))
		*number = *generation = 0;
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
	for (unsigned i = 0; i < 3 && s.len > 0 && pdftoken_is_white(s.p[0]);
	     i++)
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
cut_data(struct scan *sc, const struct pdfstream *t, struct span s)
{
	size_t end;

	if (t->length < s.len && is_end(span_from(s, (size_t)t->length)))
		return span_first(s, (size_t)t->length);
	end = scan_find(s, 0, SPAN("endstream"));
	scan_spend(sc, end);
	/* the word alone, in some text, promises nothing, nor does the next */
	if (!t->is_behind && t->n == 0)
		end = scan_find(span_first(s, end), 0, SPAN("stream"));
	else if (end == s.len && t->is_behind)
		scan_flaw(sc, SCAN_DAMAGED);
	return without_line_end(span_first(s, end));
}

/* Does a dictionary end here? */
static bool
ends_dictionary(struct span s)
{
	while (s.len > 0 && pdftoken_is_white(s.p[s.len - 1]))
		s.len--;
	return s.len > 1 && s.p[s.len - 1] == '>' && s.p[s.len - 2] == '>';
}

/* The next stream, from f->at on; it may begin within another one's data. */
bool
pdfstream_next(struct scan *sc, struct scan_frame *f, struct pdfstream *t)
{
	struct span word = SPAN("stream"), s, dictionary;
	uint32_t number, generation;
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
	dictionary = last_object(s, &number, &generation);
	read_dictionary(dictionary, t);
	t->number = number;
	t->generation = generation;
	t->is_behind = ends_dictionary(s);
	f->at = at;
	t->data = cut_data(sc, t, behind_line(span_from(f->bytes, at)));
	return true;
}

/* ---- unpacking ---- */

/* Do the two octets of zlib's header stand there? */
bool
pdfstream_is_zlib(struct span s)
{
	return s.len > 2 && (s.p[0] & 15) == 8 && s.p[0] < 0x80
	       && (s.p[0] * 256u + s.p[1]) % 31 == 0;
}

/*
 * Pages that are damaged are shown as far as they go; of a file, or where
 * nothing is as it should be, the rest might be what matters.
 */
static struct span
inflate(struct scan *sc, const struct pdfstream *t, struct span s)
{
	unsigned flaws = sc->flaws;
	struct span z = pdftoken_skip_white(s);
	bool sound = pdfstream_is_zlib(z);
	size_t used;

	if (s.len == 0)
		return s;
	s = scan_inflate(sc, sound ? span_from(z, 2) : s, -15, &used);
	if (sound && !t->is_file && s.len > 0 && !(flaws & SCAN_DAMAGED))
		sc->flaws &= ~(unsigned)SCAN_DAMAGED;
	return s;
}

static struct span
unpack(struct scan *sc, const struct pdfstream *t, enum pdfstream_filter how,
    struct span s)
{
	static const uint8_t grows[] = {
		[PDFSTREAM_HEX] = 1, [PDFSTREAM_A85] = 4, [PDFSTREAM_RUNS] = 64
	};
	size_t most, room, len = 0;
	uint8_t *to;

	if (how == PDFSTREAM_FLATE)
		return inflate(sc, t, s);
	most = how != PDFSTREAM_LZW && s.len < SIZE_MAX / 64 - 1
		   ? (s.len + 1) * grows[how]
		   : SIZE_MAX;
	to = scan_most(sc, most, &room);
	if (how == PDFSTREAM_HEX)
		len = pdfcode_hex(s, to, room);
	else if (how == PDFSTREAM_A85)
		len = pdfcode_85(s, to, room);
	else if (how == PDFSTREAM_RUNS)
		len = pdfcode_runs(s, to, room);
	else
		len = pdfcode_lzw((void *)sc->zlib, t->early, s, to, room);
	if (len == room && room < most)
		scan_flaw(sc, SCAN_LIMITS);
	return scan_take(sc, len);
}

static bool
has_predictor(enum pdfstream_filter how)
{
	return how == PDFSTREAM_FLATE || how == PDFSTREAM_LZW;
}

bool
pdfstream_is_predicted(const struct pdfstream *t)
{
	bool any = false;

	for (unsigned i = 0; i < t->n; i++)
		any |= has_predictor(t->filters[i]);
	return any
	       && (t->predict.predictor > 1 || t->is_guessed
		   || (t->is_elsewhere && !t->is_picture));
}

/* What came out of Flate or LZW, in scratch, without its predictor. */
static struct span
unpredicted(struct scan *sc, const struct pdfstream *t, struct span s)
{
	uint8_t *p = sc->scratch + sc->scratch_len - s.len;

	if (t->is_guessed || t->is_elsewhere
	    || !pdfpredict_is_sound(&t->predict))
		scan_flaw(sc, SCAN_UNOPENED);
	if (s.len == 0 || s.p != p || !pdfpredict_is_sound(&t->predict))
		return s;
	return span_of(p, pdfpredict_undo(&t->predict, p, s.len));
}

struct span
pdfstream_unpack(struct scan *sc, const struct pdfstream *t)
{
	struct span s = t->data;
	unsigned predicted = 0;

	for (unsigned i = 0; i < t->n; i++) {
		if (t->filters[i] == PDFSTREAM_NONE)
			return s;
		if (t->filters[i] != PDFSTREAM_PASS)
			s = unpack(sc, t, t->filters[i], s);
		if (!t->undo || !has_predictor(t->filters[i]))
			continue;
		s = unpredicted(sc, t, s);
		/* which of the two has it? */
		if (predicted++ > 0)
			scan_flaw(sc, SCAN_UNOPENED);
	}
	return t->n == 0 && pdfstream_is_zlib(s) ? inflate(sc, t, s) : s;
}

bool
pdfstream_has_object(struct span s)
{
	uint32_t number, generation;
	size_t at = 0;

	for (; (at = scan_find(s, at, SPAN("obj"))) < s.len; at += 3)
		if ((at + 3 == s.len || !pdftoken_is_regular(s.p[at + 3]))
		    && !pdftoken_object(s, at + 3, &number, &generation))
			return true;
	return false;
}
