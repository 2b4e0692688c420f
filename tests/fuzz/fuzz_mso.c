/* fuzz_mso: the reader of ActiveMime. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_mso, span_of(data, size));
	return 0;
}
