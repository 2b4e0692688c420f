/*
 * unblob: files in base64 in a text that is no mail: data: addresses of HTML
 * and SVG, pages that put a download together from what they carry, calendars'
 * attachments, cards' pictures, documents as one XML file.
 *
 * A blob is at least 64 characters in lines of at least 16; they may be
 * blank-folded, or be pieces of one text that a program joins.
 * The text around it is not asked; but behind the word "base64" (data:
 * addresses, calendars) lines may be of any length, and characters written as
 * %41 or &#65;.
 */
#include "codec/mime.h"
#include "core/chr.h"
#include "scan/unpack.h"

#define LEAST	   64
#define LINE_LEAST 16	/* where another line follows */
#define NEAR	   1024 /* from "base64" to the sign before the blob */

static bool
is_base64(uint8_t c)
{
	return chr_is(c, CHR_DIGIT | CHR_UPPER | CHR_LOWER) || c == '+'
	       || c == '/';
}

static size_t
run_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_base64(s.p[n]))
		n++;
	return n;
}

/* What joins two pieces of one text in a program: "..." + "..."; 0: nothing. */
static size_t
joint_len(struct span s)
{
	size_t n = 1, plus = 0;

	if (s.len < 3 || (s.p[0] != '"' && s.p[0] != '\''))
		return 0;
	for (; n < s.len && n < 32 && plus < 2; n++) {
		if (s.p[n] == s.p[0])
			return plus == 1 ? n + 1 : 0;
		plus += s.p[n] == '+';
		if (s.p[n] > '+' || (s.p[n] > ' ' && s.p[n] < '+'))
			return 0;
	}
	return 0;
}

/* How long the blob at the start of `s` is, with its line ends. */
static size_t
blob_len(struct span s)
{
	size_t at = run_len(s), line = at, n;

	while (line >= LINE_LEAST) {
		struct span rest = span_from(s, at);

		for (n = 0; n < rest.len && n < 16
			    && (rest.p[n] == '\r' || rest.p[n] == '\n'
				|| chr_is(rest.p[n], CHR_SPACE));)
			n++;
		if (n == 0)
			n = joint_len(rest);
		line = run_len(span_from(rest, n));
		if (n == 0 || line == 0)
			break;
		at += n + line;
	}
	return at;
}

/* From `from` on the next blob by its look; or s.len. */
static size_t
find_run(struct span s, size_t from)
{
	size_t n;

	while (from < s.len && s.len - from >= LEAST) {
		/* from the back: most are told off by one character */
		for (n = LINE_LEAST; n > 0 && is_base64(s.p[from + n - 1]);)
			n--;
		if (n == 0 && blob_len(span_from(s, from)) >= LEAST)
			return from;
		from += n > 0 ? n : run_len(span_from(s, from));
	}
	return s.len;
}

/* Without what joins its pieces; in scratch, if it has any. */
static struct span
joined(struct scan *sc, struct span s)
{
	size_t room, len = 0, at = 0, n;
	uint8_t *to;

	if (span_find(s, '"') == s.len && span_find(s, '\'') == s.len)
		return s;
	to = scan_room(sc, s.len, &room);
	while (at < s.len && len < room) {
		n = joint_len(span_from(s, at));
		if (n == 0)
			to[len++] = s.p[at++];
		at += n;
	}
	return scan_take(sc, len);
}

/* ---- told to be base64 ---- */

/* With all in which its characters can be written; 0: it goes on in pieces. */
static size_t
told_len(struct span s)
{
	size_t n = 0;

	while (n < s.len
	       && (is_base64(s.p[n]) || s.p[n] <= ' ' || s.p[n] == '%'
		   || s.p[n] == '&' || s.p[n] == '#' || s.p[n] == ';'))
		n++;
	return joint_len(span_from(s, n)) > 0 ? 0 : n;
}

/* From `from` on the next blob behind "base64" and a sign; or s.len. */
static size_t
find_told(struct span s, size_t from)
{
	for (size_t at = from; (at = scan_find(s, at, SPAN("64"))) < s.len;
	     at += 2) {
		struct span near = span_first(span_from(s, at), NEAR);

		if (at < 4
		    || !span_is_nocase(span_of(s.p + at - 4, 4), SPAN("base")))
			continue;
		for (size_t n = 2; n < near.len; n++)
			if ((near.p[n] == ',' || near.p[n] == ':')
			    && told_len(span_from(s, at + n + 1)) >= LEAST)
				return at + n + 1;
	}
	return s.len;
}

/* &#65; or &#x41; or one of the few with a name; 0: it is a blank. */
static uint8_t
referred(struct span s, size_t *used)
{
	bool hex = span_starts_nocase(s, SPAN("&#x"));
	size_t at = hex ? 3 : 2;
	unsigned c = 0;

	if (!span_starts(s, SPAN("&#"))) {
		*used = 1 + span_find(span_first(s, 10), ';');
		return span_starts(s, SPAN("&plus;"))  ? '+'
		       : span_starts(s, SPAN("&sol;")) ? '/'
						       : 0;
	}
	for (; at < s.len; at++) {
		int digit = chr_hex(s.p[at]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		c = (c * (hex ? 16u : 10u) + (unsigned)digit) & 0xffff;
	}
	*used = at + (at < s.len && s.p[at] == ';');
	return c < 0x80 ? (uint8_t)c : 0;
}

/* The character written at the start of `s`, `*used` long. */
static uint8_t
written(struct span s, size_t *used)
{
	int high = s.len > 2 ? chr_hex(s.p[1]) : -1;
	int low = s.len > 2 ? chr_hex(s.p[2]) : -1;

	if (s.p[0] == '&')
		return referred(s, used);
	*used = 1;
	if (s.p[0] != '%' || high < 0 || low < 0)
		return s.p[0];
	*used = 3;
	return (uint8_t)(high << 4 | low);
}

static struct span
as_written(struct scan *sc, struct span s)
{
	size_t room, len = 0, used;
	uint8_t *to;

	if (span_find(s, '%') == s.len && span_find(s, '&') == s.len)
		return s;
	to = scan_room(sc, s.len, &room);
	for (; s.len > 0 && len < room; s = span_from(s, used))
		to[len++] = written(s, &used);
	return scan_take(sc, len);
}

/* ---- */

bool
scan_has_blob(struct span s)
{
	return find_run(s, 0) < s.len || find_told(s, 0) < s.len;
}

/* f->from, f->kept: where the next of each kind is. */
int
scan_next_blob(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at, len, room;
	struct span blob;
	uint8_t *to;
	bool told;

	if (f->phase == 0 || f->from < f->at)
		f->from = find_run(f->bytes, f->at);
	if (f->phase == 0 || f->kept < f->at)
		f->kept = find_told(f->bytes, f->at);
	f->phase = 1;
	told = f->kept <= f->from;
	at = told ? f->kept : f->from;
	if (at == f->bytes.len)
		return 0;
	blob = span_from(f->bytes, at);
	len = told ? told_len(blob) : blob_len(blob);
	blob = span_first(blob, len);
	blob = told ? as_written(sc, blob) : joined(sc, blob);
	to = scan_room(sc, blob.len / 4 * 3 + 3, &room);
	*member = scan_take(sc, mime_base64(blob, to, room));
	f->at = at + len;
	return 1;
}
