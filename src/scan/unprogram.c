/*
 * unprogram: archives in and behind programs (self-extracting), and in
 * anything else that is not known to be a container.
 *
 * What lies behind a program's image, as its own header measures it, is a
 * member like any other.  Within the image a sign alone says nothing: programs
 * that work with archives have such signs among their constants.  There an
 * archive is what has a sound header behind the sign; it may be cut off
 * further on, and is "damaged" then.
 */
#include <zlib.h>

#include "core/le.h"
#include "scan/unpack.h"

#define SIGNS_MOST 250 /* archives within one program */

/* phase */
enum { LOOKING, BEHIND, OVER };

/* ---- sound headers; each is asked with at least 32 bytes ---- */

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

/* Behind a script of lines. */
static bool
is_gzip(struct span s)
{
	return span_starts(s, SPAN("\n\x1f\x8b\x08")) && s.p[4] < 32
	       && (s.p[9] & ~6u) == 0 && (s.p[10] < 14 || s.p[10] == 255)
	       && (s.p[4] != 0 || is_block(s.p + 11));
}

/* By two bytes, `at` from where the archive begins. */
static const struct {
	bool (*is_one)(struct span s);
	uint8_t two[2], at;
	uint8_t behind; /* how far behind that place the member begins */
} signs[] = {
	{ scan_is_zip_head, "PK", 0, 0 },
	{ is_rar, "Ra", 0, 0 },
	{ is_7z, "7z", 0, 0 },
	{ is_cab, "MS", 0, 0 },
	{ scan_is_arj, "\x60\xea", 0, 0 },
	{ scan_is_lzh, "-l", 2, 0 },
	{ is_gzip, "\x1f\x8b", 1, 1 },
};

#define SIGNS (sizeof(signs) / sizeof(signs[0]))

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

/* The archive whose two bytes stand at `at`; empty: none with a header. */
static struct span
archive_at(struct span s, size_t at)
{
	for (size_t i = 0; i < SIGNS; i++) {
		struct span found = span_from(s, at - signs[i].at);

		if (s.p[at] == signs[i].two[0] && s.p[at + 1] == signs[i].two[1]
		    && at >= signs[i].at && found.len >= 32
		    && signs[i].is_one(found))
			return span_from(found, signs[i].behind);
	}
	return SPAN("");
}

/* The next archive that begins within the image, f->at .. f->to. */
static bool
next_sign(struct scan_frame *f, struct span *member)
{
	const uint8_t *p = f->bytes.p;

	for (; f->at + 1 < f->to; f->at++) {
		while (f->to - f->at > BLOCK && !block_has_pair(p + f->at))
			f->at += BLOCK;
		if (f->at + 1 >= f->to)
			break;
		*member = archive_at(f->bytes, f->at);
		if (member->len == 0)
			continue;
		f->at++;
		/* its reader finds whatever else of a zip follows */
		if (!span_starts(*member, SPAN("PK")))
			return true;
		if (f->from++ == 0)
			return true;
	}
	return false;
}

/* ---- where a program's image ends ---- */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
mz_end(struct span s)
{
	uint64_t pages = le16_get(s.p + 4), last = le16_get(s.p + 2);

	return pages == 0 ? 0 : pages * 512 - (last > 0 ? 512 - last : 0);
}

static uint64_t
pe_end(struct span s)
{
	struct span pe = span_from(s, le32_get(s.p + 60)), section;
	uint64_t end = 0;

	if (pe.len < 24 || !span_starts(pe, SPAN("PE\0\0")))
		return mz_end(s);
	section = span_from(pe, 24u + le16_get(pe.p + 20));
	for (unsigned n = le16_get(pe.p + 6); n > 0 && section.len >= 40; n--) {
		end = later(end, (uint64_t)le32_get(section.p + 16)
				     + le32_get(section.p + 20));
		section = span_from(section, 40);
	}
	return end;
}

/* A number of ELF, of whichever byte order and width. */
static uint64_t
elf_get(struct span s, size_t at, unsigned octets)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < octets; i++) {
		unsigned k = s.p[5] == 2 ? i : octets - 1 - i;

		n = n << 8 | (at + k < s.len ? s.p[at + k] : 0u);
	}
	return n;
}

/* The end of the table of sections, of which each section lies before. */
static uint64_t
elf_end(struct span s)
{
	bool wide = s.p[4] == 2;
	unsigned word = wide ? 8 : 4;
	uint64_t table = elf_get(s, wide ? 40 : 32, word);
	uint64_t size = elf_get(s, wide ? 58 : 46, 2);
	uint64_t n = elf_get(s, wide ? 60 : 48, 2), end = table + size * n;

	for (uint64_t i = 0; i < n && table < s.len; i++, table += size) {
		size_t at = (size_t)table;

		if (elf_get(s, at + 4, 4) != 8) /* takes room in the file */
			end = later(
			    end, elf_get(s, at + (wide ? 24 : 16), word)
				     + elf_get(s, at + (wide ? 32 : 20), word));
	}
	return end;
}

static uint64_t
image_end(struct span s)
{
	if (s.len < 64)
		return 0;
	if (span_starts(s, SPAN("MZ")))
		return pe_end(s);
	if (span_starts(s, SPAN("\x7f"
				"ELF")))
		return elf_end(s);
	return 0;
}

/* Installers and scripts with packings of their own. */
static bool
is_installer(struct span behind)
{
	static const char *const starts[] = { "zlb\x1a", "idska32\x1a",
		"ISSetupStream" };
	struct span first = span_first(behind, 512);
	struct span autoit = SPAN("\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9");

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (span_starts(behind, span_str(starts[i])))
			return true;
	if (scan_find(first, 0, SPAN("InstallShield\0")) < first.len
	    || scan_find(first, 0, SPAN("\0Disk1\\")) < first.len)
		return true;
	return scan_find(behind, 0, SPAN("Inno Setup Setup Data ("))
		   < behind.len
	       || scan_find(behind, 0, autoit) < behind.len;
}

int
scan_next_program(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->to == 0) {
		uint64_t end = image_end(f->bytes);

		f->to =
		    end > 0 && end < f->bytes.len ? (size_t)end : f->bytes.len;
	}
	scan_named(sc, f, SPAN(""));
	if (f->phase == LOOKING) {
		if (f->count < SIGNS_MOST && next_sign(f, member)) {
			f->hints = SCAN_SEEN;
			return 1;
		}
		if (f->at + 1 < f->to)
			scan_flaw(sc, SCAN_LIMITS);
		f->phase = BEHIND;
	}
	if (f->phase == OVER || f->to == f->bytes.len)
		return 0;
	f->phase = OVER;
	*member = span_from(f->bytes, f->to);
	if (is_installer(*member))
		scan_flaw(sc, SCAN_UNOPENED);
	return 1;
}
