/* fuzz_ole: looking for macros ends and stays within the bytes. */
#include <assert.h>

#include "scan/office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	const char *found = office_content(s);

	/* what is found needs one of the signs at the beginning */
	if (found != NULL)
		assert(size >= 5
		       && memchr("\xd0"
				 "A<",
			      data[0], 3)
			      != NULL);
	(void)office_part(s);
	(void)office_types(s);
	return 0;
}
