/*
 * unlzh: the members of an LZH archive, headers of levels 0 to 3.
 *
 * Stored, and the methods -lh4- to -lh7- (codec/lzarj, which ARJ shares).
 * -lh1- to -lh3- and LArc's and PMarc's packings are "not opened".
 */
#include "codec/lzarj.h"
#include "core/chr.h"
#include "core/le.h"
#include "scan/unpack.h"

#define LEAST 21 /* octets of a header up to its level */

_Static_assert(sizeof(struct lzarj) <= SCAN_ZLIB, "shares zlib's room");

/* One member's header, read. */
struct header {
	size_t len; /* of all of it; the data follow */
	size_t packed, octets;
	struct span name, method;
};

/* The older headers have a checksum; the newer ones tell their length. */
static bool
is_sound(struct span s)
{
	size_t len = s.p[0] + 2u;
	uint8_t sum = 0;

	if (s.p[20] == 2)
		return le16_get(s.p) >= 26;
	if (s.p[20] > 1)
		return s.p[20] == 3 && le16_get(s.p) == 4;
	if (len < 22 || s.len < len)
		return false;
	for (size_t i = 2; i < len; i++)
		sum = (uint8_t)(sum + s.p[i]);
	return sum == s.p[1];
}

/* "-lh5-" and kin at 2. */
bool
scan_is_lzh(struct span s)
{
	return s.len > 26 && s.p[2] == '-' && s.p[6] == '-'
	       && ((s.p[3] == 'l' && (s.p[4] == 'h' || s.p[4] == 'z'))
		   || (s.p[3] == 'p' && s.p[4] == 'm'))
	       && chr_is(s.p[5], CHR_DIGIT | CHR_LOWER) && is_sound(s);
}

/*
 * The extended headers that begin with the size, of `wide` octets, at `at`:
 * each is that long altogether.  How many octets they are; a name is noted.
 */
static size_t
extended(struct span s, size_t at, unsigned wide, struct header *h)
{
	size_t from = at, len;

	while (at + wide <= s.len) {
		len = wide == 2 ? le16_get(s.p + at) : le32_get(s.p + at);
		at += wide;
		if (len <= wide || len > s.len - at)
			break;
		if (s.p[at] == 1)
			h->name = span_of(s.p + at + 1, len - wide - 1);
		at += len - wide;
	}
	return at - from;
}

/* False: cut off, or no sound header. */
static bool
read_header(struct span s, struct header *h)
{
	size_t more;

	if (!scan_is_lzh(s))
		return false;
	*h = (struct header) {
		.method = span_of(s.p + 2, 5),
		.packed = le32_get(s.p + 7),
		.octets = le32_get(s.p + 11),
		.name = SPAN(""),
	};
	if (s.p[20] < 2) {
		h->len = s.p[0] + 2u;
		h->name = span_first(span_from(s, 22), s.p[21]);
	}
	if (s.p[20] == 1) {
		/* they are counted among the packed octets */
		more = extended(s, h->len - 2, 2, h) - 2;
		h->len += more;
		if (more > h->packed)
			return false;
		h->packed -= more;
	} else if (s.p[20] == 2) {
		h->len = le16_get(s.p);
		(void)extended(span_first(s, h->len), 24, 2, h);
	} else if (s.p[20] == 3 && s.len >= 32) {
		h->len = le32_get(s.p + 24);
		(void)extended(span_first(s, h->len), 28, 4, h);
	}
	return h->len > LEAST && h->len <= s.len;
}

/* CRC-16 as in ARC, 0xa001, four bits at a time. */
static uint16_t
checksum(struct span s)
{
	static const uint16_t of[16] = { 0x0000, 0xcc01, 0xd801, 0x1400, 0xf001,
		0x3c00, 0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401, 0x5000,
		0x9c01, 0x8801, 0x4400 };
	uint16_t crc = 0;

	for (size_t i = 0; i < s.len; i++) {
		crc = (uint16_t)(crc >> 4 ^ of[(crc ^ s.p[i]) & 15]);
		crc = (uint16_t)(crc >> 4 ^ of[(crc ^ s.p[i] >> 4) & 15]);
	}
	return crc;
}

/* Where the CRC stands: behind the name, or at a fixed place. */
static uint16_t
told_checksum(struct span s)
{
	size_t at = s.p[20] < 2 ? 22u + s.p[21] : 21;

	return at + 2 <= s.len ? le16_get(s.p + at) : 0;
}

static struct span
unpack(struct scan *sc, const struct header *h, struct span data)
{
	unsigned digit = h->method.p[3];
	size_t room, len;
	uint8_t *to;
	int err;

	if (h->method.p[2] != 'h' || digit < '4' || digit > '7') {
		scan_flaw(sc, SCAN_UNOPENED);
		return SPAN("");
	}
	to = scan_room(sc, h->octets, &room);
	err = lzarj((struct lzarj *)sc->zlib,
	    digit < '6' ? LZARJ_LH5 : (digit == '6' ? LZARJ_LH6 : LZARJ_LH7),
	    data, to, room, &len);
	if (err)
		scan_flaw(sc, SCAN_DAMAGED);
	return scan_take(sc, len);
}

static struct span
member_of(
    struct scan *sc, const struct header *h, struct span head, struct span data)
{
	unsigned flaws = sc->flaws;
	struct span out = data;

	if (span_is(h->method, SPAN("-lhd-")))
		return SPAN("");
	if (!span_is(h->method, SPAN("-lh0-"))
	    && !span_is(h->method, SPAN("-lz4-"))
	    && !span_is(h->method, SPAN("-pm0-")))
		out = unpack(sc, h, data);
	if (sc->flaws == flaws && checksum(out) != told_checksum(head))
		scan_flaw(sc, SCAN_DAMAGED);
	return out;
}

int
scan_next_lzh(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest = span_from(f->bytes, f->at);
	struct header h;

	if (rest.len > 0 && rest.p[0] == 0) { /* the mark of the end */
		f->at = f->bytes.len;
		return scan_behind(f, f->bytes.len - rest.len, member);
	}
	if (rest.len == 0)
		return 0;
	if (!read_header(rest, &h)) {
		/* within other bytes: what those go on with is not ours */
		if (f->count == 0 || !f->within)
			scan_flaw(sc, SCAN_DAMAGED);
		return 0;
	}
	scan_named(sc, f, h.name);
	f->at += h.len;
	rest = span_from(f->bytes, f->at);
	if (h.packed > rest.len)
		scan_flaw(sc, SCAN_DAMAGED);
	rest = span_first(rest, h.packed);
	f->at += rest.len;
	*member = member_of(
	    sc, &h, span_from(f->bytes, f->at - rest.len - h.len), rest);
	return 1;
}
