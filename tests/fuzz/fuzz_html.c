/*
 * fuzz_html: reading HTML ends, stays within the bytes, and zero bytes between
 * all others (UTF-16) change nothing.
 */
#include <assert.h>

#include "scan/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wide[8192];
	struct span s = span_of(data, size);
	bool utf7 = memmem(data, size, "+ADw", 4) != NULL;
	const char *found = html_script(s, false);

	(void)html_is_likely(s);
	/* a known name, or none; and it needs a tag or UTF-7 */
	assert(found == NULL || strchr(found, '.') != NULL);
	if (found != NULL)
		assert(utf7 || span_find(s, '<') < size);
	if (size > sizeof(wide) / 2 || utf7)
		return 0;
	memset(wide, 0, sizeof(wide));
	for (size_t i = 0; i < size; i++)
		wide[2 * i] = data[i];
	assert(html_script(span_of(wide, size * 2), false) == found);
	return 0;
}
