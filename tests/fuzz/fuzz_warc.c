/* fuzz_warc: the reader of web archives. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_warc, span_of(data, size));
	return 0;
}
