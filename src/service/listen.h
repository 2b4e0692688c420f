/*
 * listen: the ports that clients come to.
 *
 * One struct listener per bound address; several may serve the same setting
 * ("listen.smtp=127.0.0.1:25,[::1]:25").  Accepting is limited per turn, and
 * per client address; whoever finds no place gets the kind's refusal.
 *
 * Memory: a fixed table.  Failure: an address that can't be bound is one log
 * line and one line for the user; the program does not start half deaf.
 */
#ifndef SERVICE_LISTEN_H
#define SERVICE_LISTEN_H

#include "service/conn.h"
#include "service/listener.h"

#define LISTENERS_MAX 24

struct access;

struct listeners {
	struct participant base;
	struct conns *conns;
	struct listener table[LISTENERS_MAX];
	unsigned n;
	struct access *access;	  /* who may have a place; NULL: anybody */
	unsigned max_per_address; /* 0: no limit */
	uint64_t refused;
	int64_t rest_until_ms; /* out of descriptors: nobody is accepted */
};

void listeners_init(struct listeners *ls, struct conns *conns);

/*
 * Bind one "ADDR:PORT".  ERR_FULL (table), ERR_SYNTAX, and net_listen's
 * errors; the caller names the setting in its message.
 */
int listeners_add(struct listeners *ls, struct span endpoint,
    enum listener_role role, const struct conn_kind *kind) MUST_CHECK;

/* Take over an already listening descriptor (the control socket). */
int listeners_take(struct listeners *ls, int fd, enum listener_role role,
    const struct conn_kind *kind) MUST_CHECK;

/* Close all: no new clients. */
void listeners_close(struct listeners *ls);

#endif
