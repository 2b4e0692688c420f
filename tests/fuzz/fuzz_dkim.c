/*
 * fuzz_dkim: hashes and the sender's domain do not depend on how the message
 * is cut, and both take what refrom makes of it.  The first byte is the size
 * of the pieces.
 */
#include <assert.h>

#include "codec/dkim.h"
#include "codec/refrom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096

static void
run(struct dkim *d, struct span text, size_t step)
{
	dkim_init(d);
	for (; text.len > 0; text = span_from(text, step))
		dkim_feed(d, span_first(text, step));
	dkim_end(d);
}

static void
refrom(struct span text, size_t step, struct text *out)
{
	static struct refrom r;

	refrom_init(&r, SPAN("box@x.example"));
	for (; text.len > 0; text = span_from(text, step)) {
		struct span piece = span_first(text, step);
		size_t before = out->len;

		refrom_feed(&r, piece, out);
		assert(out->len - before <= piece.len + REFROM_OUT);
	}
	refrom_end(&r, out);
	assert(!out->cut);
}

static void
check(struct span text, size_t step)
{
	static struct dkim whole, cut;
	uint8_t one[64], other[64];
	static struct dkim_walk w, v;
	struct span domain, same;
	int got = 1;

	run(&whole, text, TEXT_MAX * 2);
	run(&cut, text, step);
	br_sha256_out(&whole.head.sha, one);
	br_sha256_out(&whole.body.sha, one + 32);
	br_sha256_out(&cut.head.sha, other);
	br_sha256_out(&cut.body.sha, other + 32);
	assert(memcmp(one, other, sizeof(one)) == 0);
	assert(whole.order_n <= DKIM_FIELDS);
	dkim_walk(&w, &whole);
	dkim_walk(&v, &cut);
	while (got == 1) {
		got = dkim_next(&w, &domain);
		assert(got == dkim_next(&v, &same) && w.why == v.why);
		assert(got != 1 || (domain.len > 0 && span_is(domain, same)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char mem[2][TEXT_MAX + 2 * REFROM_OUT];
	struct text whole, cut;
	struct span text;

	if (size < 1 || size > TEXT_MAX)
		return 0;
	text = span_of(data + 1, size - 1);
	check(text, data[0] + 1u);
	text_init(&whole, mem[0], sizeof(mem[0]));
	text_init(&cut, mem[1], sizeof(mem[1]));
	refrom(text, TEXT_MAX, &whole);
	refrom(text, data[0] + 1u, &cut);
	assert(span_is(text_data(&whole), text_data(&cut)));
	check(text_data(&whole), data[0] + 1u);
	return 0;
}
