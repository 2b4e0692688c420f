/* fuzz_names: names come to an end, and fit where they are put together. */
#include <assert.h>

#include "scan/names.h"
#include "scan/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span name;
	struct names n;
	size_t count = 0;

	names_init(&n, span_of(data, size));
	while (names_next(&n, &name)) {
		assert(name.len <= NAMES_LONGEST);
		assert(memchr(name.p, '\n', name.len) == NULL);
		(void)program_name(name, true);
		count++;
	}
	assert(count <= size / 5);
	(void)program_content(span_of(data, size));
	return 0;
}
