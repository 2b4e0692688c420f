/*
 * fuzz_sigkey: any text as the key of signature updates, any bytes as a file
 * and its signature: key, an empty line, signature with its octets before it,
 * file.  Only the right signature of the right file is taken: one that was
 * taken is not when a bit of the file is another.
 */
#include <assert.h>
#include <string.h>

#include "scan/sigkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 4096

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t point[SIGKEY_POINT], other[MOST];
	struct span rest = span_of(data, size), key, sig, file;
	size_t at = span_find(rest, '\n');

	key = span_first(rest, at);
	rest = span_from(rest, at + 1);
	if (size > MOST || rest.len == 0)
		return 0;
	sig = span_first(span_from(rest, 1), rest.p[0]);
	file = span_from(rest, 1 + sig.len);
	if (sigkey_read(key, point))
		return 0;
	assert(point[0] == 4);
	if (sigkey_check(point, file, sig) || file.len == 0)
		return 0;
	memcpy(other, file.p, file.len);
	other[file.len / 2] ^= 1;
	assert(sigkey_check(point, span_of(other, file.len), sig));
	return 0;
}
