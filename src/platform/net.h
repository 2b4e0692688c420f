/*
 * net: non-blocking sockets and addresses.
 *
 * An address is always 16 bytes; IPv4 stands in its v4-mapped form
 * (::ffff:a.b.c.d), so that one client is one address however it came.
 *
 * Failure: ERR_AGAIN = wait for the poller; ERR_CLOSED, ERR_EOF = the peer is
 * gone; ERR_DESCRIPTORS = none left, ERR_FULL = no memory.  All sockets are
 * close-on-exec.
 */
#ifndef PLATFORM_NET_H
#define PLATFORM_NET_H

#include "core/err.h"
#include "core/span.h"

#define NET_ADDR_TEXT 48 /* "ffff:…:255.255.255.255" and a terminator */

struct net_addr {
	uint8_t ip[16];
	uint16_t port;
	uint16_t scope; /* of a link-local address: the interface; else 0 */
};

bool net_is_v4(const struct net_addr *a);
bool net_is_loopback(const struct net_addr *a);

/* Same address; ports do not count. */
bool net_is_same(const struct net_addr *a, const struct net_addr *b);

/*
 * Read "1.2.3.4", "::1" or "[::1]" into `a` (port 0).  ERR_SYNTAX otherwise;
 * no names are looked up.
 */
int net_addr_parse(struct span text, struct net_addr *a) MUST_CHECK;

/*
 * The same, and "fe80::1%eth0" or "%2" behind a link-local address; behind
 * others the scope is left out.  ERR_MISSING: no such interface.
 */
int net_scope_parse(struct span text, struct net_addr *a) MUST_CHECK;

/*
 * Read "ADDR:PORT" ("127.0.0.1:25", "[::]:25", "*:25" for all addresses of
 * both families).  ERR_SYNTAX otherwise.
 */
int net_endpoint_parse(struct span text, struct net_addr *a) MUST_CHECK;

/* Write the address without its port; v4-mapped ones as IPv4. */
void net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT]);

/*
 * Listen on TCP `a`; the descriptor, or ERR_BUSY (somebody listens there),
 * ERR_DENIED (a port below 1024 and no right), ERR_MISSING (not an address of
 * this machine), ERR_IO.  Port 0 takes any free port: see net_local.
 */
int net_listen(const struct net_addr *a, int backlog) MUST_CHECK;

/*
 * Listen on a Unix socket that only its owner may use.  A dead one in its
 * place is replaced, nothing else is: ERR_EXISTS, or ERR_BUSY where somebody
 * listens.
 */
int net_listen_unix(const char *path) MUST_CHECK;

/* Take the next waiting client; its descriptor, ERR_AGAIN, ERR_DESCRIPTORS,
 * ERR_FULL. */
int net_accept(int listener, struct net_addr *peer) MUST_CHECK;

/* Begin to connect; wait for writability, then ask net_connected. */
int net_connect(const struct net_addr *to) MUST_CHECK;
int net_connected(int fd) MUST_CHECK;

/* The same to a Unix socket; ERR_AGAIN: its queue is full just now. */
int net_connect_local(const char *path) MUST_CHECK;

/*
 * Connect to a Unix socket, blocking; for the command line.  ERR_AGAIN, from
 * reading and writing, too, when nothing happened for `patience_ms`.
 */
int net_connect_unix(const char *path, int patience_ms) MUST_CHECK;

/*
 * Connect from an address of this machine, blocking, each wait at most
 * `seconds`; for the command line.  ERR_MISSING: it has no such address.
 */
int net_connect_from(const struct net_addr *to, const struct net_addr *from,
    int seconds) MUST_CHECK;

/* A bound or connected UDP socket, for the resolver. */
int net_udp(const struct net_addr *to) MUST_CHECK;

int net_local(int fd, struct net_addr *a) MUST_CHECK;

/* Bytes read (1 to cap), ERR_EOF, ERR_AGAIN, ERR_CLOSED. */
int net_read(int fd, void *to, size_t cap) MUST_CHECK;

/* Bytes written (1 to len), ERR_AGAIN, ERR_CLOSED; never raises SIGPIPE. */
int net_write(int fd, struct span data) MUST_CHECK;

/* Send what is queued, then tell the peer that no more comes. */
void net_shutdown(int fd);

/*
 * What closing the connection makes of bytes that the peer has not been sent
 * yet, also when the process is killed: dropped, and the peer is told that the
 * connection broke; or, as it is at first, sent on by the kernel.
 */
void net_drop_unsent(int fd, bool drop);

void net_close(int fd);

#endif
