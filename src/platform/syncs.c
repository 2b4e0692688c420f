/*
 * syncs: fsync by the kernel's asynchronous I/O.  It does not know what the
 * files are for, nor in which order they must be safe.
 */
#include "platform/syncs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "platform/oserr.h"

void
syncs_init(struct syncs *s)
{
	s->context = 0;
	s->fd = -1;
	s->missing = false;
	s->n = 0;
}

static int
set_up(struct syncs *s)
{
	if (s->context != 0)
		return ERR_OK;
	if (!s->missing && s->fd < 0)
		s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->fd < 0 || syscall(SYS_io_setup, SYNCS_MAX, &s->context))
		s->missing = true;
	return s->missing ? ERR_UNSUPPORTED : ERR_OK;
}

static void
note(struct syncs *s, unsigned i, int error)
{
	s->left--;
	s->failed[i] = error != 0;
	errno = error;
	if (error != 0 && !s->err)
		s->err = oserr_now();
}

static void
gather(struct syncs *s)
{
	while (s->left > 0) {
		long got = syscall(SYS_io_getevents, s->context, (long)s->left,
		    (long)s->left, s->done, NULL);

		if (got < 0 && errno == EINTR)
			continue;
		for (long i = 0; i < got; i++)
			note(
			    s, (unsigned)s->done[i].data, (int)-s->done[i].res);
		if (got < 0) { /* a mistake of ours: the rest has failed */
			s->err = oserr_now();
			s->left = 0;
		}
	}
}

void
syncs_close(struct syncs *s)
{
	if (s->context != 0)
		(void)syscall(SYS_io_destroy, s->context);
	if (s->fd >= 0)
		(void)close(s->fd);
	syncs_init(s);
}

int
syncs_begin(struct syncs *s, const int *h, unsigned n)
{
	long begun;
	int err;

	if (s->n > 0)
		return ERR_BUSY;
	if (n == 0 || n > SYNCS_MAX)
		return ERR_RANGE;
	err = set_up(s);
	if (err)
		return err;
	for (unsigned i = 0; i < n; i++) {
		s->failed[i] = true;
		s->list[i] = &s->cb[i];
		s->cb[i] = (struct iocb) {
			.aio_lio_opcode = IOCB_CMD_FSYNC,
			.aio_fildes = (unsigned)h[i],
			.aio_data = i,
		};
	}
	s->cb[n - 1].aio_flags = IOCB_FLAG_RESFD;
	s->cb[n - 1].aio_resfd = (unsigned)s->fd;
	begun = syscall(SYS_io_submit, s->context, (long)n, s->list);
	if (begun <= 0)
		return ERR_UNSUPPORTED;
	s->n = n;
	s->left = n;
	s->err = ERR_OK;
	if ((unsigned)begun < n) /* the last one has just ended */
		(void)eventfd_write(s->fd, 1);
	for (unsigned i = (unsigned)begun; i < n; i++)
		note(s, i, fsync(h[i]) ? errno : 0);
	return ERR_OK;
}

int
syncs_end(struct syncs *s, bool wait, bool *failed)
{
	uint64_t count;

	if (read(s->fd, &count, sizeof(count)) < 0) {
		if (errno != EAGAIN)
			s->err = oserr_now();
		else if (!wait)
			return ERR_AGAIN;
	}
	gather(s);
	memcpy(failed, s->failed, s->n * sizeof(*failed));
	s->n = 0;
	return s->err;
}

int
syncs_path(int root, const char *path)
{
	int err = ERR_OK;
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return oserr_now();
	if (fsync(fd))
		err = oserr_now();
	(void)close(fd);
	return err;
}
