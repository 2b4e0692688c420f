/*
 * server: the boot order, the loop, and the end.
 *
 *   state open -> settings -> TLS pair -> spool recovery -> ports -> rights
 *   dropped -> loop ... SIGHUP: settings again ... SIGTERM: no new clients,
 *   421 to those who are there, a last barrier, end
 *
 * Memory: one struct server and the pools' areas, the caller's (memory.c).
 * Failure: opening says in one line what is wrong, where, and what to do.
 * Tested: every end-to-end test; test_smtp's Ending for the end.
 */
#ifndef SERVICE_SERVER_H
#define SERVICE_SERVER_H

#include "service/access.h"
#include "service/auth.h"
#include "service/clamd.h"
#include "service/collect.h"
#include "service/conn.h"
#include "service/listen.h"
#include "service/quiet.h"
#include "service/scanner.h"
#include "service/sending.h"
#include "service/server_tls.h"
#include "service/state.h"
#include "service/submit.h"

enum server_pool {
	SERVER_CONNS,
	SERVER_WINDOWS,
	SERVER_BIGS,
	SERVER_TLS,
	SERVER_AUTH,
	SERVER_SMTP,
	SERVER_TXNS,
	SERVER_POP3,
	SERVER_DROPS,
	SERVER_POOLS
};

/* One pool's memory: `n` objects of `size` bytes. */
struct server_area {
	const char *name;
	void *mem;
	size_t size;
	uint32_t n;
};

struct server_memory {
	struct server_area pools[SERVER_POOLS];
	struct access_memory access;
	struct users_seen *seen; /* right passwords seen lately */
	uint32_t seen_n;
	struct maildrop_work *drop_work;
	struct sending_memory sending;
	int64_t *logged_in_ms; /* POP3, by account id */
	uint8_t *tls_cache;
	size_t tls_cache_octets;
};

/* Signals, SIGHUP's new settings, and the time of the start. */
struct server_watch {
	struct participant base;
	int fd;
	bool stop;
	bool reload;
	int64_t last_ms; /* once stopping: when to have ended; else 0 */
};

struct server {
	struct loop loop;
	struct state *state;
	struct pool pools[SERVER_POOLS];
	struct conns conns;
	struct listeners listeners;
	struct mailbox_ids ids;
	struct spool spool;
	struct access access;
	struct auth_service auth;
	struct scanner scanner;
	struct clamd clamd;
	struct submit submit;
	struct collect collect;
	struct sending sending;
	struct server_tls tls;
	struct server_watch watch;
	struct quiet quiet;
	char host[256];	     /* our name */
	uint32_t generation; /* of the settings that are in force */
	int64_t started_ms;
};

/*
 * Make everything ready on an open state folder: after ERR_OK the ports are
 * open and server_run serves them.  `keeper`: of the scan workers, or < 0.
 */
int server_open(struct server *sv, struct state *st,
    const struct server_memory *m, int keeper, struct text *why) MUST_CHECK;

/* Serve until SIGTERM or SIGINT; returns after a clean end. */
void server_run(struct server *sv);

#endif
