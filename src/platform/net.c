/* net: sockets as the operating system has them, errno turned into err. */
#include "platform/net_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/text.h"
#include "platform/oserr.h"

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

int
net_err_now(void)
{
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case EINPROGRESS:
		return ERR_AGAIN;
	case EADDRINUSE:
		return ERR_BUSY;
	case EADDRNOTAVAIL:
		return ERR_MISSING;
	case ENOBUFS:
		return ERR_FULL;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return ERR_CLOSED;
	default:
		return oserr_now();
	}
}

bool
net_is_v4(const struct net_addr *a)
{
	return !memcmp(a->ip, v4_prefix, sizeof(v4_prefix));
}

bool
net_is_loopback(const struct net_addr *a)
{
	static const uint8_t six[16] = { [15] = 1 };

	return net_is_v4(a) ? a->ip[12] == 127 : !memcmp(a->ip, six, 16);
}

bool
net_is_same(const struct net_addr *a, const struct net_addr *b)
{
	return !memcmp(a->ip, b->ip, sizeof(a->ip));
}

int
net_addr_parse(struct span text, struct net_addr *a)
{
	char mem[NET_ADDR_TEXT];
	struct text t;

	if (text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']')
		text = span_first(span_from(text, 1), text.len - 2);
	text_init(&t, mem, sizeof(mem));
	text_span(&t, text);
	if (t.cut || span_find(text, 0) < text.len)
		return ERR_SYNTAX;
	a->port = a->scope = 0;
	if (inet_pton(AF_INET6, mem, a->ip) == 1)
		return ERR_OK;
	memcpy(a->ip, v4_prefix, sizeof(v4_prefix));
	return inet_pton(AF_INET, mem, a->ip + 12) == 1 ? ERR_OK : ERR_SYNTAX;
}

int
net_scope_parse(struct span text, struct net_addr *a)
{
	size_t percent = span_find(text, '%');
	struct span name = span_from(text, percent + 1);
	int err = net_addr_parse(span_first(text, percent), a);
	char mem[IF_NAMESIZE];
	struct text t;
	uint64_t n;

	if (err || name.len == 0 || a->ip[0] != 0xfe
	    || (a->ip[1] & 0xc0) != 0x80)
		return err;
	text_init(&t, mem, sizeof(mem));
	text_span(&t, name);
	if (span_u64(name, UINT16_MAX, &n))
		n = t.cut ? 0 : if_nametoindex(mem);
	a->scope = (uint16_t)n;
	return n > 0 && n <= UINT16_MAX ? ERR_OK : ERR_MISSING;
}

int
net_endpoint_parse(struct span text, struct net_addr *a)
{
	size_t colon = span_rfind(text, ':');
	struct span host = span_first(text, colon);
	uint64_t port;

	if (colon == text.len
	    || span_u64(span_from(text, colon + 1), 65535, &port))
		return ERR_SYNTAX;
	if (span_is(host, SPAN("*"))) {
		memset(a->ip, 0, sizeof(a->ip));
	} else {
		if (span_find(host, ':') < host.len && host.p[0] != '[')
			return ERR_SYNTAX;
		if (net_addr_parse(host, a))
			return ERR_SYNTAX;
	}
	a->port = (uint16_t)port;
	return ERR_OK;
}

void
net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT])
{
	bool v4 = net_is_v4(a);

	if (inet_ntop(v4 ? AF_INET : AF_INET6, a->ip + (v4 ? 12 : 0), out,
		NET_ADDR_TEXT)
	    == NULL)
		out[0] = '\0';
}

