/*
 * loop: one select(), many equal participants.
 *
 *   turn:  prep(everybody) -> sleep -> run(everybody, in the order of joining)
 *
 * `prep` declares descriptors and the next deadline to the poller; `run` looks
 * whether it is its turn and works for a bounded time.  No participant calls
 * another's run.  Order matters in one place only: the durability barrier
 * joins after the connections, so that one barrier serves all messages that
 * were finished in the turn.
 */
#ifndef SERVICE_LOOP_H
#define SERVICE_LOOP_H

#include "platform/poller.h"

/* Embedded as first member in whatever takes part. */
struct participant {
	const char *name;
	void (*prep)(struct participant *me, struct poller *p);
	void (*run)(struct participant *me, struct poller *p);
	struct participant *next;
};

struct loop {
	struct participant *first;
	struct participant *last;
	struct poller poller;
	uint64_t turns;
};

void loop_init(struct loop *l);

/* Add a participant for good; it lives as long as the loop. */
void loop_join(struct loop *l, struct participant *p);

/* Sleep until somebody has something to do, then let everybody run once. */
void loop_turn(struct loop *l);

#endif
