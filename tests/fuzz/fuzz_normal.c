/*
 * fuzz_normal: each form stays within its window, and small windows, one after
 * the other, give the same as a large one.
 */
#include <assert.h>

#include "scan/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM  16384
#define SMALL 64

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[ROOM + 1], small[SMALL + 1];
	struct normal n, m;

	if (size > ROOM / 2 - NORMAL_LEAST)
		return 0;
	for (unsigned form = NORMAL_TEXT; form <= NORMAL_NO_TAGS; form++) {
		struct span rest = span_of(data, size);
		size_t at = 0;

		normal_init(&n, form);
		n.out = out;
		n.cap = ROOM;
		out[ROOM] = small[SMALL] = 0x5a;
		assert(normal_feed(&n, rest) == size && out[ROOM] == 0x5a);
		normal_init(&m, form);
		m.out = small;
		m.cap = SMALL;
		while (rest.len > 0) {
			m.len = 0;
			rest = span_from(rest, normal_feed(&m, rest));
			assert(m.len <= SMALL && small[SMALL] == 0x5a);
			assert(at + m.len <= n.len);
			assert(m.len == 0 || !memcmp(out + at, small, m.len));
			at += m.len;
		}
		assert(at == n.len);
	}
	return 0;
}
