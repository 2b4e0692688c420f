/*
 * plainhead_value: one "name=value" of a Content field, in the form of
 * RFC 2231.
 */
#include "codec/plainhead.h"

#include "core/chr.h"

/* What a form can't be found for, as far as it is ASCII. */
static void
put_replaced(struct plainhead *h, struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		plainhead_put(
		    h, v.p[i] < 0x80 ? span_of(v.p + i, 1) : SPAN("?"));
}

static void
put_octet(struct plainhead *h, uint8_t c, bool encoded)
{
	static const char hex[] = "0123456789ABCDEF";
	const uint8_t escape[3] = { '%', (uint8_t)hex[c >> 4],
		(uint8_t)hex[c & 15] };
	bool plain = chr_is(c, CHR_NAME) || c == '.';

	if (plain || (encoded && c < 0x80))
		plainhead_put(h, span_of(&c, 1));
	else
		plainhead_put(h, span_of(escape, sizeof(escape)));
}

/* `encoded`: it has that form already, and only octets above 127 are wrong. */
static void
put_value(struct plainhead *h, struct span v, bool encoded)
{
	bool quoted = v.len > 0 && v.p[0] == '"';

	for (size_t i = quoted; i < v.len; i++) {
		if (quoted && v.p[i] == '"')
			break;
		if (quoted && v.p[i] == '\\' && i + 1 < v.len)
			i++;
		if (v.p[i] != '\n')
			put_octet(h, v.p[i], encoded);
	}
}

static void
put_named(struct plainhead *h, struct span name, struct span value)
{
	size_t star = span_find(name, '*');
	bool encoded = name.p[name.len - 1] == '*';
	struct span piece = span_from(name, star + 1);

	plainhead_put(h, name);
	plainhead_put(h, encoded ? SPAN("=") : SPAN("*="));
	if (star == name.len || (!encoded && span_is(piece, SPAN("0")))) {
		plainhead_put(h, plainhead_set(h));
		plainhead_put(h, SPAN("''"));
	}
	put_value(h, value, encoded);
}

static size_t
blanks(struct span v)
{
	size_t n = 0;

	while (n < v.len && (chr_is(v.p[n], CHR_SPACE) || v.p[n] == '\n'))
		n++;
	return n;
}

static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!chr_is(name.p[i], CHR_NAME) && name.p[i] != '*')
			return false;
	return name.len > 0;
}

void
plainhead_value(struct plainhead *h)
{
	struct span all = span_of(h->mem, h->len);
	size_t lead = blanks(all), eq = span_find(all, '=');
	struct span name = span_trim(span_from(span_first(all, eq), lead));
	struct span value = span_from(all, eq + 1);

	value = span_from(value, blanks(value));
	if (h->first || eq == all.len || !is_name(name)) {
		put_replaced(h, all);
		return;
	}
	if (value.len > PLAINHEAD_VALUE)
		h->flaw = "a header field has a part that is too long";
	if (span_is_nocase(name, SPAN("boundary")))
		h->flaw = "its parts are separated by what is not ASCII";
	plainhead_put(h, lead > 0 ? span_first(all, lead) : SPAN(" "));
	put_named(h, name, value);
}
