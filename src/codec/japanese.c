/* japanese: each set is another way to write rows and columns of one table. */
#include "codec/japanese.h"

#include "codec/japanese_tables.h"

#define KATAKANA  0xff61u /* the first one of half width */
#define KATAKANAS 63u

/* Append a character below 0x10000. */
static void
put(struct text *to, unsigned c)
{
	if (c >= 0x800) {
		text_chr(to, (char)(0xe0 | c >> 12));
		text_chr(to, (char)(0x80 | (c >> 6 & 0x3f)));
		text_chr(to, (char)(0x80 | (c & 0x3f)));
	} else if (c >= 0x80) {
		text_chr(to, (char)(0xc0 | c >> 6));
		text_chr(to, (char)(0x80 | (c & 0x3f)));
	} else {
		text_chr(to, (char)c);
	}
}

static void
put_katakana(struct text *to, unsigned n)
{
	put(to, n < KATAKANAS ? KATAKANA + n : '?');
}

/* Row and column count from 1. */
static void
put_cell(struct text *to, unsigned row, unsigned column)
{
	unsigned c = 0, at;

	if (row < sizeof(japanese_rows) && japanese_rows[row] > 0
	    && column - 1 < 94) {
		at = (japanese_rows[row] - 1u) * 94 + column - 1;
		c = row < JAPANESE_SPLIT ? japanese_low[at] : japanese_high[at];
	}
	put(to, c > 0 ? c : '?');
}

/* ---- each reads one character at the start of `s`; its length ---- */

static size_t
shift_jis(struct span s, struct text *to)
{
	unsigned lead = s.p[0], row, trail;

	if (lead < 0x80) {
		put(to, lead);
		return 1;
	}
	if (lead >= 0xa1 && lead <= 0xdf) {
		put_katakana(to, lead - 0xa1);
		return 1;
	}
	if (s.len < 2 || s.p[1] < 0x40 || s.p[1] == 0x7f) {
		put(to, '?');
		return 1;
	}
	trail = s.p[1];
	row = (lead - (lead < 0xa0 ? 0x81 : 0xc1)) * 2 + 1;
	if (trail >= 0x9f)
		put_cell(to, row + 1, trail - 0x9e);
	else
		put_cell(to, row, trail - 0x3f - (trail > 0x7f));
	return 2;
}

static size_t
euc(struct span s, struct text *to)
{
	unsigned lead = s.p[0];
	size_t len = lead < 0x80 ? 1 : lead == 0x8f ? 3 : 2;

	if (len == 1)
		put(to, lead);
	else if (s.len < len || s.p[1] < 0xa1)
		len = 1;
	if (lead >= 0x80 && (len != 2 || (lead != 0x8e && lead < 0xa1)))
		put(to, '?');
	else if (lead == 0x8e)
		put_katakana(to, s.p[1] - 0xa1u);
	else if (len == 2)
		put_cell(to, lead - 0xa0, s.p[1] - 0xa0u);
	return len;
}

/* What the bytes of ISO-2022-JP are until the next escape. */
enum mode { ASCII, HALF, KANJI, UNKNOWN };

/* Length of the escape at the start of `s`; 0: it is none. */
static size_t
escape(struct span s, enum mode *mode)
{
	static const struct {
		const char *bytes;
		enum mode mode;
	} known[] = { { "\x1b(B", ASCII }, { "\x1b(J", ASCII },
		{ "\x1b(I", HALF }, { "\x1b$@", KANJI }, { "\x1b$B", KANJI },
		{ "\x1b$(D", UNKNOWN }, { "\x1b$(O", UNKNOWN },
		{ "\x1b$(Q", UNKNOWN }, { "\x1b$(P", UNKNOWN } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!span_starts(s, span_str(known[i].bytes)))
			continue;
		*mode = known[i].mode;
		return strlen(known[i].bytes);
	}
	return 0;
}

static size_t
iso_2022(struct span s, struct text *to, enum mode *mode)
{
	size_t used = escape(s, mode);
	bool pairs = *mode == KANJI || *mode == UNKNOWN;

	if (used > 0)
		return used;
	if (*mode == HALF && s.p[0] > ' ') {
		put_katakana(to, s.p[0] - 0x21u);
		return 1;
	}
	if (s.p[0] <= ' ' || !pairs) {
		put(to, s.p[0] < 0x80 ? s.p[0] : '?');
		return 1;
	}
	if (s.len < 2 || s.p[1] <= ' ') {
		put(to, '?');
		return 1;
	}
	if (*mode == UNKNOWN)
		put(to, '?');
	else
		put_cell(to, s.p[0] - 0x20u, s.p[1] - 0x20u);
	return 2;
}

/* ---- */

enum set { NONE, ISO_2022, SHIFT_JIS, EUC };

static enum set
set_of(struct span charset)
{
	static const struct {
		const char *name;
		enum set set;
	} names[] = { { "iso-2022-jp", ISO_2022 },
		{ "iso-2022-jp-1", ISO_2022 }, { "iso-2022-jp-2", ISO_2022 },
		{ "iso-2022-jp-3", ISO_2022 }, { "iso-2022-jp-2004", ISO_2022 },
		{ "iso-2022-jp-ms", ISO_2022 }, { "cp50220", ISO_2022 },
		{ "cp50221", ISO_2022 }, { "csiso2022jp", ISO_2022 },
		{ "shift_jis", SHIFT_JIS }, { "shift-jis", SHIFT_JIS },
		{ "sjis", SHIFT_JIS }, { "x-sjis", SHIFT_JIS },
		{ "ms_kanji", SHIFT_JIS }, { "windows-31j", SHIFT_JIS },
		{ "cswindows31j", SHIFT_JIS }, { "cp932", SHIFT_JIS },
		{ "ms932", SHIFT_JIS }, { "shift_jis-2004", SHIFT_JIS },
		{ "euc-jp", EUC }, { "x-euc-jp", EUC }, { "eucjp", EUC },
		{ "eucjp-ms", EUC }, { "cp51932", EUC } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is_nocase(charset, span_str(names[i].name)))
			return names[i].set;
	return NONE;
}

bool
japanese_decode(struct span charset, struct span in, struct text *to)
{
	enum set set = set_of(charset);
	enum mode mode = ASCII;

	while (set != NONE && in.len > 0) {
		size_t used = set == SHIFT_JIS ? shift_jis(in, to)
			      : set == EUC     ? euc(in, to)
					       : iso_2022(in, to, &mode);

		in = span_from(in, used);
	}
	return set != NONE;
}
