/*
 * flash: the port to an erasable medium with the rules of NOR flash.
 *
 *   store/kv  --->  struct flash  --->  platform/flash_mtd, flash_file
 *                                 --->  tests: flash_emu (cuts, wear, errors)
 *
 * `blocks` erase blocks of `block_octets` each.  Erasing sets a whole block to
 * 0xff; programming only clears bits.  All offsets are from the start of the
 * medium.  Everything is durable when the call returns.
 * Failure: ERR_IO; the block's content is then unknown.
 */
#ifndef PLATFORM_FLASH_H
#define PLATFORM_FLASH_H

#include "core/err.h"
#include "core/span.h"

struct flash {
	uint32_t block_octets;
	uint32_t blocks;

	int (*read)(struct flash *f, uint32_t at, void *to, size_t len);
	int (*program)(struct flash *f, uint32_t at, struct span data);
	int (*erase)(struct flash *f, uint32_t block);
};

#endif
