/* fuzz_tnef: the reader of winmail.dat. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_tnef, span_of(data, size));
	return 0;
}
