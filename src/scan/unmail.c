/*
 * unmail: the parts of a mail, in every way in which they can be read.
 *
 * No tree is built and no boundary is believed.  A section begins behind every
 * line that may be a separator ("--x" with a header line or an empty line
 * behind it, or "--x--"), and at every Content-Transfer-Encoding line,
 * wherever it stands; so depth, missing or undeclared boundaries do not
 * matter.  A section is decoded in each encoding that its header mentions, in
 * whatever field, and is a member undecoded as well; so doubled and folded
 * fields are read both ways.  Then all of the text is looked through for
 * uuencoded files.
 */
#include "codec/mime.h"
#include "core/chr.h"
#include "scan/unpack.h"

#define UU_MOST 32 /* octets out of one, with its line end, at most */

/* phase: what of the section is still to be given, and whether all is over */
enum {
	GIVE_RAW = 1,
	GIVE_BASE64 = 2,
	GIVE_QP = 4,
	AT_FILES = 8,
};

/* The line at the start of `s`, without its end; `*used` with it. */
static struct span
line_of(struct span s, size_t *used)
{
	size_t end = span_find(s, '\n');
	struct span line = span_first(s, end);

	*used = end < s.len ? end + 1 : end;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
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
	return i > 0 && i < line.len && line.p[i] == ':';
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

/* Read the header of the section at f->at; its body begins at f->from. */
static void
read_header(struct scan *sc, struct scan_frame *f)
{
	size_t at = f->at, used;
	struct span line = line_of(span_from(f->bytes, at), &used), head;

	if (span_starts(line, SPAN("From ")))
		at += used;
	for (;;) {
		line = line_of(span_from(f->bytes, at), &used);
		if (line.len == 0 || !is_header_line(line))
			break;
		at += used;
	}
	f->from = line.len == 0 ? at + used : at;
	head = span_first(span_from(f->bytes, f->at), at - f->at);
	scan_headed(sc, f, head);
	f->phase = GIVE_RAW;
	if (mentions(head, SPAN("base64")))
		f->phase |= GIVE_BASE64;
	if (mentions(head, SPAN("quoted-printable")))
		f->phase |= GIVE_QP;
}

/* Find where the body ends (f->to) and the next section begins (f->at). */
static void
find_end(struct scan_frame *f)
{
	static const char field[] = "Content-Transfer-Encoding:";
	size_t at = f->from, used;

	while (at < f->bytes.len) {
		struct span rest = span_from(f->bytes, at);
		struct span line = line_of(rest, &used);

		if (is_separator(line, span_from(rest, used))) {
			f->to = at;
			f->at = at + used;
			return;
		}
		if (at > f->from && span_starts_nocase(line, SPAN(field))) {
			f->to = f->at = at;
			return;
		}
		at += used;
	}
	f->to = f->at = f->bytes.len;
}

static struct span
decode(struct scan *sc, struct span body, bool base64)
{
	size_t room;
	uint8_t *to =
	    scan_room(sc, base64 ? body.len / 4 * 3 + 3 : body.len, &room);

	return scan_take(
	    sc, base64 ? mime_base64(body, to, room) : mime_qp(body, to, room));
}

static int
next_part(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span body;

	if (f->phase == 0) {
		if (f->at >= f->bytes.len)
			return 0;
		read_header(sc, f);
		find_end(f);
	}
	body = span_first(span_from(f->bytes, f->from), f->to - f->from);
	if (f->phase & GIVE_RAW) {
		f->phase &= ~(unsigned)GIVE_RAW;
		*member = body;
	} else if (f->phase & GIVE_BASE64) {
		f->phase &= ~(unsigned)GIVE_BASE64;
		*member = decode(sc, body, true);
	} else {
		f->phase = 0;
		*member = decode(sc, body, false);
	}
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
		size_t uu = scan_find(s, at, SPAN("begin "));

		if (uu == s.len)
			return false;
		/* "=ybegin" ends so, too */
		at = uu >= 2 && s.p[uu - 1] == 'y' && s.p[uu - 2] == '='
			 ? uu - 2
			 : uu;
		*line = line_of(span_from(s, at), &used);
		if (at == 0 || s.p[at - 1] == '\n')
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
	if (f->at == 0 && f->phase == 0
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
