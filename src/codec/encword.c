/* encword: collects what fits one word.  Where words may stand is not known
 * here.
 */
#include "codec/encword.h"

#include "codec/base64.h"
#include "core/chr.h"

void
encword_begin(struct encword *e, struct span charset)
{
	e->charset = charset;
	e->any = false;
	e->have = 0;
}

/* RFC 2047, 5 (3): letters, digits and these stand for themselves. */
static bool
is_itself(uint8_t c)
{
	return chr_is(c, CHR_DIGIT | CHR_UPPER | CHR_LOWER) || c == '!'
	       || c == '*' || c == '+' || c == '-' || c == '/';
}

/* Q is what people can read: if it fits, and is short or mostly itself. */
static bool
is_for_q(struct span raw, size_t most)
{
	size_t n = 0, high = 0;

	for (size_t i = 0; i < raw.len; i++) {
		n += is_itself(raw.p[i]) || raw.p[i] == ' ' ? 1 : 3;
		high += raw.p[i] >= 0x80;
	}
	return n <= most && high * 2 <= raw.len + 4;
}

static void
put_q(struct span raw, struct text *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = raw.p[i];

		if (c == ' ') {
			text_chr(out, '_');
		} else if (is_itself(c)) {
			text_chr(out, (char)c);
		} else {
			text_chr(out, '=');
			text_chr(out, hex[c >> 4]);
			text_chr(out, hex[c & 15]);
		}
	}
}

static void
put_word(struct encword *e, struct span raw, struct text *out)
{
	uint8_t mem[BASE64_LEN(ENCWORD_RAW)];
	bool q = is_for_q(raw, ENCWORD_LINE - 7 - e->charset.len);

	if (e->any)
		text_str(out, "\n ");
	e->any = true;
	text_str(out, "=?");
	text_span(out, e->charset);
	text_str(out, q ? "?Q?" : "?B?");
	if (q)
		put_q(raw, out);
	else
		text_span(out, span_of(mem, base64_encode(raw, mem)));
	text_str(out, "?=");
}

/* How many of the octets make whole characters? */
static size_t
whole(const struct encword *e)
{
	size_t n = e->have;

	if (!span_is(e->charset, SPAN("utf-8")))
		return n;
	while (n > e->have - 3u && (e->mem[n - 1] & 0xc0) == 0x80)
		n--;
	/* of the first octet of a character, what follows is not known */
	return e->mem[n - 1] >= 0xc0 ? n - 1 : e->have;
}

static size_t
room(const struct encword *e)
{
	size_t n = (ENCWORD_LINE - 7 - e->charset.len) / 4 * 3;

	return n < ENCWORD_RAW ? n : ENCWORD_RAW;
}

void
encword_put(struct encword *e, uint8_t c, struct text *out)
{
	if (e->have == room(e)) {
		size_t n = whole(e);

		put_word(e, span_of(e->mem, n), out);
		memmove(e->mem, e->mem + n, e->have - n);
		e->have = (uint8_t)(e->have - n);
	}
	e->mem[e->have++] = c;
}

void
encword_end(struct encword *e, struct text *out)
{
	if (e->have > 0)
		put_word(e, span_of(e->mem, e->have), out);
	e->have = 0;
}
