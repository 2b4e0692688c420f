/*
 * kind: what bytes are, told by their content; names are not believed.
 */
#include "scan/unmail.h"
#include "scan/unpack.h"

#include "config.h"

#include "codec/mime.h"
#include "core/chr.h"
#include "core/le.h"
#include "scan/pdfstream.h"

enum {
	TARGET_PE = 1,
	TARGET_OLE = 2,
	TARGET_HTML = SCAN_TARGET_HTML,
	TARGET_MAIL = 4,
	TARGET_GRAPHICS = 5,
	TARGET_ELF = 6,
	TARGET_TEXT = SCAN_TARGET_TEXT,
	TARGET_MACHO = 9,
	TARGET_PDF = 10,
	TARGET_FLASH = 11,
	TARGET_JAVA = 12,
};

/* How documents are opened, where they are. */
#define DOCUMENT(next)                                                         \
	ENABLE_SCAN_DOCUMENTS ? SCAN_BY_US : SCAN_BY_NOBODY,                   \
	    ENABLE_SCAN_DOCUMENTS ? (next) : NULL

/* Its first bytes, ClamAV's target number, and how it is opened. */
static const struct sign {
	const char *bytes;
	uint8_t len, target;
	uint8_t how;
	scan_next next;
} signs[] = {
	{ "PK\003\004", 4, 0, SCAN_BY_US, scan_next_zip },
	{ "PK\005\006", 4, 0, SCAN_BY_US, scan_next_zip },
	{ "PK00PK\003\004", 8, 0, SCAN_BY_US, scan_next_zip },
	{ "PK\007\010PK\003\004", 8, 0, SCAN_BY_US, scan_next_zip },
	{ "\x1f\x8b", 2, 0, SCAN_BY_US, scan_next_gzip },
	{ "MZ", 2, TARGET_PE, SCAN_BY_US, scan_next_program },
	{ "\x7f"
	  "ELF",
	    4, TARGET_ELF, SCAN_BY_US, scan_next_program },
	{ "Rar!\x1a\x07", 6, 0, SCAN_BY_ARCHIVE, NULL },
	{ "RE~^", 4, 0, SCAN_BY_NOBODY, NULL }, /* RAR before 1.5 */
	{ "7z\xbc\xaf\x27\x1c", 6, 0, SCAN_BY_ARCHIVE, NULL },
	{ "MSCF", 4, 0, SCAN_BY_ARCHIVE, NULL },
	{ "BZh", 3, 0, SCAN_BY_ARCHIVE, NULL },
	{ "\xfd"
	  "7zXZ",
	    5, 0, SCAN_BY_ARCHIVE, NULL },
	{ "\x60\xea", 2, 0, ENABLE_SCAN_LZ ? SCAN_BY_US : SCAN_BY_NOBODY,
	    ENABLE_SCAN_LZ ? scan_next_arj : NULL },
	{ "\x1f\x9d", 2, 0, SCAN_BY_ARCHIVE, NULL },	     /* compress */
	{ "\x28\xb5\x2f\xfd", 4, 0, SCAN_BY_ARCHIVE, NULL }, /* Zstandard */
	{ "\x78\x9f\x3e\x22", 4, 0, SCAN_BY_US, scan_next_tnef },
	{ "\0\5\x16\0\0\2\0\0", 8, 0, SCAN_BY_US, scan_next_apple },
	{ "\0\5\x16\7\0\2\0\0", 8, 0, SCAN_BY_US, scan_next_apple },
	{ "=ybegin ", 8, 0, SCAN_BY_US, scan_next_mail },
	{ "\x04\x22\x4d\x18", 4, 0, SCAN_BY_ARCHIVE, NULL }, /* LZ4 */
	{ "\x02\x21\x4c\x18", 4, 0, SCAN_BY_ARCHIVE, NULL },
	{ "LZIP", 4, 0, SCAN_BY_ARCHIVE, NULL },
	{ "xar!\0\x1c", 6, 0, SCAN_BY_ARCHIVE, NULL },
	{ "!<arch>\n", 8, 0, SCAN_BY_ARCHIVE, NULL },
	{ "\xed\xab\xee\xdb", 4, 0, SCAN_BY_ARCHIVE, NULL }, /* RPM */
	{ "\x89LZO\0\r\n\x1a\n", 9, 0, SCAN_BY_NOBODY, NULL },
	{ "LRZI\0", 5, 0, SCAN_BY_NOBODY, NULL },
	{ "GRZipII", 7, 0, SCAN_BY_NOBODY, NULL },
	{ "7kSt", 4, 0, SCAN_BY_NOBODY, NULL }, /* ZPAQ */
	{ "ALZ\1", 4, 0, SCAN_BY_NOBODY, NULL },
	{ "EGGA\0", 5, 0, SCAN_BY_NOBODY, NULL },
	{ "MSWIM\0\0\0", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "ITSF", 4, 0, SCAN_BY_NOBODY, NULL }, /* CHM */
	{ "ITOLITLS", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "SZ \x88\xf0\x27\x33\xd1", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "\x8f\xaf\xac\x84", 4, 0, SCAN_BY_NOBODY, NULL }, /* PPMd */
	{ "ArC\1", 4, 0, SCAN_BY_NOBODY, NULL },
	{ "\x3a\xff\x26\xed\1\0", 6, 0, SCAN_BY_NOBODY,
	    NULL }, /* Android's disks */
	{ "SZDD\x88\xf0\x27\x33", 8, 0, SCAN_BY_NOBODY,
	    NULL }, /* compress.exe */
	{ "KWAJ\x88\xf0\x27\xd1", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "vhdxfile", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "conectix", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "StuffIt ", 8, 0, SCAN_BY_NOBODY, NULL },
	{ "SIT!", 4, 0, SCAN_BY_NOBODY, NULL },
	{ "ISc(", 4, 0, SCAN_BY_NOBODY, NULL }, /* InstallShield */
	{ "KDMV", 4, 0, SCAN_BY_NOBODY, NULL }, /* disks of machines */
	{ "QFI\xfb", 4, 0, SCAN_BY_NOBODY, NULL },
	{ "\xc7\x71", 2, 0, SCAN_BY_ARCHIVE, NULL },
	{ "\x71\xc7", 2, 0, SCAN_BY_ARCHIVE, NULL },
	{ "070701", 6, 0, SCAN_BY_ARCHIVE, NULL }, /* cpio */
	{ "070702", 6, 0, SCAN_BY_ARCHIVE, NULL },
	{ "070707", 6, 0, SCAN_BY_ARCHIVE, NULL },
	{ "\xd0\xcf\x11\xe0", 4, TARGET_OLE, DOCUMENT(scan_next_ole) },
	{ "ActiveMime", 10, 0, DOCUMENT(scan_next_mso) },
	{ "%PDF", 4, TARGET_PDF, DOCUMENT(scan_next_pdf) },
	{ "{\\rt", 4, 0, DOCUMENT(scan_next_rtf) },
	{ "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",
	    16, 0, DOCUMENT(scan_next_onenote) },
	{ "\xca\xfe\xba\xbe", 4, TARGET_JAVA, SCAN_BY_US, NULL },
	{ "\xcf\xfa\xed\xfe", 4, TARGET_MACHO, SCAN_BY_US, NULL },
	{ "\xce\xfa\xed\xfe", 4, TARGET_MACHO, SCAN_BY_US, NULL },
	{ "FWS", 3, TARGET_FLASH, SCAN_BY_US, NULL },
	{ "CWS", 3, TARGET_FLASH, DOCUMENT(scan_next_flash) },
	{ "ZWS", 3, TARGET_FLASH, DOCUMENT(scan_next_flash) },
	{ "\x89PNG", 4, TARGET_GRAPHICS, SCAN_BY_US, NULL },
	{ "GIF8", 4, TARGET_GRAPHICS, SCAN_BY_US, NULL },
	{ "\xff\xd8\xff", 3, TARGET_GRAPHICS, SCAN_BY_US, NULL },
};

