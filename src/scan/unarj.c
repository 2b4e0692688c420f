/*
 * unarj: the members of an ARJ archive.
 *
 * Headers have checksums, so a damaged one is told and passed over: the next
 * sound one follows.  Volumes of several, and members that go on in another
 * volume, are "damaged": the rest is not here.
 */
#include <zlib.h>

#include "codec/lzarj.h"
#include "core/le.h"
#include "scan/unpack.h"

#define HEADER_LEAST 30
#define HEADER_MOST  2600
#define LOCKED	     1u
#define GOES_ON	     4u
#define CONTINUES    8u
#define MAIN	     2u /* type */

/* phase */
enum { READING, OVER };

_Static_assert(sizeof(struct lzarj) <= SCAN_ZLIB, "shares zlib's room");

/* A header's own octets at the start of `s`, if it is sound; or empty. */
static struct span
header_at(struct span s)
{
	size_t len;

	if (s.len < HEADER_LEAST + 8 || !span_starts(s, SPAN("\x60\xea")))
		return SPAN("");
	len = le16_get(s.p + 2);
	if (len < HEADER_LEAST || len > HEADER_MOST || s.len < len + 8
	    || crc32(0, s.p + 4, (uInt)len) != le32_get(s.p + 4 + len))
		return SPAN("");
	return span_of(s.p + 4, len);
}

bool
scan_is_arj(struct span s)
{
	return header_at(s).len > 0;
}

/* Where the data begin behind a header: extended headers stand between. */
static size_t
behind_header(struct span s, struct span header)
{
	size_t at = 4 + header.len + 4, len;

	while (at + 2 <= s.len && (len = le16_get(s.p + at)) > 0)
		at += 2 + len + 4;
	return at + 2;
}

/* The next sound header from f->at on; empty: there is none, or the end. */
static struct span
next_header(struct scan *sc, struct scan_frame *f)
{
	size_t at = f->at;
	struct span found = header_at(span_from(f->bytes, at));

	if (found.len > 0)
		return found;
	f->from = 0;
	if (span_starts(span_from(f->bytes, at), SPAN("\x60\xea\0\0"))) {
		f->from = at + 4;
		return found;
	}
	scan_flaw(sc, SCAN_DAMAGED);
	while (found.len == 0 && at < f->bytes.len) {
		at = scan_find(f->bytes, at + 1, SPAN("\x60\xea"));
		found = header_at(span_from(f->bytes, at));
	}
	f->at = at;
	return found;
}

static struct span
unpack(struct scan *sc, struct span header, struct span data)
{
	uint32_t octets = le32_get(header.p + 16);
	size_t room, len;
	uint8_t *to = scan_most(sc, octets, &room);
	int err =
	    lzarj((struct lzarj *)sc->zlib, header.p[5], data, to, room, &len);

	if (err)
		scan_flaw(
		    sc, err == ERR_UNSUPPORTED ? SCAN_UNOPENED : SCAN_DAMAGED);
	else if (room < octets)
		scan_flaw(sc, SCAN_LIMITS);
	return scan_take(sc, len);
}

static struct span
member_of(struct scan *sc, struct span header, struct span data)
{
	unsigned flags = header.p[4], flaws = sc->flaws;
	struct span out;

	if (flags & LOCKED) {
		scan_flaw(sc, SCAN_ENCRYPTED);
		return SPAN("");
	}
	if (flags & (GOES_ON | CONTINUES))
		scan_flaw(sc, SCAN_DAMAGED);
	out = header.p[5] == 0 ? data : unpack(sc, header, data);
	if (sc->flaws == flaws
	    && crc32(0, out.p, (uInt)out.len) != le32_get(header.p + 20))
		scan_flaw(sc, SCAN_DAMAGED);
	return out;
}

/* At the end, once: what stands behind the mark, if there is one. */
static int
behind_it(struct scan_frame *f, struct span *member)
{
	f->phase = OVER;
	return f->from > 0 && scan_behind(f, f->from, member);
}

int
scan_next_arj(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span header, data, name;
	uint32_t size;

	for (;;) {
		if (f->phase == OVER)
			return 0;
		header = next_header(sc, f);
		if (header.len == 0)
			return behind_it(f, member);
		data = span_from(f->bytes, f->at);
		f->at += behind_header(data, header);
		if (header.p[6] != MAIN)
			break;
		if (header.p[4] & (GOES_ON | CONTINUES))
			scan_flaw(sc, SCAN_DAMAGED);
	}
	size = le32_get(header.p + 12);
	data = span_from(f->bytes, f->at);
	if (size > data.len)
		scan_flaw(sc, SCAN_DAMAGED);
	data = span_first(data, size);
	f->at += data.len;
	name = span_from(header, header.p[0]);
	scan_named(sc, f, span_first(name, span_find(name, 0)));
	*member = member_of(sc, header, data);
	return 1;
}
