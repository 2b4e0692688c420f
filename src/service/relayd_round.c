/*
 * relayd_round: one pass over a message's recipients: its begin, the results,
 * and what becomes of the message afterwards.  The batches it consists of are
 * put together in relayd_batch.c.
 */
#include "service/relayd.h"

#include "core/log.h"
#include "platform/clock.h"
#include "platform/entropy.h"

/* Before this the clock was never set: a router without a battery. */
#define CLOCK_SANE_S 1700000000

uint8_t
relayd_mark(const struct relayd_slot *s)
{
	return (uint8_t)s->file.plan.tries;
}

static void
log_message(enum log_level level, const char *event,
    const struct relayd_slot *s, int err)
{
	log_event(level, event, "id", s->entry.id, err);
}

/* The message has its first or its next turn later, not now. */
static void
give_back(struct relayd *r, struct relayd_slot *s, int64_t due_ms)
{
	int err;

	s->entry.due_ms = due_ms;
	err = queue_give(r->queue, &s->entry);
	if (err)
		log_message(LOG_ERROR, "queue.lost_index", s, err);
	queue_file_close(&s->file);
	s->has_mail = false;
	s->state = s->out.state == OUTGOING_UP ? RELAYD_PARKED : RELAYD_IDLE;
	s->parked_ms = r->now_ms;
}

static void
begin_plan(struct relayd *r, struct relayd_slot *s)
{
	struct queue_plan *p = &s->file.plan;
	int64_t arrived = relayd_clock_true(&r->clock, s->file.head.arrived_s);

	p->tries++;
	p->since_s = relayd_clock_true(&r->clock, p->since_s);
	if (p->since_s == 0 && r->now_s > CLOCK_SANE_S)
		p->since_s = arrived > CLOCK_SANE_S && arrived <= r->now_s
				 ? arrived
				 : r->now_s;
}

void
relayd_begin(struct relayd *r, struct relayd_slot *s)
{
	int err = queue_file_open(
	    &s->file, r->queue->fs, r->queue->folder, s->entry.id);

	if (err) {
		/* what was missing here is soon there again */
		bool soon = err == ERR_DESCRIPTORS || err == ERR_FULL;
		int64_t wait_s =
		    soon ? r->config.retry_s : r->config.retry_max_s;

		log_message(LOG_ERROR, "queue.unreadable", s, err);
		give_back(r, s, r->now_ms + wait_s * 1000);
		return;
	}
	r->rounds++;
	s->has_mail = true;
	s->tried = s->waits = s->rests = false;
	s->all_sent = s->wrote = s->broken = false;
	s->login_refused = s->login_told = false;
	s->skipped_n = 0;
	s->skip_until_ms = INT64_MAX;
	s->entry.dest = 0;
	begin_plan(r, s);
	s->state = RELAYD_NEXT;
}

/* ---- results ---- */

static void
log_result(const struct relayd_slot *s, const struct queue_rcpt *q,
    enum client_outcome outcome)
{
	static const char *const events[] = { "relay.sent", "relay.later",
		"relay.again", "relay.refused" };
	struct log_line l;

	log_begin(&l, LOG_INFO, events[outcome]);
	log_str(&l, "id", s->entry.id);
	log_span(&l, "to", q->path);
	log_str(&l, "via", s->way.host[0] != '\0' ? s->way.host : s->domain);
	log_u64(&l, "code", q->code);
	log_span(&l, "words", q->words);
	log_end(&l);
}

static bool
wants(const struct queue_rcpt *q, enum client_notify what)
{
	if (q->notify == 0)
		return what != NOTIFY_SUCCESS;
	return (q->notify & (unsigned)what) != 0;
}

static enum queue_state
state_after(const struct relayd_slot *s, const struct queue_rcpt *q,
    enum client_outcome outcome)
{
	bool null = relayd_sender(s, q).len == 0;

	if (outcome == CLIENT_SENT) {
		if (null || !wants(q, NOTIFY_SUCCESS)
		    || (s->file.head.flags & QUEUE_OWN) == 0)
			return QUEUE_SENT;
		if (s->list || s->way.lmtp)
			return QUEUE_DELIVERED;
		return s->out.client.offers & OFFER_DSN ? QUEUE_SENT
							: QUEUE_ARRIVED;
	}
	if (outcome == CLIENT_NEVER)
		return !null && wants(q, NOTIFY_FAILURE) ? QUEUE_FAILED
							 : QUEUE_TOLD;
	return QUEUE_WAITING;
}

static void
count_result(struct relayd *r, enum client_outcome outcome)
{
	r->delivered += outcome == CLIENT_SENT;
	r->deferred += outcome == CLIENT_LATER;
	r->failed += outcome == CLIENT_NEVER;
}

/* Write down what became of recipient `i` of the batch. */
static void
settle(struct relayd *r, struct relayd_slot *s, unsigned i,
    enum client_outcome outcome, const struct reply *reply)
{
	struct queue_rcpt q;
	uint64_t at = s->rcpt[i];
	int err;

