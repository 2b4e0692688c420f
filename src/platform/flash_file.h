/*
 * flash_file: a plain file as a flash, for machines whose settings lie on a
 * disk.
 *
 * Every program and erase is followed by fdatasync; a new file is written
 * whole under another name, synced and renamed, so that it is never seen half
 * made.  The bytes of one sector may be torn by a power cut: who writes here
 * expects that.
 *
 * Memory: struct flash_file, the caller's.  One descriptor.
 */
#ifndef PLATFORM_FLASH_FILE_H
#define PLATFORM_FLASH_FILE_H

#include "platform/flash.h"

struct flash_file {
	struct flash flash; /* what the user gets */
	int fd;
};

/*
 * Open `path`; `block_octets` by `blocks` must be the file's size, else
 * ERR_RANGE.  With 0 by 0 the file is two blocks, each half of it.  ERR_MISSING
 * when there is no such file, ERR_BUSY when another process has it open,
 * ERR_DENIED, ERR_IO.
 */
int flash_file_open(struct flash_file *ff, const char *path,
    uint32_t block_octets, uint32_t blocks) MUST_CHECK;

/*
 * Make a new file of erased blocks, readable by its owner only, and open it.
 * ERR_EXISTS when there is one; ERR_FULL, ERR_DENIED, ERR_IO.
 */
int flash_file_create(struct flash_file *ff, const char *path,
    uint32_t block_octets, uint32_t blocks) MUST_CHECK;

void flash_file_close(struct flash_file *ff);

/*
 * The first `cap` octets of a file, to find its geometry; the number read.
 * ERR_MISSING, ERR_DENIED, ERR_IO.
 */
int flash_file_peek(const char *path, void *to, size_t cap) MUST_CHECK;

#endif
