/*
 * fuzz_unarchive: what libarchive makes of any bytes, as one of its formats
 * and as the one entry of a zip file, stays within the scratch memory.
 */
#include "fuzz/reader.h"

#include "service/unarchive.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size), out;

	unarchive_offer(&reader);
	if (reader.archive == NULL)
		return 0;
	reader_run(reader.archive, s);
	reader.scratch_len = 0;
	reader.left = 1 << 16;
	out = reader.unzip(&reader, s);
	assert(out.len <= reader.scratch_len);
	reader_touch(out);
	return 0;
}
