/* fuzz_mail: the reader of mail's parts in all encodings, and files in text. */
#include "fuzz/reader.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reader_run(scan_next_mail, span_of(data, size));
	return 0;
}
