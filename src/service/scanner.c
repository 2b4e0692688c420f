/*
 * scanner: two queues and two workers.
 *
 * Deliberately not here: what a verdict means for a message (policy/verdict),
 * and how bytes are looked into (scan_worker).
 */
#include "service/scanner.h"

#include "config.h"
#include "core/log.h"
#include "core/text.h"
#include "core/zero.h"
#include "platform/channel.h"
#include "platform/net.h"
#include "scan/unpack.h"

#define GREET_MS     10000  /* from fork to greeting */
#define NOBODY_MS    15000  /* waited for a worker that does not come */
#define LONGEST_MS   300000 /* waited altogether: the client's patience */
#define RETRY_MS     1000   /* where no worker could be ordered */
#define PAUSE_MS     100    /* before the second start in a row, doubled */
#define PAUSE_MAX_MS 30000

/* ---- jobs ---- */

static void
done(struct scanner *sc, struct scan_job *job, const struct scan_verdict *v)
{
	job->verdict = *v;
	job->done = true;
	job->asked = false;
	sc->waiting--;
	sc->scanned++;
	sc->found += v->found != 0;
	sc->flawed += !v->found && v->flaws != 0;
	sc->failed += (v->flaws & SCAN_FAILED) != 0;
	job->wake(job->waker);
}

static void
fail(struct scanner *sc, struct scan_job *job, const char *why, int err)
{
	struct scan_verdict *v = &sc->heard;
	struct text t;

	memset(v, 0, sizeof(*v));
	v->flaws = SCAN_FAILED;
	v->err = err;
	text_init(&t, v->name, sizeof(v->name));
	text_str(&t, why);
	log_event(LOG_WARN, "scanner.failed", "why", why, 0);
	done(sc, job, v);
}

static void
push_last(struct scanner *sc, unsigned lane, struct scan_job *job)
{
	struct scanner_lane *l = &sc->lanes[lane];

	job->lane = (uint8_t)lane;
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
}

static void
push_first(struct scanner_lane *l, struct scan_job *job)
{
	job->next = l->waiting;
	if (l->waiting == NULL)
		l->end = &job->next;
	l->waiting = job;
}

static struct scan_job *
take_first(struct scanner_lane *l)
{
	struct scan_job *job = l->waiting;

	l->waiting = job->next;
	if (l->waiting == NULL)
		l->end = &l->waiting;
	return job;
}

static void
take_out(struct scanner_lane *l, struct scan_job *job)
{
	struct scan_job **at = &l->waiting;

	while (*at != NULL && *at != job)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = job->next;
	if (*at == NULL)
		l->end = at;
}

/* ---- workers ---- */

static unsigned
lane_number(const struct scanner *sc, const struct scanner_lane *l)
{
	return (unsigned)(l - sc->lanes);
}

static void
keeper_lost(struct scanner *sc)
{
	net_close(sc->keeper);
	sc->keeper = -1;
	log_event(LOG_ERROR, "scanner.keeper_lost", "try",
	    "restart gatepost; until then mail is not inspected", 0);
}

/* It never says anything but that it has inherited, or ended. */
static void
hear_keeper(struct scanner *sc)
{
	struct scan_order o;
	int fds[CHANNEL_FDS];
	int err = channel_receive(sc->keeper, &o, sizeof(o), fds);

	if (err == ERR_EOF) {
		keeper_lost(sc);
	} else if (!err) {
		channel_drop(fds);
		sc->keepers++;
		log_event(LOG_WARN, "scanner.keeper_replaced", NULL, NULL, 0);
	}
}

/* The old worker of the lane, if there is one, is killed by this. */
static void
start(struct scanner *sc, struct scanner_lane *l)
{
	struct scan_order o = { .lane = lane_number(sc, l),
		.is_new = sc->tried >= 0 };
	int fds[CHANNEL_FDS] = { -1, -1 }, ends[2], err;
	int sig = sc->tried >= 0 ? sc->tried : sc->signatures;

	l->start_ms = sc->now_ms + RETRY_MS; /* should it not succeed */
	if (sc->keeper < 0 || channel_open(ends))
		return;
	fds[0] = ends[1];
	fds[1] = sig;
	err = channel_send(
	    sc->keeper, span_of(&o, sizeof(o)), fds, sig < 0 ? 1 : 2);
	net_close(ends[1]);
	if (err) {
		net_close(ends[0]);
		if (err == ERR_EOF)
			keeper_lost(sc);
		return;
	}
	l->fd = ends[0];
	l->greeted = l->stuck = l->stale = false;
	l->since_ms = sc->now_ms;
	sc->workers++;
}

