/*
 * fuzz_sevenbit: what comes out does not depend on how the message is cut, and
 * needs no further conversion.  The first byte is the size of the pieces.
 */
#include <assert.h>

#include "codec/sevenbit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096
#define OUT_MAX	 ((SEVENBIT_GROWTH + 1) * TEXT_MAX + SEVENBIT_OUT)

static struct sevenbit s;

/* Both passes in pieces of `step`; false: it can't be converted. */
static bool
run(struct span text, size_t step, bool heads, struct text *out)
{
	struct span rest;

	sevenbit_init(&s, heads);
	for (rest = text; rest.len > 0; rest = span_from(rest, step))
		sevenbit_look(&s, span_first(rest, step));
	sevenbit_end(&s, NULL);
	if (sevenbit_flaw(&s) != NULL)
		return false;
	sevenbit_rewind(&s);
	for (rest = text; rest.len > 0; rest = span_from(rest, step)) {
		struct span piece = span_first(rest, step);
		size_t before = out->len;

		sevenbit_feed(&s, piece, out);
		assert(out->len - before
		       <= SEVENBIT_GROWTH * piece.len + SEVENBIT_OUT);
	}
	sevenbit_end(&s, out);
	assert(!out->cut);
	return true;
}

static bool
is_ascii(struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] >= 0x80)
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole_mem[OUT_MAX], cut_mem[OUT_MAX];
	struct text whole, cut;
	struct span text;
	bool good, heads;

	if (size < 1 || size > TEXT_MAX)
		return 0;
	heads = data[0] >= 128;
	text = span_of(data + 1, size - 1);
	text_init(&whole, whole_mem, sizeof(whole_mem));
	text_init(&cut, cut_mem, sizeof(cut_mem));
	good = run(text, TEXT_MAX, heads, &whole);
	assert(run(text, data[0] % 128 + 1u, heads, &cut) == good);
	assert(span_is(text_data(&whole), text_data(&cut)));
	if (!good)
		return 0;
	assert(heads || is_ascii(text_data(&whole)));
	sevenbit_init(&s, heads);
	sevenbit_look(&s, text_data(&whole));
	sevenbit_end(&s, NULL);
	assert(!sevenbit_needed(&s));
	return 0;
}
