/*
 * untnef: what Outlook wraps up as winmail.dat (MS-OXTNEF).
 *
 * A row of attributes; members are the attachments' data, and of the MAPI
 * properties among them the values that hold a file, a message or HTML.
 * Compressed RTF is not unpacked: nothing in it runs.
 */
#include "core/le.h"
#include "scan/unpack.h"

#define HEAD	   9 /* level, id and type, length */
#define TITLE	   0x8010
#define DATA	   0x800f
#define MESSAGE	   0x9003 /* properties */
#define ATTACHMENT 0x9005 /* the same */
#define NEW_ONE	   0x9002

enum { PR_DATA = 0x3701, PR_HTML = 0x1013 };

/* phase */
enum { START, ATTRIBUTES, PROPERTIES };

/* ---- properties ---- */

/* Octets of a value of this type; 0: it tells its length itself. */
static size_t
fixed_size(unsigned type)
{
	switch (type & 0xfff) {
	case 0x05:
	case 0x06:
	case 0x07:
	case 0x14:
	case 0x40:
		return 8;
	case 0x48:
		return 16;
	case 0x0d:
	case 0x1e:
	case 0x1f:
	case 0x102:
		return 0;
	default:
		return 4;
	}
}

static size_t
padded(size_t len)
{
	return len > SIZE_MAX - 3 ? len : (len + 3) & ~(size_t)3;
}

/* How long the name of a property is, which some have. */
static size_t
name_len(struct span s)
{
	if (s.len < 24)
		return s.len;
	if (le32_get(s.p + 16) == 0)
		return 24;
	return 24 + padded(le32_get(s.p + 20));
}

/* The next 32 bits of `*s`; 0 behind the end. */
static uint32_t
take32(struct span *s)
{
	uint32_t n = s->len >= 4 ? le32_get(s->p) : 0;

	*s = span_from(*s, 4);
	return n;
}

/*
 * One property at the start of `*s`, which is cut off: its value if it is a
 * member, or an empty span.  Of several values the first one is taken.
 */
static struct span
property(struct span *s)
{
	uint32_t tag = take32(s);
	unsigned type = tag & 0xffff, id = tag >> 16;
	size_t size = fixed_size(type), len;
	uint32_t n = 1;
	struct span value = SPAN("");

	if (id >= 0x8000)
		*s = span_from(*s, name_len(*s));
	if (size == 0 || (type & 0x1000))
		n = take32(s);
	for (uint32_t i = 0; i < n && s->len > 0; i++) {
		len = size > 0 ? size : take32(s);
		if (i == 0 && size == 0)
			value = span_first(*s, len);
		*s = span_from(*s, padded(len));
	}
	if (id != PR_DATA && id != PR_HTML)
		return SPAN("");
	/* an object begins with what it is */
	return type == 0x0d ? span_from(value, 16) : value;
}

/* The properties lie from f->kept to f->used. */
static bool
next_property(struct scan_frame *f, struct span *member)
{
	while (f->kept < f->used) {
		struct span s =
		    span_of(f->bytes.p + f->kept, f->used - f->kept);

		*member = property(&s);
		f->kept = f->used - s.len;
		if (member->len > 0)
			return true;
	}
	return false;
}

/* ---- attributes ---- */

static bool
is_sum(struct span data, const uint8_t *sum)
{
	unsigned n = 0;

	for (size_t i = 0; i < data.len; i++)
		n += data.p[i];
	return (n & 0xffff) == le16_get(sum);
}

/* The next attribute's data; f->at goes behind it.  False: no other. */
static bool
attribute(
    struct scan *sc, struct scan_frame *f, unsigned *id, struct span *data)
{
	struct span s = span_from(f->bytes, f->at), rest;
	size_t len;

	if (s.len == 0)
		return false;
	if (s.len < HEAD) {
		scan_flaw(sc, SCAN_DAMAGED);
		return false;
	}
	*id = le16_get(s.p + 1);
	len = le32_get(s.p + 5);
	rest = span_from(s, HEAD);
	*data = span_first(rest, len);
	if (len > rest.len || rest.len - len < 2
	    || !is_sum(*data, rest.p + len))
		scan_flaw(sc, SCAN_DAMAGED);
	f->at += HEAD + data->len + 2;
	return true;
}

/* Is it a member?  If not, it may be the next one's name, or properties. */
static bool
use(struct scan_frame *f, unsigned id, struct span data)
{
	size_t at = (size_t)(data.p - f->bytes.p);

	if (id == DATA)
		return true;
	if (id == NEW_ONE) {
		f->to = 0;
	} else if (id == TITLE) {
		f->from = at;
		f->to = span_find(data, 0);
	} else if (id == MESSAGE || id == ATTACHMENT) {
		f->phase = PROPERTIES;
		f->kept = at + 4;
		f->used = at + data.len;
	}
	return false;
}

int
scan_next_tnef(struct scan *sc, struct scan_frame *f, struct span *member)
{
	unsigned id;

	if (f->phase == START) {
		f->phase = ATTRIBUTES;
		f->at = 6;
	}
	for (;;) {
		if (f->phase == PROPERTIES && next_property(f, member))
			break;
		f->phase = ATTRIBUTES;
		if (!attribute(sc, f, &id, member))
			return 0;
		if (use(f, id, *member))
			break;
	}
	scan_named(sc, f, span_of(f->bytes.p + f->from, f->to));
	return 1;
}