static int64_t
pause_ms(unsigned failures)
{
	if (failures < 2)
		return 0;
	return failures > 9 ? PAUSE_MAX_MS : PAUSE_MS << (failures - 2);
}

/* Close the channel: in flight becomes waiting again, in the same order. */
static void
hang_up(struct scanner_lane *l)
{
	net_close(l->fd);
	l->fd = -1;
	while (l->n > 0) {
		unsigned last = (l->first + --l->n) % SCANNER_FLIGHT;

		if (l->flight[last] != NULL)
			push_first(l, l->flight[last]);
	}
}

static struct scan_job *
first_in_flight(const struct scanner_lane *l)
{
	return l->n > 0 ? l->flight[l->first] : NULL;
}

/* The worker has ended by itself. */
static void
lost(struct scanner *sc, struct scanner_lane *l)
{
	struct scan_job *job = first_in_flight(l);

	log_event(LOG_WARN, "scanner.worker_ended", NULL, NULL, 0);
	hang_up(l);
	l->failures++;
	l->start_ms = sc->now_ms + pause_ms(l->failures);
	if (job == NULL || ++job->tries < 2)
		return;
	take_out(l, job);
	fail(sc, job, "the scanner ended while at it", ERR_OK);
}

/* It must not go on with the message it is at; the job, taken out, or NULL. */
static struct scan_job *
interrupt(struct scanner *sc, struct scanner_lane *l)
{
	struct scan_job *job = first_in_flight(l);

	hang_up(l);
	start(sc, l);
	if (job != NULL)
		take_out(l, job);
	return job;
}

static bool
send_one(struct scanner *sc, struct scanner_lane *l, struct scan_job *job)
{
	struct scan_request r = {
		.octets = job->octets,
		.max_octets = sc->config.max_octets,
		.depth = sc->config.depth,
		.members = sc->config.members,
		.rules = sc->config.rules,
		.serial = sc->serial + 1,
	};
	unsigned at = (l->first + l->n) % SCANNER_FLIGHT;
	int err = channel_send(l->fd, span_of(&r, sizeof(r)), &job->fd, 1);

	l->stuck = err == ERR_AGAIN;
	if (err) { /* an end is seen when its channel is read */
		if (err != ERR_AGAIN && err != ERR_EOF)
			lost(sc, l);
		return false;
	}
	if (++sc->serial == 0)
		sc->serial = 1;
	if (l->n == 0)
		l->since_ms = sc->now_ms;
	l->flight[at] = job;
	l->serial[at] = r.serial;
	l->n++;
	return true;
}

/* Start what is needed, and send what waits. */
static void
pump(struct scanner *sc, struct scanner_lane *l)
{
	unsigned most = l == &sc->lanes[SCANNER_QUICK] ? SCANNER_FLIGHT : 1;

	if (l->stale && l->n == 0 && l->fd >= 0) {
		hang_up(l);
		start(sc, l);
	}
	if (l->fd < 0 && l->waiting != NULL && sc->now_ms >= l->start_ms)
		start(sc, l);
	while (l->fd >= 0 && l->greeted && !l->stale && l->waiting != NULL
	       && l->n < most) {
		if (!send_one(sc, l, l->waiting))
			break;
		(void)take_first(l);
	}
}

/* ---- what workers say ---- */

static void
use_signatures(struct scanner *sc, const struct scan_verdict *v)
{
	struct log_line line;

	if (v->err) {
		log_event(
		    LOG_ERROR, "scanner.signatures", "path", sc->path, v->err);
		net_close(sc->tried);
		sc->tried = -1;
		for (unsigned i = 0; i < SCANNER_LANES; i++)
			sc->lanes[i].stale = true;
		return;
	}
	net_close(sc->signatures);
	sc->signatures = sc->tried;
	sc->tried = -1;
	log_begin(&line, LOG_INFO, "scanner.signatures");
	log_str(&line, "path", sc->path);
	log_u64(&line, "count", v->signatures);
	log_end(&line);
}

