/*
 * reply: lines into one reply.  It knows no commands and judges no code
 * beyond its form; LF alone is taken as a line end, as replies carry no mail.
 */
#include "proto/reply.h"

#include "core/chr.h"

void
reply_begin(struct reply *r)
{
	r->code = 0;
	memset(r->enhanced, 0, sizeof(r->enhanced));
	r->text_len = r->lines = r->line_len = r->skipped = 0;
	r->line_done = r->done = r->bad = false;
}

/* Three digits with the first of 2 to 5, or 0. */
static unsigned
code_of(struct span line)
{
	uint64_t n;

	if (line.len < 3 || span_u64(span_first(line, 3), 599, &n) || n < 200)
		return 0;
	return (unsigned)n;
}

/* Read "5.7.1 " at the front of `*words` and cut it off. */
static void
take_enhanced(struct reply *r, struct span *words)
{
	struct span head = span_first(*words, span_find(*words, ' '));
	size_t len = head.len;
	uint64_t n[3];
	struct span part;

	for (unsigned i = 0; i < 3; i++) {
		if (!span_next(&head, '.', &part) || span_u64(part, 999, &n[i]))
			return;
	}
	if (head.p != NULL || n[0] != r->code / 100u)
		return;
	if (r->enhanced[0] == 0) {
		for (unsigned i = 0; i < 3; i++)
			r->enhanced[i] = (uint16_t)n[i];
	}
	*words = span_trim(span_from(*words, len));
}

static void
keep_words(struct reply *r, struct span words)
{
	if (r->text_len > 0 && r->text_len < sizeof(r->text) && words.len > 0)
		r->text[r->text_len++] = ' ';
	for (size_t i = 0; i < words.len; i++) {
		if (r->text_len == sizeof(r->text))
			return;
		r->text[r->text_len++] =
		    chr_is(words.p[i], CHR_PRINT) ? (char)words.p[i] : '?';
	}
}

struct span
reply_line(const struct reply *r)
{
	return span_from(span_of(r->line, r->line_len), 4);
}

struct span
reply_words(const struct reply *r)
{
	return span_of(r->text, r->text_len);
}

static enum reply_event
bad(struct reply *r)
{
	r->bad = true;
	return REPLY_BAD;
}

static enum reply_event
end_line(struct reply *r)
{
	struct span words;
	unsigned code;
	uint8_t sep;

	r->line_done = true;
	while (r->line_len > 0 && r->line[r->line_len - 1] == '\r')
		r->line_len--;
	code = code_of(span_of(r->line, r->line_len));
	sep = r->line_len > 3 ? r->line[3] : ' ';
	if (code == 0 || (r->lines > 0 && code != r->code)
	    || (sep != ' ' && sep != '-') || r->lines == REPLY_LINES)
		return bad(r);
	r->code = (uint16_t)code;
	r->lines++;
	words = span_trim(reply_line(r));
	take_enhanced(r, &words);
	keep_words(r, words);
	r->done = sep == ' ';
	return r->done ? REPLY_DONE : REPLY_LINE;
}

enum reply_event
reply_feed(struct reply *r, struct span *bytes)
{
	if (r->bad)
		return REPLY_BAD;
	if (r->done)
		reply_begin(r);
	if (r->line_done)
		r->line_len = r->skipped = 0;
	r->line_done = false;
	while (bytes->len > 0) {
		uint8_t c = bytes->p[0];

		*bytes = span_from(*bytes, 1);
		if (c == '\n')
			return end_line(r);
		if (r->line_len < sizeof(r->line))
			r->line[r->line_len++] = c;
		else if (r->skipped++ == REPLY_SKIP)
			return bad(r);
	}
	return REPLY_MORE;
}

void
reply_set(struct reply *r, unsigned code, unsigned subject, unsigned detail,
    const char *words)
{
	unsigned kind = code >= 200 ? code / 100 : 4;

	reply_begin(r);
	r->code = (uint16_t)code;
	r->enhanced[0] = (uint16_t)kind;
	r->enhanced[1] = (uint16_t)subject;
	r->enhanced[2] = (uint16_t)detail;
	keep_words(r, span_str(words));
	r->done = true;
}
