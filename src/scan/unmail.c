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
 * begins there; and base64 with padding in it, with and without heeding that.
 *
 * Then all of the text is looked through for uuencoded files.
 */
#include "codec/mime.h"
#include "core/chr.h"
#include "scan/unpack.h"

#define BLANK_MOST 512 /* octets of a header behind a line of blanks */
#define ODD_MOST   4   /* octets before a field's name that are none */
#define UU_MOST	   32  /* octets out of one, with its line end, at most */

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
	READINGS = LATE | LONG | UNPADDED,
};

/* The line at the start of `s`, without its end; `*used` with it. */
static struct span
line_of(struct span s, size_t *used)
{
	struct span rest = s, line;

	if (!mime_line(&rest, &line))
		line = rest = span_from(s, s.len);
	*used = s.len - rest.len;
	return line;
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
	line = line_of(behind, &used);
	return line.len == 0 || is_header_line(line);
}

static bool
mentions(struct span s, struct span word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (chr_lower(s.p[i]) == word.p[0]
		    && span_is_nocase(span_of(s.p + i, word.len), word))
			return true;
	return false;
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
	struct span line = line_of(span_from(f->bytes, at), &used);

	*blank = 0;
	*typed = false;
	if (span_starts(line, SPAN("From ")))
		at += used;
	for (;;) {
		line = line_of(span_from(f->bytes, at), &used);
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
 * else at f->kept (0: behind an empty line that is still to come).
 * True: it says what the section is.
 */
static bool
read_header(struct scan *sc, struct scan_frame *f)
{
	size_t blank, used;
	bool typed;
	size_t end = header_end(f, f->at, &blank, &typed);
	struct span head = span_first(span_from(f->bytes, f->at), end - f->at);
	struct span line = line_of(span_from(f->bytes, end), &used);

	f->kept = line.len == 0 ? end + used : end;
	f->from = blank > 0 ? blank : f->kept;
	if (blank == 0 && line.len > 0)
		f->kept = 0;
	scan_headed(sc, f, head);
	f->phase = GIVE_RAW;
	if (mentions(head, SPAN("base64")))
		f->phase |= GIVE_BASE64;
	if (mentions(head, SPAN("quoted-printable")))
		f->phase |= GIVE_QP;
	return typed;
}

/* Find where the body ends (f->to) and the next section begins (f->at). */
static void
find_end(struct scan_frame *f)
{
	bool wants_late = f->kept == 0;
	size_t at = f->from, used;

	while (at < f->bytes.len) {
		struct span rest = span_from(f->bytes, at);
		struct span line = line_of(rest, &used);

		if (is_separator(line, span_from(rest, used))) {
			f->to = at;
			f->at = at + used;
			return;
		}
		if (is_encoding_line(line)) {
			f->to = f->at = at;
			return;
		}
		at += used;
		if (wants_late && line.len == 0) {
			f->kept = at;
			wants_late = false;
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
		struct span line = line_of(rest, &used);

		if (span_starts_nocase(line, SPAN("Content-")))
			break;
		if (!is_blank(line)
		    && !is_separator(line, span_from(rest, used)))
			has_text = true;
		at += used;
	}
	f->used = has_text ? at : f->to;
}

/* Which readings of the encoded body are there? */
static unsigned
readings_of(const struct scan_frame *f)
{
	struct span body = span_first(span_from(f->bytes, f->from),
	    (f->used > f->to ? f->used : f->to) - f->from);
	unsigned readings = 0;

	if (f->kept > f->from && f->kept < f->to)
		readings |= LATE;
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

	find_end(f);
	f->used = f->to;
	if (f->phase == GIVE_RAW)
		return;
	/* no two of these may overlap: who has none of them ends none */
	if (typed)
		find_long_end(f);
	f->phase |= readings_of(f);
}

static struct span
decode(struct scan *sc, const struct scan_frame *f)
{
	size_t from = f->phase & LATE ? f->kept : f->from, room, len;
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

static int
next_part(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->phase == 0) {
		if (f->at >= f->bytes.len)
			return 0;
		read_section(sc, f);
	}
	if (f->phase & GIVE_RAW) {
		f->phase &= ~(unsigned)GIVE_RAW;
		if (f->phase & GIVE_BASE64)
			f->hints |= SCAN_CODED;
		*member =
		    span_first(span_from(f->bytes, f->from), f->to - f->from);
		return 1;
	}
	*member = decode(sc, f);
	f->hints &= ~(unsigned)SCAN_CODED;
	go_on(f);
	return 1;
}

/* ---- files within the text ---- */

/* The value of " key=" in a line of yEnc; empty: there is none. */
static struct span
yenc_value(struct span line, struct span key)
{
	struct span rest = span_from(line, scan_find(line, 0, key) + key.len);

	/* a name may have spaces, and is last */
	return span_is(key, SPAN(" name="))
		   ? rest
		   : span_first(rest, span_find(rest, ' '));
}

/* Has all of the file come?  Not when it is one part of several. */
static bool
is_whole(struct span begin, size_t len)
{
	uint64_t size;

	return !span_u64(yenc_value(begin, SPAN(" size=")), UINT64_MAX, &size)
	       && size == len;
}

/* What stands behind "begin". */
static bool
is_begin(struct span s)
{
	return span_starts(s, SPAN(" ")) || span_starts(s, SPAN("-base64 "));
}

/*
 * The next line, from f->at on, that begins an encoded file; f->at goes
 * behind it.  False: there is none.
 */
static bool
find_begin(struct scan_frame *f, struct span *line)
{
	struct span s = f->bytes;
	size_t at = f->at, used;

	for (;; at += used) {
		size_t uu = scan_find(s, at, SPAN("begin"));

		if (uu == s.len)
			return false;
		if (!is_begin(span_from(s, uu + 5))) {
			used = uu + 5 - at;
			continue;
		}
		/* "=ybegin" ends so, too */
		at = uu >= 2 && s.p[uu - 1] == 'y' && s.p[uu - 2] == '='
			 ? uu - 2
			 : uu;
		*line = line_of(span_from(s, at), &used);
		if (at == 0 || s.p[at - 1] == '\n' || s.p[at - 1] == '\r')
			break;
		used = uu + 6 - at;
	}
	f->at = at + used;
	return true;
}

static int
next_file(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span line, rest;
	size_t used, room, len;
	bool is_yenc;
	uint8_t *to;

	if (!find_begin(f, &line))
		return 0;
	rest = span_from(f->bytes, f->at);
	/* a line of uuencode that is cut short counts as filled with zeros */
	to = scan_most(sc,
	    rest.len < SIZE_MAX / UU_MOST ? (rest.len + 1) * UU_MOST : SIZE_MAX,
	    &room);
	if (span_starts(line, SPAN("begin-"))) {
		used = scan_find(rest, 0, SPAN("===="));
		*member = scan_take(
		    sc, mime_base64(span_first(rest, used), to, room));
		scan_named(sc, f, span_from(line, 17));
		f->at += used;
		return 1;
	}
	is_yenc = line.p[0] == '=';
	scan_named(sc, f,
	    is_yenc ? yenc_value(line, SPAN(" name=")) : span_from(line, 10));
	len = is_yenc ? mime_yenc(rest, to, room, &used)
		      : mime_uu(rest, to, room, &used);
	if (len == room)
		scan_flaw(sc, SCAN_LIMITS);
	if (is_yenc && !is_whole(line, len))
		scan_flaw(sc, SCAN_DAMAGED);
	*member = scan_take(sc, len);
	f->at += used;
	return 1;
}

int
scan_next_mail(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t used;

	/* text that only has uuencoded files in it */
	if (f->at == 0 && f->phase == 0 && !(f->hints & SCAN_AS_MAIL)
	    && !is_header_line(line_of(f->bytes, &used))
	    && !span_starts(f->bytes, SPAN("From ")))
		f->phase = AT_FILES;
	if (f->phase != AT_FILES) {
		if (next_part(sc, f, member))
			return 1;
		f->phase = AT_FILES;
		f->at = 0;
	}
	return next_file(sc, f, member);
}
