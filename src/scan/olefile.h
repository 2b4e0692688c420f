/*
 * olefile: where the streams of an OLE2 compound file are (MS-CFB).
 *
 * Memory: scratch of the scan, for what does not lie in one piece.
 * Bounds: a chain is followed for no more sectors than the file has, and no
 * further than its length says.
 * Failure: flaws of the scan; what is there is given.
 * Tested: test_scan_documents, fuzz_unole.
 */
#ifndef SCAN_OLEFILE_H
#define SCAN_OLEFILE_H

#include "scan/unpack.h"

#define OLEFILE_ENTRY 128 /* octets of an entry of the directory */

struct olefile {
	struct span fat, mini_fat, mini, directory;
	struct span stream; /* for unole: given last */
	unsigned shift, mini_shift;
	uint32_t cutoff; /* streams of less are small */
};

/* Read the tables; false: it has no sound header, or no directory. */
bool olefile_read(struct scan *sc, struct span file, struct olefile *o);

/* The stream of an entry of the directory: in place, or in scratch. */
struct span olefile_stream(struct scan *sc, struct span file,
    const struct olefile *o, const uint8_t *entry);

#endif
