/*
 * fuzz_repair: what a device's header becomes does not depend on how its text
 * is cut, the body passes unchanged, and refrom takes the result.  The first
 * octet is the size of the pieces and whether From is forced.
 */
#include <assert.h>

#include "codec/refrom.h"
#include "codec/repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 2048

static struct span
repaired(struct span in, size_t piece, bool force, char *mem, size_t cap)
{
	struct repair r;
	struct text out;

	text_init(&out, mem, cap);
	repair_init(&r, SPAN("Sun, 22 Nov 2026 16:00:00 +0000"), SPAN("<i@h>"),
	    force ? SPAN("box@h.example") : SPAN(""), force);
	while (in.len > 0) {
		struct span one = span_first(in, piece);

		in = span_from(in, piece);
		while (one.len > 0)
			repair_feed(&r, &one, &out);
	}
	repair_end(&r, &out);
	assert(!out.cut);
	return text_data(&out);
}

static struct span
renamed(struct span in, size_t piece, char *mem, size_t cap)
{
	static struct refrom r;
	struct text out;

	text_init(&out, mem, cap);
	refrom_init(&r, SPAN("other@isp.example"));
	for (; in.len > 0; in = span_from(in, piece))
		refrom_feed(&r, span_first(in, piece), &out);
	refrom_end(&r, &out);
	assert(!out.cut);
	return text_data(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole[8 * MOST], parts[8 * MOST], a[16 * MOST],
	    b[16 * MOST];
	struct span in = span_from(span_of(data, size), 1), out, again;
	size_t piece;
	bool force;

	if (size < 2 || size > MOST)
		return 0;
	piece = (data[0] & 127u) + 1;
	force = data[0] >> 7;
	out = repaired(in, in.len, force, whole, sizeof(whole));
	again = repaired(in, piece, force, parts, sizeof(parts));
	assert(out.len == again.len && !memcmp(out.p, again.p, out.len));
	out = renamed(out, out.len, a, sizeof(a));
	again = renamed(again, piece, b, sizeof(b));
	assert(out.len == again.len && !memcmp(out.p, again.p, out.len));
	return 0;
}
