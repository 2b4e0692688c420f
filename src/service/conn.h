/*
 * conn: client connections; moves bytes between a socket and a session.
 *
 *              +-------+   in window    +---------+  request   +---------+
 *   socket <-->| (TLS) |--------------->| session |----------->| service |
 *              |       |<---------------|         |<-----------| module  |
 *              +-------+   out window   +---------+   answer   +---------+
 *
 * Each kind of server (SMTP, POP3, HTTP) is a struct conn_kind: the pure
 * session's operations and the service module that owns its sessions and
 * answers its requests.
 *
 * Memory: everything from pools.  The windows are leased only while they hold
 * bytes, so that an idle connection costs its struct and its session.  While
 * bulk data flows a connection borrows a large window if one is free.
 * Bounds: MAX_CONNECTIONS in all, one receive and one send a turn for each.
 * Failure: a peer that vanishes, stalls or overstays is closed; its session's
 * unfinished work is given up by the kind's `close`.
 * Ownership: only conns_run destroys a connection; everybody else may keep a
 * pointer until their `close` has been called, and wakes it with conn_wake.
 */
#ifndef SERVICE_CONN_H
#define SERVICE_CONN_H

#include "core/pool.h"
#include "platform/net.h"
#include "proto/session.h"
#include "service/loop.h"

struct conn;
struct listener;
struct tls;
struct tls_config;
struct networks;

#define CONN_WINDOW 4096 /* bytes in an ordinary window */

struct conn_kind {
	const struct session_ops *ops;
	void *service; /* the module's own struct */

	/*
	 * Set c->session to a fresh session and append the greeting to
	 * c->out.  ERR_FULL when there is none: the client gets `refusal`.
	 */
	int (*open)(struct conn *c);

	/*
	 * The session has an open request: answer it, or start what will.
	 * Called at once when the request comes up, and again every time the
	 * connection runs while it is open (after conn_wake, or when output
	 * has drained).  When an answer leads straight to the next request,
	 * go on with that one; return when one has to wait.  Spans inside a
	 * request are valid in the first call only.
	 */
	void (*request)(struct conn *c);

	/* The connection ends: give back the session and all it holds. */
	void (*close)(struct conn *c);

	struct span refusal; /* sent to a client that finds no place */
};

struct conn {
	struct conn *next, *prev;
	int fd;
	struct net_addr peer;
	const struct listener *listener;
	const struct conn_kind *kind;
	struct conns *owner;
	void *session;
	struct tls *tls; /* NULL while in plain text */
	struct buf in, out;
	uint32_t serial; /* counts connections; names one in the log */
	int64_t idle_at_ms;
	int64_t phase_at_ms;
	unsigned phase;
	bool woken;	/* run even without a ready descriptor */
	bool eof;	/* the peer has sent its last byte */
	bool line_skip; /* inside the tail of a line that was too long */
	bool stopped;	/* the session has been told to stop */
	bool lingering; /* output sent; waiting for the peer to close */
	bool dead;	/* to be destroyed after run */
};

struct conns {
	struct participant base;
	struct conn *list;
	struct pool *pool;		     /* struct conn */
	struct pool *windows;		     /* CONN_WINDOW bytes */
	struct pool *bigs;		     /* large windows */
	struct pool *tls_pool;		     /* struct tls */
	const struct tls_config *tls_modern; /* NULL: no TLS to offer */
	const struct tls_config *tls_legacy;
	const struct networks *old_tls; /* who gets that one; or NULL */
	/* Is there a TLS session for this peer?  Set by listeners_init. */
	bool (*may_secure)(void *judge, const struct net_addr *peer);
	void *judge;
	unsigned idle_ms;
	uint32_t serial;
	int64_t now_ms; /* the time of this turn */
	bool stopping;
};

void conns_init(struct conns *cs, struct pool *pool, struct pool *windows,
    struct pool *bigs, struct pool *tls_pool);

/*
 * Take over a freshly accepted socket; on any failure the client is refused
 * and the socket closed.
 */
void conn_open(struct conns *cs, int fd, const struct net_addr *peer,
    const struct listener *l);

/* Have the connection run in this turn or the next: its answer is there. */
void conn_wake(struct conn *c);

/*
 * Move the connection on now: send what waits, feed the session, take its
 * requests.  For a participant that has just answered (the barrier).
 */
void conn_push(struct conn *c);

/* The output window with at least `room` bytes free, or NULL: not now. */
struct buf *conn_out(struct conn *c, size_t room);

/* The same in a large window, if one is free; for bulk data. */
struct buf *conn_out_big(struct conn *c, size_t room);

/* Could this connection have TLS now? */
bool conn_may_secure(const struct conn *c);

/* How many connections there are from this address. */
unsigned conns_from(const struct conns *cs, const struct net_addr *peer);

/* Tell every session to stop; connections go as their output leaves. */
void conns_stop(struct conns *cs);

#endif
