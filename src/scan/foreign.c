/*
 * foreign: packings, disks and installers that nobody here opens, and whose
 * signs do not stand at their start; LZMA, which has none.
 */
#include "core/chr.h"
#include "core/le.h"
#include "scan/unpack.h"

/* ARC, which has no more of a sign than a name that is sound. */
static bool
is_arc(struct span s)
{
	size_t n = 0;

	if (s.len < 29 || s.p[0] != 0x1a || s.p[1] == 0 || s.p[1] > 11)
		return false;
	while (n < 13 && chr_is(s.p[2 + n], CHR_PRINT))
		n++;
	return n > 0 && n < 13 && s.p[2 + n] == 0
	       && le32_get(s.p + 15) <= s.len - 25;
}

/* A volume of HFS+, or of HFS, whose blocks must be whole sectors. */
static bool
is_hfs(struct span s)
{
	s = span_from(s, 1024);
	if (s.len < 162)
		return false;
	return span_starts(s, SPAN("H+\0\4")) || span_starts(s, SPAN("HX\0\5"))
	       || (span_starts(s, SPAN("BD")) && s.p[23] == 0
		   && (s.p[22] & 1) == 0 && s.p[36] > 0 && s.p[36] < 28);
}

/* SquashFS, in either order of octets. */
static bool
is_squash(struct span s)
{
	return s.len > 96 && s.p[28] + s.p[29] <= 4
	       && (span_starts(s, SPAN("hsqs"))
		   || span_starts(s, SPAN("sqsh")));
}

static bool
is_power(unsigned n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

/* A volume of FAT, by the parameters in its first sector. */
static bool
is_fat(struct span s)
{
	return (s.p[0] == 0xeb || s.p[0] == 0xe9)
	       && is_power(le16_get(s.p + 11)) && le16_get(s.p + 11) >= 512
	       && is_power(s.p[13]) && le16_get(s.p + 14) > 0 && s.p[16] > 0
	       && s.p[16] <= 4 && s.p[21] >= 0xf0;
}

/* A table of partitions: states that are sound, and one that has sectors. */
static bool
is_table(struct span s)
{
	bool any = false;

	for (size_t at = 446; at < 510; at += 16) {
		if ((s.p[at] & 0x7f) != 0)
			return false;
		any |= s.p[at + 4] != 0 && le32_get(s.p + at + 8) > 0
		       && le32_get(s.p + at + 12) > 0;
	}
	return any;
}

/* A disk for PCs, or one volume of it. */
static bool
is_disk(struct span s)
{
	struct span ext = span_from(s, 1024);

	if (s.len < 512)
		return false;
	if (s.p[510] == 0x55 && s.p[511] == 0xaa
	    && (is_fat(s) || is_table(s)
		|| span_starts(span_from(s, 3), SPAN("NTFS    "))
		|| span_starts(span_from(s, 3), SPAN("EXFAT   "))))
		return true;
	/* sign, size of blocks, state, what to do at errors, revision */
	return ext.len >= 1024 && le16_get(ext.p + 56) == 0xef53
	       && le32_get(ext.p + 24) <= 6 && le16_get(ext.p + 58) < 8
	       && le16_get(ext.p + 60) < 4 && le32_get(ext.p + 76) < 2;
}

/* Names, as Kotlin's lists of types have them behind some small numbers. */
static bool
is_wording(struct span s)
{
	unsigned shown = 0, high = 0;

	s = span_first(s, 40);
	for (size_t i = 0; i < s.len; i++) {
		shown += s.p[i] >= ' ' && s.p[i] < 0x7f;
		high += s.p[i] >= 0x80;
	}
	return s.len == 40 && shown >= 20 && high < 4;
}

/*
 * LZMA without a container: what tells it apart is that its fields are what
 * packers write.  Properties, the window (a power of two, or one and a half),
 * the size or "unknown", the coder's first byte.  Zeros tell little: what was
 * packed with such properties looks like noise, too.
 */
bool
scan_is_lzma(struct span s)
{
	uint32_t window;
	uint64_t size;

	if (s.len < 19 || s.p[0] >= 225 || s.p[13] != 0
	    || (s.p[0] == 0 && is_wording(span_from(s, 14))))
		return false;
	window = le32_get(s.p + 1);
	size = le64_get(s.p + 5);
	if (window < 4096
	    || ((window & (window - 1)) != 0
		&& (window % 3 != 0 || (window / 3 & (window / 3 - 1)) != 0)))
		return false;
	return size == UINT64_MAX || (size > 0 && size < 1ull << 38);
}

/* Signs that do not stand at the start, of what is not opened here. */
bool
scan_is_foreign(struct span s)
{
	static const struct {
		uint16_t at;
		struct span sign;
	} signs[] = {
		{ 7, { (const uint8_t *)"**ACE**", 7 } },
		{ 7, { (const uint8_t *)"-sqx-", 5 } },
		{ 20, { (const uint8_t *)"\xdc\xa7\xc4\xfd", 4 } }, /* ZOO */
		{ 4,
		    { (const uint8_t *)"\xef\xbe\xad\xdeNull", 8 } }, /* NSIS */
		{ 8, { (const uint8_t *)"\x19\x04\0\x10", 4 } },      /* SIS */
		{ 10, { (const uint8_t *)"rLau", 4 } }, /* StuffIt */
		{ 16, { (const uint8_t *)"Compressed ROMFS", 16 } },
		{ 32, { (const uint8_t *)"NXSB", 4 } },		    /* APFS */
		{ 64, { (const uint8_t *)"\x7f\x10\xda\xbe", 4 } }, /* VDI */
		{ 512, { (const uint8_t *)"EFI PART", 8 } },
		{ 512, { (const uint8_t *)"PM\0\0\0\0", 6 } }, /* Macs' */
	};
	/* disks of machines, and of Macs, tell at their end what they are */
	struct span end = span_from(s, s.len > 512 ? s.len - 512 : 0);

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(span_from(s, signs[i].at), signs[i].sign))
			return true;
	return is_arc(s) || is_hfs(s) || is_disk(s) || is_squash(s)
	       || span_starts(end, SPAN("conectix"))
	       || span_starts(end, SPAN("koly\0\0\0\4"));
}
