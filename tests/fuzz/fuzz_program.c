/* fuzz_program: the reader of archives in and behind programs. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_program, span_of(data, size));
	return 0;
}
