/* fuzz_gzip: the reader of gzip, each member and all in one. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_gzip, span_of(data, size));
	return 0;
}
