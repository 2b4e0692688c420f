/* fuzz_cms: the reader of S/MIME's signed mails. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_cms, span_of(data, size));
	return 0;
}