/* The old binary form: its name, of `len` octets, ends with a zero. */
static bool
is_cpio(struct span s, size_t len)
{
	s = span_from(s, 26);
	return len > 1 && len < 4096 && len <= s.len
	       && span_find(s, 0) == len - 1;
}

/*
 * S/MIME: a sequence that begins with an identifier of PKCS #7 or #9, behind
 * a length in up to 127 octets.
 */
static bool
is_cms(struct span s)
{
	size_t at = s.len > 1 && s.p[1] > 0x80 ? s.p[1] & 0x7fu : 0;

	if (!span_starts(s, SPAN("\x30")))
		return false;
	s = span_first(span_from(s, at), 24);
	at = scan_find(s, 0, SPAN("\x2a\x86\x48\x86\xf7\x0d\x01"));
	return at < s.len && at < 17;
}

/* A frame of LZ4 or Zstandard that is to be skipped. */
static bool
is_skippable(struct span s)
{
	return s.len > 8 && (s.p[0] & 0xf0) == 0x50
	       && span_starts(span_from(s, 1), SPAN("\x2a\x4d\x18"));
}

/* Two bytes alone are chance too often: does the next one fit, too? */
static bool
is_fitting(struct span s)
{
	if (span_starts(s, SPAN("\x1f\x8b")))
		return s.len > 2 && s.p[2] == 8;
	if (span_starts(s, SPAN("\x1f\x9d")))
		return s.len > 2 && (s.p[2] & 0x60) == 0 && (s.p[2] & 31) >= 9
		       && (s.p[2] & 31) <= 16;
	if (span_starts(s, SPAN("\xc7\x71")))
		return s.len > 26 && is_cpio(s, le16_get(s.p + 20));
	if (span_starts(s, SPAN("\x71\xc7")))
		return s.len > 26 && is_cpio(s, (size_t)s.p[20] << 8 | s.p[21]);
	if (span_starts(s, SPAN("\x60\xea")))
		return s.len > 38 && s.p[4] >= 30 && le16_get(s.p + 2) >= s.p[4]
		       && le16_get(s.p + 2) <= 2600;
	return true;
}

