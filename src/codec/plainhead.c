/*
 * plainhead: fields, and what their values consist of.  The forms that take
 * the place of what is not ASCII are made in plainhead_words.c,
 * plainhead_address.c and plainhead_value.c.
 */
#include "codec/plainhead.h"

#include "core/chr.h"

static const char too_long[] = "a header field has a part that is too long";

void
plainhead_init(struct plainhead *h)
{
	memset(h, 0, offsetof(struct plainhead, mem));
}

void
plainhead_rewind(struct plainhead *h)
{
	h->open = h->end_due = false;
}

void
plainhead_charset(struct plainhead *h, struct span name)
{
	struct text t;

	if (h->charset[0] != '\0' || name.len == 0 || name.len > ENCWORD_CHARSET
	    || span_is_nocase(name, SPAN("utf-8"))
	    || span_is_nocase(name, SPAN("us-ascii")))
		return;
	for (size_t i = 0; i < name.len; i++)
		if (!chr_is(name.p[i], CHR_NAME) && name.p[i] != '.')
			return;
	text_init(&t, h->charset, sizeof(h->charset));
	text_span(&t, name);
}

struct span
plainhead_set(const struct plainhead *h)
{
	if (!h->not_utf8)
		return SPAN("utf-8");
	return h->charset[0] != '\0' ? span_str(h->charset)
				     : SPAN("unknown-8bit");
}

void
plainhead_put(struct plainhead *h, struct span v)
{
	if (h->out != NULL)
		text_span(h->out, v);
}

/* ---- survey: is it UTF-8? ---- */

static void
judge_octet(struct plainhead *h, uint8_t c)
{
	bool follows = (c & 0xc0) == 0x80;

	if (c >= 0x80)
		h->needed = true;
	if (follows != (h->more > 0)) {
		h->not_utf8 = true;
		h->more = 0;
	} else if (follows) {
		h->more--;
	} else if (c >= 0xc2 && c < 0xf5) {
		h->more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	} else if (c >= 0x80) {
		h->not_utf8 = true;
	}
}

/* ---- elements ---- */

static void
begin_element(struct plainhead *h)
{
	h->len = 0;
	h->high = h->raw = false;
	h->quoted = h->escaped = h->angle = false;
	h->comment = 0;
}

static void
end_element(struct plainhead *h)
{
	if (!h->high)
		plainhead_put(h, span_of(h->mem, h->len));
	else if (h->kind == PLAINHEAD_ADDRESSES)
		plainhead_address(h);
	else
		plainhead_value(h);
	h->first = false;
	begin_element(h);
}

/* Quotes, comments and <>: within them nothing separates. */
static bool
is_within(struct plainhead *h, uint8_t c)
{
	bool escaped = h->escaped;

	h->escaped = !escaped && c == '\\' && (h->quoted || h->comment > 0);
	if (h->comment > 0) {
		h->comment += !escaped && c == '(';
		h->comment -= !escaped && c == ')';
	} else if (h->quoted) {
		h->quoted = escaped || c != '"';
	} else if (c == '"') {
		h->quoted = true;
	} else if (c == '(') {
		h->comment = 1;
	} else if (h->kind == PLAINHEAD_ADDRESSES && (c == '<' || c == '>')) {
		h->angle = c == '<';
	} else {
		return h->angle;
	}
	return true;
}

static bool
is_separator(const struct plainhead *h, uint8_t c)
{
	if (h->kind == PLAINHEAD_VALUES)
		return c == ';';
	return c == ',' || c == ';' || c == ':';
}

static void
keep(struct plainhead *h, uint8_t c)
{
	h->high = h->high || c >= 0x80;
	if (h->len == sizeof(h->mem)) {
		h->raw = true;
		plainhead_put(h, span_of(h->mem, h->len));
		h->len = 0;
	}
	if (h->raw && h->high) {
		h->flaw = too_long;
		h->high = false;
	}
	h->mem[h->len++] = (char)c;
}

static void
element_octet(struct plainhead *h, uint8_t c)
{
	if (is_within(h, c) || !is_separator(h, c)) {
		keep(h, c);
		return;
	}
	end_element(h);
	plainhead_put(h, span_of(&c, 1));
}

/* ---- fields ---- */

static const struct {
	enum plainhead_kind kind;
	const char *names;
} kinds[] = {
	{ PLAINHEAD_ADDRESSES,
	    "from,to,cc,bcc,reply-to,sender,resent-from,resent-to,resent-cc,"
	    "resent-bcc,resent-sender,resent-reply-to,errors-to,"
	    "disposition-notification-to,return-receipt-to,"
	    "mail-followup-to,mail-reply-to" },
	{ PLAINHEAD_VALUES, "content-type,content-disposition" },
	{ PLAINHEAD_MARKS,
	    "received,return-path,delivered-to,x-original-to,message-id,"
	    "in-reply-to,references,resent-message-id,content-id,date,"
	    "resent-date,mime-version,dkim-signature,"
	    "authentication-results" },
};

static enum plainhead_kind
kind_of(struct span name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct span names = span_str(kinds[i].names), one;

		while (span_next(&names, ',', &one))
			if (span_is_nocase(name, one))
				return kinds[i].kind;
	}
	return PLAINHEAD_WORDS;
}

static void
value_octet(struct plainhead *h, uint8_t c)
{
	if (h->kind == PLAINHEAD_WORDS)
		plainhead_word(h, c);
	else if (h->kind == PLAINHEAD_MARKS)
		plainhead_put(h, c < 0x80 ? span_of(&c, 1) : SPAN("?"));
	else
		element_octet(h, c);
}

static void
end_field(struct plainhead *h)
{
	if (!h->open)
		return;
	if (h->more > 0)
		h->not_utf8 = true;
	h->more = 0;
	if (h->kind == PLAINHEAD_WORDS)
		plainhead_words_end(h);
	else if (h->kind != PLAINHEAD_MARKS)
		end_element(h);
	if (h->end_due)
		plainhead_put(h, SPAN("\n"));
	h->open = h->end_due = false;
}

/* A line that begins no field is words from its first octet on. */
static struct span
begin_field(struct plainhead *h, struct span line)
{
	size_t colon = span_find(line, ':');
	struct span name = span_first(line, colon + 1);

	h->open = true;
	h->running = h->was_encoded = h->maybe = false;
	h->blank = h->first = true;
	begin_element(h);
	h->kind = PLAINHEAD_WORDS;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] >= 0x80)
			return line;
	if (colon == line.len)
		return line;
	h->kind = kind_of(span_trim(span_first(line, colon)));
	h->blank = false;
	plainhead_put(h, name);
	return span_from(line, colon + 1);
}

void
plainhead_line(struct plainhead *h, const struct piece *p, struct text *out)
{
	struct span v = p->text;
	bool fold = v.len > 0 && chr_is(v.p[0], CHR_SPACE);

	h->out = out;
	if (p->first && !(fold && h->open))
		end_field(h);
	for (size_t i = 0; out == NULL && i < v.len; i++)
		judge_octet(h, v.p[i]);
	if (!h->open)
		v = begin_field(h, v);
	else if (p->first)
		value_octet(h, '\n');
	for (size_t i = 0; i < v.len; i++)
		value_octet(h, v.p[i]);
	h->end_due = p->last;
}

void
plainhead_end(struct plainhead *h, struct text *out)
{
	h->out = out;
	end_field(h);
}
