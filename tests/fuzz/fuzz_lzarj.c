/*
 * fuzz_lzarj: the first octet chooses the method; what comes out fits, and a
 * shorter output is the beginning of a longer one.
 */
#include <assert.h>

#include "codec/lzarj.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lzarj z;
	static uint8_t out[32768], half[1000];
	struct span in = span_from(span_of(data, size), 1);
	size_t len, len_half;
	int err;

	if (size == 0)
		return 0;
	err = lzarj(&z, data[0] % 8, in, out, sizeof(out), &len);
	assert(len <= sizeof(out));
	assert(err || len == sizeof(out));
	err = lzarj(&z, data[0] % 8, in, half, sizeof(half), &len_half);
	assert(err || len_half == sizeof(half));
	assert(len_half <= len);
	assert(!memcmp(out, half, len_half));
	return 0;
}
