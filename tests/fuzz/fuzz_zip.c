/* fuzz_zip: the reader of zip, by local headers and by directories. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_zip, span_of(data, size));
	return 0;
}
