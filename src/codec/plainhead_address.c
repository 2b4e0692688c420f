/*
 * plainhead_address: one address with the name before it.  The name and the
 * comments have another form; the address itself has none.
 */
#include "codec/plainhead.h"

#include "core/chr.h"

enum token {
	TOKEN_BLANK,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_COMMENT,
	TOKEN_ANGLE,
};

static bool
is_blank(uint8_t c)
{
	return chr_is(c, CHR_SPACE) || c == '\n';
}

static bool
is_high(struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] >= 0x80)
			return true;
	return false;
}

/* Octets up to the bracket or quote that closes, which is among them. */
static size_t
closed_len(struct span s, uint8_t end)
{
	bool quoted = false;
	unsigned depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '\\')
			i++;
		else if (end != ')' && i > 0 && c == '"' && end != '"')
			quoted = !quoted;
		else if (i > 0 && !quoted && c == end && --depth == 0)
			return i + 1;
		else if (i == 0 || (end == ')' && c == '('))
			depth++;
	}
	return s.len;
}

static size_t
word_len(struct span s, bool blanks)
{
	size_t i = 0;

	while (i < s.len && is_blank(s.p[i]) == blanks
	       && (blanks || (s.p[i] != '"' && s.p[i] != '(' && s.p[i] != '<')))
		i++;
	return i;
}

static enum token
next_token(struct span *rest, struct span *v)
{
	uint8_t c = rest->p[0];
	enum token kind = is_blank(c) ? TOKEN_BLANK : TOKEN_WORD;
	size_t len;

	if (c == '"') {
		kind = TOKEN_QUOTED;
		len = closed_len(*rest, '"');
	} else if (c == '(') {
		kind = TOKEN_COMMENT;
		len = closed_len(*rest, ')');
	} else if (c == '<') {
		kind = TOKEN_ANGLE;
		len = closed_len(*rest, '>');
	} else {
		len = word_len(*rest, kind == TOKEN_BLANK);
	}
	*v = span_first(*rest, len);
	*rest = span_from(*rest, len);
	return kind;
}

/* "a@b" without <>: then the words are the address. */
static bool
is_bare(struct span rest)
{
	bool at = false, angle = false;
	struct span v;

	while (rest.len > 0) {
		enum token kind = next_token(&rest, &v);

		at = at || (kind == TOKEN_WORD && span_find(v, '@') < v.len);
		angle = angle || kind == TOKEN_ANGLE;
	}
	return at && !angle;
}

/* The text within quotes or brackets, without them and its escapes. */
static void
encode_inner(struct plainhead *h, struct span v, struct encword *e)
{
	uint8_t last = v.len > 1 ? v.p[v.len - 1] : 0;
	size_t end = last == '"' || last == ')' ? v.len - 1 : v.len;

	for (size_t i = 1; i < end; i++) {
		if (v.p[i] == '\\' && i + 1 < end)
			i++;
		if (v.p[i] != '\n')
			encword_put(e, v.p[i], h->out);
	}
}

static void
put_comment(struct plainhead *h, struct span v)
{
	struct encword e;

	if (h->out == NULL || !is_high(v)) {
		plainhead_put(h, v);
		return;
	}
	encword_begin(&e, plainhead_set(h));
	text_chr(h->out, '(');
	encode_inner(h, v, &e);
	encword_end(&e, h->out);
	text_chr(h->out, ')');
}

/* Of the words that follow each other, blanks at the end are not part. */
static struct span
cut_phrase(struct span *rest)
{
	struct span ahead = *rest, v;
	size_t len = 0;

	while (ahead.len > 0) {
		enum token kind = next_token(&ahead, &v);

		if (kind == TOKEN_COMMENT || kind == TOKEN_ANGLE)
			break;
		if (kind != TOKEN_BLANK)
			len = rest->len - ahead.len;
	}
	v = span_first(*rest, len);
	*rest = span_from(*rest, len);
	return v;
}

static void
put_phrase(struct plainhead *h, struct span phrase, bool first)
{
	struct encword e;
	struct span v;

	if (h->out == NULL || !is_high(phrase)) {
		plainhead_put(h, phrase);
		return;
	}
	if (first)
		text_chr(h->out, ' ');
	encword_begin(&e, plainhead_set(h));
	while (phrase.len > 0) {
		enum token kind = next_token(&phrase, &v);

		if (kind == TOKEN_QUOTED)
			encode_inner(h, v, &e);
		else if (kind == TOKEN_BLANK)
			encword_put(&e, ' ', h->out);
		else
			for (size_t i = 0; i < v.len; i++)
				encword_put(&e, v.p[i], h->out);
	}
	encword_end(&e, h->out);
}

/* Nothing but blanks may touch encoded words. */
static void
part(struct plainhead *h, struct span phrase, struct span rest)
{
	if (is_high(phrase) && (rest.len == 0 || !is_blank(rest.p[0])))
		plainhead_put(h, SPAN(" "));
}

static void
refuse(struct plainhead *h, struct span v)
{
	if (!is_high(v))
		return;
	h->flaw = "a header field has an address that is not ASCII";
	h->is_address = true;
}

void
plainhead_address(struct plainhead *h)
{
	struct span rest = span_of(h->mem, h->len), v;
	bool bare = is_bare(rest), first = true;

	for (; rest.len > 0; first = false) {
		struct span ahead = rest;
		enum token kind = next_token(&ahead, &v);

		if (!bare && (kind == TOKEN_WORD || kind == TOKEN_QUOTED)) {
			v = cut_phrase(&rest);
			put_phrase(h, v, first);
			part(h, v, rest);
			continue;
		}
		rest = ahead;
		if (kind == TOKEN_COMMENT) {
			put_comment(h, v);
			continue;
		}
		refuse(h, v);
		plainhead_put(h, v);
	}
}
