/*
 * unobject: files that documents carry, as OLE 1 and OneNote wrap them up.
 *
 * An object (MS-OLEDS 2.2): what kind it is, then its data: an OLE2 file, or a
 * package, which is a file with its name.  RTF has such objects, and streams
 * called "\1Ole10Native" are packages with their length before them.
 *
 * Word's pages and flat XML have the OLE2 file of their macros and objects
 * deflated in an "ActiveMime" (.mso), behind fields that nobody documents.
 */
#include "core/le.h"
#include "scan/names.h"
#include "scan/unpack.h"

#define ONE_HEAD 36 /* before a file in a OneNote section */

#define MSO_HEAD 2048 /* the deflated data begins within so many octets */

#define ONE_FILE                                                               \
	"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"

/* Cut text with its length before it off `*s`. */
static struct span
take_counted(struct span *s)
{
	size_t len = s->len >= 4 ? le32_get(s->p) : 0;
	struct span text = span_first(span_from(*s, 4), len);

	*s = span_from(*s, 4 + text.len);
	return text;
}

/* Cut text that ends with a zero off `*s`. */
static struct span
take_text(struct span *s)
{
	struct span text = span_first(*s, span_find(*s, 0));

	*s = span_from(*s, text.len + 1);
	return text;
}

bool
scan_is_object(struct span s)
{
	return s.len > 12 && s.p[0] <= 2 && s.p[1] == 5 && s.p[2] == 0
	       && s.p[3] == 0 && le32_get(s.p + 4) == 2 && s.p[8] > 0
	       && s.p[8] < 64 && s.p[9] == 0 && s.p[10] == 0 && s.p[11] == 0
	       && s.len > 12u + s.p[8] && s.p[11 + s.p[8]] == 0;
}

bool
scan_is_package(struct span s)
{
	return s.len > 16 && le32_get(s.p) >= 12 && le32_get(s.p) <= s.len - 4
	       && s.p[4] == 2 && s.p[5] == 0 && s.p[6] >= ' '
	       && span_find(span_first(s, 266), 0) > 0;
}

/* A package, without the length before it; false: it is none. */
static bool
read_package(struct span s, struct span *name, struct span *data, size_t *len)
{
	struct span path;

	if (s.len < 2 || le16_get(s.p) != 2)
		return false;
	s = span_from(s, 2);
	*name = take_text(&s);
	path = take_text(&s);
	/* the label is what is shown, the path's end what is started */
	if (path.len > 0)
		*name = names_base(path);
	s = span_from(s, 4);
	(void)take_counted(&s);
	*len = s.len >= 4 ? le32_get(s.p) : 0;
	*data = span_first(span_from(s, 4), *len);
	return data->len > 0;
}

static int
give_package(
    struct scan *sc, struct scan_frame *f, struct span s, struct span *member)
{
	struct span name;
	size_t len;

	if (!read_package(s, &name, member, &len))
		return 0;
	if (member->len < len)
		scan_flaw(sc, SCAN_DAMAGED);
	scan_named(sc, f, name);
	return 1;
}

int
scan_next_package(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->at++ > 0)
		return 0;
	return give_package(sc, f, span_from(f->bytes, 4), member);
}

int
scan_next_object(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span s = span_from(f->bytes, 8), class;
	size_t len;

	if (f->at++ > 0)
		return 0;
	class = take_counted(&s);
	(void)take_counted(&s);
	(void)take_counted(&s);
	len = s.len >= 4 ? le32_get(s.p) : 0;
	s = span_from(s, 4);
	/* what is shown of a wrong length is what is there */
	*member = len > 0 ? span_first(s, len) : s;
	if (span_starts_nocase(class, SPAN("Package"))
	    && give_package(sc, f, s, member))
		return 1;
	scan_named(sc, f, SPAN(""));
	return member->len > 0;
}

int
scan_next_onenote(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = scan_find(f->bytes, f->at, SPAN(ONE_FILE));
	struct span s = span_from(f->bytes, at);
	uint64_t len;

	if (s.len < ONE_HEAD)
		return 0;
	f->at = at + 16;
	len = le64_get(s.p + 16);
	s = span_from(s, ONE_HEAD);
	if (len > s.len)
		scan_flaw(sc, SCAN_DAMAGED);
	*member = span_first(s, len < s.len ? (size_t)len : s.len);
	return 1;
}

/* f->phase: 1 when something sound has come out. */
int
scan_next_mso(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span s = f->bytes;
	unsigned flaws = sc->flaws;
	size_t used;

	while (f->at < MSO_HEAD && f->at < s.len) {
		struct span z = span_from(s, f->at++);

		/* other octets of the head may look like this, too */
		if (z.len < 3 || z.p[0] != 0x78
		    || (z.p[0] * 256u + z.p[1]) % 31 != 0)
			continue;
		*member = scan_inflate(sc, span_from(z, 2), -15, &used);
		if (!(sc->flaws & SCAN_DAMAGED))
			f->phase = 1;
		sc->flaws = flaws | (sc->flaws & SCAN_LIMITS);
		if (member->len > 0)
			return 1;
	}
	if (f->phase == 0)
		scan_flaw(sc, SCAN_DAMAGED);
	return 0;
}
