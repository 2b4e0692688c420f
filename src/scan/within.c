/*
 * within: archives within other bytes, by a sound header.
 *
 * Within a program a sign alone says nothing: programs that work with archives
 * have such signs among their constants.
 */
#include "scan/within.h"

#include <zlib.h>

#include "core/chr.h"
#include "core/le.h"
#include "scan/readers.h"

/* A main header behind the mark; of RAR 5 also one that says "encrypted". */
static bool
is_rar(struct span s)
{
	if (span_starts(s, SPAN("Rar!\x1a\x07\x01\x00"))) {
		size_t at = s.p[12] & 0x80 ? 14 : 13;

		return s.p[at] == 1 || s.p[at] == 4;
	}
	return span_starts(s, SPAN("Rar!\x1a\x07\x00")) && s.p[9] == 0x73
	       && le16_get(s.p + 12) >= 13;
}

static bool
is_7z(struct span s)
{
	return span_starts(s, SPAN("7z\xbc\xaf\x27\x1c"))
	       && crc32(0, s.p + 12, 20) == le32_get(s.p + 8);
}

static bool
is_cab(struct span s)
{
	return span_starts(s, SPAN("MSCF")) && s.p[24] == 3 && s.p[25] == 1
	       && le32_get(s.p + 16) >= 36
	       && le32_get(s.p + 16) < le32_get(s.p + 8);
}

/* A stored block tells its length twice, the second time turned over. */
static bool
is_block(const uint8_t *p)
{
	return (p[0] & 6) != 0 || (le16_get(p + 1) ^ le16_get(p + 3)) == 0xffff;
}

/* Chance all the same, often enough: who is given it inflates a little. */
static bool
is_gzip(struct span s)
{
	return span_starts(s, SPAN("\x1f\x8b\x08")) && s.p[3] < 32
	       && (s.p[8] & ~6u) == 0 && (s.p[9] < 14 || s.p[9] == 255)
	       && (s.p[3] != 0 || is_block(s.p + 10));
}

static bool
is_bzip2(struct span s)
{
	return span_starts(s, SPAN("BZh")) && s.p[3] >= '1' && s.p[3] <= '9'
	       && span_starts(span_from(s, 4), SPAN("1AY&SY"));
}

static bool
is_xz(struct span s)
{
	return span_starts(s, SPAN("\xfd"
				   "7zXZ\0"))
	       && crc32(0, s.p + 6, 2) == le32_get(s.p + 8);
}

static bool
is_lzip(struct span s)
{
	return span_starts(s, SPAN("LZIP\1")) && (s.p[5] & 31) >= 12
	       && (s.p[5] & 31) < 30 && s.p[6] == 0;
}

/* From block to block, behind the head. */
static size_t
lz4_blocks(struct span all, size_t head, unsigned flags)
{
	struct span s = span_from(all, head);

	while (s.len >= 4) {
		uint32_t octets = le32_get(s.p) & 0x7fffffff;

		s = span_from(s, 4);
		if (octets == 0) /* and a sum of all */
			return all.len - span_from(s, flags & 4).len;
		octets += (flags & 16) ? 4u : 0;
		if (octets > s.len)
			return 0;
		s = span_from(s, octets);
	}
	return 0;
}

/* The old form has no end: up to what can be no length of a block. */
static size_t
lz4_old_blocks(struct span all)
{
	struct span s = span_from(all, 4);

	while (s.len >= 4 && le32_get(s.p) <= s.len - 4)
		s = span_from(s, 4 + (size_t)le32_get(s.p));
	return all.len - s.len;
}

size_t
within_lz4_end(struct span s)
{
	if (span_starts(s, SPAN("\x02\x21\x4c\x18")))
		return lz4_old_blocks(s);
	if (s.len < 7 || !span_starts(s, SPAN("\x04\x22\x4d\x18"))
	    || s.p[4] >> 6 != 1)
		return 0;
	return lz4_blocks(
	    s, 7u + (s.p[4] & 8) + ((s.p[4] & 1) ? 4u : 0), s.p[4]);
}

static bool
is_lz4(struct span s)
{
	return within_lz4_end(s) > 0;
}

/* Its blocks follow one another to the last one. */
static bool
is_zstd(struct span s)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 };
	static const uint8_t content[] = { 0, 2, 4, 8 };
	unsigned flags = s.p[4], single = flags >> 5 & 1;

	if (!span_starts(s, SPAN("\x28\xb5\x2f\xfd")) || (flags & 8) != 0)
		return false;
	s = span_from(
	    s, 5 + (single ? 0u : 1u) + dictionary[flags & 3]
		   + (flags >> 6 == 0 ? single : content[flags >> 6]));
	while (s.len >= 3) {
		uint32_t head = le16_get(s.p) | (uint32_t)s.p[2] << 16;
		uint32_t kind = head >> 1 & 3, octets = head >> 3;

		if (kind == 3 || (kind != 1 && octets > 1u << 17))
			return false;
		octets = kind == 1 ? 1 : octets;
		if (octets > s.len - 3)
			return false;
		if (head & 1)
			return true;
		s = span_from(s, 3u + octets);
	}
	return false;
}

static bool
is_xar(struct span s)
{
	return span_starts(s, SPAN("xar!\0\x1c\0\1")) && s.p[28] == 0x78;
}

static bool
is_rpm(struct span s)
{
	return span_starts(s, SPAN("\xed\xab\xee\xdb\3"))
	       && span_starts(span_from(s, 96), SPAN("\x8e\xad\xe8\1"));
}

