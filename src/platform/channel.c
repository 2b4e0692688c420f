/* channel: SOCK_SEQPACKET and SCM_RIGHTS. */
#include "platform/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/oserr.h"

#define ROOM CMSG_SPACE(CHANNEL_FDS * sizeof(int))

int
channel_open(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return ERR_FULL;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return ERR_OK;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return ERR_IO;
}

int
channel_send(int fd, struct span message, const int *fds, unsigned n)
{
	_Alignas(struct cmsghdr) char mem[ROOM] = { 0 };
	struct iovec v = { .iov_len = message.len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c;

	/* the call does not write through it */
	memcpy(&v.iov_base, &message.p, sizeof(message.p));
	if (n > 0) {
		m.msg_control = mem;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	while (sendmsg(fd, &m, MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN || errno == ETOOMANYREFS)
			return ERR_AGAIN;
		if (errno == EPIPE || errno == ECONNRESET)
			return ERR_EOF;
		if (errno != EINTR)
			return oserr_now();
	}
	return ERR_OK;
}

/* What came in; more than there is room for was closed by the kernel. */
static void
take_fds(struct msghdr *m, int *fds)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	for (unsigned i = 0; i < CHANNEL_FDS; i++)
		fds[i] = -1;
	if (c != NULL && c->cmsg_level == SOL_SOCKET
	    && c->cmsg_type == SCM_RIGHTS
	    && c->cmsg_len <= CMSG_LEN(CHANNEL_FDS * sizeof(int)))
		memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

void
channel_drop(const int *fds)
{
	for (unsigned i = 0; i < CHANNEL_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

int
channel_receive(int fd, void *to, size_t len, int *fds)
{
	_Alignas(struct cmsghdr) char mem[ROOM];
	struct iovec v = { .iov_base = to, .iov_len = len };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = mem,
		.msg_controllen = sizeof(mem) };
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return ERR_AGAIN;
	if (n < 0 && (errno == ECONNRESET || errno == EBADF))
		return ERR_EOF;
	if (n < 0)
		return oserr_now();
	take_fds(&m, fds);
	if ((size_t)n == len && !(m.msg_flags & MSG_TRUNC))
		return ERR_OK;
	channel_drop(fds);
	/* an empty message looks like the end, but may have brought some */
	return n == 0 ? ERR_EOF : ERR_SYNTAX;
}

int
channel_wait(int a, int b)
{
	struct pollfd p[2] = { { .fd = a, .events = POLLIN },
		{ .fd = b, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		;
	return p[1].revents != 0 ? b : a;
}
