/* fuzz_tar: the reader of tar. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_tar, span_of(data, size));
	return 0;
}
