/*
 * barrier: fsync for many files at once, and the shorter way that ext4's
 * journal allows.  Which way is taken changes only the time, never what is
 * promised; src/store/README.md has the measurements.
 */
#include "platform/barrier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "platform/oserr.h"

#define EXT4_MAGIC 0xEF53
#define NO_DEVICE  UINT64_MAX

void
barrier_init(struct barrier *b)
{
	syncs_init(&b->syncs);
	b->device = NO_DEVICE;
	b->is_ordered = false;
}

void
barrier_end(struct barrier *b)
{
	syncs_close(&b->syncs);
}

static int
sync_some(struct barrier *b, const int *h, unsigned n, bool *failed)
{
	int err = ERR_OK;

	if (n > 1 && !syncs_begin(&b->syncs, h, n))
		return syncs_end(&b->syncs, true, failed);
	for (unsigned i = 0; i < n; i++) {
		failed[i] = fsync(h[i]) != 0;
		if (failed[i] && !err)
			err = oserr_now();
	}
	return err;
}

int
barrier_sync(struct barrier *b, const int *h, unsigned n, bool *failed)
{
	int err = ERR_OK;

	while (n > 0) {
		unsigned some = n < SYNCS_MAX ? n : SYNCS_MAX;
		int now = sync_some(b, h, some, failed);

		if (!err)
			err = now;
		h += some;
		failed += some;
		n -= some;
	}
	return err;
}

/*
 * Is the file on ext4 with its journal inside?  Its journal commits everything
 * that happened to names and inodes in the order in which it happened, after
 * flushing the device's cache.  Asked of /sys and /proc once per device; what
 * cannot be found out is "no".
 */
bool
barrier_is_cheap(struct barrier *b, int h)
{
	char path[64], device[128];
	const char *name;
	struct statfs v;
	struct stat s;
	ssize_t n;

	if (fstat(h, &s))
		return false;
	if (b->device == (uint64_t)s.st_dev)
		return b->is_ordered;
	b->device = (uint64_t)s.st_dev;
	b->is_ordered = false;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u",
	    major(s.st_dev), minor(s.st_dev));
	n = readlink(path, device, sizeof(device) - 1);
	if (n <= 0 || fstatfs(h, &v) || v.f_type != EXT4_MAGIC)
		return false;
	device[n] = '\0';
	name = strrchr(device, '/');
	if (name == NULL || strlen(name) > 32)
		return false;
	/* 8 is the inode of ext4's own journal. */
	(void)snprintf(path, sizeof(path), "/proc/fs/jbd2%s-8", name);
	b->is_ordered = !access(path, F_OK);
	return b->is_ordered;
}

/* Let the device have all of it before we wait for any; only a hint. */
static void
start_all(const int *h, unsigned n)
{
	for (unsigned i = 0; n > 1 && i < n; i++)
		(void)sync_file_range(h[i], 0, 0, SYNC_FILE_RANGE_WRITE);
}

/*
 * With an ordered journal it is enough that the bytes have left for the
 * device, and with that their place and length are in the journal's running
 * transaction: the rename joins the same one or a later one, and the sync of
 * the folder commits it.  One commit for the whole batch instead of two, one
 * flush instead of one a file.
 */
int
barrier_settle(struct barrier *b, const int *h, unsigned n, bool *failed)
{
	const unsigned wait = SYNC_FILE_RANGE_WAIT_BEFORE
			      | SYNC_FILE_RANGE_WRITE
			      | SYNC_FILE_RANGE_WAIT_AFTER;
	int err = ERR_OK;

	start_all(h, n);
	if (n == 0 || !barrier_is_cheap(b, h[0]))
		return barrier_sync(b, h, n, failed);
	for (unsigned i = 0; i < n; i++) {
		failed[i] = sync_file_range(h[i], 0, 0, wait) != 0;
		if (failed[i] && !err)
			err = oserr_now();
	}
	return err;
}
