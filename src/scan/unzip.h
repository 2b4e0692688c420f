/*
 * unzip: what the two halves of the zip reader share.
 *
 * unzip.c finds the entries, unzip_entry.c takes their bytes out.
 */
#ifndef SCAN_UNZIP_H
#define SCAN_UNZIP_H

#include "core/span.h"

struct scan;

struct unzip_entry {
	unsigned flags, method;
	uint64_t size;	 /* packed; UINT64_MAX: not told */
	uint64_t octets; /* unpacked; the same */
	uint32_t crc;
	bool has_crc;
};

/*
 * Unpack the entry whose data begins `rest`: `*used` is set to how much of it
 * that was.  Flaws: behind a password, packed as nobody can, damaged (also
 * when the checksum is wrong: the bytes are returned all the same).
 */
struct span unzip_entry(struct scan *sc, const struct unzip_entry *e,
    struct span rest, size_t *used);

/* CRC-32. */
uint32_t unzip_checksum(const struct scan *sc, struct span s);

#endif
