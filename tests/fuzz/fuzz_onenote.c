/* fuzz_onenote: the reader of onenote. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_onenote, span_of(data, size));
	return 0;
}
