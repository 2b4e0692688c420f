/*
 * admin: the API inside a running server: what is offered, and by which ways.
 *
 *   server --> admin --+-- api: users, settings, status, ...
 *                      +-- stats: the server's pools and counters
 *                      +-- control: the local socket
 *
 * A module that needs the running server offers its table in admin_open.
 *
 * Memory: struct admin and the areas, the caller's.
 * Failure: `why` says in one line what is wrong.
 */
#ifndef SERVICE_ADMIN_H
#define SERVICE_ADMIN_H

#include "service/api_access.h"
#include "service/api_dkim.h"
#include "service/api_quarantine.h"
#include "service/api_status.h"
#include "service/control.h"
#include "service/server.h"

struct admin_memory {
	void *sessions; /* `n` of POOL_SIZE(struct api_session) */
	uint32_t n;
	void *area; /* for one long request */
	size_t area_octets;
	char *piece; /* API_PIECE + 1 */
};

struct admin {
	struct api api;
	struct stats stats;
	struct api_status status;
	struct api_queue queue;
	struct api_quarantine quarantine;
	struct api_access access;
	struct api_dkim dkim;
	struct pool sessions;
	struct pool areas;
	struct control control;
};

/* Open the control socket of an open server; its loop serves it from now. */
int admin_open(struct admin *ad, struct server *sv,
    const struct admin_memory *m, struct text *why) MUST_CHECK;

/* Remove the control socket. */
void admin_close(struct admin *ad);

#endif
