/* fuzz_nfkc: any bytes; the form of a form is itself. */
#include <stdlib.h>

#include "codec/nfkc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t once[1024], twice[1024];
	int n = nfkc(span_of(data, size), once, sizeof(once)), m;

	if (n < 0)
		return 0;
	m = nfkc(span_of(once, (size_t)n), twice, sizeof(twice));
	if (m != n || memcmp(once, twice, (size_t)n) != 0)
		abort();
	return 0;
}
