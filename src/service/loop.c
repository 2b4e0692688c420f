/* loop: the turn. */
#include "service/loop.h"

#include <stddef.h>

#include "core/log.h"
#include "platform/clock.h"

void
loop_init(struct loop *l)
{
	l->first = l->last = NULL;
	l->turns = 0;
	l->poller.now_ms = clock_mono_ms();
}

void
loop_join(struct loop *l, struct participant *p)
{
	p->next = NULL;
	if (l->last != NULL)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
}

void
loop_turn(struct loop *l)
{
	struct participant *p;

	poller_begin(&l->poller, clock_mono_ms());
	for (p = l->first; p != NULL; p = p->next)
		p->prep(p, &l->poller);
	if (poller_wait(&l->poller))
		log_event(LOG_ERROR, "loop.select", NULL, NULL, ERR_IO);
	for (p = l->first; p != NULL; p = p->next)
		p->run(p, &l->poller);
	l->turns++;
}
