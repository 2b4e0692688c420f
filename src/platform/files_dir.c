/*
 * files_dir: walking folders.  The window is filled by getdents64 itself, as
 * readdir would allocate.
 */
#include "platform/files_dir.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/oserr.h"

/* One record of getdents64, as the kernel lays it out. */
struct dir_record {
	uint64_t inode;
	int64_t next;
	uint16_t len;
	uint8_t type;
	char name[];
};

enum dir_type {
	TYPE_UNKNOWN = 0,
	TYPE_DIR = 4,
	TYPE_FILE = 8,
};

/* The walk whose descriptor is `fd`; -1 asks for a free place. */
static struct files_dir *
dir_of(struct fs *fs, int fd)
{
	struct files *f = (struct files *)fs;

	for (unsigned i = 0; i < FILES_DIRS; i++)
		if (f->dirs[i].fd == fd)
			return &f->dirs[i];
	return NULL;
}

int
files_dir_open(struct fs *fs, const char *path)
{
	struct files_dir *d = dir_of(fs, -1);
	int fd;

	if (d == NULL)
		return ERR_FULL;
	fd = openat(((struct files *)fs)->root, path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return oserr_now();
	d->fd = fd;
	d->at = d->len = 0;
	return fd;
}

/* What the record names, where the file system does not say it itself. */
static void
find_type(int fd, const struct dir_record *r, struct fs_entry *e)
{
	bool known = r->type != TYPE_UNKNOWN;
	struct stat s;

	e->is_dir = r->type == TYPE_DIR;
	e->is_file = r->type == TYPE_FILE;
	if (known || fstatat(fd, r->name, &s, AT_SYMLINK_NOFOLLOW))
		return;
	e->is_dir = S_ISDIR(s.st_mode);
	e->is_file = S_ISREG(s.st_mode);
}

static bool
is_dots(const char *name)
{
	return name[0] == '.'
	       && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* The next record of the walk, or NULL with `*err` 0 at the end. */
static const struct dir_record *
next_record(struct files *f, struct files_dir *d, int *err)
{
	uint8_t *window = f->window[d - f->dirs];
	const struct dir_record *r;
	long n;

	*err = ERR_OK;
	if (d->at == d->len) {
		n = syscall(SYS_getdents64, d->fd, window, FILES_DIR_OCTETS);
		if (n <= 0) {
			*err = n < 0 ? oserr_now() : ERR_OK;
			return NULL;
		}
		d->at = 0;
		d->len = (unsigned)n;
	}
	r = (const void *)(window + d->at);
	d->at += r->len;
	return r;
}

int
files_dir_next(struct fs *fs, int h, struct fs_entry *e)
{
	struct files_dir *d = dir_of(fs, h);
	const struct dir_record *r;
	int err;

	assert(d != NULL && h >= 0);
	do
		r = next_record((struct files *)fs, d, &err);
	while (r != NULL && is_dots(r->name));
	if (r == NULL)
		return err;
	e->len = strlen(r->name);
	if (e->len >= sizeof(e->name))
		return ERR_RANGE;
	memcpy(e->name, r->name, e->len + 1);
	find_type(h, r, e);
	return 1;
}

int
files_dir_close(struct fs *fs, int h)
{
	struct files_dir *d = dir_of(fs, h);

	assert(d != NULL && h >= 0);
	d->fd = -1;
	return fs->close(fs, h);
}
