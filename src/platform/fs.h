/*
 * fs: the port through which everything durable is kept.
 *
 *   store    --->  struct fs  --->  platform/files      (the real thing)
 *                             --->  tests: fs_emu       (power cuts, errors)
 *
 * Paths are relative to the root given when the port was opened, use '/', and
 * are at most FS_PATH_MAX bytes with the terminator; a path that begins with
 * '/' is taken as it stands.  Handles are small non-negative numbers (on a
 * real system: descriptors).
 *
 * Durability: bytes are safe after `sync` of their file, names after
 * `sync_dir` of their folder; nothing but these and `settle` promises
 * anything.
 *
 * Failure: ERR_FULL (no space or no inodes), ERR_MISSING, ERR_EXISTS,
 * ERR_DENIED, ERR_UNSUPPORTED (links on FAT), ERR_IO.  After a failed write
 * or sync the handle's file is worth nothing: close and remove it.
 * All calls may block for the time of a disk access.
 */
#ifndef PLATFORM_FS_H
#define PLATFORM_FS_H

#include "core/err.h"
#include "core/span.h"

#define FS_PATH_MAX 512
#define FS_NAME_MAX 256

enum fs_how {
	FS_READ,    /* an existing file, for reading */
	FS_FOREIGN, /* the same, where others may put things: no link is
		       followed, and nothing is waited for */
	FS_CREATE,  /* a new file, read and write, owner only; ERR_EXISTS */
	FS_UPDATE,  /* an existing file, read and write */
	FS_SCRATCH, /* a new nameless file inside folder `path` */
	FS_FOLDER,  /* an existing folder, only to be given to sync */
};

enum fs_barrier { FS_SYNC, FS_SETTLE };

struct fs_stat {
	uint64_t octets;
	int64_t modified_s;
	uint64_t device; /* the same number: the same file system */
	bool is_dir;
};

struct fs_space {
	uint64_t octets; /* free for us */
	uint64_t inodes; /* UINT64_MAX where the file system has no limit */
};

struct fs_entry {
	char name[FS_NAME_MAX];
	size_t len;
	bool is_dir;
	bool is_file; /* neither folder, link, pipe nor device */
};

/*
 * What must be looked at carries MUST_CHECK: an error that is not seen here
 * is mail that is not there later.
 */
struct fs {
	/* A handle, or an error. */
	int (*open)(
	    struct fs *fs, const char *path, enum fs_how how) MUST_CHECK;
	int (*close)(struct fs *fs, int h);

	/* Bytes read: less than `cap` only at the end of the file. */
	int (*read)(
	    struct fs *fs, int h, void *to, size_t cap, uint64_t at) MUST_CHECK;

	/* Write all pieces (1 to 8) one behind the other at offset `at`. */
	int (*write)(struct fs *fs, int h, const struct span *v, unsigned n,
	    uint64_t at) MUST_CHECK;
	int (*truncate)(struct fs *fs, int h, uint64_t octets) MUST_CHECK;

	/*
	 * The barrier: make the bytes of all `n` files, and the names in all
	 * folders among them, durable; returns when they are.  Many at once
	 * take much less time than one after the other.  `failed` has n places,
	 * each set where that file failed; the result is ERR_OK or the first
	 * error.
	 */
	int (*sync)(
	    struct fs *fs, const int *h, unsigned n, bool *failed) MUST_CHECK;

	/*
	 * The cheaper barrier for new files of one file system that are renamed
	 * or linked next: after settle, rename and sync_dir of the target
	 * folder bytes and name are durable, and no power cut at any moment
	 * shows the name with less than all the bytes.  On its own it promises
	 * nothing. Where the file system has no cheaper way it is the same as
	 * sync.
	 */
	int (*settle)(
	    struct fs *fs, const int *h, unsigned n, bool *failed) MUST_CHECK;
	int (*sync_dir)(struct fs *fs, const char *path) MUST_CHECK;

	/*
	 * The same two without waiting, one at a time: begin; when `busy_fd`
	 * (of struct fs) can be read, or with `wait`, ask end, which is
	 * ERR_AGAIN until it is over and then as sync and settle.  The handles
	 * stay open until then.  Any error of begin means that nothing has
	 * begun, and that the waiting kind is to be used.
	 */
	int (*begin)(struct fs *fs, enum fs_barrier which, const int *h,
	    unsigned n) MUST_CHECK;
	int (*end)(struct fs *fs, bool wait, bool *failed) MUST_CHECK;

	/* `to` is replaced in one step; ERR_UNSUPPORTED to another device. */
	int (*rename)(
	    struct fs *fs, const char *from, const char *to) MUST_CHECK;
	int (*link)(struct fs *fs, const char *from, const char *to) MUST_CHECK;
	int (*unlink)(struct fs *fs, const char *path);
	int (*mkdir)(struct fs *fs, const char *path) MUST_CHECK;
	int (*rmdir)(struct fs *fs, const char *path);
	int (*stat)(
	    struct fs *fs, const char *path, struct fs_stat *st) MUST_CHECK;

	/*
	 * Walk a folder in no order, without "." and ".."; next: 1, or 0 at
	 * the end.  Entries may be unlinked while walking.  ERR_FULL when too
	 * many folders are being walked.
	 */
	int (*dir_open)(struct fs *fs, const char *path) MUST_CHECK;
	int (*dir_next)(struct fs *fs, int h, struct fs_entry *e) MUST_CHECK;
	int (*dir_close)(struct fs *fs, int h);

	/* `path`: any file or folder on the file system that is asked about. */
	int (*space)(
	    struct fs *fs, const char *path, struct fs_space *sp) MUST_CHECK;

	/* Map a whole file read-only; unmap with the same span. */
	int (*map)(struct fs *fs, int h, struct span *out) MUST_CHECK;
	void (*unmap)(struct fs *fs, struct span mapped);

	int busy_fd; /* a descriptor for select(), after a good begin */
};

#endif