	s->settled[i] = true;
	if (outcome == CLIENT_AGAIN
	    || queue_file_rcpt(&s->file, &at, &q, &r->strings) != 1)
		return;
	q.code = reply->code;
	for (unsigned k = 0; k < 3; k++)
		q.enhanced[k] = reply->enhanced[k];
	q.words = reply_words(reply);
	q.host = reply->code > 0 && !s->list ? relayd_host(s) : SPAN("");
	q.state = state_after(s, &q, outcome);
	q.round = relayd_mark(s);
	count_result(r, outcome);
	log_result(s, &q, outcome);
	if (q.state == QUEUE_SENT && s->file.rcpts == 1) {
		s->all_sent = true; /* the file goes as a whole */
		return;
	}
	err = queue_file_settle(&s->file, &q);
	if (err)
		log_message(LOG_ERROR, "queue.not_settled", s, err);
	s->broken = s->broken || err;
	s->waits = s->waits || q.state == QUEUE_WAITING;
	s->wrote = s->wrote || q.state != QUEUE_WAITING;
}

void
relayd_result(struct relayd *r, struct relayd_slot *s,
    const struct smtp_client_result *result)
{
	if (result->recipient >= 0) {
		settle(r, s, (unsigned)result->recipient, result->outcome,
		    result->reply);
		return;
	}
	for (unsigned i = 0; i < s->rcpt_n; i++)
		if (!s->settled[i])
			settle(r, s, i, result->outcome, result->reply);
}

void
relayd_batch_failed(struct relayd *r, struct relayd_slot *s, bool never,
    const struct reply *reply)
{
	const struct smtp_client_result result = {
		.recipient = SMTP_CLIENT_ALL,
		.outcome = never ? CLIENT_NEVER : CLIENT_LATER,
		.reply = reply,
	};

	relayd_result(r, s, &result);
	relayd_hang_up(s);
	s->state = RELAYD_NEXT;
}

/* ---- the end of a round ---- */

struct tally {
	unsigned all, waiting, failed, arrived, delayed;
};

static struct tally
count(struct relayd *r, struct relayd_slot *s)
{
	struct tally t = { 0 };
	struct queue_rcpt q;
	uint64_t at = s->file.first;

	while (queue_file_rcpt(&s->file, &at, &q, &r->strings) == 1) {
		t.all++;
		t.waiting += q.state == QUEUE_WAITING;
		t.failed += q.state == QUEUE_FAILED;
		t.arrived += queue_is_arrived(q.state);
		t.delayed +=
		    q.state == QUEUE_WAITING && wants(&q, NOTIFY_DELAY);
	}
	return t;
}

/* What its way said last, where it was not tried for this one. */
static struct span
words_of(const struct relayd *r, const struct relayd_slot *s)
{
	const struct relay_dest *d = relay_dest_find(&r->dests, s->entry.dest);

	return d != NULL ? span_str(d->words) : SPAN("");
}

/* All recipients in state `from` go on to state `to`. */
static void
move_all(struct relayd *r, struct relayd_slot *s, enum queue_state from,
    enum queue_state to)
{
	struct queue_rcpt q;
	uint64_t at = s->file.first;

	while (queue_file_rcpt(&s->file, &at, &q, &r->strings) == 1) {
		if (q.state != from)
			continue;
		q.state = to;
		if (to == QUEUE_FAILED) { /* its time has run out */
			q.enhanced[0] = 4;
			q.enhanced[1] = 4;
			q.enhanced[2] = 7;
			if (q.words.len == 0)
				q.words = words_of(r, s);
			q.state = state_after(s, &q, CLIENT_NEVER);
		}
		if (queue_file_settle(&s->file, &q))
			log_message(LOG_ERROR, "queue.not_settled", s, ERR_IO);
	}
	s->wrote = true;
}

static bool
tell(struct relayd *r, struct relayd_slot *s, enum notice_kind kind)
{
	const struct notice_time t = {
		.at = { .now_ms = r->now_ms,
		    .now_s = r->now_s,
		    .zone_minutes = clock_zone_minutes(r->now_s) },
		.until_s = s->file.plan.since_s + r->config.expire_s,
	};
	int err = notice_send(r->notice, &s->file, s->entry.id, kind, &t);

	r->noticed = true;
	if (err)
		log_message(LOG_ERROR, "notice.not_sent", s, err);
	return err == ERR_OK;
}

static int64_t
age_s(const struct relayd *r, const struct relayd_slot *s)
{
	int64_t since = s->file.plan.since_s;

	return since > 0 && r->now_s > since ? r->now_s - since : 0;
}