union sock_any {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static socklen_t
to_sock(const struct net_addr *a, union sock_any *s)
{
	memset(s, 0, sizeof(*s));
	if (net_is_v4(a)) {
		s->v4.sin_family = AF_INET;
		s->v4.sin_port = htons(a->port);
		memcpy(&s->v4.sin_addr, a->ip + 12, 4);
		return sizeof(s->v4);
	}
	s->v6.sin6_family = AF_INET6;
	s->v6.sin6_port = htons(a->port);
	memcpy(&s->v6.sin6_addr, a->ip, 16);
	if (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80)
		s->v6.sin6_scope_id = a->scope;
	return sizeof(s->v6);
}

static void
from_sock(const union sock_any *s, struct net_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (s->any.sa_family == AF_INET) {
		memcpy(a->ip, v4_prefix, sizeof(v4_prefix));
		memcpy(a->ip + 12, &s->v4.sin_addr, 4);
		a->port = ntohs(s->v4.sin_port);
	} else if (s->any.sa_family == AF_INET6) {
		memcpy(a->ip, &s->v6.sin6_addr, 16);
		a->port = ntohs(s->v6.sin6_port);
	}
}

int
net_close_with(int fd)
{
	int err = net_err_now();

	(void)close(fd);
	return err;
}

/* "*" means every address there is, with or without IPv6 in the kernel. */
static int
open_listener(const struct net_addr *a, union sock_any *s, socklen_t *len)
{
	static const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	static const uint8_t every[16];
	struct net_addr v4 = *a;
	int fd;

	*len = to_sock(a, s);
	fd = socket(s->any.sa_family, type, 0);
	if (fd >= 0 || errno != EAFNOSUPPORT || memcmp(a->ip, every, 16) != 0)
		return fd;
	memcpy(v4.ip, v4_prefix, sizeof(v4_prefix));
	*len = to_sock(&v4, s);
	return socket(s->any.sa_family, type, 0);
}

int
net_listen(const struct net_addr *a, int backlog)
{
	union sock_any s;
	socklen_t len;
	int on = 1, off = 0, fd = open_listener(a, &s, &len);

	if (fd < 0)
		return net_err_now();
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s.any.sa_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &s.any, len) || listen(fd, backlog))
		return net_close_with(fd);
	return fd;
}

int
net_accept(int listener, struct net_addr *peer)
{
	union sock_any s = { 0 };
	socklen_t len = sizeof(s);
	int on = 1;
	int fd = accept4(listener, &s.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return errno == ECONNABORTED ? ERR_AGAIN : net_err_now();
	from_sock(&s, peer);
	if (s.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int
open_towards(const struct net_addr *to, int type)
{
	union sock_any s;
	socklen_t len = to_sock(to, &s);
	int fd =
	    socket(s.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return net_err_now();
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &s.any, len) && errno != EINPROGRESS)
		return net_close_with(fd);
	return fd;
}

int
net_connect(const struct net_addr *to)
{
	return open_towards(to, SOCK_STREAM);
}

int
net_udp(const struct net_addr *to)
{
	return open_towards(to, SOCK_DGRAM);
}

int
net_connected(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return net_err_now();
	errno = err;
	return err == 0 ? ERR_OK : net_err_now();
}

int
net_connect_from(
    const struct net_addr *to, const struct net_addr *from, int seconds)
{
	struct net_addr here = *from;
	struct timeval most = { .tv_sec = seconds };
	union sock_any s, mine;
	socklen_t len = to_sock(to, &s), mine_len;
	int fd = socket(s.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return net_err_now();
	here.port = 0;
	mine_len = to_sock(&here, &mine);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most))
	    || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most))
	    || bind(fd, &mine.any, mine_len) || connect(fd, &s.any, len))
		return net_close_with(fd);
	return fd;
}

int
net_local(int fd, struct net_addr *a)
{
	union sock_any s = { 0 };
	socklen_t len = sizeof(s);

	if (getsockname(fd, &s.any, &len))
		return net_err_now();
	from_sock(&s, a);
	return ERR_OK;
}

int
net_read(int fd, void *to, size_t cap)
{
	ssize_t n = recv(fd, to, cap, 0);

	if (n < 0)
		return net_err_now();
	return n == 0 ? ERR_EOF : (int)n;
}

int
net_write(int fd, struct span data)
{
	ssize_t n = send(fd, data.p, data.len, MSG_NOSIGNAL);

	return n < 0 ? net_err_now() : (int)n;
}

void
net_shutdown(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

void
net_drop_unsent(int fd, bool drop)
{
	struct linger l = { .l_onoff = drop };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

void
net_close(int fd)
{
	(void)close(fd);
}
