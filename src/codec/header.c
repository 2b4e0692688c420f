/* header: line by line; only field names and the start of a value matter. */
#include "codec/header.h"

#include "codec/trace.h"
#include "core/chr.h"

static const struct {
	struct span name;
	unsigned field;
} known[] = {
	{ { (const uint8_t *)"date", 4 }, HEADER_DATE },
	{ { (const uint8_t *)"from", 4 }, HEADER_FROM },
	{ { (const uint8_t *)"message-id", 10 }, HEADER_MESSAGE_ID },
	{ { (const uint8_t *)"mime-version", 12 }, HEADER_MIME_VERSION },
	{ { (const uint8_t *)"subject", 7 }, HEADER_SUBJECT },
};

void
header_init(struct header *h)
{
	memset(h, 0, offsetof(struct header, line));
}

static void
mark_seen(struct header *h)
{
	if (h->n_marks < HEADER_MARKS)
		h->marks[h->n_marks] = h->fed;
	if (h->n_marks <= HEADER_MARKS)
		h->n_marks++;
}

static void
line_seen(struct header *h, struct span mark)
{
	struct span line = span_of(h->line, h->have), name, value;
	size_t colon = span_find(line, ':');

	if (line.len == 0) {
		h->over = true;
		return;
	}
	if (chr_is(line.p[0], CHR_SPACE) || colon == line.len)
		return;
	name = span_trim(span_first(line, colon));
	value = span_trim(span_from(line, colon + 1));
	if (span_is_nocase(name, SPAN("received")))
		h->received++;
	if (span_is_nocase(name, SPAN(TRACE_MARK_NAME)))
		mark_seen(h);
	if (span_is_nocase(name, SPAN("delivered-to")) && mark.len > 0
	    && span_is_nocase(value, mark))
		h->ours = true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is_nocase(name, known[i].name))
			h->fields |= known[i].field;
}

void
header_feed(struct header *h, struct span text, struct span mark)
{
	while (!h->over && text.len > 0) {
		size_t end = span_find(text, '\n');
		size_t keep = sizeof(h->line) - h->have;
		struct span part = span_first(text, end < keep ? end : keep);

		if (part.len > 0)
			memcpy(h->line + h->have, part.p, part.len);
		h->have = (uint8_t)(h->have + part.len);
		h->line_octets += end;
		if (end == text.len)
			return;
		line_seen(h, mark);
		h->fed += h->line_octets + 1;
		h->line_octets = 0;
		h->have = 0;
		text = span_from(text, end + 1);
	}
}
