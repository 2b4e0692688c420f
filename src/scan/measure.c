/*
 * measure: where archives end that libarchive opens, and whether all is there.
 *
 * It takes a cut-off RAR archive, or one of several volumes, for one that ends
 * there, and looks at nothing behind an archive.  Here RAR's blocks are walked
 * to the mark of the end, and sums of files that are not packed are looked at,
 * which it does not either; 7z and CAB tell their length.  A head that is
 * encrypted ends the walk: that is told by who opens it.
 */
#include <zlib.h>

#include "core/chr.h"
#include "core/le.h"
#include "scan/unpack.h"
#include "scan/within.h"

#define VOLUME 1u /* archive flags of both forms */

/* A number of RAR 5: seven bits an octet, the lowest first. */
static uint64_t
number(struct span *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 9 && s->len > 0; i++) {
		uint8_t c = s->p[0];

		*s = span_from(*s, 1);
		n |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c < 0x80)
			break;
	}
	return n;
}

static bool
has_sum(struct span data, uint32_t sum)
{
	uLong crc = 0;

	while (data.len > 0) {
		struct span piece = span_first(data, 1u << 30);

		crc = crc32(crc, piece.p, (uInt)piece.len);
		data = span_from(data, piece.len);
	}
	return crc == sum;
}

/*
 * Has a file of RAR 5 that is not packed the sum that its fields tell?  Who
 * opens it does not look.  `extra`: octets behind the fields.
 */
static bool
is_sound_5(struct span fields, uint64_t extra, struct span data)
{
	uint64_t flags = number(&fields), octets = number(&fields), packing;
	uint32_t sum = 0;
	struct span more;

	(void)number(&fields); /* attributes */
	if (flags & 2)
		fields = span_from(fields, 4); /* when it was changed */
	if ((flags & 4) && fields.len >= 4)
		sum = le32_get(fields.p);
	fields = span_from(fields, flags & 4 ? 4 : 0);
	packing = number(&fields);
	if ((flags & 4) == 0 || (packing >> 7 & 7) != 0 || octets != data.len)
		return true;
	more = span_from(
	    fields, extra < fields.len ? fields.len - (size_t)extra : 0);
	while (extra > 0 && more.len > 0) {
		uint64_t len = number(&more);
		struct span record =
		    span_first(more, len < more.len ? (size_t)len : more.len);

		if (number(&record) == 1) /* encrypted */
			return true;
		more = span_from(more, len < more.len ? (size_t)len : more.len);
	}
	return has_sum(data, sum);
}

/*
 * One block of RAR 5: `*s` goes behind it; its type, 0 where it is cut.
 * `*sound`, once false, stays so: a file is not what its sum says.
 */
static uint64_t
next_block(struct span *s, uint64_t *archive_flags, bool *sound)
{
	struct span head = span_from(*s, 4); /* behind its checksum */
	uint64_t size = number(&head), type, flags, data = 0, extra = 0;
	struct span fields;

	if (size > head.len || size < 2)
		return 0;
	*s = span_from(head, (size_t)size);
	head = span_first(head, (size_t)size);
	type = number(&head);
	flags = number(&head);
	if (flags & 1)
		extra = number(&head);
	if (flags & 2)
		data = number(&head);
	fields = head;
	*archive_flags = number(&head);
	if (data > s->len)
		return 0;
	/* 8, 16: goes on from, or in, another volume */
	if (type == 2 && (flags & 24) == 0)
		*sound &=
		    is_sound_5(fields, extra, span_first(*s, (size_t)data));
	*s = span_from(*s, (size_t)data);
	return type;
}

static bool
measure_5(struct span s, size_t *end)
{
	struct span rest = span_from(s, 8);
	uint64_t flags;
	bool sound = true;

	for (;;) {
		uint64_t type = next_block(&rest, &flags, &sound);

		if (type == 0 || (type == 1 && (flags & VOLUME)))
			return false;
		if (type == 5)
			*end = s.len - rest.len;
		if (type == 4 || type == 5) /* encrypted; the end */
			return sound;
	}
}

