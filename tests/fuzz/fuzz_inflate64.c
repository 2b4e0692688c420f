/*
 * fuzz_inflate64: whatever comes in, what comes out fits; and deflate's own
 * data, where no length code 285 and no far distance can differ, come out as
 * zlib says.
 */
#include <assert.h>
#include <zlib.h>

#include "codec/inflate64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t packed[8192], out[65536];

/* What zlib packs in codes without matches is the same in both. */
static void
compare(const uint8_t *data, size_t size)
{
	static struct inflate64 z;
	z_stream d = { 0 };
	size_t used, len;

	assert(deflateInit2(&d, 6, Z_DEFLATED, -15, 8, Z_HUFFMAN_ONLY) == Z_OK);
	memcpy(&d.next_in, &data, sizeof(data));
	d.avail_in = (uInt)size;
	d.next_out = packed;
	d.avail_out = sizeof(packed);
	assert(deflate(&d, Z_FINISH) == Z_STREAM_END);
	len = sizeof(packed) - d.avail_out;
	assert(deflateEnd(&d) == Z_OK);
	assert(!inflate64(
	    &z, span_of(packed, len), out, sizeof(out), &used, &size));
	assert(used == len && size == d.total_in);
	assert(!memcmp(out, data, size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct inflate64 z;
	size_t used, len;
	int err =
	    inflate64(&z, span_of(data, size), out, sizeof(out), &used, &len);

	assert(used <= size && len <= sizeof(out));
	assert(err != ERR_FULL || len == sizeof(out));
	if (size > 0 && size < 4096)
		compare(data, size);
	return 0;
}
