/* fuzz_flash: the reader of flash. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_flash, span_of(data, size));
	return 0;
}