/* Octets of data behind a block's head in RAR 4. */
static uint64_t
data_octets(struct span head, unsigned flags)
{
	uint64_t n = 0;

	if ((flags & 0x8000) && head.len >= 11)
		n = le32_get(head.p + 7);
	if (head.p[2] == 0x74 && (flags & 0x100) && head.len >= 36)
		n |= (uint64_t)le32_get(head.p + 32) << 32;
	return n;
}

/* The same as is_sound_5; `head`: of a block. */
static bool
is_sound_4(struct span head, unsigned flags, struct span data)
{
	/* 1, 2: in other volumes, too; 4: encrypted; 0x30: not packed */
	if (head.p[2] != 0x74 || (flags & 7) != 0 || head.len < 32
	    || head.p[25] != 0x30 || le32_get(head.p + 11) != data.len)
		return true;
	return has_sum(data, le32_get(head.p + 16));
}

static bool
measure_4(struct span all, size_t *end)
{
	struct span s = span_from(all, 7);
	bool sound = true;

	while (s.len >= 7) {
		unsigned flags = le16_get(s.p + 3), size = le16_get(s.p + 5);
		uint8_t type = s.p[2];
		uint64_t data;

		if (type == 0x73 && (flags & 0x80)) /* encrypted */
			return true;
		if (size < 7 || size > s.len
		    || (type == 0x73 && (flags & VOLUME)))
			return false;
		data = data_octets(span_first(s, size), flags);
		if (data > s.len - size)
			return false;
		sound &= is_sound_4(span_first(s, size), flags,
		    span_first(span_from(s, size), (size_t)data));
		s = span_from(s, size + (size_t)data);
		if (type == 0x7b) {
			*end = all.len - s.len;
			return sound;
		}
	}
	return sound && s.len == 0; /* older ones have no mark */
}

/*
 * Behind the footer of another stream, and what fills that up; for what could
 * not be packed stands in a stream as it is, and may be packed by XZ, too.
 */
static bool
is_xz_stream(struct span s, size_t at)
{
	struct span head = span_from(s, at);

	if (head.len < 12 || crc32(0, head.p + 6, 2) != le32_get(head.p + 8))
		return false;
	while (at > 0 && s.p[at - 1] == 0)
		at--;
	return at > 12 && s.p[at - 1] == 'Z' && s.p[at - 2] == 'Y';
}

static bool
is_bzip2_stream(struct span s, size_t at)
{
	return span_starts(span_from(s, at + 4), SPAN("1AY&SY"));
}

/*
 * One that was never finished tells an empty table of what it holds; 7-Zip
 * looks for the table by itself then.
 */
static bool
measure_7z(struct span s, size_t *end)
{
	*end = (size_t)(32 + le64_get(s.p + 12) + le64_get(s.p + 20));
	return le64_get(s.p + 20) > 0 || s.len == 32;
}

/* From one header to the next; each begins at an even place. */
static size_t
measure_ar(struct span all)
{
	struct span s = span_from(all, 8);
	uint64_t octets;

	while (s.len >= 60 && span_starts(span_from(s, 58), SPAN("`\n"))
	       && !span_u64(span_trim(span_first(span_from(s, 48), 10)),
		   UINT32_MAX, &octets)
	       && octets <= s.len - 60)
		s = span_from(s, 60 + (size_t)(octets + (octets & 1)));
	return all.len - s.len;
}

/* A number of `digits` at `at`; in octal, or hexadecimal. */
static uint64_t
cpio_number(struct span s, size_t at, size_t digits)
{
	unsigned shift = digits == 8 ? 4 : 3;
	uint64_t n = 0;

	for (size_t i = at; i < at + digits && i < s.len; i++)
		n = n << shift | ((unsigned)chr_hex(s.p[i]) & 15u);
	return n;
}

/* All of its figures, octal or hexadecimal. */
static bool
is_cpio_head(struct span s, size_t len, bool old)
{
	for (size_t i = 6; i < len; i++)
		if (chr_hex(s.p[i]) < 0 || (old && s.p[i] > '7'))
			return false;
	return true;
}

