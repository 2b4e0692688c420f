/*
 * fuzz_header: what is seen of a header does not depend on how its text is
 * cut.  The first byte is the size of the pieces.
 */
#include <assert.h>

#include "codec/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header whole, cut;
	struct span text, left;
	struct span mark = SPAN("a@b");
	size_t step;

	if (size < 1)
		return 0;
	step = data[0] > 0 ? data[0] : 1;
	text = left = span_of(data + 1, size - 1);
	header_init(&whole);
	header_init(&cut);
	header_feed(&whole, text, mark);
	while (left.len > 0) {
		size_t n = step < left.len ? step : left.len;

		header_feed(&cut, span_first(left, n), mark);
		left = span_from(left, n);
	}
	assert(whole.fields == cut.fields);
	assert(whole.received == cut.received);
	assert(whole.ours == cut.ours && whole.over == cut.over);
	assert(whole.have <= sizeof(whole.line));
	return 0;
}
