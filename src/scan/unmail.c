/*
 * unmail: the parts of a mail, in every way in which they can be read.
 *
 * No tree is built and no boundary is believed.  A section begins behind every
 * line that may be a separator ("--x" with a header line or an empty line
 * behind it, or "--x--"), and at every Content-Transfer-Encoding line,
 * wherever it stands; so depth, missing or undeclared boundaries do not
 * matter.  A section is decoded in each encoding that its header mentions, in
 * whatever field, and is a member undecoded as well; so doubled and folded
 * fields are read both ways.
 *
 * Where such a reading may be wrong, there is another one of what is encoded:
 * from behind a line that is no header line, or only blanks, on or from
 * the empty line behind it on; to the separator, or beyond it where no part
 * begins there, or to the next that is like the one before it; and base64 with
 * padding in it, with and without heeding that.
 *
 * Then all of the text is looked through for uuencoded files.
 */
#include "codec/mime.h"
#include "core/chr.h"
#include "scan/unmail.h"
#include "scan/unpack.h"

#define BLANK_MOST 512 /* octets of a header behind a line of blanks */
#define ODD_MOST   4   /* octets before a field's name that are none */

/* phase: what of the section is still to be given, and whether all is over */
enum {
	GIVE_RAW = 1,
	GIVE_BASE64 = 2,
	GIVE_QP = 4,
	AT_FILES = 8,
	/* the reading of what is encoded that is still to be given, as well as
	   each with fewer of these bits */
	LATE = 16,
	LONG = 32,
	UNPADDED = 64,
	LATEST = 128,
	READINGS = LATE | LONG | UNPADDED | LATEST,
	/* the same for what is given undecoded */
	GIVE_LATE = 256,
	GIVE_LATEST = 512,
};

