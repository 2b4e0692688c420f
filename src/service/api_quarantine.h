/*
 * api_quarantine: the stopped messages, in the API.
 *
 *	GET    /quarantine               {"quarantine":[{"id":..,"reason":..}]}
 *	GET    /quarantine/{id}          the same with all recipients, where
 *	                                 inside which archive, and the hash
 *	POST   /quarantine/{id}/release  deliver it now; malware: 403
 *	DELETE /quarantine/{id}          nobody is told
 *
 * Without a running server the quarantine is opened by the first call.
 * Tested: tests/e2e/test_quarantine.py.
 */
#ifndef SERVICE_API_QUARANTINE_H
#define SERVICE_API_QUARANTINE_H

#include "service/api_queue.h"
#include "service/release.h"
#include "service/sending.h"

struct api_quarantine {
	struct state *state;
	struct sending *sending;
	struct api_queue *queue;
	bool running; /* a server has all open */
	bool is_open;
	struct release release;
	struct spool spool; /* without a server */
	struct mailbox_ids ids;
	struct quarantine_file file;
	struct queue_strings strings;
};

/* Offer it; `a` outlives the API, with its first members set. */
void api_quarantine_offer(struct api *api, struct api_quarantine *a);

#endif
