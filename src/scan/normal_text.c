/* normal_text: plain text, and what a number of a character means. */
#include "scan/normal.h"

#include "core/chr.h"

/* The number in "#65" or "#x41". */
uint32_t
normal_code(struct span s)
{
	bool hex = s.len > 1 && chr_lower(s.p[1]) == 'x';
	uint32_t code = 0;

	for (size_t i = hex ? 2 : 1; i < s.len; i++) {
		int v = chr_hex(s.p[i]);

		if (v < 0)
			break;
		code = code * (hex ? 16u : 10u) + (uint32_t)v;
	}
	return code;
}

/* No octet becomes more than one. */
size_t
normal_text(struct normal *n, struct span in)
{
	uint8_t *to = n->out + n->len;
	bool blank = n->blank;

	in = span_first(in, n->cap - n->len);
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.p[i];

		if (normal_is_white(c)) {
			if (!blank)
				*to++ = ' ';
			blank = true;
		} else if (c >= ' ' && c < 0x80) {
			*to++ = chr_lower(c);
			blank = false;
		}
	}
	n->blank = blank;
	n->len = (size_t)(to - n->out);
	return in.len;
}
