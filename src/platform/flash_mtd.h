/*
 * flash_mtd: a raw flash partition of a Linux system as a struct flash.
 *
 * The partition is found by its name in /proc/mtd ("settings"), so that it
 * stays the right one when numbers change.  NOR flash (and RAM that plays it,
 * mtdram) only: raw NAND needs UBI, and there flash_file on a UBIFS.
 *
 * Blocks for the chip's time: a program some ms, an erase 0.1 to 1 s.
 * Memory: struct flash_mtd, the caller's.  One descriptor, open for as long.
 * Tested: on an emulated router's memory (phram) in tests/router, power cuts
 * included; the name lookup in tests/unit/test_flash.c.
 */
#ifndef PLATFORM_FLASH_MTD_H
#define PLATFORM_FLASH_MTD_H

#include "platform/flash.h"

struct flash_mtd {
	struct flash flash;
	int fd;
};

/*
 * Open the partition called `name`.  ERR_MISSING: there is none; ERR_DENIED;
 * ERR_UNSUPPORTED: not NOR flash; ERR_IO.
 */
int flash_mtd_open(struct flash_mtd *fm, const char *name) MUST_CHECK;

void flash_mtd_close(struct flash_mtd *fm);

/*
 * The number of the partition called `name` in a text like /proc/mtd, or
 * ERR_MISSING.
 */
int flash_mtd_find(struct span table, struct span name) MUST_CHECK;

#endif