/*
 * libarchive passes over what is no header, and says nothing when the end is
 * what it finds then.
 */
static bool
measure_cpio(struct span all, size_t *end)
{
	struct span s = all;
	bool old = span_starts(s, SPAN("070707"));
	size_t head = old ? 76 : 110;
	uint64_t fill = old ? 0 : 3;

	while (s.len >= head && span_starts(s, span_first(all, 6))
	       && is_cpio_head(s, head, old)) {
		uint64_t name = cpio_number(s, old ? 59 : 94, old ? 6 : 8);
		uint64_t octets = cpio_number(s, old ? 65 : 54, old ? 11 : 8);
		struct span rest = span_from(s, head);

		name = ((head + name + fill) & ~fill) - head;
		octets = (octets + fill) & ~fill;
		if (name > rest.len || octets > rest.len - name)
			return false;
		s = span_from(rest, (size_t)(name + octets));
		if (span_starts(rest, SPAN("TRAILER!!!"))) {
			*end = all.len - s.len;
			return true;
		}
	}
	return false;
}

/* A disk: its sectors, and how many octets a sector has. */
static size_t
measure_iso(struct span s)
{
	const uint8_t *p = s.p + 0x8000;

	return (size_t)((uint64_t)le32_get(p + 80) * le16_get(p + 128));
}

/* The end of an XZ stream, and of what else is known of its start. */
static bool
is_xz_end(const uint8_t *p, const uint8_t *flags)
{
	return p[10] == 'Y' && p[11] == 'Z' && p[8] == flags[0]
	       && p[9] == flags[1] && crc32(0, p + 4, 6) == le32_get(p);
}

/*
 * The streams of XZ that stand in a row.  Who unpacks them gives nothing of a
 * short one when something else follows.
 */
static size_t
measure_xz(struct span s)
{
	size_t end = 0;

	for (size_t at = 0; at + 24 <= s.len; at += 4) {
		if (!is_xz_end(s.p + at + 12, s.p + 6))
			continue;
		end = at + 24;
		for (at = end; at + 4 <= s.len && le32_get(s.p + at) == 0;)
			at += 4;
		if (!span_starts(span_from(s, at), span_first(s, 6)))
			break;
	}
	return end;
}

bool
scan_measure(struct span s, size_t *end)
{
	*end = 0;
	if (span_starts(s, SPAN("Rar!\x1a\x07\x01")))
		return measure_5(s, end);
	if (span_starts(s, SPAN("Rar!")))
		return measure_4(s, end);
	if (span_starts(s, SPAN("7z\xbc\xaf")) && s.len >= 32)
		return measure_7z(s, end);
	if (span_starts(s, SPAN("!<arch>")))
		*end = measure_ar(s);
	if (span_starts(s, SPAN("\xfd"
				"7zXZ\0")))
		*end = measure_xz(s);
	if (span_starts(s, SPAN("0707")))
		return measure_cpio(s, end);
	*end = *end > 0 ? *end : within_lz4_end(s);
	if (s.len >= 0x8800 && span_starts(span_from(s, 0x8001), SPAN("CD001")))
		*end = measure_iso(s);
	if (!span_starts(s, SPAN("MSCF")) || s.len < 36)
		return true;
	*end = le32_get(s.p + 8);
	return (s.p[30] & 3) == 0; /* goes on before or behind */
}

size_t
scan_stream(struct span s, size_t from)
{
	bool is_xz = span_starts(s, SPAN("\xfd"
					 "7zXZ\0"));
	struct span sign = span_first(s, is_xz ? 6 : 3);

	if (!is_xz && !span_starts(s, SPAN("BZh")))
		return s.len;
	for (;; from++) {
		from = scan_find(s, from, sign);
		if (from == s.len
		    || (is_xz ? is_xz_stream(s, from)
			      : is_bzip2_stream(s, from)))
			return from;
	}
}
