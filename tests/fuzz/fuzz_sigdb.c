/*
 * fuzz_sigdb: a file whose header is right and whose body is anything leads
 * nowhere outside itself.  The input is put behind a fresh header.
 */
#include <bearssl.h>
#include <zlib.h>

#include "core/le.h"
#include "scan/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[8192];
	static struct match m;
	br_sha256_context hash;
	struct sigdb db;

	if (size < SIGDB_HEADER || size > sizeof(file))
		return 0;
	memcpy(file, data, size);
	memcpy(file, "GPSIGDB", 8);
	le32_put(file + 8, SIGDB_VERSION);
	le32_put(file + 12, (uint32_t)size);
	br_sha256_init(&hash);
	br_sha256_update(&hash, file + SIGDB_HEADER, size - SIGDB_HEADER);
	br_sha256_out(&hash, file + 24);
	le32_put(file + SIGDB_CRC, (uint32_t)crc32(0, file + SIGDB_HEADER,
				       (uInt)(size - SIGDB_HEADER)));
	le32_put(file + SIGDB_HEADER - 4,
	    (uint32_t)crc32(0, file, SIGDB_HEADER - 4));
	if (sigdb_open(&db, span_of(file, size)))
		return 0;
	(void)!sigdb_verify(&db);
	(void)!match_bodies(&m, &db, span_of(data, size), UINT32_MAX, 10000);
	(void)!match_hashes(&m, &db, span_of(data, size));
	return 0;
}
