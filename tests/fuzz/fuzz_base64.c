/*
 * fuzz_base64: what decodes is encoded back to the very same text, in place
 * and apart; what is encoded decodes to the same bytes.
 */
#include <assert.h>

#include "codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_HERE 1024

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[SIZE_MAX_HERE];
	static uint8_t text[BASE64_LEN(SIZE_MAX_HERE)];
	size_t len;
	int n;

	if (size > SIZE_MAX_HERE)
		return 0;
	n = base64_decode(span_of(data, size), bytes, sizeof(bytes));
	if (n >= 0) {
		assert(BASE64_LEN((size_t)n) == size);
		len = base64_encode(span_of(bytes, (size_t)n), text);
		assert(len == size && (len == 0 || !memcmp(text, data, len)));
		if (n > 0)
			assert(base64_decode(
				   span_of(data, size), bytes, (size_t)n - 1)
			       == ERR_RANGE);
	}
	len = base64_encode(span_of(data, size), text);
	assert(len == BASE64_LEN(size));
	n = base64_decode(span_of(text, len), text, sizeof(text));
	assert(n == (int)size && (n == 0 || !memcmp(text, data, size)));
	return 0;
}
