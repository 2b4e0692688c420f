/* normal: HTML, one octet after the other, through a small machine. */
#include "scan/normal.h"

#include "core/chr.h"

enum state {
	TEXT,
	TAG,	     /* behind "<" */
	DECLARATION, /* "<!": to the next ">" */
	NAME,	     /* of the tag */
	BETWEEN,     /* attributes */
	ATTRIBUTE,
	BEHIND, /* an attribute's name, perhaps before "=" */
	EQUALS, /* before its value */
	VALUE,
	SCRIPT, /* what stands in it: no blanks, no tags */
	SCRIPT_END,
	ENTITY,
};

void
normal_init(struct normal *n, enum normal_form form)
{
	*n = (struct normal) { .form = (uint8_t)form };
}

static void
put(struct normal *n, uint8_t c)
{
	n->out[n->len++] = c;
}

/* A character of the text itself. */
static void
put_text(struct normal *n, uint8_t c)
{
	if (normal_is_white(c) || (c < ' ' && n->form == NORMAL_NO_TAGS)) {
		if (!n->blank)
			put(n, ' ');
		n->blank = true;
		return;
	}
	put(n, chr_lower(c));
	n->blank = false;
}

/* A character of an attribute's value. */
static void
put_value(struct normal *n, uint8_t c)
{
	if (n->form == NORMAL_HTML)
		put(n, chr_lower(c));
	else if (n->shown)
		put(n, c);
}

/* A character of a tag. */
static void
put_tag(struct normal *n, uint8_t c)
{
	if (n->form == NORMAL_HTML)
		put(n, chr_lower(c));
}

/* ---- characters beyond ASCII, in text and scripts ---- */

/* A full stop of Chinese or Japanese, in UTF-8, or two of Big5. */
static bool
is_full_stop(const struct normal *n, uint8_t behind)
{
	struct span s = span_of(n->wide, n->wide_len);

	return span_is(s, SPAN("\xe3\x80\x82"))
	       || span_is(s, SPAN("\xef\xbc\x8e"))
	       || span_is(s, SPAN("\xef\xb9\x92"))
	       || (span_is(s, SPAN("\xa1"))
		   && (behind == 'C' || behind == 'D' || behind == 'O'));
}

/*
 * They have ended before `c`; true: it is one of them.  Without tags ClamAV
 * writes the last but one octet for the last, for one alone a zero.
 */
static bool
put_wide(struct normal *n, uint8_t c)
{
	bool stop = is_full_stop(n, c), used = stop && n->wide_len == 1;

	if (stop) {
		put(n, '.');
	} else {
		if (n->form == NORMAL_NO_TAGS)
			n->wide[n->wide_len - 1] =
			    n->wide_len > 1 ? n->wide[n->wide_len - 2] : 0;
		for (unsigned i = 0; i < n->wide_len; i++)
			put(n, n->wide[i]);
	}
	if (n->form == NORMAL_HTML)
		n->blank = false;
	n->wide_len = 0;
	return used;
}

/* Is `c` such a character's? */
static bool
in_wide(struct normal *n, uint8_t c)
{
	if (n->wide_len > 0 && (c < 0x80 || n->wide_len == sizeof(n->wide))
	    && put_wide(n, c))
		return true;
	if (c < 0x80 || (n->state != TEXT && n->state != SCRIPT))
		return false;
	n->wide[n->wide_len++] = c;
	n->matched = 0;
	return true;
}

/* ---- named characters ---- */

static void
put_code(struct normal *n, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";

	if (code < 256) {
		put_value(n, (uint8_t)code);
		return;
	}
	put(n, '&');
	put(n, '#');
	put(n, 'x');
	for (int shift = 12; shift >= 0; shift -= 4)
		put(n, (uint8_t)digits[code >> shift & 15]);
	put(n, ';');
}

/* It was none: what has been read stands for itself. */
static void
put_no_entity(struct normal *n)
{
	if (n->form == NORMAL_NO_TAGS && !n->shown) {
		if (n->back == TEXT)
			put_text(n, ' ');
		return;
	}
	put(n, '&');
	for (unsigned i = 0; i < n->entity_len; i++)
		put(n, chr_lower((uint8_t)n->entity[i]));
	n->blank = false;
}

/* It has ended with ";". */
static void
put_entity(struct normal *n)
{
	static const struct {
		const char *name;
		uint8_t c;
	} names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "nbsp", 0xa0 } };
	struct span s = span_of(n->entity, n->entity_len);

	if (n->form == NORMAL_NO_TAGS && !n->shown) {
		if (n->back == TEXT)
			put_text(n, ' ');
		return;
	}
	n->blank = false;
	if (span_starts(s, SPAN("#"))) {
		put_code(n, normal_code(s));
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(s, span_str(names[i].name))) {
			put(n, names[i].c);
			return;
		}
	put_no_entity(n);
	put(n, ';');
}

static void
begin_entity(struct normal *n)
{
	n->back = n->state;
	n->state = ENTITY;
	n->entity_len = 0;
}

/* ---- the machine; each state's function returns: was `c` used? ---- */

static bool
in_entity(struct normal *n, uint8_t c)
{
	bool fits = chr_is(c, CHR_DIGIT | CHR_UPPER | CHR_LOWER) || c == '#';

	if (fits && n->entity_len < sizeof(n->entity) - 1) {
		n->entity[n->entity_len++] = (char)c;
		return true;
	}
	n->state = n->back;
	if (c != ';') {
		put_no_entity(n);
		return false;
	}
	put_entity(n);
	return true;
}

static void
in_text(struct normal *n, uint8_t c)
{
	if (c == '<')
		n->state = TAG;
	else if (c == '&')
		begin_entity(n);
	else
		put_text(n, c);
}

