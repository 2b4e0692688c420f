/*
 * relayd: the slots in the loop, and what is said to the far end.  Rounds are
 * relayd_round.c, ways are relayd_way.c.
 */
#include "service/relayd.h"

#include "core/log.h"
#include "core/zero.h"

#define STEPS_MAX 256 /* of one slot in one turn */

/* ---- talking ---- */

static void
give_rcpt(struct relayd *r, struct relayd_slot *s)
{
	struct smtp_client *c = &s->out.client;
	struct smtp_client_rcpt rcpt;
	struct queue_rcpt q;
	uint64_t at;

	if (s->rcpt_at == s->rcpt_n || s->rcpt_at == smtp_client_rcpt_max(c)) {
		s->rcpt_n = s->rcpt_at; /* the others: in the next batch */
		smtp_client_rcpt_end(c, &s->out.out);
		return;
	}
	at = s->rcpt[s->rcpt_at++];
	if (queue_file_rcpt(&s->file, &at, &q, &r->strings) != 1) {
		smtp_client_lost(c, "the message cannot be read here");
		return;
	}
	rcpt = (struct smtp_client_rcpt) { q.path, q.orcpt, q.notify };
	smtp_client_rcpt(c, &rcpt, &s->out.out);
}

/* Read the next piece of the body; false where the disk fails. */
static bool
read_body(struct relayd *r, struct relayd_slot *s)
{
	int n;

	if (s->body_used < s->body_len || s->dispatch.over)
		return true;
	n = dispatch_read(&s->dispatch, &r->work, s->body, sizeof(s->body));
	s->body_len = n > 0 ? (size_t)n : 0;
	s->body_used = 0;
	return n >= 0;
}

static bool
give_body(struct relayd *r, struct relayd_slot *s)
{
	size_t before = buf_len(&s->out.out);
	struct span piece;

	if (!read_body(r, s)) {
		smtp_client_lost(
		    &s->out.client, "the message cannot be read here");
		return true;
	}
	piece = span_of(s->body + s->body_used, s->body_len - s->body_used);
	s->body_used += smtp_client_body(
	    &s->out.client, piece, s->dispatch.over, &s->out.out);
	return buf_len(&s->out.out) > before;
}

/* The far end offers CHUNKING but does not know BDAT. */
static bool
is_chunking_refused(
    const struct relayd_slot *s, const struct smtp_client_result *result)
{
	return s->chunking && s->out.client.chunked
	       && result->step >= CLIENT_AT_DATA && result->reply->code >= 500
	       && result->reply->code <= 504;
}

/* A connection that was kept has gone away in between: a new one. */
static bool
is_stale(const struct relayd_slot *s, const struct smtp_client_result *result)
{
	const struct smtp_client *c = &s->out.client;

	if (c->mails < 2 || c->accepted > 0)
		return false;
	return (result->step == CLIENT_AT_MAIL && result->reply->code == 0
		   && s->out.state == OUTGOING_OVER)
	       || (result->step <= CLIENT_AT_RCPT
		   && result->reply->code == 421);
}

static void
take_result(struct relayd *r, struct relayd_slot *s)
{
	struct smtp_client_result result =
	    smtp_client_next(&s->out.client, &s->out.out);

	if (!s->mailed) {
		if (result.step == CLIENT_AT_AUTH
		    && result.outcome == CLIENT_NEVER)
			relayd_login_refused(r, s, result.reply);
		relayd_session_failed(r, s, result.reply);
	} else if (is_chunking_refused(s, &result)) {
		s->chunking = false;
		relayd_reconnect(r, s);
	} else if (is_stale(s, &result)) {
		relayd_reconnect(r, s);
	} else if (!relayd_elsewhere(r, s, &result)) {
		relayd_result(r, s, &result);
		outgoing_feed(&s->out);
	}
}

/* The far end wants a message or has had it. */
static void
ready(struct relayd *r, struct relayd_slot *s)
{
	if (!s->mailed)
		relayd_prepare(r, s);
	else
		s->state = RELAYD_NEXT;
}

