/*
 * inflater: deflate and gzip by libdeflate, two to three times as fast as zlib.
 *
 * It takes whole buffers, which is what the scanner has: the packed bytes are
 * mapped, the unpacked ones go to scratch.  What it refuses, zlib looks at
 * again: the beginning of a damaged stream, and of one that does not fit, is
 * searched as well.
 *
 * Memory: the library's, 11 KB, taken once by inflater_offer.
 * Tested: test_scan (with and without), fuzz_inflate.
 */
#ifndef SERVICE_INFLATER_H
#define SERVICE_INFLATER_H

#include "scan/unpack.h"

/* Let `sc` inflate by it; does nothing where it is not built in. */
void inflater_offer(struct scan *sc);

#endif
