/*
 * sink: an SMTP server that takes mail and throws it away, to measure those
 * that send.
 *
 *   sink -n MESSAGES [-p PORT] [-T SECONDS]
 *
 * Prints "port N" when it listens on 127.0.0.1 (-p 0, the default: a free
 * one), and after MESSAGES messages
 *   "N messages, C connections, B bytes, first at T1 us, last at T2 us"
 * (CLOCK_MONOTONIC; the first is the first end of a message), then ends.  Ends
 * also after SECONDS without a byte (default 60), with what there was, status
 * 1.  Offers PIPELINING, SIZE and 8BITMIME; looks at lines no more than it
 * must.  One process, one thread, epoll, CONNS connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS 1024 /* as descriptors: the highest number */
#define IN    65536
#define OUT   16384

#define HELLO                                                                  \
	"250-sink.example\r\n250-PIPELINING\r\n250-SIZE 99999999\r\n"          \
	"250 8BITMIME\r\n"

struct client {
	bool open, in_data;
	char tail[5]; /* of a body: its last five octets */
	char line[1024];
	size_t line_len;
	char out[OUT];
	size_t out_len;
};

static struct client clients[CONNS];
static unsigned long wanted, messages, connections;
static unsigned long long octets;
static long long first_us, last_us;
static int epoll_fd;

static void
die(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static void
say(struct client *c, const char *text)
{
	size_t len = strlen(text);

	if (c->out_len + len > OUT)
		return; /* nobody pipelines that much: it will time out */
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
}

static void
took_message(struct client *c)
{
	c->in_data = false;
	last_us = now_us();
	if (messages++ == 0)
		first_us = last_us;
	say(c, "250 2.0.0 taken\r\n");
}

/* Body bytes up to its end; how many were used. */
static size_t
take_body(struct client *c, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		memmove(c->tail, c->tail + 1, 4);
		c->tail[4] = p[i];
		if (p[i] == '\n' && !memcmp(c->tail, "\r\n.\r\n", 5)) {
			took_message(c);
			return i + 1;
		}
		if (p[i] == '\n')
			continue;
		/* on to the end of the line: only that may be the end */
		const char *end = memchr(p + i, '\n', len - i);
		size_t n = end != NULL ? (size_t)(end - p) : len;

		if (n > i + 5) {
			memcpy(c->tail, p + n - 5, 5);
			i = n - 1;
		}
	}
	return len;
}

static void
take_line(struct client *c)
{
	c->line[c->line_len] = '\0';
	if (!strncasecmp(c->line, "EHLO", 4)) {
		say(c, HELLO);
	} else if (!strncasecmp(c->line, "DATA", 4)) {
		say(c, "354 go\r\n");
		c->in_data = true;
		memcpy(c->tail, "...\r\n", 5);
	} else if (!strncasecmp(c->line, "QUIT", 4)) {
		say(c, "221 2.0.0 bye\r\n");
	} else {
		say(c, "250 2.0.0 ok\r\n");
	}
	c->line_len = 0;
}

static size_t
take_command(struct client *c, const char *p, size_t len)
{
	const char *end = memchr(p, '\n', len);
	size_t n = end != NULL ? (size_t)(end - p) + 1 : len;

	if (c->line_len + n >= sizeof(c->line))
		c->line_len = 0;
	if (n < sizeof(c->line)) {
		memcpy(c->line + c->line_len, p, n);
		c->line_len += n;
	}
	if (end != NULL)
		take_line(c);
	return n;
}

static void
serve(int fd)
{
	static char in[IN];
	struct client *c = &clients[fd];
	ssize_t n = recv(fd, in, sizeof(in), 0);

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return;
		close(fd);
		c->open = false;
		return;
	}
	octets += (unsigned long long)n;
	for (size_t at = 0; at < (size_t)n;)
		at += c->in_data ? take_body(c, in + at, (size_t)n - at)
				 : take_command(c, in + at, (size_t)n - at);
	if (c->out_len > 0
	    && send(fd, c->out, c->out_len, MSG_NOSIGNAL)
		   != (ssize_t)c->out_len)
		shutdown(fd, SHUT_RDWR); /* it does not read: not our client */
	c->out_len = 0;
}

static void
watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e))
		die("epoll_ctl");
}

static void
take_in(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;

	if (fd < 0)
		return;
	if (fd >= CONNS) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	memset(&clients[fd], 0, sizeof(clients[fd]));
	clients[fd].open = true;
	connections++;
	if (send(fd, "220 sink.example ESMTP\r\n", 24, MSG_NOSIGNAL) == 24)
		watch(fd);
	else
		close(fd);
}

static int
listen_on(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a))
	    || listen(fd, 512) || getsockname(fd, (struct sockaddr *)&a, &len))
		die("listen");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	int port = 0, seconds = 60, o, listener, n = 1;
	struct epoll_event ready[64];

	while ((o = getopt(argc, argv, "n:p:T:")) != -1) {
		if (o == 'n')
			wanted = strtoul(optarg, NULL, 10);
		else if (o == 'p')
			port = atoi(optarg);
		else if (o == 'T')
			seconds = atoi(optarg);
		else
			return 2;
	}
	epoll_fd = epoll_create1(0);
	if (wanted == 0 || epoll_fd < 0)
		return 2;
	listener = listen_on(port);
	watch(listener);
	while (messages < wanted && n > 0) {
		n = epoll_wait(epoll_fd, ready, 64, seconds * 1000);
		for (int i = 0; i < n; i++)
			if (ready[i].data.fd == listener)
				take_in(listener);
			else
				serve(ready[i].data.fd);
	}
	printf("%lu messages, %lu connections, %llu bytes, first at %lld us, "
	       "last at %lld us\n",
	    messages, connections, octets, first_us, last_us);
	return messages < wanted;
}
