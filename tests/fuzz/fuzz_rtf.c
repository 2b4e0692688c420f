/* fuzz_rtf: the reader of rtf. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_rtf, span_of(data, size));
	return 0;
}
