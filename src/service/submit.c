/*
 * submit: takes the requests of SMTP sessions, and runs the barrier.
 *
 * What happens to a transaction is in submit_txn.c.
 */
#include "service/submit.h"

#include <utlist.h>

#include "core/log.h"
#include "core/zero.h"
#include "platform/clock.h"
#include "service/access.h"
#include "service/listen.h"
#include "service/submit_log.h"
#include "service/submit_may.h"
#include "service/submit_quota.h"
#include "service/submit_scan.h"

static void
answer(struct submit_session *ss, enum smtp_reply r)
{
	smtp_answer(&ss->smtp, r, SPAN(""), &ss->conn->out);
}

/* Hold the answer back without holding anybody else. */
static void
answer_slowly(struct submit_session *ss, enum smtp_reply r, uint32_t delay_ms)
{
	ss->held = (uint8_t)r;
	ss->slowed = true;
	ss->answer_at_ms = ss->conn->owner->now_ms + delay_ms;
	DL_APPEND(ss->owner->slow, ss);
}

static void
bad_rcpt(struct submit_session *ss, enum smtp_reply reply)
{
	struct conn *c = ss->conn;
	uint32_t wait_ms = access_bad_recipient(ss->owner->access, &c->peer,
	    ++ss->bad_recipients, c->owner->now_ms);

	if (wait_ms == UINT32_MAX)
		answer(ss, SMTP_TOO_MANY_UNKNOWN);
	else if (wait_ms > 0)
		answer_slowly(ss, reply, wait_ms);
	else
		answer(ss, reply);
}

static void
ask_rcpt(struct submit_session *ss, const struct smtp_request *r)
{
	enum smtp_reply reply = submit_rcpt(ss, r);

	if (reply != SMTP_OK && reply != SMTP_RELAY_DENIED
	    && reply != SMTP_RELAY_LATER) /* those are logged with the rule */
		submit_log_refused(ss, reply, NULL, &r->path);
	if (reply == SMTP_NO_USER || reply == SMTP_RELAY_DENIED)
		bad_rcpt(ss, reply);
	else if (reply == SMTP_OK && submit_quota_waits(ss))
		answer_slowly(ss, reply, SUBMIT_QUOTA_LOOK_MS);
	else
		answer(ss, submit_quota_reply(ss, reply));
}

static struct auth_peer
peer_of(struct submit_session *ss)
{
	struct conn *c = ss->conn;

	return (struct auth_peer) {
		.addr = c->peer,
		.protocol = AUTH_SMTP,
		.tls = c->tls != NULL,
		.legacy = c->listener->plain_auth,
		.wake = (void (*)(void *))conn_wake,
		.waker = c,
	};
}

/* A new EHLO: what holds from here on depends on TLS. */
static void
ask_hello(struct submit_session *ss)
{
	struct auth_peer peer = peer_of(ss);
	struct conn *c = ss->conn;

	submit_drop(ss);
	if (!ss->smtp.authed)
		ss->account = 0; /* a login before STARTTLS */
	ss->config.no_utf8 = !ss->owner->utf8;
	ss->config.tls_on = c->tls != NULL;
	ss->config.offer_tls = c->tls == NULL && conn_may_secure(c);
	ss->config.mechanisms = auth_mechanisms(ss->owner->auth, &peer);
	ss->config.legacy_auth = auth_has_old_form(ss->owner->auth, &peer);
	answer(ss, SMTP_OK);
}

static enum smtp_reply
auth_reply(enum auth_result result)
{
	switch (result) {
	case AUTH_OK:
		return SMTP_OK;
	case AUTH_TEMPFAIL:
		return SMTP_AUTH_TEMPORARY;
	case AUTH_NEEDS_TLS:
		return SMTP_TLS_FIRST;
	case AUTH_UNKNOWN_MECH:
		return SMTP_AUTH_UNKNOWN;
	case AUTH_SYNTAX:
		return SMTP_AUTH_SYNTAX;
	case AUTH_BANNED:
		return SMTP_BANNED;
	case AUTH_FAILED:
	case AUTH_PENDING:
	case AUTH_CHALLENGE:
		break;
	}
	return SMTP_AUTH_REFUSED;
}

static void
auth_over(struct submit_session *ss, enum auth_result result)
{
	const struct account *a = auth_account(ss->auth);

	if (result == AUTH_OK && a != NULL)
		ss->account = a->id;
	auth_end(ss->auth);
	ss->auth = NULL;
	answer(ss, auth_reply(result));
}

/* Where the exchange stands after whatever was fed to it. */
static void
auth_look(struct submit_session *ss)
{
	enum auth_result result = auth_poll(ss->auth);

	if (result == AUTH_PENDING)
		return;
	if (result != AUTH_CHALLENGE) {
		auth_over(ss, result);
		return;
	}
	ss->auth_fed = false;
	smtp_challenge(&ss->smtp, auth_challenge(ss->auth), &ss->conn->out);
}

