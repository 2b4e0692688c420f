/* fuzz_pdf: the reader of pdf. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_pdf, span_of(data, size));
	return 0;
}
