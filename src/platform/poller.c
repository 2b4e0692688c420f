/* poller: bit sets laid out as the kernel's fd_set has them. */
#include "platform/poller.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/select.h>

#include "platform/clock.h"

#define WORD_BITS  (8 * sizeof(long))
#define FOREVER_MS 3600000

_Static_assert(sizeof(fd_set) == POLLER_FD_MAX / 8, "fd_set holds the sets");

void
poller_begin(struct poller *p, int64_t now_ms)
{
	memset(p->want_read, 0, sizeof(p->want_read));
	memset(p->want_write, 0, sizeof(p->want_write));
	p->fd_max = -1;
	p->now_ms = now_ms;
	p->deadline_ms = now_ms + FOREVER_MS;
}

static void
set_bit(struct poller *p, unsigned long *set, int fd)
{
	assert(fd >= 0 && fd < POLLER_FD_MAX);
	set[(unsigned)fd / WORD_BITS] |= 1ul << (unsigned)fd % WORD_BITS;
	if (fd > p->fd_max)
		p->fd_max = fd;
}

void
poller_read(struct poller *p, int fd)
{
	set_bit(p, p->want_read, fd);
}

void
poller_write(struct poller *p, int fd)
{
	set_bit(p, p->want_write, fd);
}

void
poller_at(struct poller *p, int64_t when_ms)
{
	if (when_ms < p->deadline_ms)
		p->deadline_ms = when_ms;
}

int
poller_wait(struct poller *p)
{
	int64_t left = p->deadline_ms - p->now_ms;
	struct timeval t = { 0, 0 };
	int n;

	if (left > 0) {
		t.tv_sec = (time_t)(left / 1000);
		t.tv_usec = (suseconds_t)(left % 1000 * 1000);
	}
	memcpy(p->can_read, p->want_read, sizeof(p->can_read));
	memcpy(p->can_write, p->want_write, sizeof(p->can_write));
	n = select(
	    p->fd_max + 1, (void *)p->can_read, (void *)p->can_write, NULL, &t);
	p->now_ms = clock_mono_ms();
	p->slept = n == 0 && left > 0;
	if (n > 0)
		return ERR_OK;
	memset(p->can_read, 0, sizeof(p->can_read));
	memset(p->can_write, 0, sizeof(p->can_write));
	return n == 0 || errno == EINTR ? ERR_OK : ERR_IO;
}

static bool
has_bit(const unsigned long *set, int fd)
{
	return fd >= 0
	       && (set[(unsigned)fd / WORD_BITS] >> (unsigned)fd % WORD_BITS
		   & 1);
}

bool
poller_can_read(const struct poller *p, int fd)
{
	return has_bit(p->can_read, fd);
}

bool
poller_can_write(const struct poller *p, int fd)
{
	return has_bit(p->can_write, fd);
}