static void
greeted(
    struct scanner *sc, struct scanner_lane *l, const struct scan_verdict *v)
{
	l->greeted = true;
	l->since_ms = sc->now_ms;
	if (sc->tried >= 0)
		use_signatures(sc, v);
	if (v->filtered || sc->said_unfiltered)
		return;
	sc->said_unfiltered = true;
	log_event(LOG_WARN, "scanner.no_filter", NULL, NULL, 0);
}

static void
judged(struct scanner *sc, struct scanner_lane *l, struct scan_verdict *v)
{
	struct scan_job *job = l->flight[l->first];

	v->name[sizeof(v->name) - 1] = '\0';
	v->where[sizeof(v->where) - 1] = '\0';
	l->first = (l->first + 1) % SCANNER_FLIGHT;
	l->n--;
	l->failures = 0;
	l->since_ms = sc->now_ms;
	if (job != NULL)
		done(sc, job, v);
}

/* One message from a worker; false: there is none, or no worker. */
static bool
listen_once(struct scanner *sc, struct scanner_lane *l)
{
	struct scan_verdict *v = &sc->heard;
	int fds[CHANNEL_FDS], err;

	err = channel_receive(l->fd, v, sizeof(*v), fds);
	if (err == ERR_AGAIN)
		return false;
	if (!err) /* it has nothing to give us */
		channel_drop(fds);
	if (!err && v->serial == 0 && !l->greeted)
		greeted(sc, l, v);
	else if (!err && l->n > 0 && v->serial == l->serial[l->first])
		judged(sc, l, v);
	else
		lost(sc, l);
	return l->fd >= 0;
}

/* ---- time ---- */

/* How many wait behind the first in flight, those unsent counted as one. */
static unsigned
others(const struct scanner_lane *l)
{
	return l->n - 1 + (l->waiting != NULL);
}

/* The more wait, the less it may take: together it is about as long. */
static int64_t
quick_ms(const struct scanner_lane *l)
{
	int64_t ms = SCANNER_QUICK_MS / others(l);

	return ms > SCANNER_LEAST_MS ? ms : SCANNER_LEAST_MS;
}

static bool
is_quick(const struct scanner *sc, const struct scanner_lane *l)
{
	return l == &sc->lanes[SCANNER_QUICK] && l->n > 0 && others(l) > 0;
}

/* When the first in flight has had its time; INT64_MAX: none is. */
static int64_t
lane_deadline(const struct scanner *sc, const struct scanner_lane *l)
{
	if (l->fd < 0)
		return INT64_MAX;
	if (!l->greeted)
		return l->since_ms + GREET_MS;
	if (l->n == 0)
		return INT64_MAX;
	if (is_quick(sc, l))
		return l->since_ms + quick_ms(l);
	return l->since_ms + (int64_t)sc->config.max_seconds * 1000;
}

static void
too_long(struct scanner *sc, struct scanner_lane *l)
{
	bool quick = is_quick(sc, l);
	struct scan_job *job;

	if (!l->greeted) {
		lost(sc, l);
		return;
	}
	job = interrupt(sc, l);
	if (job == NULL)
		return;
	if (quick) {
		sc->moved++;
		push_last(sc, SCANNER_SLOW, job);
	} else {
		fail(sc, job, "it takes too long", ERR_OK);
	}
}

/* When the one that waits longest has waited enough. */
static int64_t
patience(const struct scanner *sc, const struct scanner_lane *l)
{
	if (l->waiting == NULL)
		return INT64_MAX;
	if (l->fd < 0 && sc->keeper < 0)
		return sc->now_ms; /* nobody will ever come */
	return l->waiting->asked_ms + (l->fd < 0 ? NOBODY_MS : LONGEST_MS);
}

static void
watch(struct scanner *sc, struct scanner_lane *l)
{
	while (sc->now_ms >= patience(sc, l))
		fail(sc, take_first(l), "no scanner was free for it",
		    l->fd < 0 ? ERR_OK : ERR_BUSY);
	if (sc->now_ms >= lane_deadline(sc, l))
		too_long(sc, l);
}

/* ---- the loop ---- */

