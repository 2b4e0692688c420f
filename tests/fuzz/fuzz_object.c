/* fuzz_object: the reader of object. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_object, span_of(data, size));
	return 0;
}
