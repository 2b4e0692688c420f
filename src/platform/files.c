/*
 * files: openat and its family below one root descriptor, errno turned into
 * err.  It knows nothing of mail, and keeps no cache: what the kernel said
 * last is the truth.
 */
#include "platform/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/fat.h"
#include "platform/files_dir.h"
#include "platform/oserr.h"

#define READ_MAX      (1u << 30) /* below what the kernel does at once */
#define WRITE_PIECES  8
#define SCRATCH_TRIES 16
#define AHEAD_OCTETS  (1024 * 1024) /* a power of two */

static int
root_of(const struct fs *fs)
{
	return ((const struct files *)fs)->root;
}

/*
 * A nameless file where the file system has none (FAT): a name that nobody
 * else uses, taken away at once.
 */
static int
open_unlinked(struct fs *fs, const char *folder)
{
	char path[FS_PATH_MAX];
	int fd = -1;

	for (unsigned i = 0; i < SCRATCH_TRIES && fd < 0; i++) {
		int n = snprintf(path, sizeof(path), "%s/.scratch-%ld-%u",
		    folder, (long)getpid(), i);

		if (n < 0 || n >= (int)sizeof(path))
			return ERR_RANGE;
		fd = openat(root_of(fs), path,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return oserr_now();
	}
	if (fd >= 0)
		(void)unlinkat(root_of(fs), path, 0);
	return fd < 0 ? oserr_now() : fd;
}

/* Files that nobody will find again need not reach the device at all. */
static void
note_scratch(struct fs *fs, int fd, bool yes)
{
	uint8_t *bits = ((struct files *)fs)->scratch;

	if (fd < 0 || fd >= FILES_HANDLES)
		return;
	if (yes)
		bits[fd / 8] |= (uint8_t)(1 << fd % 8);
	else
		bits[fd / 8] &= (uint8_t) ~(1 << fd % 8);
}

static bool
is_scratch(const struct fs *fs, int fd)
{
	const uint8_t *bits = ((const struct files *)fs)->scratch;

	return fd < FILES_HANDLES && bits[fd / 8] >> fd % 8 & 1;
}

static int
files_op_open(struct fs *fs, const char *path, enum fs_how how)
{
	static const int flags[] = {
		[FS_READ] = O_RDONLY,
		[FS_FOREIGN] = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		[FS_CREATE] = O_RDWR | O_CREAT | O_EXCL,
		[FS_UPDATE] = O_RDWR,
		[FS_SCRATCH] = O_RDWR | O_TMPFILE,
		[FS_FOLDER] = O_RDONLY | O_DIRECTORY,
	};
	int fd = openat(root_of(fs), path, flags[how] | O_CLOEXEC, 0600);

	if (fd < 0 && how == FS_SCRATCH
	    && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = open_unlinked(fs, path);
	else if (fd < 0)
		fd = oserr_now();
	note_scratch(fs, fd, how == FS_SCRATCH);
	return fd;
}

static int
files_op_close(struct fs *fs, int h)
{
	(void)fs;
	return close(h) && errno != EINTR ? oserr_now() : ERR_OK;
}

static int
files_op_read(struct fs *fs, int h, void *to, size_t cap, uint64_t at)
{
	ssize_t n;

	(void)fs;
	if (cap > READ_MAX)
		cap = READ_MAX;
	/* of a file, less than was asked for is its end: no second call */
	do {
		n = pread(h, to, cap, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? oserr_now() : (int)n;
}

/* Take `n` written bytes off the front of the pieces. */
static void
skip_written(struct iovec **v, int *count, size_t n)
{
	while (*count > 0 && n >= (*v)->iov_len) {
		n -= (*v)->iov_len;
		++*v;
		--*count;
	}
	if (*count > 0 && n > 0) {
		(*v)->iov_base = (uint8_t *)(*v)->iov_base + n;
		(*v)->iov_len -= n;
	}
}

/* For iovec, whose pointer serves readv as well; nothing is written to. */
static void *
not_const(const uint8_t *p)
{
	return (void *)(uintptr_t)p;
}

/*
 * Of a long file the full megabytes go to the device while the rest is still
 * arriving, so that the barrier at its end is short.  Only a hint.
 */
static void
write_ahead(const struct fs *fs, int h, uint64_t from, uint64_t to)
{
	from &= ~(uint64_t)(AHEAD_OCTETS - 1);
	to &= ~(uint64_t)(AHEAD_OCTETS - 1);
	if (from < to && !is_scratch(fs, h))
		(void)sync_file_range(
		    h, (off_t)from, (off_t)(to - from), SYNC_FILE_RANGE_WRITE);
}

static int
files_op_write(
    struct fs *fs, int h, const struct span *v, unsigned n, uint64_t at)
{
	struct iovec piece[WRITE_PIECES], *rest = piece;
	int count = (int)n;

	assert(n <= WRITE_PIECES);
	for (unsigned i = 0; i < n; i++)
		piece[i] = (struct iovec) { not_const(v[i].p), v[i].len };
	skip_written(&rest, &count, 0);
	while (count > 0) {
		ssize_t done = pwritev(h, rest, count, (off_t)at);

		if (done == 0)
			return ERR_IO;
		if (done < 0 && errno != EINTR)
			return oserr_now();
		if (done > 0) {
			write_ahead(fs, h, at, at + (uint64_t)done);
			at += (uint64_t)done;
			skip_written(&rest, &count, (size_t)done);
		}
	}
	return ERR_OK;
}

static int
files_op_truncate(struct fs *fs, int h, uint64_t octets)
{
	(void)fs;
	return ftruncate(h, (off_t)octets) ? oserr_now() : ERR_OK;
}

static int
files_op_sync(struct fs *fs, const int *h, unsigned n, bool *failed)
{
	return barrier_sync(&((struct files *)fs)->barrier, h, n, failed);
}

static int
files_op_settle(struct fs *fs, const int *h, unsigned n, bool *failed)
{
	return barrier_settle(&((struct files *)fs)->barrier, h, n, failed);
}

static int
files_op_begin(struct fs *fs, enum fs_barrier which, const int *h, unsigned n)
{
	struct files *f = (struct files *)fs;
	int err;

	/* settling the cheap way takes less than handing it over */
	if (which == FS_SETTLE && n > 0 && barrier_is_cheap(&f->barrier, h[0]))
		return ERR_UNSUPPORTED;
	err = syncs_begin(&f->syncs, h, n);
	fs->busy_fd = f->syncs.fd;
	return err;
}

static int
files_op_end(struct fs *fs, bool wait, bool *failed)
{
	return syncs_end(&((struct files *)fs)->syncs, wait, failed);
}

static int
files_op_sync_dir(struct fs *fs, const char *path)
{
	return syncs_path(root_of(fs), path);
}

static int
files_op_rename(struct fs *fs, const char *from, const char *to)
{
	int root = root_of(fs);

	if (renameat(root, from, root, to))
		return oserr_now();
	if (*to == '/' ? fat_has_path(to) : ((struct files *)fs)->is_fat)
		return fat_renamed(root, from, to);
	return ERR_OK;
}

static int
files_op_link(struct fs *fs, const char *from, const char *to)
{
	int root = root_of(fs);

	if (!linkat(root, from, root, to, 0))
		return ERR_OK;
	return errno == EPERM || errno == ENOSYS ? ERR_UNSUPPORTED
						 : oserr_now();
}

static int
files_op_unlink(struct fs *fs, const char *path)
{
	return unlinkat(root_of(fs), path, 0) ? oserr_now() : ERR_OK;
}

static int
files_op_mkdir(struct fs *fs, const char *path)
{
	return mkdirat(root_of(fs), path, 0700) ? oserr_now() : ERR_OK;
}

static int
files_op_rmdir(struct fs *fs, const char *path)
{
	return unlinkat(root_of(fs), path, AT_REMOVEDIR) ? oserr_now() : ERR_OK;
}

static int
files_op_stat(struct fs *fs, const char *path, struct fs_stat *st)
{
	struct stat s;

	if (fstatat(root_of(fs), path, &s, 0))
		return oserr_now();
	*st = (struct fs_stat) {
		.octets = (uint64_t)s.st_size,
		.modified_s = (int64_t)s.st_mtime,
		.device = (uint64_t)s.st_dev,
		.is_dir = S_ISDIR(s.st_mode),
	};
	return ERR_OK;
}

static int
files_op_space(struct fs *fs, const char *path, struct fs_space *sp)
{
	struct statvfs v;
	int err = ERR_OK;
	int fd = openat(root_of(fs), path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return oserr_now();
	if (fstatvfs(fd, &v))
		err = oserr_now();
	(void)close(fd);
	if (err)
		return err;
	sp->octets = (uint64_t)v.f_bavail * v.f_frsize;
	sp->inodes = v.f_files == 0 ? UINT64_MAX : (uint64_t)v.f_favail;
	return ERR_OK;
}

static int
files_op_map(struct fs *fs, int h, struct span *out)
{
	struct stat s;
	void *p;

	(void)fs;
	*out = span_of(NULL, 0);
	if (fstat(h, &s))
		return oserr_now();
	if (s.st_size == 0)
		return ERR_OK;
	if ((uint64_t)s.st_size > SIZE_MAX / 2)
		return ERR_RANGE;
	p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, h, 0);
	if (p == MAP_FAILED)
		return oserr_now();
	*out = span_of(p, (size_t)s.st_size);
	return ERR_OK;
}

static void
files_op_unmap(struct fs *fs, struct span mapped)
{
	(void)fs;
	if (mapped.len > 0)
		(void)munmap(not_const(mapped.p), mapped.len);
}

static const struct fs files_ops = {
	.open = files_op_open,
	.close = files_op_close,
	.read = files_op_read,
	.write = files_op_write,
	.truncate = files_op_truncate,
	.sync = files_op_sync,
	.settle = files_op_settle,
	.sync_dir = files_op_sync_dir,
	.begin = files_op_begin,
	.end = files_op_end,
	.rename = files_op_rename,
	.link = files_op_link,
	.unlink = files_op_unlink,
	.mkdir = files_op_mkdir,
	.rmdir = files_op_rmdir,
	.stat = files_op_stat,
	.dir_open = files_dir_open,
	.dir_next = files_dir_next,
	.dir_close = files_dir_close,
	.space = files_op_space,
	.map = files_op_map,
	.unmap = files_op_unmap,
	.busy_fd = -1,
};

int
files_open(struct files *f, const char *root)
{
	f->fs = files_ops;
	barrier_init(&f->barrier);
	syncs_init(&f->syncs);
	for (unsigned i = 0; i < FILES_DIRS; i++)
		f->dirs[i].fd = -1;
	f->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->is_fat = f->root >= 0 && fat_has(f->root);
	return f->root < 0 ? oserr_now() : ERR_OK;
}

void
files_close(struct files *f)
{
	barrier_end(&f->barrier);
	syncs_close(&f->syncs);
	(void)close(f->root);
	f->root = -1;
}

int
files_lock(struct files *f)
{
	return flock(f->root, LOCK_EX | LOCK_NB) ? oserr_now() : ERR_OK;
}
