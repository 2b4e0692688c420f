/* text: everything ends in text_span, which alone knows about the bounds. */
#include "core/text.h"

#include "core/chr.h"

void
text_init(struct text *t, char *mem, size_t size)
{
	*t = (struct text) { .mem = mem, .cap = size - 1 };
	mem[0] = '\0';
}

void
text_span(struct text *t, struct span s)
{
	size_t room = t->cap - t->len;

	if (s.len > room) {
		s.len = room;
		t->cut = true;
	}
	if (s.len > 0)
		memcpy(t->mem + t->len, s.p, s.len);
	t->len += s.len;
	t->mem[t->len] = '\0';
}

void
text_str(struct text *t, const char *s)
{
	text_span(t, span_str(s));
}

void
text_chr(struct text *t, char c)
{
	if (t->len == t->cap) {
		t->cut = true;
		return;
	}
	t->mem[t->len++] = c;
	t->mem[t->len] = '\0';
}

void
text_u64(struct text *t, uint64_t n)
{
	text_u64_pad(t, n, 1);
}

void
text_i64(struct text *t, int64_t n)
{
	if (n < 0)
		text_chr(t, '-');
	text_u64(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void
text_u64_pad(struct text *t, uint64_t n, unsigned width)
{
	char digits[20];
	unsigned at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (sizeof(digits) - at < width && at > 0)
		digits[--at] = '0';
	text_span(t, span_of(digits + at, sizeof(digits) - at));
}

void
text_hex(struct text *t, struct span s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len; i++) {
		text_chr(t, digits[s.p[i] >> 4]);
		text_chr(t, digits[s.p[i] & 15]);
	}
}

void
text_escaped(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (chr_is(c, CHR_PRINT) && c != '"' && c != '\\') {
			text_chr(t, (char)c);
			continue;
		}
		text_str(t, "\\x");
		text_hex(t, span_of(&c, 1));
	}
}
