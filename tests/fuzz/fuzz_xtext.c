/*
 * fuzz_xtext: what any bytes stand for is printable ASCII, no longer than
 * they are, and its beginning where there is less room; every byte written as
 * "+XX" comes back, or as "?".
 */
#include <assert.h>

#include "codec/xtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 512

static bool
is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

static void
comes_back(struct span s)
{
	static char coded[3 * MOST + 1], mem[MOST + 1];
	struct text t, back;
	struct span got;

	text_init(&t, coded, sizeof(coded));
	for (size_t i = 0; i < s.len; i++) {
		text_chr(&t, '+');
		text_hex(&t, span_of(s.p + i, 1));
	}
	text_init(&back, mem, sizeof(mem));
	xtext_decode(text_data(&t), &back);
	got = text_data(&back);
	assert(!back.cut && got.len == s.len);
	for (size_t i = 0; i < s.len; i++)
		assert(got.p[i] == (is_printable(s.p[i]) ? s.p[i] : '?'));
}

/* In ASCII it is printable, and ASCII again when it is coded once more. */
static void
in_ascii(struct span s)
{
	static char once[9 * MOST + 1], twice[9 * MOST + 1];
	struct text a, b;

	for (unsigned coded = 0; coded < 2; coded++) {
		text_init(&a, once, sizeof(once));
		xtext_from_utf8(s, coded == 1, &a);
		assert(!a.cut && !xtext_is_utf8(text_data(&a)));
		for (size_t i = 0; i < a.len; i++)
			assert(is_printable((uint8_t)once[i]));
		text_init(&b, twice, sizeof(twice));
		xtext_from_utf8(text_data(&a), true, &b);
		assert(span_is(text_data(&a), text_data(&b)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char mem[MOST + 1], less[MOST + 1];
	struct text all, some;
	struct span s;

	if (size > MOST)
		return 0;
	text_init(&all, mem, sizeof(mem));
	xtext_decode(span_of(data, size), &all);
	s = text_data(&all);
	assert(!all.cut && s.len <= size);
	for (size_t i = 0; i < s.len; i++)
		assert(is_printable(s.p[i]));
	for (size_t room = 1; room <= s.len; room++) {
		text_init(&some, less, room);
		xtext_decode(span_of(data, size), &some);
		assert(some.cut && text_data(&some).len < room);
		assert(!memcmp(less, mem, text_data(&some).len));
	}
	comes_back(span_of(data, size));
	in_ascii(span_of(data, size));
	return 0;
}
