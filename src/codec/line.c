/* line: finds the LF, then judges what stands before it. */
#include "codec/line.h"

static enum line_flaw
judge(struct span *text)
{
	bool crlf = text->len > 0 && text->p[text->len - 1] == '\r';

	if (crlf)
		text->len--;
	if (span_find(*text, 0) < text->len)
		return LINE_NUL;
	if (!crlf || span_find(*text, '\r') < text->len)
		return LINE_BARE;
	return LINE_OK;
}

static void
too_long(struct span window, bool unfinished, bool *skip, struct line *l)
{
	l->flaw = LINE_LONG;
	*skip = unfinished;
	if (unfinished)
		l->used = window.len;
}

/* Drop the rest of a long line; how many bytes that were. */
static size_t
skip_tail(struct span window, bool *skip)
{
	size_t at = span_find(window, '\n');

	if (at == window.len)
		return at;
	*skip = false;
	return at + 1;
}

bool
line_next(struct span window, size_t max, bool *skip, struct line *l)
{
	size_t skipped = *skip ? skip_tail(window, skip) : 0;
	struct span rest = span_from(window, skipped);
	size_t at = span_find(rest, '\n');

	*l = (struct line) { .text = rest, .used = skipped };
	if (at == rest.len && at <= max + 1)
		return false;
	if (at < rest.len) {
		l->text.len = at;
		l->used += at + 1;
		l->flaw = judge(&l->text);
	}
	if (l->text.len > max) {
		too_long(window, at == rest.len, skip, l);
		l->text = span_first(rest, max < LINE_HEAD ? max : LINE_HEAD);
	}
	return true;
}