/* Growing intervals, spread by a quarter either way. */
static int64_t
wait_ms(const struct relayd *r, const struct relayd_slot *s)
{
	int64_t wait = r->config.retry_s * 1000;
	int64_t most = r->config.retry_max_s * 1000;
	uint32_t random = 0;

	for (uint32_t i = 1; i < s->file.plan.tries && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	if (entropy_fill(&random, sizeof(random)))
		random = (uint32_t)r->now_ms;
	return wait - wait / 4 + random % (wait / 2 + 1);
}

/* When is its sender to be told something, whatever its ways do? */
static int64_t
look_ms(const struct relayd *r, const struct relayd_slot *s)
{
	int64_t age = age_s(r, s), delay = r->config.delay_s;
	int64_t left = (delay > age ? delay : r->config.expire_s) - age;

	return r->now_ms + (left > 0 ? left * 1000 : 0);
}

/* Something is left to do: when? */
static void
put_off(struct relayd *r, struct relayd_slot *s)
{
	int64_t due = r->now_ms + wait_ms(r, s);
	/* its recipients bear this round's mark from before a crash */
	bool marked = !s->tried && s->skipped_n == 0;

	if (s->skipped_n > 0 && !s->waits) /* only for ways not open now */
		due = s->skip_until_ms;
	if (!s->tried && !marked) /* all its ways: this was no try */
		s->file.plan.tries--;
	s->file.plan.next_s = r->now_s + (due - r->now_ms) / 1000;
	if ((s->tried || marked) && queue_file_plan(&s->file))
		log_message(LOG_ERROR, "queue.not_planned", s, ERR_IO);
	s->entry.look_ms = look_ms(r, s);
	give_back(r, s, due);
}

static void
sync_states(struct relayd *r, struct relayd_slot *s)
{
	struct fs *fs = r->queue->fs;
	bool failed;
	int err;

	if (!s->wrote)
		return;
	err = fs->sync(fs, &s->file.h, 1, &failed);
	if (err)
		log_message(LOG_ERROR, "queue.not_synced", s, err);
	s->wrote = false;
}

/* All have it, but the file can't be removed: then it must say so. */
static void
keep_done(struct relayd *r, struct relayd_slot *s)
{
	if (s->all_sent) {
		move_all(r, s, QUEUE_WAITING, QUEUE_SENT);
		sync_states(r, s);
	}
	give_back(r, s, r->now_ms + r->config.retry_max_s * 1000);
}

static void
finish(struct relayd *r, struct relayd_slot *s)
{
	int err = queue_remove(r->queue, &s->entry);

	if (err) {
		log_message(LOG_ERROR, "queue.not_removed", s, err);
		keep_done(r, s);
		return;
	}
	queue_file_close(&s->file);
	s->has_mail = false;
	s->state = s->out.state == OUTGOING_UP ? RELAYD_PARKED : RELAYD_IDLE;
	s->parked_ms = r->now_ms;
}

/* Tell of failures and successes; false where one could not be told. */
static bool
tell_results(struct relayd *r, struct relayd_slot *s, const struct tally *t)
{
	bool told = true;

	if (t->failed > 0) {
		told = tell(r, s, NOTICE_FAILURE);
		if (told)
			move_all(r, s, QUEUE_FAILED, QUEUE_TOLD);
	}
	if (t->arrived > 0) {
		bool ok = tell(r, s, NOTICE_SUCCESS);

		if (ok)
			move_all(r, s, QUEUE_ARRIVED, QUEUE_SENT);
		if (ok)
			move_all(r, s, QUEUE_DELIVERED, QUEUE_SENT);
		told = told && ok;
	}
	return told;
}

static bool
is_delay_due(const struct relayd *r, const struct relayd_slot *s)
{
	return r->config.delay_s > 0 && !s->file.warned
	       && s->file.head.sender.len > 0
	       && (s->login_told || age_s(r, s) >= r->config.delay_s);
}

static bool
is_given_up(const struct relayd *r, const struct relayd_slot *s)
{
	return (s->tried || s->rests) && age_s(r, s) >= r->config.expire_s;
}

static void
tell_delay(struct relayd *r, struct relayd_slot *s)
{
	if (!tell(r, s, NOTICE_DELAY))
		return;
	s->file.warned = true;
	if (queue_file_marks(&s->file))
		log_message(LOG_ERROR, "queue.not_marked", s, ERR_IO);
}

void
relayd_end(struct relayd *r, struct relayd_slot *s)
{
	struct tally t;
	bool told, late;

	if (s->all_sent) {
		finish(r, s);
		return;
	}
	if (s->broken) {
		s->waits = true;
		put_off(r, s);
		return;
	}
	if (is_given_up(r, s))
		move_all(r, s, QUEUE_WAITING, QUEUE_FAILED);
	t = count(r, s);
	if (t.all != s->file.rcpts) { /* never take it for delivered */
		log_message(LOG_ERROR, "queue.unreadable", s, ERR_TORN);
		s->waits = true;
		put_off(r, s);
		return;
	}
	late = t.delayed > 0 && is_delay_due(r, s);
	if ((t.failed + t.arrived > 0 || late) && r->noticed)
		return; /* in the next turn */
	sync_states(r, s);
	told = tell_results(r, s, &t);
	if (told && t.waiting == 0) {
		finish(r, s);
		return;
	}
	s->waits = s->waits || !told;
	if (late)
		tell_delay(r, s);
	sync_states(r, s);
	put_off(r, s);
}