/* In figures: of 8 hexadecimal digits each, or of octal ones. */
static bool
is_cpio(struct span s)
{
	size_t octets = span_starts(s, SPAN("070707")) ? 76 : 110;

	if (s.len < octets
	    || (octets == 110 && !span_starts(s, SPAN("070701"))
		&& !span_starts(s, SPAN("070702"))))
		return false;
	for (size_t i = 0; i < octets; i++)
		if (chr_hex(s.p[i]) < 0)
			return false;
	return true;
}

static bool
is_ar(struct span s)
{
	return span_starts(s, SPAN("!<arch>\n"))
	       && span_starts(span_from(s, 66), SPAN("`\n"));
}

/* In firmware that starts from disks the sign alone is a constant. */
static bool
is_disk(struct span s)
{
	unsigned block;

	s = span_from(s, 0x8000);
	if (s.len < 882 || !span_starts(s, SPAN("\1CD001\1")))
		return false;
	block = le16_get(s.p + 128);
	return (block == 512 || block == 1024 || block == 2048)
	       && s.p[881] == 1;
}

static bool
is_tar(struct span s)
{
	return span_starts(span_from(s, 257), SPAN("ustar")) && scan_is_tar(s);
}

/* By two bytes, `at` from where the archive begins. */
static const struct {
	bool (*is_one)(struct span s);
	uint8_t two[2];
	uint16_t at;
} signs[] = {
	{ scan_is_zip_head, "PK", 0 },
	{ is_rar, "Ra", 0 },
	{ is_7z, "7z", 0 },
	{ is_cab, "MS", 0 },
	{ scan_is_arj, "\x60\xea", 0 },
	{ scan_is_lzh, "-l", 2 },
	{ is_gzip, "\x1f\x8b", 0 },
	{ is_bzip2, "BZ", 0 },
	{ is_xz, "\xfd\x37", 0 },
	{ is_lzip, "LZ", 0 },
	{ is_lz4, "\x04\x22", 0 },
	{ is_zstd, "\x28\xb5", 0 },
	{ is_xar, "xa", 0 },
	{ is_rpm, "\xed\xab", 0 },
	{ is_cpio, "07", 0 },
	{ is_ar, "!<", 0 },
	{ is_disk, "CD", 0x8001 },
	{ is_tar, "us", 257 },
};

#define SIGNS	    (sizeof(signs) / sizeof(signs[0]))
#define IN_PROGRAMS 7  /* the first ones */
#define LEAST	    32 /* octets that each is asked with */

#define BLOCK 64

/*
 * Do any of the pairs stand in the block, or at its end?  In the shape of a
 * loop that compilers turn into vector instructions; pairs as in `signs`.
 */
static bool
block_has_pair(const uint8_t *p)
{
	uint8_t any = 0;

	for (unsigned i = 0; i < BLOCK; i++) {
		uint8_t a = p[i], b = p[i + 1];

		any |= (uint8_t)(((a == 'P') & (b == 'K'))
				 | ((a == 'R') & (b == 'a'))
				 | ((a == '7') & (b == 'z'))
				 | ((a == 'M') & (b == 'S'))
				 | ((a == 0x60) & (b == 0xea))
				 | ((a == '-') & (b == 'l'))
				 | ((a == 0x1f) & (b == 0x8b)));
	}
	return any != 0;
}

/* The same for those that are not looked for in programs. */
static bool
block_has_other_pair(const uint8_t *p)
{
	uint8_t any = 0;

	for (unsigned i = 0; i < BLOCK; i++) {
		uint8_t a = p[i], b = p[i + 1];

		any |= (uint8_t)(((a == 'B') & (b == 'Z'))
				 | ((a == 0xfd) & (b == 0x37))
				 | ((a == 'L') & (b == 'Z'))
				 | ((a == 0x04) & (b == 0x22))
				 | ((a == 0x28) & (b == 0xb5))
				 | ((a == 'x') & (b == 'a'))
				 | ((a == 0xed) & (b == 0xab))
				 | ((a == '0') & (b == '7'))
				 | ((a == '!') & (b == '<'))
				 | ((a == 'C') & (b == 'D'))
				 | ((a == 'u') & (b == 's')));
	}
	return any != 0;
}

/* The archive whose two bytes stand at `at`; empty: none with a header. */
static struct span
archive_at(struct span s, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct span found = span_from(s, at - signs[i].at);

		if (s.p[at] == signs[i].two[0] && s.p[at + 1] == signs[i].two[1]
		    && at >= signs[i].at && found.len >= LEAST
		    && signs[i].is_one(found))
			return found;
	}
	return SPAN("");
}

bool
within_next(
    struct span s, size_t *at, size_t to, bool all, struct span *archive)
{
	size_t n = all ? SIGNS : IN_PROGRAMS, seen = *at;
	bool begins[256] = { false };
	const uint8_t *p = s.p;

	for (size_t i = 0; i < n; i++)
		begins[signs[i].two[0]] = true;
	for (; *at + 1 < to; (*at)++) {
		/* a block that has one is gone through without looking again */
		while (*at >= seen && to - *at > BLOCK) {
			seen = *at + BLOCK;
			if (block_has_pair(p + *at)
			    || (all && block_has_other_pair(p + *at)))
				break;
			*at = seen;
		}
		if (*at + 1 >= to)
			break;
		if (!begins[p[*at]])
			continue;
		*archive = archive_at(s, *at, n);
		if (archive->len > 0) {
			(*at)++;
			return true;
		}
	}
	return false;
}
