/*
 * crc: CRC-32 as zlib, PNG and Ethernet have it.
 *
 * Of few bytes at a time, for what the store keeps.  zlib's own is four times
 * as fast for 13 KB of tables, which only the scanner is worth.
 *
 * Memory: a table of 64 octets, constant.
 * Tested: tests/unit/test_core.c, against zlib.
 */
#ifndef CORE_CRC_H
#define CORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Go on from `crc` (0 at first) over `len` octets at `p`. */
uint32_t crc32_add(uint32_t crc, const void *p, size_t len);

#endif