static void
ask_auth(struct submit_session *ss, const struct smtp_request *r)
{
	struct auth_peer peer = peer_of(ss);

	if (ss->auth == NULL) {
		ss->auth_fed = true;
		ss->auth = auth_begin(ss->owner->auth, r->text, &peer,
		    r->response, r->has_response);
	}
	if (ss->auth == NULL)
		answer(ss, SMTP_AUTH_TEMPORARY);
	else
		auth_look(ss);
}

static void
ask_auth_next(struct submit_session *ss, const struct smtp_request *r)
{
	if (!ss->auth_fed)
		(void)auth_step(ss->auth, r->response);
	ss->auth_fed = true;
	auth_look(ss);
}

/* The id, and what became of it where that is not its delivery. */
static void
answer_kept(struct submit_session *ss)
{
	const struct submit_txn *t = ss->txn;
	char mem[MAILBOX_ID_MAX + 40];
	struct text text;

	text_init(&text, mem, sizeof(mem));
	text_str(&text, t->file.id);
	if (t->held) {
		text_str(&text, " held: ");
		text_str(&text, verdict_word(t->cause));
	}
	smtp_answer(&ss->smtp, SMTP_OK, text_data(&text), &ss->conn->out);
}

static void
ask_commit(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	enum smtp_reply r;

	if (t->done)
		r = submit_result(ss);
	else if (t->complete)
		r = submit_scan_is_over(ss) ? submit_commit(ss) : SMTP_OK;
	else
		r = submit_complete(ss);
	if (r == SMTP_OK && !t->done)
		return;
	if (r == SMTP_OK) {
		answer_kept(ss);
	} else {
		submit_log_refused(ss, r, NULL, NULL);
		answer(ss, r);
	}
	submit_drop(ss);
}

static void
ask_mail(struct submit_session *ss, const struct smtp_request *r)
{
	enum smtp_reply reply = submit_mail(ss, r);

	if (reply != SMTP_OK)
		submit_log_refused(ss, reply, &r->path, NULL);
	answer(ss, reply);
}

/* The client's wish, or what the session found wrong with the message. */
static void
ask_reset(struct submit_session *ss)
{
	if (ss->smtp.after != SMTP_OK)
		submit_log_refused(ss, (enum smtp_reply)ss->smtp.after,
		    ss->txn == NULL ? &smtp_request(&ss->smtp)->path : NULL,
		    NULL);
	submit_drop(ss);
	answer(ss, SMTP_OK);
}

static void
one_request(struct submit_session *ss)
{
	const struct smtp_request *r = smtp_request(&ss->smtp);

	switch (r->ask) {
	case SMTP_ASK_HELLO:
		ask_hello(ss);
		break;
	case SMTP_ASK_AUTH:
		ask_auth(ss, r);
		break;
	case SMTP_ASK_AUTH_NEXT:
		ask_auth_next(ss, r);
		break;
	case SMTP_ASK_AUTH_CANCEL:
		auth_end(ss->auth);
		ss->auth = NULL;
		answer(ss, SMTP_OK);
		break;
	case SMTP_ASK_MAIL:
		ask_mail(ss, r);
		break;
	case SMTP_ASK_RCPT:
		ask_rcpt(ss, r);
		break;
	case SMTP_ASK_BODY:
		answer(ss, submit_body(ss));
		break;
	case SMTP_ASK_WRITE:
		answer(ss, submit_write(ss, r->text));
		break;
	case SMTP_ASK_COMMIT:
		ask_commit(ss);
		break;
	case SMTP_ASK_RESET:
		ask_reset(ss);
		break;
	case SMTP_ASK_NONE:
		break;
	}
}

static void
submit_request(struct conn *c)
{
	struct submit_session *ss = c->session;
	enum smtp_ask before = SMTP_ASK_NONE;

	if (ss->slowed) {
		if (c->owner->now_ms < ss->answer_at_ms)
			return;
		if (submit_quota_waits(ss)) {
			ss->answer_at_ms += SUBMIT_QUOTA_LOOK_MS;
			return;
		}
		ss->slowed = false;
		DL_DELETE(ss->owner->slow, ss);
		answer(ss, submit_quota_reply(ss, ss->held));
		return;
	}
	/* an answer may lead straight to the next request: WRITE to COMMIT */
	while (smtp_ops.want(&ss->smtp) == WANT_ANSWER
	       && smtp_request(&ss->smtp)->ask != before && !ss->slowed) {
		before = smtp_request(&ss->smtp)->ask;
		one_request(ss);
	}
}

