/*
 * faults: preloaded into the server, lets the n-th call of one function fail.
 *
 * And moves its clocks on.  What is to fail stands in a file that the test maps,
 * too ($FAULTS); in the server's children nothing ever fails.  See
 * test_faults.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As test_faults.py packs it. */
struct order {
	volatile int armed;
	int nth;     /* the first call that fails */
	int lasting; /* all that follow fail, too */
	int error;
	int calls;
	int failed;
	char name[32];
	volatile int ahead_s; /* by which the clock without jumps jumps */
	volatile int wall_s;  /* and the other one */
};

static struct order *order;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("FAULTS");
	int fd = path == NULL ? -1 : (int)syscall(SYS_open, path, O_RDWR);
	void *mem = mmap(
	    NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mem != MAP_FAILED)
		order = mem;
	(void)syscall(SYS_close, fd);
}

static int
fails(const char *name)
{
	int n;

	if (order == NULL || !order->armed || strcmp(order->name, name) != 0)
		return 0;
	n = ++order->calls;
	if (n != order->nth && !(order->lasting && n > order->nth))
		return 0;
	order->failed++;
	errno = order->error;
	return 1;
}

#define CALL(result, bad, name, args, pass)                                    \
	result name args                                                       \
	{                                                                      \
		static result(*real) args;                                     \
                                                                               \
		if (real == NULL)                                              \
			real = (result(*) args)dlsym(RTLD_NEXT, #name);        \
		return fails(#name) ? (bad) : real pass;                       \
	}

CALL(int, -1, fsync, (int fd), (fd))
CALL(ssize_t, -1, read, (int fd, void *b, size_t n), (fd, b, n))
CALL(ssize_t, -1, write, (int fd, const void *b, size_t n), (fd, b, n))
CALL(
    ssize_t, -1, pread64, (int fd, void *b, size_t n, off_t at), (fd, b, n, at))
CALL(ssize_t, -1, pwritev64, (int fd, const struct iovec *v, int n, off_t at),
    (fd, v, n, at))
CALL(int, -1, renameat, (int a, const char *p, int b, const char *q),
    (a, p, b, q))
CALL(int, -1, linkat, (int a, const char *p, int b, const char *q, int f),
    (a, p, b, q, f))
CALL(int, -1, symlinkat, (const char *p, int a, const char *q), (p, a, q))
CALL(int, -1, unlinkat, (int a, const char *p, int f), (a, p, f))
CALL(int, -1, mkdirat, (int a, const char *p, mode_t m), (a, p, m))
CALL(int, -1, fstat64, (int fd, struct stat64 *s), (fd, s))
CALL(int, -1, fstatvfs64, (int fd, struct statvfs64 *s), (fd, s))
CALL(void *, MAP_FAILED, mmap64,
    (void *at, size_t n, int p, int f, int fd, off_t o), (at, n, p, f, fd, o))
CALL(ssize_t, -1, send, (int fd, const void *b, size_t n, int f), (fd, b, n, f))
CALL(ssize_t, -1, recv, (int fd, void *b, size_t n, int f), (fd, b, n, f))
CALL(ssize_t, -1, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f))
CALL(ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f))
CALL(int, -1, socket, (int d, int t, int p), (d, t, p))
CALL(int, -1, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f),
    (fd, a, n, f))
CALL(int, -1, select,
    (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t),
    (n, r, w, e, t))

/* What was to be closed is closed, whatever is said about it. */
int
close(int fd)
{
	int failed = fails("close"), error = errno;
	int result = (int)syscall(SYS_close, fd);

	if (failed)
		errno = error;
	return failed ? -1 : result;
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list more;

	va_start(more, flags);
	mode = va_arg(more, mode_t);
	va_end(more);
	return fails("openat64")
		   ? -1
		   : (int)syscall(SYS_openat, dir, path, flags, mode);
}

pid_t
fork(void)
{
	pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");
	pid_t pid = real();

	if (pid == 0)
		order = NULL;
	return pid;
}

/* The results of asynchronous calls are events. */
static void
spoil(struct io_event *e, long n)
{
	for (long i = 0; i < n; i++)
		if (fails("io_event"))
			e[i].res = -order->error;
}

long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6], result;
	va_list more;

	va_start(more, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	if (real == NULL)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if ((number == SYS_io_submit && fails("io_submit"))
	    || (number == SYS_getdents64 && fails("getdents64")))
		return -1;
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_io_getevents)
		spoil((struct io_event *)a[3], result);
	return result;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int err = (int)syscall(SYS_clock_gettime, id, t);

	if (order != NULL && id == CLOCK_MONOTONIC)
		t->tv_sec += order->ahead_s;
	if (order != NULL && id == CLOCK_REALTIME)
		t->tv_sec += order->wall_s;
	return err;
}
