/*
 * xtext: "+2B" is only decoded; what we send on stays as it came, or becomes
 * "\x{2B}".
 */
#include "codec/xtext.h"

#include "codec/json.h"
#include "core/chr.h"

void
xtext_decode(struct span s, struct text *to)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '+' && i + 2 < s.len && chr_hex(s.p[i + 1]) >= 0
		    && chr_hex(s.p[i + 2]) >= 0) {
			c = (uint8_t)(chr_hex(s.p[i + 1]) << 4
				      | chr_hex(s.p[i + 2]));
			i += 2;
		}
		text_chr(to, chr_is(c, CHR_PRINT) ? (char)c : '?');
	}
}

bool
xtext_is_utf8(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 0x80)
			return true;
	return false;
}

/* One character, well-formed. */
static void
put_point(struct text *to, struct span c)
{
	static const char digits[] = "0123456789ABCDEF";
	uint32_t point = c.len == 1 ? c.p[0] : c.p[0] & (0x7fu >> c.len);
	int shift = 20;

	for (size_t i = 1; i < c.len; i++)
		point = point << 6 | (c.p[i] & 0x3f);
	text_str(to, "\\x{");
	while (shift > 4 && point >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		text_chr(to, digits[point >> shift & 15]);
	text_chr(to, '}');
}

void
xtext_from_utf8(struct span s, bool coded, struct text *to)
{
	while (s.len > 0) {
		size_t len = json_utf8(s);
		struct span c = span_first(s, len > 0 ? len : 1);
		bool plain =
		    coded || (c.p[0] != '\\' && c.p[0] != '+' && c.p[0] != '=');

		if (len == 0 || (len == 1 && !chr_is(c.p[0], CHR_PRINT)))
			text_chr(to, '?');
		else if (len == 1 && plain)
			text_chr(to, (char)c.p[0]);
		else
			put_point(to, c);
		s = span_from(s, c.len);
	}
}
