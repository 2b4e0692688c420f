/*
 * files: the file port `struct fs` over the operating system's own files.
 *
 *	static struct files files;
 *	files_open(&files, "/var/lib/gatepost");
 *	store_init(&files.fs, ...);
 *
 * Memory: one struct in the caller's memory, FILES_DIRS windows of
 * FILES_DIR_OCTETS for walking folders included, about 72 KiB; pages never used
 * cost no RAM.  Nothing is allocated.
 * Bounds: FILES_DIRS folders walked at once, more get ERR_FULL; handles are
 * descriptors, limited by the process's own limit.
 * Failure: as platform/fs.h says.
 * Not for several threads.
 * Tested: tests/unit/test_files.c, and every end-to-end test.
 */
#ifndef PLATFORM_FILES_H
#define PLATFORM_FILES_H

#include "platform/barrier.h"
#include "platform/fs.h"

#define FILES_HANDLES	 1024
#define FILES_DIRS	 4
#define FILES_DIR_OCTETS 16384

struct files_dir {
	int fd;	     /* -1: free */
	unsigned at; /* next record in its window */
	unsigned len;
};

struct files {
	struct fs
	    fs; /* what everybody else sees; first, so that it can be cast */
	int root;
	bool is_fat;			    /* the root folder's file system */
	uint8_t scratch[FILES_HANDLES / 8]; /* bits: not worth writing ahead */
	struct files_dir dirs[FILES_DIRS];
	struct barrier barrier; /* that is waited for */
	struct syncs syncs;	/* that is not */
	/* of the walks; last, so that idle ones cost no memory */
	_Alignas(8) uint8_t window[FILES_DIRS][FILES_DIR_OCTETS];
};

/*
 * Make folder `root` the start of all relative paths and fill in `f->fs`.
 * ERR_MISSING, ERR_DENIED: nothing is open.
 */
int files_open(struct files *f, const char *root) MUST_CHECK;

/* Let go of the root folder; handles still open stay valid. */
void files_close(struct files *f);

/*
 * Lock the root folder for this process, once, until it ends or
 * files_close: one server, or one command line, per state folder.
 * ERR_BUSY: somebody else holds it.
 */
int files_lock(struct files *f) MUST_CHECK;

#endif
