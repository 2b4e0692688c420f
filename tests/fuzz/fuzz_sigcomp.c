/*
 * fuzz_sigcomp: any lines compile to a file that verifies, and any bytes can
 * be searched with it.  The first byte is the form; up to the first NUL
 * signatures, behind it what is searched.
 */
#include <assert.h>

#include "scan/match.h"
#include "scan/sigcomp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t area[SIGCOMP_NEED(4096)];
	static struct sigcomp sc;
	static struct match m;
	struct span all = span_of(data, size), line, file, text;
	struct sigdb db;
	const char *why;
	size_t zero;

	if (size == 0 || size > 4096)
		return 0;
	memset(area, 0, sizeof(area));
	sigcomp_init(&sc, area, sizeof(area));
	all = span_from(all, 1);
	zero = span_find(all, 0);
	text = span_from(all, zero + 1);
	all = span_first(all, zero);
	while (span_next(&all, '\n', &line))
		assert(sigcomp_line(&sc, data[0] % 3, line, &why) != ERR_FULL);
	assert(!sigcomp_finish(&sc, &file));
	assert(!sigdb_open(&db, file));
	assert(!sigdb_verify(&db));
	(void)!match_bodies(&m, &db, text, UINT32_MAX, 100000);
	(void)!match_hashes(&m, &db, text);
	return 0;
}