/* An address stands between blanks. */
static void
end_value(struct normal *n)
{
	if (n->shown)
		put(n, ' ');
	n->blank |= n->shown;
	n->shown = false;
}

static void
end_tag(struct normal *n)
{
	struct span name = span_of(n->word, n->word_len);

	end_value(n);
	put_tag(n, '>');
	if (n->form == NORMAL_HTML)
		n->blank = true;
	n->matched = 0;
	n->state = span_is(name, SPAN("script")) || span_is(name, SPAN("style"))
		       ? SCRIPT
		       : TEXT;
}

static void
in_name(struct normal *n, uint8_t c)
{
	if (normal_is_white(c)) {
		n->state = BETWEEN;
		return;
	}
	if (c == '>') {
		end_tag(n);
		return;
	}
	put_tag(n, c);
	if (n->word_len < sizeof(n->word))
		n->word[n->word_len++] = (char)chr_lower(c);
}

static void
in_tag(struct normal *n, uint8_t c)
{
	if (normal_is_white(c))
		return;
	if (n->form == NORMAL_NO_TAGS)
		put_text(n, ' ');
	if (c == '!') {
		n->state = DECLARATION;
		return;
	}
	put_tag(n, '<');
	n->word_len = 0;
	n->state = NAME;
	in_name(n, c);
}

static void
in_attributes(struct normal *n, uint8_t c)
{
	bool inside = n->state == ATTRIBUTE;

	if (normal_is_white(c)) {
		if (inside)
			n->state = BEHIND;
		return;
	}
	if (c == '>') {
		end_tag(n);
		return;
	}
	if (c == '=' && n->state != BETWEEN) {
		put_tag(n, c);
		n->state = EQUALS;
		return;
	}
	if (!inside) {
		put_tag(n, ' ');
		n->attribute_len = 0;
	}
	put_tag(n, c);
	if (n->attribute_len < sizeof(n->attribute))
		n->attribute[n->attribute_len++] = (char)chr_lower(c);
	n->state = ATTRIBUTE;
}

static void
in_value(struct normal *n, uint8_t c)
{
	if (n->quote == 0 && c == '>') {
		end_tag(n);
		return;
	}
	if (n->quote == 0 ? normal_is_white(c) : c == n->quote) {
		if (n->quote != 0)
			put_tag(n, '"');
		end_value(n);
		n->state = BETWEEN;
		return;
	}
	if (c == '&') {
		begin_entity(n);
		return;
	}
	if (n->form == NORMAL_NO_TAGS && !n->shown)
		return;
	if (!normal_is_white(c) || !n->blank)
		put_value(n, normal_is_white(c) ? ' ' : c == '\'' ? '"' : c);
	n->blank = normal_is_white(c);
}

static bool
is_address(const struct normal *n)
{
	struct span tag = span_of(n->word, n->word_len);
	struct span name = span_of(n->attribute, n->attribute_len);

	return span_is(tag, SPAN("a"))
		   ? span_is(name, SPAN("href"))
		   : span_is(tag, SPAN("img")) && span_is(name, SPAN("src"));
}

static void
before_value(struct normal *n, uint8_t c)
{
	if (normal_is_white(c))
		return;
	n->state = VALUE;
	n->shown = n->form == NORMAL_NO_TAGS && is_address(n);
	if (n->form == NORMAL_HTML || n->shown)
		n->blank = false;
	n->quote = c == '"' || c == '\'' ? c : 0;
	if (n->quote != 0)
		put_tag(n, '"');
	else
		in_value(n, c);
}

/* Up to "</script" or "</style", whose end is a tag's. */
static void
in_script(struct normal *n, uint8_t c)
{
	static const char script[] = "</script", style[] = "</style";
	char low = (char)chr_lower(c);

	if (normal_is_white(c))
		return;
	put_tag(n, c);
	if (low == script[n->matched] || low == style[n->matched])
		n->matched++;
	else
		n->matched = low == '<';
	if ((low == 't' && n->matched == sizeof(script) - 1)
	    || (low == 'e' && n->matched == sizeof(style) - 1))
		n->state = SCRIPT_END;
}

/* Anything else than ">" there is text to ClamAV. */
static void
behind_script(struct normal *n, uint8_t c)
{
	n->word_len = 0;
	n->state = TEXT;
	if (c == '>')
		end_tag(n);
	else if (!normal_is_white(c) || n->form == NORMAL_NO_TAGS)
		in_text(n, c);
	else
		n->blank = true;
}

static void
feed_html(struct normal *n, uint8_t c)
{
	if (c == 0 || (n->state == ENTITY && in_entity(n, c)) || in_wide(n, c))
		return;
	switch ((enum state)n->state) {
	case TEXT:
	case ENTITY:
		in_text(n, c);
		break;
	case TAG:
		in_tag(n, c);
		break;
	case DECLARATION:
		if (c != '>')
			break;
		n->state = TEXT;
		n->blank |= n->form == NORMAL_HTML;
		break;
	case NAME:
		in_name(n, c);
		break;
	case BETWEEN:
	case ATTRIBUTE:
	case BEHIND:
		in_attributes(n, c);
		break;
	case EQUALS:
		before_value(n, c);
		break;
	case VALUE:
		in_value(n, c);
		break;
	case SCRIPT:
		in_script(n, c);
		break;
	case SCRIPT_END:
		behind_script(n, c);
		break;
	}
}

size_t
normal_feed(struct normal *n, struct span in)
{
	size_t i;

	if (n->form == NORMAL_TEXT)
		return normal_text(n, in);
	for (i = 0; i < in.len && n->cap - n->len >= NORMAL_LEAST; i++)
		feed_html(n, in.p[i]);
	return i;
}