static void
scanner_prep(struct participant *me, struct poller *p)
{
	struct scanner *sc = (struct scanner *)me;

	if (sc->keeper >= 0)
		poller_read(p, sc->keeper);
	for (unsigned i = 0; i < SCANNER_LANES; i++) {
		struct scanner_lane *l = &sc->lanes[i];
		int64_t at = lane_deadline(sc, l), wait = patience(sc, l);

		if (l->fd >= 0)
			poller_read(p, l->fd);
		if (l->fd >= 0 && l->stuck)
			poller_write(p, l->fd);
		if (l->fd < 0 && l->waiting != NULL && sc->keeper >= 0)
			poller_at(p, l->start_ms);
		if (at < INT64_MAX)
			poller_at(p, at);
		if (wait < INT64_MAX)
			poller_at(p, wait);
	}
}

static void
scanner_run(struct participant *me, struct poller *p)
{
	struct scanner *sc = (struct scanner *)me;

	sc->now_ms = p->now_ms;
	if (sc->keeper >= 0 && poller_can_read(p, sc->keeper))
		hear_keeper(sc);
	for (unsigned i = 0; i < SCANNER_LANES; i++) {
		struct scanner_lane *l = &sc->lanes[i];

		if (l->fd >= 0 && poller_can_read(p, l->fd))
			while (listen_once(sc, l))
				;
		watch(sc, l);
		pump(sc, l);
	}
}

void
scanner_ask(struct scanner *sc, struct scan_job *job, int64_t now_ms)
{
	sc->now_ms = now_ms;
	job->done = false;
	job->asked = true;
	job->tries = 0;
	job->asked_ms = now_ms;
	sc->waiting++;
	push_last(sc, SCANNER_QUICK, job);
	pump(sc, &sc->lanes[SCANNER_QUICK]);
}

void
scanner_forget(struct scanner *sc, struct scan_job *job)
{
	struct scanner_lane *l = &sc->lanes[job->lane];

	if (!job->asked)
		return;
	job->asked = false;
	sc->waiting--;
	take_out(l, job);
	for (unsigned i = 0; i < SCANNER_FLIGHT; i++)
		if (l->flight[i] == job)
			l->flight[i] = NULL;
}

bool
scanner_is_on(const struct scanner *sc)
{
	return ENABLE_SCAN_WORKER && sc->config.enabled;
}

/* ---- settings ---- */

static void
open_signatures(struct scanner *sc, struct span path)
{
	struct text t;
	int h;

	text_init(&t, sc->path, sizeof(sc->path));
	text_span(&t, path);
	net_close(sc->tried);
	sc->tried = -1;
	if (path.len == 0) {
		net_close(sc->signatures);
		sc->signatures = -1;
		return;
	}
	h = t.cut ? ERR_RANGE : sc->fs->open(sc->fs, sc->path, FS_READ);
	if (h < 0)
		log_event(LOG_ERROR, "scanner.signatures", "path", sc->path, h);
	else
		sc->tried = h;
}

/* From now on it matters when the keeper is killed. */
static void
secure_keeper(struct scanner *sc)
{
	struct scan_order o = { .lane = SCAN_NO_LANE };

	if (sc->keeper >= 0
	    && channel_send(sc->keeper, span_of(&o, sizeof(o)), NULL, 0)
		   == ERR_EOF)
		keeper_lost(sc);
}

void
scanner_configure(struct scanner *sc, const struct scanner_config *c)
{
	sc->config = *c;
	if (!scanner_is_on(sc))
		return;
	secure_keeper(sc);
	open_signatures(sc, c->signatures);
	for (unsigned i = 0; i < SCANNER_LANES; i++) {
		sc->lanes[i].stale = true;
		pump(sc, &sc->lanes[i]);
	}
}

void
scanner_init(struct scanner *sc, struct fs *fs, int keeper)
{
	zero_fill(sc, sizeof(*sc));
	sc->base = (struct participant) {
		.name = "scanner",
		.prep = scanner_prep,
		.run = scanner_run,
	};
	sc->fs = fs;
	sc->keeper = keeper;
	sc->signatures = sc->tried = -1;
	for (unsigned i = 0; i < SCANNER_LANES; i++) {
		sc->lanes[i].fd = -1;
		sc->lanes[i].end = &sc->lanes[i].waiting;
	}
}

void
scanner_close(struct scanner *sc)
{
	for (unsigned i = 0; i < SCANNER_LANES; i++)
		if (sc->lanes[i].fd >= 0)
			net_close(sc->lanes[i].fd);
	if (sc->keeper >= 0)
		net_close(sc->keeper);
}
