/* fuzz_package: the reader of package. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_package, span_of(data, size));
	return 0;
}
