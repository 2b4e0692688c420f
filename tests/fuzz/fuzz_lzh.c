/* fuzz_lzh: the reader of LZH. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_lzh, span_of(data, size));
	return 0;
}
