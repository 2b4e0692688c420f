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
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "platform/oserr.h"

#define EXT4_MAGIC 0xEF53
#define NO_DEVICE  UINT64_MAX

void
barrier_init(struct barrier *b)
{
	b->context = 0;
	b->missing = false;
	b->device = NO_DEVICE;
	b->is_ordered = false;
}

void
barrier_end(struct barrier *b)
{
	if (b->context != 0)
		(void)syscall(SYS_io_destroy, b->context);
	b->context = 0;
}

/*
 * Hand up to BARRIER_MAX fsyncs to threads of the kernel's, which flush the
 * device together.  Returns how many are on their way; 0 where the kernel
 * cannot (no AIO, or before 4.18).
 */
static unsigned
begin_syncs(struct barrier *b, const int *h, unsigned n)
{
	long begun;

	if (b->missing)
		return 0;
	if (b->context == 0
	    && syscall(SYS_io_setup, BARRIER_MAX, &b->context)) {
		b->missing = true;
		return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		b->list[i] = &b->cb[i];
		b->cb[i] = (struct iocb) { 0 };
		b->cb[i].aio_lio_opcode = IOCB_CMD_FSYNC;
		b->cb[i].aio_fildes = (unsigned)h[i];
		b->cb[i].aio_data = i;
	}
	begun = syscall(SYS_io_submit, b->context, (long)n, b->list);
	return begun > 0 ? (unsigned)begun : 0;
}

/* Wait for all that is on its way; the first error, or ERR_OK. */
static int
await_syncs(struct barrier *b, unsigned n, bool *failed)
{
	int err = ERR_OK;

	while (n > 0) {
		long got = syscall(
		    SYS_io_getevents, b->context, 1L, (long)n, b->done, NULL);

		if (got < 0 && errno != EINTR)
			return ERR_IO;
		for (long i = 0; i < got; i++) {
			failed[b->done[i].data] = b->done[i].res != 0;
			errno = (int)-b->done[i].res;
			if (errno != 0 && !err)
				err = oserr_now();
		}
		n -= got > 0 ? (unsigned)got : 0;
	}
	return err;
}

static int
sync_some(struct barrier *b, const int *h, unsigned n, bool *failed)
{
	unsigned begun = n > 1 ? begin_syncs(b, h, n) : 0;
	int err;

	for (unsigned i = 0; i < n; i++)
		failed[i] = true;
	err = await_syncs(b, begun, failed);
	for (unsigned i = begun; i < n; i++) {
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
		unsigned some = n < BARRIER_MAX ? n : BARRIER_MAX;
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
static bool
is_ordered(struct barrier *b, int h)
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
	if (n == 0 || !is_ordered(b, h[0]))
		return barrier_sync(b, h, n, failed);
	for (unsigned i = 0; i < n; i++) {
		failed[i] = sync_file_range(h[i], 0, 0, wait) != 0;
		if (failed[i] && !err)
			err = oserr_now();
	}
	return err;
}
