/* custody: a turn's share of work on the quarantine. */
#include "service/custody.h"

#include "core/log.h"
#include "platform/clock.h"
#include "service/parts.h"

#define RECOVER_AT_ONCE 64u
#define SWEEP_EVERY_MS	60000
#define WARN_AGAIN_MS	60000

static void
recover(struct custody *cu)
{
	struct quarantine *q = cu->quarantine;
	int more = quarantine_recover_step(q, RECOVER_AT_ONCE);

	cu->recovering = more > 0;
	if (more < 0)
		log_event(LOG_ERROR, "quarantine.walk", NULL, NULL, more);
	if (more <= 0 && q->newer > 0)
		log_event(LOG_ERROR, "quarantine.newer", "folder", q->folder,
		    ERR_UNSUPPORTED);
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

/* ---- telling people ---- */

static struct letter_time
time_of(int64_t now_ms)
{
	int64_t now_s = clock_wall_us() / 1000000;

	return (struct letter_time) { .now_ms = now_ms,
		.now_s = now_s,
		.zone_minutes = clock_zone_minutes(now_s) };
}

/* Another time it may go well. */
static bool
is_passing(int err)
{
	return err == ERR_FULL || err == ERR_IO || err == ERR_DESCRIPTORS;
}

static int
tell(struct custody *cu, const char *id, int64_t now_ms)
{
	struct quarantine *q = cu->quarantine;
	const struct letter_time t = time_of(now_ms);
	int err = quarantine_file_open(&cu->file, q->fs, q->folder, id);

	if (err)
		return err;
	err = warning_stopped(cu->warning, &cu->file, id, &t);
	/* not written, it is told once more after the next start */
	if (!is_passing(err))
		(void)!quarantine_file_warned(&cu->file);
	quarantine_file_close(&cu->file);
	return err;
}

/* Nearly full: one owner a turn. */
static void
warn_owner(struct custody *cu, int64_t now_ms)
{
	const struct letter_time t = time_of(now_ms);
	const struct account *a;
	unsigned percent;
	uint64_t mib;
	int err;

	if (cu->quota->told == 0 || now_ms < cu->warn_at_ms)
		return;
	a = quota_next_told(cu->quota, &percent, &mib);
	if (a == NULL)
		return;
	err = warning_quota(cu->warning, a, percent, mib, &t);
	if (err) {
		log_event(LOG_ERROR, "quota.not_told", "name", a->name, err);
		cu->warn_at_ms = now_ms + WARN_AGAIN_MS;
		return;
	}
	quota_told(cu->quota, a->id);
}

/* One message a turn, since each letter has a barrier of its own. */
static void
warn(struct custody *cu, int64_t now_ms)
{
	struct quarantine *q = cu->quarantine;
	struct quarantine_entry e;
	int err;

	if (q->unwarned == 0 || now_ms < cu->warn_at_ms
	    || quarantine_next_unwarned(q, &e) != 1)
		return;
	err = tell(cu, e.id, now_ms);
	if (err)
		log_event(LOG_ERROR, "warning.not_sent", "id", e.id, err);
	if (is_passing(err)) {
		cu->warn_at_ms = now_ms + WARN_AGAIN_MS;
		return;
	}
	err = quarantine_warned(q, &e);
	if (err && err != ERR_MISSING)
		cu->warn_at_ms = now_ms + WARN_AGAIN_MS;
}

static void
custody_prep(struct participant *me, struct poller *p)
{
	const struct custody *cu = (const struct custody *)me;

	if (cu->recovering || cu->sweeping)
		poller_at(p, p->now_ms);
	else if (cu->quarantine->n > 0)
		poller_at(p, p->now_ms + SWEEP_EVERY_MS);
	if ((!cu->recovering && cu->quarantine->unwarned > 0)
	    || cu->quota->told > 0)
		poller_at(p, cu->warn_at_ms);
}

static void
custody_run(struct participant *me, struct poller *p)
{
	struct custody *cu = (struct custody *)me;

	if (ENABLE_QUOTAS)
		warn_owner(cu, p->now_ms);
	if (!HAS_VERDICTS)
		return;
	if (cu->recovering) {
		recover(cu);
		return;
	}
	sweep(cu);
	warn(cu, p->now_ms);
}

void
custody_init(struct custody *cu, struct quarantine *q, struct warning *w,
    struct quota *quota)
{
	*cu = (struct custody) {
		.base = { .name = "custody",
		    .prep = custody_prep,
		    .run = custody_run },
		.quarantine = q,
		.warning = w,
		.quota = quota,
		.recovering = HAS_VERDICTS,
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

	if (!HAS_VERDICTS || cu->quarantine == NULL)
		return; /* not open yet */
	quarantine_limit(cu->quarantine, &l);
	cu->warning->on = settings_bool(st, SETTING_SCAN_WARN);
	cu->warning->per_hour = settings_number(st, SETTING_SCAN_WARN_PER_HOUR);
}
