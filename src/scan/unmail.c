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

/* phase: what of the section is still to be given, and whether all is over */
enum {
	GIVE_RAW = 1,
	GIVE_BASE64 = 2,
	GIVE_QP = 4,
	AT_UU = 8,
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

static int
next_uu(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest;
	size_t at, used, room;
	uint8_t *to;

	do {
		at = scan_find(f->bytes, f->at, SPAN("begin "));
		f->at = at + 6;
		if (at == f->bytes.len)
			return 0;
	} while (at > 0 && f->bytes.p[at - 1] != '\n');
	rest = span_from(f->bytes, at);
	scan_named(sc, f, span_from(line_of(rest, &used), 10));
	f->at = at + used;
	rest = span_from(rest, used);
	to = scan_room(sc, rest.len, &room);
	*member = scan_take(sc, mime_uu(rest, to, room, &used));
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
		f->phase = AT_UU;
	if (f->phase != AT_UU) {
		if (next_part(sc, f, member))
			return 1;
		f->phase = AT_UU;
		f->at = 0;
	}
	return next_uu(sc, f, member);
}