static int
submit_open(struct conn *c)
{
	struct submit *su = c->kind->service;
	struct submit_session *ss = pool_take(su->sessions);

	if (ss == NULL)
		return ERR_FULL;
	memset(ss, 0, sizeof(*ss));
	su->conns = c->owner;
	ss->owner = su;
	ss->conn = c;
	ss->config.host = su->host;
	ss->config.max_octets = su->max_octets;
	ss->config.max_recipients = su->max_recipients;
	ss->config.no_utf8 = !su->utf8;
	ss->config.no_notices = !ENABLE_RELAY;
	submit_may_open(ss);
	c->session = ss;
	smtp_init(&ss->smtp, &ss->config, &c->out);
	return ERR_OK;
}

static void
submit_close(struct conn *c)
{
	struct submit_session *ss = c->session;

	if (ss->slowed)
		DL_DELETE(ss->owner->slow, ss);
	auth_end(ss->auth);
	submit_drop(ss);
	pool_give(ss->owner->sessions, ss);
	c->session = NULL;
}

static void
submit_prep(struct participant *me, struct poller *p)
{
	struct submit *su = (struct submit *)me;
	struct submit_session *ss;

	int fd = spool_busy_fd(su->spool);

	if (fd >= 0)
		poller_read(p, fd);
	/* a pipelined message that was completed while the last was answered */
	if (spool_is_waiting(su->spool))
		poller_at(p, p->now_ms);
	DL_FOREACH(su->slow, ss)
	poller_at(p, ss->answer_at_ms);
}

static void
wake_slowed(struct submit *su, int64_t now_ms)
{
	struct submit_session *ss;

	DL_FOREACH(su->slow, ss)
	if (now_ms >= ss->answer_at_ms)
		conn_wake(ss->conn);
}

/* Answer whoever waits for a message that the barrier is done with. */
static void
answer_done(struct submit *su)
{
	struct spool_file *f;

	while ((f = spool_next(su->spool)) != NULL) {
		struct delivery *d = delivery_of(f);
		struct submit_txn *t;

		if (d == NULL)
			continue;
		t = d->user;
		t->done = true;
		if (t->session != NULL)
			conn_push(t->session->conn);
		else
			submit_orphan(su, t);
	}
}

/* With nobody to be served meanwhile, waiting takes fewer system calls. */
static bool
is_alone(const struct submit *su)
{
	const struct conn *c = su->conns == NULL ? NULL : su->conns->list;

	return c != NULL && c->next == NULL;
}

/* Whoever has taken them away should know that they came back. */
static void
note_folders(struct submit *su)
{
	if (su->folders_made == su->spool->folders_made)
		return;
	su->folders_made = su->spool->folders_made;
	log_event(LOG_WARN, "spool.folder_made_again", NULL, NULL, 0);
}

/*
 * One step of the barrier.  While the device is at it, the loop serves the
 * others; what they complete makes up the next barrier.
 */
static void
submit_run(struct participant *me, struct poller *p)
{
	struct submit *su = (struct submit *)me;
	int fd = spool_busy_fd(su->spool);
	int64_t began;
	uint64_t took;

	wake_slowed(su, p->now_ms);
	note_folders(su);
	if (spool_is_idle(su->spool) || (fd >= 0 && !poller_can_read(p, fd)))
		return;
	began = clock_mono_us();
	if (fd < 0 && is_alone(su))
		spool_barrier(su->spool);
	else
		spool_run(su->spool);
	took = (uint64_t)(clock_mono_us() - began);
	if (took > su->slowest_barrier_us)
		su->slowest_barrier_us = took;
	answer_done(su);
}

void
submit_end(struct submit *su)
{
	spool_barrier(su->spool);
	answer_done(su);
}

int
submit_configure(struct submit *su, const struct submit_config *c)
{
	struct text host, domains;

	text_init(&host, su->host, sizeof(su->host));
	text_span(&host, c->host);
	text_init(&domains, su->domains, sizeof(su->domains));
	text_span(&domains, c->domains);
	su->max_octets = c->max_octets;
	su->max_recipients = c->max_recipients < MAX_RECIPIENTS
				 ? c->max_recipients
				 : MAX_RECIPIENTS;
	su->utf8 = c->utf8;
	su->rules = c->rules;
	return host.cut || domains.cut ? ERR_RANGE : ERR_OK;
}

void
submit_init(struct submit *su, const struct submit_parts *parts)
{
	zero_fill(su, sizeof(*su));
	su->base.name = "submit";
	su->base.prep = submit_prep;
	su->base.run = submit_run;
	su->sessions = parts->sessions;
	su->txns = parts->txns;
	su->spool = parts->spool;
	su->accounts = parts->accounts;
	su->auth = parts->auth;
	su->deliver = parts->deliver;
	su->access = parts->access;
	su->scanner = parts->scanner;
	su->clamd = parts->clamd;
	su->kind = (struct conn_kind) {
		.ops = &smtp_ops,
		.service = su,
		.open = submit_open,
		.request = submit_request,
		.close = submit_close,
		.refusal = SPAN("421 4.3.2 too many connections, try again "
				"later\r\n"),
	};
}
