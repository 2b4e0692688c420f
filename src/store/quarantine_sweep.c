/*
 * quarantine_sweep: which messages are too old or too many, and their end.
 */
#include "store/quarantine.h"

#define CLOCK_SANE_S 1700000000 /* before: a clock that was never set */
#define HOUR_S	     3600

void
quarantine_limit(struct quarantine *q, const struct quarantine_limits *l)
{
	q->limits = *l;
	q->sweep_next_s = 0;
}

/* Keep the oldest of those seen so far, oldest first. */
static void
note_old(struct quarantine *q, const struct quarantine_entry *e)
{
	uint32_t i = q->old_n;

	if (i == QUARANTINE_OLD) {
		if (e->since_s >= q->old[i - 1].since_s)
			return;
		i--;
	} else {
		q->old_n++;
	}
	for (; i > 0 && q->old[i - 1].since_s > e->since_s; i--)
		q->old[i] = q->old[i - 1];
	q->old[i] = *e;
}

/* The clock is right now and was not then: it counts from here on. */
static void
set_since(struct quarantine *q, struct quarantine_entry *e, int64_t now_s)
{
	static struct quarantine_file file;

	(void)!quarantine_since(q, e, now_s);
	if (quarantine_file_open(&file, q->fs, q->folder, e->id))
		return;
	file.queue.plan.since_s = now_s;
	(void)!queue_file_plan(&file.queue);
	quarantine_file_close(&file);
}

/* What was just promised to be kept is not thrown away for its own size. */
static bool
is_over_size(const struct quarantine *q)
{
	return q->octets > q->limits.octets && q->n > 1;
}

static bool
is_too_old(
    const struct quarantine *q, const struct quarantine_entry *e, int64_t now_s)
{
	return now_s > CLOCK_SANE_S && e->since_s > CLOCK_SANE_S
	       && now_s - e->since_s > q->limits.age_s;
}

/* The walk is over: the oldest go, as far as a limit asks for it. */
static bool
expire(struct quarantine *q, int64_t now_s)
{
	uint32_t i = 0;

	for (; i < q->old_n; i++) {
		struct quarantine_entry *e = &q->old[i];
		int err;

		if (!is_over_size(q) && !is_too_old(q, e, now_s))
			break;
		err = quarantine_remove(q, e);
		if (err && err != ERR_MISSING) {
			q->sweep_next_s = now_s + HOUR_S; /* try later */
			return false;
		}
		q->expired += !err;
	}
	q->sweep_next_s = now_s + HOUR_S;
	return i == QUARANTINE_OLD;
}

/* Is there anything to walk for? */
static bool
begin_sweep(struct quarantine *q, int64_t now_s)
{
	if (!is_over_size(q) && now_s < q->sweep_next_s
	    && q->sweep_next_s - now_s <= HOUR_S)
		return false;
	q->sweeping = q->n > 0;
	q->sweep_at = 0;
	q->old_n = 0;
	if (!q->sweeping)
		q->sweep_next_s = now_s + HOUR_S;
	return q->sweeping;
}

bool
quarantine_sweep(struct quarantine *q, int64_t now_s)
{
	uint32_t end = q->sweep_at + QUARANTINE_SLICE;
	struct quarantine_entry e;
	int got = 1;

	if (q->walk >= 0)
		return false;
	if (!q->sweeping) {
		if (!begin_sweep(q, now_s))
			return false;
		end = QUARANTINE_SLICE;
	}
	while (q->sweep_at < end && got > 0) {
		got = quarantine_next(q, &q->sweep_at, &e);
		if (got <= 0)
			break;
		if (e.since_s < CLOCK_SANE_S && now_s > CLOCK_SANE_S)
			set_since(q, &e, now_s);
		note_old(q, &e);
	}
	if (got > 0)
		return true;
	q->sweeping = got == 0 && expire(q, now_s);
	if (q->sweeping) { /* more than a handful: look again */
		q->sweep_at = 0;
		q->old_n = 0;
	}
	return q->sweeping;
}
