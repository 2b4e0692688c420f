/* fuzz_blob: the reader of blob. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_blob, span_of(data, size));
	return 0;
}
