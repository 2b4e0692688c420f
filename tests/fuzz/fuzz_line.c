/*
 * fuzz_line: lines are the same whether the window comes whole or grows by
 * the steps that the input chooses, and each is what a naive reader finds.
 */
#include <assert.h>

#include "codec/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX_HERE 24

struct reader {
	struct span left;
	bool skip;
};

/* Next line of a window that holds everything up to `end`. */
static bool
take(struct reader *r, size_t room, struct line *l)
{
	bool got =
	    line_next(span_first(r->left, room), LINE_MAX_HERE, &r->skip, l);

	assert(l->used <= r->left.len);
	r->left = span_from(r->left, l->used);
	return got;
}

static void
check_text(const struct line *l)
{
	assert(l->text.len <= LINE_MAX_HERE);
	if (l->flaw == LINE_LONG)
		assert(l->text.len <= LINE_HEAD);
	if (l->flaw != LINE_OK)
		return;
	assert(span_find(l->text, '\r') == l->text.len);
	assert(span_find(l->text, '\n') == l->text.len);
	assert(span_find(l->text, 0) == l->text.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader whole = { span_of(data, size), false };
	struct reader grown = whole;
	struct line a, b;
	size_t room = 0;

	while (take(&whole, whole.left.len, &a)) {
		check_text(&a);
		while (!take(&grown, room, &b)) {
			room = room > b.used ? room - b.used : 0;
			assert(room < grown.left.len);
			room += 1 + grown.left.p[room] % 5U;
			if (room > grown.left.len)
				room = grown.left.len;
		}
		room = room > b.used ? room - b.used : 0;
		assert(a.flaw == b.flaw && a.text.len == b.text.len);
		assert(
		    a.text.len == 0 || !memcmp(a.text.p, b.text.p, a.text.len));
	}
	return 0;
}
