/*
 * api_queue: the queue, in the API.
 *
 *	GET    /queue                  {"queue":[{"id":..,"sender":..,...}]}
 *	GET    /queue/{id}             the same with each recipient's state and
 *	                               the last words of the other side
 *	POST   /queue/retry            try all that wait, now
 *	POST   /queue/{id}/retry       try it now, held or not
 *	POST   /queue/{id}/hold        keep it until released
 *	POST   /queue/{id}/release
 *	DELETE /queue/{id}             nobody is told
 *
 * A message that is being sent at this moment can only be looked at: 409.
 * Without a running server the queue is opened by the first call.
 * Tested: tests/e2e/test_relay.py.
 */
#ifndef SERVICE_API_QUEUE_H
#define SERVICE_API_QUEUE_H

#include "service/api.h"
#include "service/relayd.h"
#include "service/state.h"

struct api_queue {
	struct queue *queue;
	struct relayd *relayd; /* NULL: no server runs */
	struct state *state;
	struct queue_entry *window; /* for a queue that is not yet open */
	uint32_t window_n;
	bool is_open;
	struct mailbox_ids ids; /* none: all messages are old ones */
	struct queue_file file;
	struct queue_strings strings;
};

/* Offer the queue; `q` outlives the API, with its first members set. */
void api_queue_offer(struct api *api, struct api_queue *q);

/*
 * In the command line's own process: open the queue, with all that is in it.
 * Does nothing where it is open already, or a server has it.
 */
int api_queue_open(struct api_queue *q) MUST_CHECK;

#endif
