/* custody: a turn's share of work on the quarantine. */
#include "service/custody.h"

#include "core/log.h"
#include "platform/clock.h"

#define RECOVER_AT_ONCE 64u
#define SWEEP_EVERY_MS	60000

static void
recover(struct custody *cu)
{
	struct quarantine *q = cu->quarantine;
	int more = quarantine_recover_step(q, RECOVER_AT_ONCE);

	cu->recovering = more > 0;
	if (more < 0)
		log_event(LOG_ERROR, "quarantine.walk", NULL, NULL, more);
	if (more <= 0 && q->damaged > 0)
		log_event(LOG_ERROR, "quarantine.damaged", "folder", q->folder,
		    ERR_TORN);
}

static void
sweep(struct custody *cu)
{
	struct quarantine *q = cu->quarantine;
	struct log_line l;

	cu->sweeping = quarantine_sweep(q, clock_wall_us() / 1000000);
	if (cu->sweeping || q->expired == cu->expired)
		return;
	log_begin(&l, LOG_INFO, "quarantine.expired");
	log_u64(&l, "messages", q->expired - cu->expired);
	log_end(&l);
	cu->expired = q->expired;
}

static void
custody_prep(struct participant *me, struct poller *p)
{
	const struct custody *cu = (const struct custody *)me;

	if (cu->recovering || cu->sweeping)
		poller_at(p, p->now_ms);
	else if (cu->quarantine->n > 0)
		poller_at(p, p->now_ms + SWEEP_EVERY_MS);
}

static void
custody_run(struct participant *me, struct poller *p)
{
	struct custody *cu = (struct custody *)me;

	(void)p;
	if (cu->recovering)
		recover(cu);
	else
		sweep(cu);
}

void
custody_init(struct custody *cu, struct quarantine *q)
{
	*cu = (struct custody) {
		.base = { .name = "custody",
		    .prep = custody_prep,
		    .run = custody_run },
		.quarantine = q,
		.recovering = true,
	};
}

void
custody_configure(struct custody *cu, const struct settings *st)
{
	const struct quarantine_limits l = {
		.octets =
		    (uint64_t)settings_number(st, SETTING_QUARANTINE_MAX_MIB)
		    << 20,
		.age_s = (int64_t)settings_number(st, SETTING_QUARANTINE_DAYS)
			 * 86400,
	};

	if (cu->quarantine != NULL)
		quarantine_limit(cu->quarantine, &l);
}
