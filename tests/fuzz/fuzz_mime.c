/*
 * fuzz_mime: each decoder stays within its output and its input, and less room
 * gives the beginning of the same.
 */
#include <assert.h>

#include "codec/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
decode(unsigned how, struct span in, uint8_t *out, size_t cap)
{
	size_t used = 0, len;

	switch (how % 4) {
	case 0:
		return mime_base64(in, out, cap);
	case 1:
		return mime_qp(in, out, cap);
	case 2:
		len = mime_uu(in, out, cap, &used);
		break;
	default:
		len = mime_yenc(in, out, cap, &used);
	}
	assert(used <= in.len);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[65536], half[65536];
	struct span in = span_from(span_of(data, size), 1);
	size_t len, n;

	if (size == 0 || size > sizeof(out))
		return 0;
	len = decode(data[0], in, out, sizeof(out));
	assert(len <= in.len * (data[0] % 4 == 2 ? 32 : 1));
	n = decode(data[0], in, half, len / 2);
	assert(n <= len / 2);
	assert(!memcmp(out, half, n));
	return 0;
}
