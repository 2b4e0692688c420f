/*
 * unmail_files: files that stand within a text: uuencoded, its base64 form,
 * xxencoded, yEnc.
 */
#include "codec/mime.h"
#include "scan/unmail.h"
#include "scan/unpack.h"

#define UU_MOST 32 /* octets out of one, with its line end, at most */

/* The line at the start of `s`, without its end; `*used` with it. */
struct span
unmail_line(struct span s, size_t *used)
{
	struct span rest = s, line;

	if (!mime_line(&rest, &line))
		line = rest = span_from(s, s.len);
	*used = s.len - rest.len;
	return line;
}

bool
unmail_has_encoding(struct span s)
{
	static const char *const pieces[] = { "-e", "-E" };
	struct span word = SPAN("Content-Transfer-Encoding");

	/* not line by line: all lines may be empty */
	for (size_t i = 0; i < 2; i++)
		for (size_t at = 0;
		     (at = scan_find(s, at, span_str(pieces[i]))) < s.len;
		     at += 2)
			if (at >= 16
			    && (at == 16 || s.p[at - 17] == '\n'
				|| s.p[at - 17] == '\r')
			    && span_starts_nocase(span_from(s, at - 16), word))
				return true;
	return false;
}

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
		*line = unmail_line(span_from(s, at), &used);
		if (at == 0 || s.p[at - 1] == '\n' || s.p[at - 1] == '\r')
			break;
		used = uu + 6 - at;
	}
	f->at = at + used;
	return true;
}

/*
 * The file in xxencode that begins at f->at, if there is one; the same lines
 * are read as uuencode after it, from `begin` on.  f->kept: where that was.
 */
static bool
take_xx(
    struct scan *sc, struct scan_frame *f, size_t begin, struct span *member)
{
	struct span rest = span_from(f->bytes, f->at);
	size_t room, used, len;
	uint8_t *to;

	if (f->kept == f->at)
		return false;
	to = scan_most(sc, rest.len, &room);
	len = mime_xx(rest, to, room, &used);
	if (len == 0)
		return false;
	if (len == room && room < rest.len)
		scan_flaw(sc, SCAN_LIMITS);
	*member = scan_take(sc, len);
	f->kept = f->at;
	f->at = begin;
	return true;
}

int
unmail_file(struct scan *sc, struct scan_frame *f, struct span *member)
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
	if (!is_yenc && take_xx(sc, f, (size_t)(line.p - f->bytes.p), member))
		return 1;
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
