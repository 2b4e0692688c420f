/* pdftoken: ISO 32000-1, 7.2 and 7.3. */
#include "scan/pdftoken.h"

#include "codec/pdfcode.h"
#include "core/chr.h"

bool
pdftoken_is_regular(uint8_t c)
{
	switch (c) {
	case '(':
	case ')':
	case '<':
	case '>':
	case '[':
	case ']':
	case '{':
	case '}':
	case '/':
	case '%':
	case 0x7f:
		return false;
	default:
		return c > ' ';
	}
}

struct span
pdftoken_skip_white(struct span s)
{
	while (s.len > 0 && pdftoken_is_white(s.p[0]))
		s = span_from(s, 1);
	return s;
}

struct span
pdftoken_name(struct span *s, uint8_t mem[PDFTOKEN_NAME])
{
	size_t n = 0;

	for (*s = span_from(*s, 1);
	     s->len > 0 && pdftoken_is_regular(s->p[0]);) {
		bool coded = s->p[0] == '#' && s->len > 2
			     && chr_hex(s->p[1]) >= 0 && chr_hex(s->p[2]) >= 0;
		int c =
		    coded ? chr_hex(s->p[1]) * 16 + chr_hex(s->p[2]) : s->p[0];

		if (n < PDFTOKEN_NAME)
			mem[n++] = (uint8_t)c;
		*s = span_from(*s, coded ? 3 : 1);
	}
	return span_of(mem, n);
}

uint64_t
pdftoken_number(struct span s)
{
	size_t len = 0;
	uint64_t n;

	s = pdftoken_skip_white(s);
	while (len < s.len && chr_is(s.p[len], CHR_DIGIT))
		len++;
	if (span_u64(span_first(s, len), UINT64_MAX, &n))
		return UINT64_MAX;
	s = pdftoken_skip_white(span_from(s, len));
	return s.len > 0 && chr_is(s.p[0], CHR_DIGIT) ? UINT64_MAX : n;
}

/* ---- strings ---- */

/* What is between the brackets at the start of `*s`, which may be nested. */
static struct span
take_text(struct span *s)
{
	unsigned depth = 0;
	size_t at = 0;

	for (; at < s->len; at++) {
		uint8_t c = s->p[at];

		if (c == '\\')
			at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	return span_first(span_from(*s, 1), at < s->len ? at - 1 : s->len);
}

/* An octet as up to three digits at `*at`. */
static uint8_t
octal(struct span s, size_t *at)
{
	unsigned c = 0;

	for (unsigned i = 0;
	     i < 3 && *at < s.len && s.p[*at] >= '0' && s.p[*at] <= '7'; i++)
		c = c * 8 + (s.p[(*at)++] - (unsigned)'0');
	return (uint8_t)c;
}

/* One that stands behind a backslash; false: it stands for nothing. */
static bool
escaped(struct span s, size_t *at, uint8_t *c)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	uint8_t was = s.p[*at];
	const char *known = was != '\0' ? strchr(from, was) : NULL;

	if (was >= '0' && was <= '7') {
		*c = octal(s, at);
		return true;
	}
	(*at)++;
	if (was == '\r' && *at < s.len && s.p[*at] == '\n')
		(*at)++;
	*c = known != NULL ? (uint8_t)to[known - from] : was;
	return was != '\r' && was != '\n';
}

size_t
pdftoken_string(enum pdftoken kind, struct span text, uint8_t *out)
{
	size_t n = 0;

	if (kind == PDFTOKEN_HEX)
		return pdfcode_hex(text, out, text.len);
	for (size_t at = 0; at < text.len;) {
		uint8_t c = text.p[at++];

		if (c == '\\') {
			if (at == text.len || !escaped(text, &at, &c))
				continue;
		} else if (c == '\r') {
			at += at < text.len && text.p[at] == '\n';
			c = '\n';
		}
		out[n++] = c;
	}
	return n;
}

/* ---- tokens ---- */

/* Without white space and comments. */
static struct span
skip_nothing(struct span s)
{
	for (;;) {
		s = pdftoken_skip_white(s);
		if (s.len == 0 || s.p[0] != '%')
			return s;
		while (s.len > 0 && s.p[0] != '\n' && s.p[0] != '\r')
			s = span_from(s, 1);
	}
}

static size_t
count_regular(struct span s)
{
	size_t n = 0;

	while (n < s.len && pdftoken_is_regular(s.p[n]))
		n++;
	return n;
}

static enum pdftoken
take(struct span *s, struct span *text, enum pdftoken kind, size_t len)
{
	*text = span_first(*s, len);
	*s = span_from(*s, len);
	return kind;
}

enum pdftoken
pdftoken_next(struct span *s, struct span *text)
{
	size_t n;

	*s = skip_nothing(*s);
	*text = span_first(*s, 0);
	if (s->len == 0)
		return PDFTOKEN_END;
	switch (s->p[0]) {
	case '/':
		n = count_regular(span_from(*s, 1));
		return take(s, text, PDFTOKEN_NAMED, n + 1);
	case '(':
		*text = take_text(s);
		*s = span_from(*s, text->len + 2);
		return PDFTOKEN_TEXT;
	case '<':
		if (span_starts(*s, SPAN("<<")))
			return take(s, text, PDFTOKEN_OPEN, 2);
		n = span_find(*s, '>');
		*text = span_first(span_from(*s, 1), n - 1);
		*s = span_from(*s, n + 1);
		return PDFTOKEN_HEX;
	case '>':
		if (span_starts(*s, SPAN(">>")))
			return take(s, text, PDFTOKEN_CLOSE, 2);
		break;
	default:
		n = count_regular(*s);
		if (n > 0)
			return take(s, text, PDFTOKEN_WORD, n);
	}
	return take(s, text, PDFTOKEN_OTHER, 1);
}

/* ---- objects ---- */

/* Cut the number off that ends `*s`, and white space behind it. */
static int
number_before(struct span *s, uint32_t *n)
{
	size_t end = s->len, at;
	uint64_t value;

	while (end > 0 && pdftoken_is_white(s->p[end - 1]))
		end--;
	for (at = end; at > 0 && chr_is(s->p[at - 1], CHR_DIGIT); at--)
		;
	if (at == end || end - at > 10
	    || span_u64(
		span_first(span_from(*s, at), end - at), UINT32_MAX, &value))
		return ERR_SYNTAX;
	*n = (uint32_t)value;
	*s = span_first(*s, at);
	return ERR_OK;
}

int
pdftoken_object(
    struct span s, size_t end, uint32_t *number, uint32_t *generation)
{
	size_t whole;

	s = span_first(s, end - 3);
	if (number_before(&s, generation))
		return ERR_SYNTAX;
	whole = s.len;
	if (whole == 0 || !pdftoken_is_white(s.p[whole - 1]))
		return ERR_SYNTAX;
	return number_before(&s, number);
}
