/*
 * medium: what the settings lie on: a file in the state folder, or a flash
 * partition, if the build names one (SETTINGS_MTD).
 *
 * Memory: struct medium, the caller's.  Tested: tests/unit/test_flash.c.
 */
#ifndef SERVICE_MEDIUM_H
#define SERVICE_MEDIUM_H

#include "platform/flash_file.h"
#include "platform/flash_mtd.h"

struct medium {
	union {
		struct flash flash; /* the user's side of either */
		struct flash_file file;
		struct flash_mtd mtd;
	} on;
	bool is_mtd;
};

/*
 * Open the partition `mtd` ("": none), else the file `path`, which is made
 * where it is missing: two banks of `bank_octets`, and `*fresh` is set.  An
 * existing file keeps its size.  ERR_MISSING: no such partition; other errors
 * as those of flash_file and flash_mtd.
 */
int medium_open(struct medium *m, const char *mtd, const char *path,
    uint32_t bank_octets, bool *fresh) MUST_CHECK;

void medium_close(struct medium *m);

#endif
