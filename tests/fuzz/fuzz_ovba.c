/* fuzz_ovba: it stays within its output, and less room gives the beginning. */
#include <assert.h>

#include "codec/ovba.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 8192

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[ROOM + 1], less[ROOM];
	struct span in = span_of(data, size);
	size_t n, m;

	out[ROOM] = 0x5a;
	n = ovba(in, out, ROOM);
	assert(n <= ROOM && out[ROOM] == 0x5a);
	m = ovba(in, less, n / 2);
	assert(m == n / 2 && (m == 0 || memcmp(out, less, m) == 0));
	return 0;
}