static const struct sign *
sign_of(struct span s)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(s, span_of(signs[i].bytes, signs[i].len)))
			return is_fitting(s) ? &signs[i] : NULL;
	return NULL;
}

/* Its own signs of one kind stand in the 17th sector and behind it. */
static bool
is_iso(struct span s)
{
	return span_starts(span_from(s, 0x8001), SPAN("CD001"));
}

/* The disk has a second tree of files, which nobody here reads. */
static bool
is_udf(struct span s)
{
	s = span_first(span_from(s, 0x8000), 256 * 2048);
	for (; s.len > 6; s = span_from(s, 2048))
		if (span_starts(span_from(s, 1), SPAN("NSR0")))
			return true;
	return false;
}

/*
 * Does a zip's end record stand near the end, with the room before it that it
 * claims for its directory?
 */
static bool
ends_as_zip(struct span s)
{
	size_t at = s.len > 65557 ? s.len - 65557 : 0;

	while ((at = scan_find(s, at, SPAN("PK\005\006"))) + 22 <= s.len) {
		uint32_t entries = le16_get(s.p + at + 10);
		uint32_t octets = le32_get(s.p + at + 12);

		if (entries == 0xffff || octets == UINT32_MAX
		    || (entries > 0 && octets <= at && entries * 46u <= octets))
			return true;
		at += 4;
	}
	return false;
}

static bool
is_field_name(struct span name)
{
	if (name.len == 0 || name.len > 76)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!chr_is(name.p[i], CHR_NAME))
			return false;
	return true;
}

