/*
 * json_unescape: the characters of a JSON string.  That it is one has been
 * checked by json_parse.
 */
#include "codec/json.h"

#include "core/chr.h"

static void
put_utf8(struct text *to, uint32_t c)
{
	uint8_t b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i > 1; i--, c >>= 6)
		b[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
	b[0] = (uint8_t)(lead[n] | c);
	text_span(to, span_of(b, n));
}

/* Read "uXXXX" from the front of `*s`; the value, or -1. */
static int32_t
take_u(struct span *s)
{
	int32_t n = 0;

	if (s->len < 5 || s->p[0] != 'u')
		return -1;
	for (size_t i = 1; i < 5; i++) {
		int digit = chr_hex(s->p[i]);

		if (digit < 0)
			return -1;
		n = n * 16 + digit;
	}
	*s = span_from(*s, 5);
	return n;
}

static int
unescape_u(struct span *s, struct text *to)
{
	int32_t c = take_u(s);
	int32_t low;

	if (c >= 0xd800 && c < 0xdc00) {
		if (s->len < 1 || s->p[0] != '\\')
			return ERR_SYNTAX;
		*s = span_from(*s, 1);
		low = take_u(s);
		if (low < 0xdc00 || low > 0xdfff)
			return ERR_SYNTAX;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c < 0 || (c >= 0xdc00 && c <= 0xdfff)) {
		return ERR_SYNTAX;
	}
	put_utf8(to, (uint32_t)c);
	return ERR_OK;
}

static int
unescape_one(struct span *s, struct text *to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	size_t at;

	if (s->len == 0)
		return ERR_SYNTAX;
	if (s->p[0] == 'u')
		return unescape_u(s, to);
	at = span_find(SPAN(names), s->p[0]);
	if (at == sizeof(names) - 1)
		return ERR_SYNTAX;
	text_chr(to, values[at]);
	*s = span_from(*s, 1);
	return ERR_OK;
}

int
json_unescape(struct span raw, struct text *to)
{
	while (raw.len > 0) {
		size_t len = json_utf8(raw);

		if (len == 0)
			return ERR_SYNTAX;
		if (raw.p[0] != '\\') {
			text_span(to, span_first(raw, len));
			raw = span_from(raw, len);
			continue;
		}
		raw = span_from(raw, 1);
		if (unescape_one(&raw, to))
			return ERR_SYNTAX;
	}
	return to->cut ? ERR_FULL : ERR_OK;
}
