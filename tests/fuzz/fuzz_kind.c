/*
 * fuzz_kind: what bytes are is told within them, and depends on nothing else;
 * the rules for programs, HTML and documents look at the same.
 */
#include "fuzz/reader.h"

#include "scan/program.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	struct scan_kind a = scan_kind_of(s, false);
	struct scan_kind b = scan_kind_of(s, true);

	assert(a.next == b.next && a.targets == b.targets && a.how == b.how);
	assert(a.targets & 1);
	assert(a.how == SCAN_BY_US || a.next == NULL);
	assert(program_content(s) == program_content(s));
	(void)program_name(s, true);
	(void)program_name(s, false);
	return 0;
}