/* Does it begin with header lines of which one is mail's? */
static bool
is_mail(struct span s)
{
	static const char *const names[] = { "From", "Received", "Return-Path",
		"Date", "Subject", "To", "MIME-Version", "Message-ID",
		"Content-Type", "Content-Transfer-Encoding",
		"Content-Disposition", "Delivered-To" };
	struct span rest = s, line, name;

	if (span_starts(rest, SPAN("\xef\xbb\xbf")))
		rest = span_from(rest, 3);
	while (rest.len > 0 && rest.p[0] <= ' ')
		rest = span_from(rest, 1);
	if (span_starts(rest, SPAN("From ")))
		return true;
	while (mime_line(&rest, &line) && line.len > 0) {
		if (chr_is(line.p[0], CHR_SPACE))
			continue;
		name = span_first(line, span_find(line, ':'));
		if (name.len == line.len || !is_field_name(name))
			return false;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (span_is_nocase(name, span_str(names[i])))
				return true;
	}
	return false;
}

static bool
has_uu(struct span s)
{
	size_t at = 0;

	if (scan_find(s, 0, SPAN("begin-base64 ")) < s.len)
		return true;
	while ((at = scan_find(s, at, SPAN("begin "))) < s.len) {
		if (at >= 3 && !memcmp(s.p + at - 3, "\n=y", 3))
			return true;
		if ((at == 0 || s.p[at - 1] == '\n' || s.p[at - 1] == '\r')
		    && at + 10 < s.len && chr_is(s.p[at + 6], CHR_DIGIT)
		    && chr_is(s.p[at + 8], CHR_DIGIT))
			return true;
		at += 6;
	}
	return false;
}

static bool
is_text(struct span s)
{
	s = span_first(s, 512);
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' && (s.p[i] < '\t' || s.p[i] > '\r'))
			return false;
	return s.len > 0;
}

/* Only what is not all ASCII, or has zeros, can hold an archive. */
static bool
is_more_than_text(struct span s)
{
	uint8_t any = 0;

	if (s.len <= 32)
		return false;
	if (memchr(s.p, 0, s.len) != NULL)
		return true;
	for (size_t i = 0; i < s.len; i++)
		any |= s.p[i];
	return any >= 0x80;
}

static bool
is_html(struct span s)
{
	static const char *const tags[] = { "<html", "<head", "<body",
		"<script", "<!doctype html", "<iframe", "<object" };

	s = span_first(s, 1024);
	for (size_t at = span_find(s, '<'); at < s.len; at++)
		for (size_t i = 0;
		     s.p[at] == '<' && i < sizeof(tags) / sizeof(tags[0]); i++)
			if (span_starts_nocase(
				span_from(s, at), span_str(tags[i])))
				return true;
	return false;
}

/* Text with a file in yEnc soon looks binary, or is filled up with zeros. */
static bool
has_files(struct span s)
{
	s = span_first(s, 65536);
	return scan_find(s, 0, SPAN("\n=ybegin ")) < s.len || has_uu(s);
}

static struct scan_kind
kind_of_text(struct span s)
{
	struct scan_kind k = { .targets = 1 };

	if (is_mail(s)) {
		k.targets |= 1u << TARGET_MAIL;
		k.next = scan_next_mail;
		k.is_mail = true;
		return k;
	}
	k.targets |= is_html(s) ? 1u << TARGET_HTML : 1u << TARGET_TEXT;
	if (has_uu(s))
		k.next = scan_next_mail;
	k.is_mail_too = unmail_has_encoding(s);
	k.is_binhex_too = scan_binhex(s, 0) < s.len;
	k.is_blob_too = scan_has_blob(s);
	return k;
}

/*
 * Readers pass over what is no header, and go on at the next one.  Old ones
 * have no sign: there only the first counts.
 */
