/*
 * xtext: decoding only; what we send on stays as it came.
 */
#include "codec/xtext.h"

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
