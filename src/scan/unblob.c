/*
 * unblob: files in base64 in a text that is no mail: data: addresses of HTML
 * and SVG, pages that put a download together from what they carry, calendars'
 * attachments, cards' pictures, documents as one XML file.
 *
 * A blob is at least 64 characters in a row; its lines may be blank-folded, or
 * be pieces of one text that a program joins.
 * The text around it is not asked.
 */
#include "codec/mime.h"
#include "core/chr.h"
#include "scan/unpack.h"

#define LEAST	   64
#define LINE_LEAST 32 /* where another line follows */

static bool
is_base64(uint8_t c)
{
	return chr_is(c, CHR_DIGIT | CHR_UPPER | CHR_LOWER) || c == '+'
	       || c == '/';
}

/* From `from` on so many characters of base64 in a row begin; or s.len. */
static size_t
find_run(struct span s, size_t from)
{
	size_t n;

	while (from < s.len && s.len - from >= LEAST) {
		/* from the back: most are told off by one character */
		for (n = LEAST; n > 0 && is_base64(s.p[from + n - 1]);)
			n--;
		if (n == 0)
			return from;
		from += n;
	}
	return s.len;
}

bool
scan_has_blob(struct span s)
{
	return find_run(s, 0) < s.len;
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

int
scan_next_blob(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = find_run(f->bytes, f->at), len, room;
	struct span blob;
	uint8_t *to;

	if (at == f->bytes.len)
		return 0;
	len = blob_len(span_from(f->bytes, at));
	blob = joined(sc, span_of(f->bytes.p + at, len));
	to = scan_room(sc, len / 4 * 3 + 3, &room);
	*member = scan_take(sc, mime_base64(blob, to, room));
	f->at = at + len;
	return 1;
}
