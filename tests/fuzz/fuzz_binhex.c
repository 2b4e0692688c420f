/* fuzz_binhex: the reader of BinHex. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_binhex, span_of(data, size));
	return 0;
}