static bool
talk(struct relayd *r, struct relayd_slot *s)
{
	enum client_want want = smtp_client_want(&s->out.client);

	if (want == CLIENT_RESULT) {
		take_result(r, s);
		return true;
	}
	if (want == CLIENT_CLOSE && !s->mailed) {
		relayd_lost(r, s);
		return true;
	}
	if (want == CLIENT_CLOSE) {
		relayd_hang_up(s);
		s->state = RELAYD_NEXT;
		return true;
	}
	if (want == CLIENT_REPLY || want == CLIENT_TLS
	    || !outgoing_has_room(&s->out))
		return false;
	if (want == CLIENT_READY)
		ready(r, s);
	else if (want == CLIENT_RCPT)
		give_rcpt(r, s);
	else
		return give_body(r, s);
	return true;
}

/* ---- slots ---- */

static bool
take_mail(struct relayd *r, struct relayd_slot *s, uint32_t dest)
{
	if (r->config.hold
	    || queue_take(r->queue, dest, r->now_ms, &s->entry) != 1)
		return false;
	relayd_begin(r, s);
	return true;
}

static bool
parked(struct relayd *r, struct relayd_slot *s)
{
	if (s->out.state == OUTGOING_UP) {
		if (take_mail(r, s, s->dest->key) || take_mail(r, s, 0))
			return true;
		if (r->now_ms < s->parked_ms + RELAYD_PARK_MS)
			return false;
		if (smtp_client_want(&s->out.client) == CLIENT_READY)
			smtp_client_quit(&s->out.client, &s->out.out);
		outgoing_push(&s->out, r->now_ms);
	}
	relayd_hang_up(s);
	s->state = RELAYD_IDLE;
	return true;
}

/* Do one thing; false when there is nothing to do now. */
static bool
step(struct relayd *r, struct relayd_slot *s)
{
	switch (s->state) {
	case RELAYD_IDLE:
		return take_mail(r, s, 0);
	case RELAYD_NEXT:
		relayd_next_batch(r, s);
		return true;
	case RELAYD_MX:
	case RELAYD_ADDRESS:
		if (!s->lookup->done)
			return false;
		relayd_looked_up(r, s);
		return true;
	case RELAYD_PREPARING:
		return relayd_prepare_step(r, s);
	case RELAYD_TALKING:
		return talk(r, s);
	case RELAYD_END:
		relayd_end(r, s);
		return s->state != RELAYD_END;
	case RELAYD_PARKED:
		return parked(r, s);
	}
	return false;
}

static void
run_slot(struct relayd *r, struct relayd_slot *s, struct poller *p)
{
	if (s->out.state == OUTGOING_CONNECTING || s->out.state == OUTGOING_UP)
		outgoing_run(&s->out, p);
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		if (step(r, s))
			continue;
		/* sending may make room for more of a body */
		if (s->state != RELAYD_TALKING || buf_len(&s->out.out) == 0)
			break;
		outgoing_push(&s->out, r->now_ms);
		if (!outgoing_has_room(&s->out)
		    || smtp_client_want(&s->out.client) != CLIENT_BODY)
			break;
	}
	outgoing_push(&s->out, r->now_ms);
}

static void
sync_removals(struct relayd *r)
{
	int err = queue_sync_step(r->queue);

	if (err)
		log_event(LOG_ERROR, "queue.not_synced", NULL, NULL, err);
}

static void
recover(struct relayd *r)
{
	const struct queue_clock c = {
		.now_ms = r->now_ms,
		.now_s = r->now_s,
		.most_s = r->config.retry_max_s,
	};
	int err = queue_recover_step(r->queue, RELAYD_RECOVER, &c);

	if (err < 0)
		log_event(LOG_ERROR, "queue.not_recovered", NULL, NULL, err);
	if (err == 0 && r->queue->newer > 0)
		log_event(LOG_ERROR, "queue.newer", "folder", r->queue->folder,
		    ERR_UNSUPPORTED);
}

static void
relayd_run(struct participant *me, struct poller *p)
{
	struct relayd *r = (struct relayd *)me;

	r->now_ms = p->now_ms;
	r->now_s = relayd_clock_now(&r->clock, r->now_ms);
	r->noticed = r->busy = false;
	r->slices = 0;
	if (r->queue->walk >= 0)
		recover(r);
	(void)queue_scan(r->queue, r->now_ms);
	for (unsigned i = 0; i < r->slots_n; i++)
		run_slot(r, &r->slots[i], p);
	sync_removals(r);
}