static bool
is_tar(struct span s)
{
	if (scan_is_tar(s) || span_starts(span_from(s, 257), SPAN("ustar")))
		return true;
	for (size_t at = 512; at < 20u * 512; at += 512)
		if (span_starts(span_from(s, at + 257), SPAN("ustar"))
		    && scan_is_tar(span_from(s, at)))
			return true;
	return false;
}

/* What does not begin with a sign of its own. */
static bool
is_by_other_signs(struct span s, struct scan_kind *k)
{
	if (is_tar(s))
		k->next = scan_next_tar;
	else if (ENABLE_SCAN_LZ && scan_is_lzh(s))
		k->next = scan_next_lzh;
	else if (is_cms(s))
		k->next = scan_next_cms;
	else if (ENABLE_SCAN_DOCUMENTS && scan_is_object(s))
		k->next = scan_next_object;
	else if (ENABLE_SCAN_DOCUMENTS && scan_is_package(s))
		k->next = scan_next_package;
	else if (is_iso(s) || scan_is_lzma(s) || is_skippable(s))
		k->how = SCAN_BY_ARCHIVE;
	else if (scan_is_lzh(s) || scan_is_foreign(s) || is_udf(s))
		k->how = SCAN_BY_NOBODY;
	else
		return false;
	return true;
}

static bool
has(struct span s, struct span word)
{
	return scan_find(s, 0, word) < s.len;
}

/*
 * Viewers want a PDF's header near its start, or do without one and follow
 * what stands at its end.
 */
static bool
is_pdf_too(struct span s, const struct scan_kind *k)
{
	if (k->is_mail || k->next == scan_next_pdf)
		return false;
	return has(span_first(s, 1028), SPAN("%PDF-"))
	       || ((k->next == NULL || k->next == scan_next_mail)
		   && has(s, SPAN("startxref")) && pdfstream_has_object(s));
}

/* Documents behind whose end, or in which, an archive may stand as it is. */
static bool
is_open_document(scan_next next)
{
	return ENABLE_SCAN_DOCUMENTS
	       && (next == scan_next_rtf || next == scan_next_pdf
		   || next == scan_next_flash);
}

/* What is no archive itself, nor a mail, may have archives in it. */
static void
look_for_more(struct span s, struct scan_kind *k)
{
	if (k->how != SCAN_BY_US || k->is_mail)
		return;
	if (k->next == NULL && has_files(s))
		k->next = scan_next_mail;
	if (k->next != NULL && k->next != scan_next_mail
	    && k->next != scan_next_cms && !is_open_document(k->next))
		return;
	if (!is_more_than_text(s))
		return;
	k->is_program_too = k->next != NULL;
	if (k->next == NULL)
		k->next = scan_next_program;
}

struct scan_kind
scan_kind_of(struct span s, bool seen)
{
	const struct sign *sign = sign_of(s);
	struct scan_kind k = { .targets = 1 };

	if (sign != NULL) {
		k.targets |= 1u << sign->target;
		k.next = sign->next;
		k.how = sign->how;
	} else if (!is_by_other_signs(s, &k)
		   && (is_text(s) || is_mail(s) || is_html(s))) {
		k = kind_of_text(s);
	}
	k.has_more = is_iso(s) && is_udf(s);
	/* many of these may begin in the same bytes */
	if (seen && (k.next != NULL || k.how != SCAN_BY_US))
		return k;
	k.is_zip_too = k.next != scan_next_zip && ends_as_zip(s);
	k.is_warc_too = span_starts(s, SPAN("WARC/"));
	k.is_pdf_too = ENABLE_SCAN_DOCUMENTS && is_pdf_too(s, &k);
	look_for_more(s, &k);
	k.is_stray_too = is_iso(s) || k.next == scan_next_tnef
			 || (ENABLE_SCAN_DOCUMENTS && k.next == scan_next_ole);
	/* it does not tell where it ends */
	k.is_program_too |= span_starts(s, SPAN("xar!"));
	return k;
}
