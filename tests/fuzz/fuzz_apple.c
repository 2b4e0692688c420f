/* fuzz_apple: the reader of AppleSingle. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_apple, span_of(data, size));
	return 0;
}