static bool
is_line_end(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static bool
is_blank(struct span line)
{
	return span_trim(line).len == 0;
}

/* The field's name as readers that forgive much read it: with odd blanks. */
static bool
is_encoding_line(struct span line)
{
	for (unsigned i = 0; i < ODD_MOST && line.len > 0; i++) {
		if (line.p[0] > ' ' && line.p[0] < 0x7f)
			break;
		line = span_from(line, 1);
	}
	return span_starts_nocase(line, SPAN("Content-Transfer-Encoding"));
}

static bool
is_header_line(struct span line)
{
	size_t i = 0;

	if (line.len > 0 && chr_is(line.p[0], CHR_SPACE))
		return true;
	while (i < line.len && chr_is(line.p[i], CHR_NAME))
		i++;
	while (i < line.len && chr_is(line.p[i], CHR_SPACE))
		i++;
	return (i > 0 && i < line.len && line.p[i] == ':')
	       || is_encoding_line(line);
}

/* May the line that begins `s` stand between two parts? */
static bool
is_separator(struct span line, struct span behind)
{
	size_t used;

	if (line.len < 3 || line.p[0] != '-' || line.p[1] != '-')
		return false;
	if (line.p[line.len - 1] == '-' && line.p[line.len - 2] == '-')
		return true;
	line = unmail_line(behind, &used);
	return line.len == 0 || is_header_line(line);
}

/*
 * Go over the header at `at`: where it ends.  `*blank` is set to where it ends
 * for those to whom a line of blanks is an empty one, or to 0; `*typed`, when
 * there is a Content- field.
 */
static size_t
header_end(const struct scan_frame *f, size_t at, size_t *blank, bool *typed)
{
	size_t used;
	struct span line = unmail_line(span_from(f->bytes, at), &used);

	*blank = 0;
	*typed = false;
	if (span_starts(line, SPAN("From ")))
		at += used;
	for (;;) {
		line = unmail_line(span_from(f->bytes, at), &used);
		if (line.len == 0 || !is_header_line(line)
		    || (*blank > 0 && at - *blank > BLANK_MOST))
			return at;
		at += used;
		if (*blank == 0 && is_blank(line))
			*blank = at;
		if (span_starts_nocase(line, SPAN("Content-")))
			*typed = true;
	}
}

/*
 * Read the header of the section at f->at; its body begins at f->from, or
 * else at f->kept, or else, where a line that is no header line ends it,
 * behind an empty line that is still to come (f->told).
 * True: it says what the section is.
 */
static bool
read_header(struct scan *sc, struct scan_frame *f)
{
	size_t blank, used;
	bool typed;
	size_t end = header_end(f, f->at, &blank, &typed);
	struct span head = span_first(span_from(f->bytes, f->at), end - f->at);
	struct span line = unmail_line(span_from(f->bytes, end), &used);

	f->kept = line.len == 0 ? end + used : end;
	f->from = blank > 0 ? blank : f->kept;
	f->told = line.len > 0 ? UINT64_MAX : 0;
	scan_headed(sc, f, head);
	f->phase = GIVE_RAW;
	if (span_has_nocase(head, SPAN("base64")))
		f->phase |= GIVE_BASE64;
	if (span_has_nocase(head, SPAN("quoted-printable")))
		f->phase |= GIVE_QP;
	return typed;
}

/* Find where the body ends (f->to) and the next section begins (f->at). */
static void
find_end(struct scan_frame *f)
{
	bool wants_latest = f->told > 0;
	size_t at = f->kept > f->from ? f->kept : f->from, used;

	while (at < f->bytes.len) {
		struct span rest = span_from(f->bytes, at);
		struct span line = unmail_line(rest, &used);

		if (is_separator(line, span_from(rest, used))) {
			f->to = at;
			f->at = at + used;
			f->parted = at + 1;
			return;
		}
		if (is_encoding_line(line)) {
			f->to = f->at = at;
			return;
		}
		at += used;
		if (wants_latest && at > f->kept && line.len == 0) {
			f->told = at;
			wants_latest = false;
		}
	}
	f->to = f->at = f->bytes.len;
}

/*
 * Find where the body ends (f->used) for those to whom this separator is
 * none: where a part begins that says what it is.
 */
static void
find_long_end(struct scan_frame *f)
{
	size_t at = f->at, used;
	bool has_text = false;

	while (at < f->bytes.len) {
		struct span rest = span_from(f->bytes, at);
		struct span line = unmail_line(rest, &used);

		if (span_starts_nocase(line, SPAN("Content-")))
			break;
		if (!is_blank(line)
		    && !is_separator(line, span_from(rest, used)))
			has_text = true;
		at += used;
	}
	f->used = has_text ? at : f->to;
}

/* The next line from `at` on that is `mark`, or begins with it; or s.len. */
static size_t
find_line(struct span s, size_t at, struct span mark, bool begins)
{
	struct span line;
	size_t used;

	for (;; at += mark.len) {
		at = scan_find(s, at, mark);
		if (at == s.len)
			return at;
		if (at == 0 || !is_line_end(s.p[at - 1]))
			continue; /* and no line is cut off, which may be long
				   */
		line = unmail_line(span_from(s, at + mark.len), &used);
		if (begins || is_blank(line) || span_starts(line, SPAN("--")))
			return at;
	}
}

/*
 * Where the body ends for those who heed no line but one like the separator
 * before it: a line that looks like a field, or like another separator, is
 * a part of what is encoded.
 */
static size_t
end_of_part(const struct scan_frame *f)
{
	struct span s = f->bytes;
	size_t used;

	/* mails in a row */
	if (span_starts(s, SPAN("From ")))
		s = span_first(s, find_line(s, f->from, SPAN("From "), true));
	if (f->parted == 0)
		return s.len;
	return find_line(s, f->from,
	    span_trim(unmail_line(span_from(s, f->parted - 1), &used)), false);
}

/* May the body begin there, too? */
static bool
is_within(const struct scan_frame *f, uint64_t at)
{
	return at > f->from && at < f->to;
}

/* Which readings of the encoded body are there? */
static unsigned
readings_of(const struct scan_frame *f)
{
	struct span body = span_first(span_from(f->bytes, f->from),
	    (f->used > f->to ? f->used : f->to) - f->from);
	unsigned readings = 0;

	if (is_within(f, f->kept))
		readings |= LATE;
	if (is_within(f, f->told))
		readings |= LATEST;
	if (f->used > f->to)
		readings |= LONG;
	if ((f->phase & GIVE_BASE64) && mime_has_inner_padding(body))
		readings |= UNPADDED;
	return readings;
}

static void
read_section(struct scan *sc, struct scan_frame *f)
{
	bool typed = read_header(sc, f);
	bool coded = (f->phase & (GIVE_BASE64 | GIVE_QP)) != 0;
	size_t end = coded ? end_of_part(f) : 0;

	find_end(f);
	f->used = f->to;
	if (is_within(f, f->kept))
		f->phase |= GIVE_LATE;
	if (is_within(f, f->told))
		f->phase |= GIVE_LATEST;
	if (!coded)
		return;
	/* no two of these may overlap: who has none of them ends none */
	if (typed)
		find_long_end(f);
	if (f->used < end) {
		scan_spend(sc, end - f->to);
		f->used = end;
	}
	f->phase |= readings_of(f);
}

/* Where the body begins in this reading. */
static size_t
body_start(const struct scan_frame *f, unsigned late, unsigned latest)
{
	if (f->phase & latest)
		return (size_t)f->told;
	return f->phase & late ? f->kept : f->from;
}

static struct span
decode(struct scan *sc, const struct scan_frame *f)
{
	size_t from = body_start(f, LATE, LATEST), room, len;
	size_t to = f->phase & LONG ? f->used : f->to;
	struct span body = span_first(span_from(f->bytes, from), to - from);
	bool base64 = (f->phase & GIVE_BASE64) != 0;
	uint8_t *out =
	    scan_room(sc, base64 ? body.len / 4 * 3 + 3 : body.len, &room);

	if (!base64)
		len = mime_qp(body, out, room);
	else if (f->phase & UNPADDED)
		len = mime_base64_unpadded(body, out, room);
	else
		len = mime_base64(body, out, room);
	return scan_take(sc, len);
}

/* To the next reading, or else the other encoding, or else none. */
static void
go_on(struct scan_frame *f)
{
	unsigned now = f->phase & READINGS, next = (now - 1) & readings_of(f);

	f->phase &= ~(unsigned)READINGS;
	if (now > 0) {
		f->phase |= next;
		return;
	}
	f->phase &= f->phase & GIVE_BASE64 ? GIVE_QP : 0;
	if (f->phase > 0)
		f->phase |= readings_of(f);
}

/* The body as it stands, from the last place on where it may begin. */
static struct span
give_raw(struct scan_frame *f)
{
	size_t from = body_start(f, GIVE_LATE, GIVE_LATEST);
	unsigned done = f->phase & GIVE_LATEST ? GIVE_LATEST
			: f->phase & GIVE_LATE ? GIVE_LATE
					       : GIVE_RAW;

	f->phase &= ~done;
	if (f->phase & GIVE_BASE64)
		f->hints |= SCAN_CODED;
	return span_first(span_from(f->bytes, from), f->to - from);
}

static int
next_part(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->phase == 0) {
		if (f->at >= f->bytes.len)
			return 0;
		read_section(sc, f);
	}
	if (f->phase & (GIVE_RAW | GIVE_LATE | GIVE_LATEST)) {
		*member = give_raw(f);
		return 1;
	}
	*member = decode(sc, f);
	f->hints &= ~(unsigned)SCAN_CODED;
	go_on(f);
	return 1;
}

int
scan_next_mail(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t used;

	/* text that only has uuencoded files in it */
	if (f->at == 0 && f->phase == 0 && !(f->hints & SCAN_AS_MAIL)
	    && !is_header_line(unmail_line(f->bytes, &used))
	    && !span_starts(f->bytes, SPAN("From ")))
		f->phase = AT_FILES;
	if (f->phase != AT_FILES) {
		if (next_part(sc, f, member))
			return 1;
		f->phase = AT_FILES;
		f->at = f->kept = 0;
	}
	return unmail_file(sc, f, member);
}
