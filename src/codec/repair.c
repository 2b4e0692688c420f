/* repair: a filter on the header; the body passes unseen. */
#include "codec/repair.h"

#include "codec/header.h"
#include "core/chr.h"

static const struct {
	struct span name;
	enum header_field field;
} known[] = {
	{ { (const uint8_t *)"Date:", 5 }, HEADER_DATE },
	{ { (const uint8_t *)"From:", 5 }, HEADER_FROM },
	{ { (const uint8_t *)"Message-ID:", 11 }, HEADER_MESSAGE_ID },
	{ { (const uint8_t *)"MIME-Version:", 13 }, HEADER_MIME_VERSION },
};

void
repair_init(struct repair *r, struct span date, struct span id,
    struct span from, bool force)
{
	*r = (struct repair) { .date = date,
		.id = id,
		.from = from,
		.force = force && from.len > 0 };
}

void
repair_blind(struct repair *r)
{
	*r = (struct repair) { .blind = true };
}

void
repair_gap(struct repair *r)
{
	*r = (struct repair) { .blind = true, .gap = true };
}

static void
add(struct text *out, const char *name, struct span value)
{
	text_str(out, name);
	text_span(out, value);
	text_chr(out, '\n');
}

static void
add_missing(struct repair *r, struct text *out)
{
	r->over = true;
	if (r->blind)
		return;
	if (!(r->fields & HEADER_DATE))
		add(out, "Date: ", r->date);
	if (r->from.len > 0 && (r->force || !(r->fields & HEADER_FROM)))
		add(out, "From: ", r->from);
	if (!(r->fields & HEADER_MESSAGE_ID))
		add(out, "Message-ID: ", r->id);
	if (!(r->fields & HEADER_MIME_VERSION))
		add(out, "MIME-Version: ", SPAN("1.0"));
}

/* The year of a date: the first four digits in a row; 0: none. */
static uint64_t
year_of(struct span date)
{
	uint64_t n;

	for (; date.len >= 4; date = span_from(date, 1))
		if (!span_u64(span_first(date, 4), 9999, &n) && n > 999)
			return n;
	return 0;
}

static bool
is_lost_clock(const struct repair *r, struct span line)
{
	uint64_t year = year_of(line);

	return year > 0 && year + 1 < year_of(r->date);
}

/* A name and a colon at the front; or perhaps one, if more is to come. */
static bool
may_be_field(struct span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.p[i] == ':')
			return i > 0;
		if (line.p[i] <= ' ' || line.p[i] > '~')
			return false;
	}
	return line.len == REPAIR_LINE;
}

/* The first line of a mailbox's entry, which some programs send along. */
static bool
is_envelope(struct span line)
{
	return span_starts_nocase(line, SPAN("From "))
	       || span_starts_nocase(line, SPAN(">From "));
}

static void
note_field(struct repair *r, struct text *out)
{
	struct span line = span_of(r->line, r->have);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		unsigned field = known[i].field;

		if (r->blind || !span_starts_nocase(line, known[i].name))
			continue;
		if ((field == HEADER_FROM && r->force)
		    || (field == HEADER_DATE && is_lost_clock(r, line)))
			text_str(out, "X-Original-");
		if (field != HEADER_DATE || !is_lost_clock(r, line))
			r->fields |= field;
	}
	r->any = true;
	r->dropping = span_starts_nocase(line, SPAN("Bcc:"))
		      || span_starts_nocase(line, SPAN("Resent-Bcc:"));
}

/*
 * Enough of the line is known.  What is neither a field nor the rest of one
 * is the body of a message whose author forgot the empty line.
 */
static void
judge(struct repair *r, struct text *out)
{
	struct span line = span_of(r->line, r->have);
	bool folded = r->any && (line.p[0] == ' ' || line.p[0] == '\t');

	if (line.p[0] == '\n') {
		add_missing(r, out);
	} else if (!r->any && is_envelope(line)) {
		r->any = true;
	} else if (!folded
		   && !may_be_field(span_first(line, span_find(line, '\n')))) {
		add_missing(r, out);
		if (!r->blind || !r->any)
			text_chr(out, '\n');
	} else if (!folded) {
		note_field(r, out);
	}
	r->over |= r->gap;
	if (r->over || !r->dropping)
		text_span(out, line);
	r->mid_line = line.p[line.len - 1] != '\n';
	r->have = 0;
}

/* The line is clear: pass it on up to its end. */
static void
pass(struct repair *r, struct span *in, struct text *out)
{
	size_t most = out->cap - out->len;
	struct span piece = span_first(*in, most);
	size_t end = r->over ? piece.len : span_find(piece, '\n');

	if (!r->over && end < piece.len) {
		r->mid_line = false;
		end++;
	}
	if (r->over || !r->dropping)
		text_span(out, span_first(piece, end));
	*in = span_from(*in, end);
}

void
repair_feed(struct repair *r, struct span *in, struct text *out)
{
	while (in->len > 0 && out->cap - out->len >= REPAIR_OUT) {
		if (r->over || r->mid_line) {
			pass(r, in, out);
			continue;
		}
		r->line[r->have++] = in->p[0];
		*in = span_from(*in, 1);
		if (r->have == REPAIR_LINE || r->line[r->have - 1] == '\n')
			judge(r, out);
	}
}

void
repair_end(struct repair *r, struct text *out)
{
	if (r->have > 0)
		judge(r, out);
	if (!r->over)
		add_missing(r, out);
}
