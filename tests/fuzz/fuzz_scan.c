/*
 * fuzz_scan: whatever is unpacked stays within its bounds, and every scan
 * ends.  A small scratch, so that running out of it is tried, too.
 */
#include <assert.h>

#include "scan/builtin.h"
#include "scan/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t builtin[BUILTIN_OCTETS];
	static uint8_t scratch[65536];
	static struct sigcomp comp;
	static struct sigdb db;
	static struct scan sc;

	if (sc.db[0] == NULL)
		assert(!builtin_open(&db, &comp, builtin));
	sc.db[0] = &db;
	sc.limits = (struct scan_limits) { 8, 1 << 20, 200 };
	sc.scratch = scratch;
	sc.scratch_cap = sizeof(scratch);
	if (scan_bytes(&sc, span_of(data, size)))
		assert(sc.name.len > 0);
	assert(sc.scratch_len <= sizeof(scratch));
	assert(sc.members <= 200);
	return 0;
}
