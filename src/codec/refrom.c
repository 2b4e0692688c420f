/* refrom: a filter on the header. */
#include "codec/refrom.h"

#include "core/chr.h"

void
refrom_init(struct refrom *r, struct span address)
{
	memset(r, 0, offsetof(struct refrom, old));
	r->address = address;
	pieces_init(&r->lines);
}

/* The name in front of "<": its length, 0 where there is none to keep. */
static size_t
name_len(struct span old)
{
	bool quoted = false;

	for (size_t i = 0; i < old.len; i++) {
		uint8_t c = old.p[i];

		if (c == '\\' && quoted)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '<')
			return span_trim(span_first(old, i)).len;
		else if (!quoted && memchr(",;:@(", c, 5) != NULL)
			return 0;
	}
	return 0;
}

/* All of the old From has been seen: the new one. */
static void
put_from(struct refrom *r, struct text *out)
{
	struct span old = span_trim(span_of(r->old, r->old_len));
	size_t name = r->cut ? 0 : name_len(old);

	text_str(out, "From: ");
	text_span(out, span_first(old, name));
	text_str(out, name > 0 ? " <" : "<");
	text_span(out, r->address);
	text_str(out, ">\n");
	r->in_from = false;
	r->has_from = true;
}

static void
end_header(struct refrom *r, struct text *out)
{
	struct span old = span_trim(span_of(r->old, r->old_len));

	if (r->in_from || !r->has_from)
		put_from(r, out);
	if (!r->has_reply_to && !r->cut && old.len > 0) {
		text_str(out, "Reply-To: ");
		text_span(out, old);
		text_chr(out, '\n');
	}
	r->over = true;
}

static void
keep_old(struct refrom *r, struct span s)
{
	if (r->old_len + s.len > sizeof(r->old)) {
		r->cut = true;
		return;
	}
	if (s.len > 0)
		memcpy(r->old + r->old_len, s.p, s.len);
	r->old_len = (uint16_t)(r->old_len + s.len);
}

/* Is it the field with this name ("from:"), blanks before the colon or not? */
static bool
is_field(struct span line, struct span name)
{
	size_t colon = span_find(line, ':');

	return colon < line.len
	       && span_is_nocase(span_trim(span_first(line, colon)), name);
}

static void
begin_field(struct refrom *r, struct span *line, struct text *out)
{
	if (r->in_from)
		put_from(r, out);
	r->skipping = false;
	if (is_field(*line, SPAN("reply-to"))) {
		r->has_reply_to = true;
	} else if (is_field(*line, SPAN("from"))) {
		r->skipping = r->has_from;
		r->in_from = !r->has_from;
		*line = span_from(*line, span_find(*line, ':') + 1);
	}
}

static void
head_piece(struct refrom *r, const struct piece *p, struct text *out)
{
	struct span text = p->text;
	bool fold = text.len > 0 && chr_is(text.p[0], CHR_SPACE);

	if (p->first && text.len == 0)
		end_header(r, out);
	else if (p->first && fold && r->in_from)
		keep_old(r, SPAN("\n"));
	else if (p->first && !fold)
		begin_field(r, &text, out);
	if (r->in_from) {
		keep_old(r, text);
	} else if (!r->skipping) {
		text_span(out, text);
		if (p->last)
			text_chr(out, '\n');
	}
}

void
refrom_feed(struct refrom *r, struct span in, struct text *out)
{
	struct piece p;

	while (!r->over && pieces_next(&r->lines, &in, &p))
		head_piece(r, &p, out);
	if (r->over)
		text_span(out, in);
}

void
refrom_end(struct refrom *r, struct text *out)
{
	struct piece p;

	if (!r->over && pieces_end(&r->lines, &p))
		head_piece(r, &p, out);
	if (!r->over)
		end_header(r, out);
}
