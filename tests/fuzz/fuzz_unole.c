/* fuzz_unole: the reader of OLE2 files. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_ole, span_of(data, size));
	return 0;
}