static bool
has_idle(const struct relayd *r)
{
	for (unsigned i = 0; i < r->slots_n; i++)
		if (r->slots[i].state == RELAYD_IDLE
		    || r->slots[i].state == RELAYD_PARKED)
			return true;
	return false;
}

/*
 * Messages whose destinations are all busy stay in the window: its time is
 * not waited for then, but the end of a connection, which is an event.
 */
static int64_t
queue_time(const struct relayd *r)
{
	if (r->queue->walk >= 0 || r->queue->scanning)
		return 0;
	if (r->queue->window_n > 0)
		return r->now_ms + 1000;
	return queue_due_ms(r->queue);
}

/*
 * Can it go on at once?  Its steps of this turn may be used up while the
 * socket has taken everything: then nothing else would wake it.
 */
static bool
is_ready(const struct relayd_slot *s)
{
	enum client_want want;

	if (s->state != RELAYD_TALKING)
		return s->state == RELAYD_END || s->state == RELAYD_NEXT
		       || s->state == RELAYD_PREPARING;
	want = smtp_client_want(&s->out.client);
	return outgoing_has_room(&s->out) && want != CLIENT_REPLY
	       && want != CLIENT_TLS;
}

static void
relayd_prep(struct participant *me, struct poller *p)
{
	struct relayd *r = (struct relayd *)me;

	if (queue_busy_fd(r->queue) >= 0)
		poller_read(p, queue_busy_fd(r->queue));
	for (unsigned i = 0; i < r->slots_n; i++) {
		struct relayd_slot *s = &r->slots[i];

		outgoing_prep(&s->out, p);
		if (s->state == RELAYD_PARKED)
			poller_at(p, s->parked_ms + RELAYD_PARK_MS);
		if (is_ready(s))
			poller_at(p, 0);
	}
	if (r->queue->walk >= 0)
		poller_at(p, 0); /* also while all is held */
	if (!r->config.hold && has_idle(r) && queue_time(r) != QUEUE_NEVER)
		poller_at(p, queue_time(r));
}

static int64_t
when(void *ctx, uint32_t dest)
{
	const struct relayd *r = ctx;

	return relay_dest_when(&r->dests, dest);
}

void
relayd_init(struct relayd *r, const struct relayd_parts *parts)
{
	zero_fill(r, sizeof(*r));
	r->base.name = "relayd";
	r->base.prep = relayd_prep;
	r->base.run = relayd_run;
	r->queue = parts->queue;
	r->queue->when = when;
	r->queue->dest = relayd_dest_of;
	r->queue->ctx = r;
	r->settings = parts->settings;
	r->resolver = parts->resolver;
	r->directory = parts->directory;
	r->notice = parts->notice;
	r->lists = parts->lists;
	r->roots = parts->roots;
	r->roots_ctx = parts->roots_ctx;
	r->slots = parts->slots;
	r->slots_n = parts->slots_n;
	r->dests.table = parts->dests;
	r->dests.n = parts->dests_n;
	/* all idle, and not touched before their first use */
	zero_fill(r->slots, r->slots_n * sizeof(*r->slots));
	r->tls_pool = parts->tls_pool;
	r->tls_config = parts->tls_config;
	r->signer = parts->signer;
}

void
relayd_configure(struct relayd *r, const struct relayd_config *c)
{
	r->config = *c;
	r->dests.per_dest = c->per_dest;
	r->dests.rest_ms = (c->retry_s < 60 ? c->retry_s : 60) * 1000;
	r->dests.rest_max_ms =
	    (c->retry_max_s < 1800 ? c->retry_max_s : 1800) * 1000;
	routes_load(&r->routes, r->settings);
	relay_dests_retry(&r->dests);
}

void
relayd_stop(struct relayd *r)
{
	for (unsigned i = 0; i < r->slots_n; i++) {
		struct relayd_slot *s = &r->slots[i];

		relayd_hang_up(s);
		if (s->has_mail)
			queue_file_close(&s->file);
		s->has_mail = false;
		s->state = RELAYD_IDLE;
	}
	if (r->queue->removed && queue_sync(r->queue))
		log_event(LOG_ERROR, "queue.not_synced", NULL, NULL, ERR_IO);
}
