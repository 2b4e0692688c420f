/* quiet: work is what is not the end of a sleep by its deadline. */
#include "service/quiet.h"

#include "platform/clock.h"
#include "platform/pages.h"

static void
quiet_prep(struct participant *me, struct poller *p)
{
	struct quiet *q = (struct quiet *)me;

	if (q->when_ms == 0)
		return;
	if (p->now_ms < q->when_ms) {
		poller_at(p, q->when_ms);
		return;
	}
	q->when_ms = 0;
	q->more(q->ctx);
	pages_shed();
}

static void
quiet_run(struct participant *me, struct poller *p)
{
	struct quiet *q = (struct quiet *)me;

	if (!p->slept)
		q->when_ms = p->now_ms + QUIET_MS;
}

void
quiet_init(struct quiet *q, void (*more)(void *ctx), void *ctx)
{
	*q = (struct quiet) {
		.base = { .name = "quiet",
		    .prep = quiet_prep,
		    .run = quiet_run },
		.when_ms = clock_mono_ms() + QUIET_MS,
		.more = more,
		.ctx = ctx,
	};
}
