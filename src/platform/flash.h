/*
 * flash: the port to an erasable medium with the rules of NOR flash.
 *
 *   store/kv  --->  struct flash  --->  platform/flash_mtd, flash_file
 *                                 --->  tests: flash_emu (cuts, wear, errors)
 *
 * `blocks` erase blocks of `block_octets` each.  Erasing sets a whole block to
 * 0xff; programming only clears bits.  All offsets are from the start of the
 * medium.  Everything is durable when the call returns; a call may block for
 * the time of the device: a program some milliseconds, an erase up to about a
 * second on NOR flash.
 *
 * `unit` is the smallest piece that can be programmed, 1 to 8 octets, a power
 * of two; the user programs at offsets and lengths that are multiples of it.
 * `fades`: bits whose programming was cut short may read well and fade later;
 * programming the same bytes a second time is allowed there, and mends them.
 *
 * Failure: ERR_IO; after a failed program or erase the content of the bytes
 * or of the block is unknown.  ERR_RANGE for a place outside the medium.
 */
#ifndef PLATFORM_FLASH_H
#define PLATFORM_FLASH_H

#include "core/err.h"
#include "core/span.h"

struct flash {
	uint32_t block_octets;
	uint32_t blocks;
	uint32_t unit;
	bool fades;

	int (*read)(struct flash *f, uint32_t at, void *to, size_t len);
	int (*program)(struct flash *f, uint32_t at, struct span data);
	int (*erase)(struct flash *f, uint32_t block);
};

#endif
