/*
 * conn: the turn of one connection: receive, feed, send; and its end.
 *
 * Deliberately not here: what the bytes mean (proto/), how they are encrypted
 * (tls), and who may connect (listen).
 */
#include "service/conn.h"

#include <utlist.h>

#include "codec/line.h"
#include "service/conn_io.h"
#include "service/listener.h"
#include "service/tls.h"

#define STEPS_MAX   512 /* lines or pieces a connection may use up in a turn */
#define LINGER_MS   2000
#define HANDSHAKE_S 60 /* a place for TLS is dear */

enum step {
	MOVED,
	STARVED, /* more input is needed */
	BLOCKED, /* room in the output is needed */
	WAITING, /* the service owes an answer */
	ENDING,	 /* only the output is left to send */
};

static enum want
want(const struct conn *c)
{
	return c->kind->ops->want(c->session);
}

static void
request(struct conn *c)
{
	if (want(c) == WANT_ANSWER)
		c->kind->request(c);
}

static enum step
step_line(struct conn *c)
{
	const struct session_ops *ops = c->kind->ops;
	struct line l;
	bool whole =
	    line_next(buf_data(&c->in), ops->line_max, &c->line_skip, &l);

	if (whole) {
		ops->line(c->session, l.text, l.flaw, &c->out);
		request(c);
	}
	buf_drop(&c->in, l.used);
	return whole ? MOVED : STARVED;
}

static enum step
step_body(struct conn *c)
{
	size_t len = buf_len(&c->in), used;

	if (len == 0)
		return STARVED;
	used = c->kind->ops->body(c->session, buf_bytes(&c->in), len, &c->out);
	request(c);
	buf_drop(&c->in, used);
	return MOVED;
}

static enum step
step_answer(struct conn *c)
{
	c->kind->request(c);
	if (want(c) != WANT_ANSWER)
		return MOVED;
	return buf_len(&c->out) > 0 ? BLOCKED : WAITING;
}

/* The "go ahead" must have left; what came before the handshake is void. */
static enum step
step_tls(struct conn *c)
{
	if (!io_is_sent(c))
		return BLOCKED;
	buf_drop(&c->in, buf_len(&c->in));
	c->line_skip = false;
	if (io_start_tls(c)) {
		io_log(c, LOG_WARN, "tls.unavailable", NULL, NULL);
		c->dead = true;
		return ENDING;
	}
	c->kind->ops->secured(c->session, &c->out);
	return MOVED;
}

static enum step
step(struct conn *c)
{
	if (conn_out(c, SESSION_REPLY_MAX) == NULL)
		return BLOCKED;
	switch (want(c)) {
	case WANT_LINE:
		return step_line(c);
	case WANT_BODY:
		return step_body(c);
	case WANT_ANSWER:
		return step_answer(c);
	case WANT_TLS:
		return step_tls(c);
	case WANT_CLOSE:
		break;
	}
	return ENDING;
}

/* All has been said and sent: close, or wait until the peer has read it. */
static void
finish(struct conn *c)
{
	if (!io_close(c) || c->dead)
		return;
	if (!c->stopped && buf_len(&c->in) == 0) {
		c->dead = true;
		return;
	}
	net_shutdown(c->fd);
	c->lingering = true;
	c->idle_at_ms = c->owner->now_ms + LINGER_MS;
}

static bool
is_blocked_still(struct conn *c)
{
	io_send(c);
	return c->dead || !io_is_sent(c);
}

static void
advance(struct conn *c)
{
	enum step s = MOVED;
	unsigned n;

	for (n = 0; n < STEPS_MAX && !c->dead; n++) {
		s = step(c);
		if (s == STARVED && io_more(c))
			continue;
		if (s == BLOCKED && !is_blocked_still(c))
			continue;
		if (s != MOVED)
			break;
	}
	if (n == STEPS_MAX)
		c->woken = true;
	/* what blocked it is tried again when the poller says so */
	if (s != BLOCKED)
		io_send(c);
	if (s == ENDING && !c->dead)
		finish(c);
	if (s == STARVED && c->eof)
		c->dead = true;
	io_return_windows(c);
}

/* A new phase begins a new total time; a TLS handshake is one of its own. */
static void
watch_phase(struct conn *c)
{
	const struct session_ops *ops = c->kind->ops;
	bool shaking = io_is_shaking_hands(c);
	unsigned phase = 2 * ops->phase(c->session) + shaking;
	int64_t now = c->owner->now_ms;

	if (phase == c->phase && c->phase_at_ms != 0)
		return;
	c->phase = phase;
	c->phase_at_ms =
	    now
	    + 1000
		  * (int64_t)(shaking ? HANDSHAKE_S
				      : ops->phase_seconds(c->session));
}

static void
stop(struct conn *c, enum session_stop why)
{
	static const char *const words[] = { "shutdown", "idle", "slow" };

	io_log(c, LOG_INFO, "conn.stop", "why", words[why]);
	if (c->stopped || io_is_shaking_hands(c) || want(c) == WANT_TLS
	    || conn_out(c, SESSION_REPLY_MAX) == NULL) {
		c->dead = true;
		return;
	}
	c->stopped = true;
	c->idle_at_ms = c->owner->now_ms + LINGER_MS;
	if (want(c) != WANT_CLOSE)
		c->kind->ops->stop(c->session, why, &c->out);
	advance(c);
}

static bool
is_waiting(const struct conn *c)
{
	return !c->lingering && want(c) == WANT_ANSWER && buf_len(&c->out) == 0;
}

static void
watch_deadlines(struct conn *c)
{
	int64_t now = c->owner->now_ms;

	if (is_waiting(c) && !c->stopped)
		c->idle_at_ms = now + c->owner->idle_ms;
	if (c->lingering || c->stopped) {
		if (now >= c->idle_at_ms)
			c->dead = true;
	} else if (now >= c->idle_at_ms) {
		stop(c, STOP_IDLE);
	} else if (now >= c->phase_at_ms && !is_waiting(c)) {
		stop(c, STOP_SLOW);
	}
}

/* Read and forget, so that the kernel does not reset what we sent last. */
static void
linger(struct conn *c)
{
	uint8_t mem[512];

	for (unsigned n = 0; n < 64 && !c->dead; n++) {
		int got = net_read(c->fd, mem, sizeof(mem));

		if (got == ERR_AGAIN)
			return;
		c->dead = got < 0;
	}
}

static void
run_one(struct conn *c, struct poller *p)
{
	bool ready = poller_can_read(p, c->fd) || poller_can_write(p, c->fd);

	if (c->lingering) {
		if (ready)
			linger(c);
	} else if (ready || c->woken) {
		c->woken = false;
		if (poller_can_read(p, c->fd))
			io_receive(c);
		if (!c->dead && io_is_shaking_hands(c))
			io_send(c); /* which may end the handshake */
		if (!c->dead && !io_is_shaking_hands(c))
			advance(c);
	}
	if (c->dead)
		return;
	watch_phase(c);
	watch_deadlines(c);
}

void
conn_push(struct conn *c)
{
	if (c->dead || c->lingering)
		return;
	c->idle_at_ms = c->owner->now_ms + c->owner->idle_ms;
	advance(c); /* which may shorten that: see finish */
}

void
conn_wake(struct conn *c)
{
	c->woken = true;
}

static void
destroy(struct conn *c)
{
	struct conns *cs = c->owner;

	io_log(c, LOG_DEBUG, "conn.close", NULL, NULL);
	if (c->session != NULL)
		c->kind->close(c);
	io_end(c);
	net_close(c->fd);
	DL_DELETE(cs->list, c);
	pool_give(cs->pool, c);
}

/* At its end a connection has no phases any more. */
static int64_t
deadline(const struct conn *c)
{
	bool ending = c->lingering || c->stopped;

	return ending || c->idle_at_ms < c->phase_at_ms ? c->idle_at_ms
							: c->phase_at_ms;
}

static void
conns_prep(struct participant *me, struct poller *p)
{
	struct conns *cs = (struct conns *)me;
	struct conn *c;

	DL_FOREACH(cs->list, c)
	{
		if (c->woken || c->dead)
			poller_at(p, p->now_ms);
		if (c->lingering || io_wants_read(c))
			poller_read(p, c->fd);
		if (!io_is_sent(c))
			poller_write(p, c->fd);
		if (!is_waiting(c))
			poller_at(p, deadline(c));
	}
}

static void
conns_run(struct participant *me, struct poller *p)
{
	struct conns *cs = (struct conns *)me;
	struct conn *c, *next;

	cs->now_ms = p->now_ms;
	DL_FOREACH_SAFE(cs->list, c, next)
	{
		if (!c->dead)
			run_one(c, p);
		if (c->dead)
			destroy(c);
	}
}

void
conns_init(struct conns *cs, struct pool *pool, struct pool *windows,
    struct pool *bigs, struct pool *tls_pool)
{
	*cs = (struct conns) {
		.base = { .name = "conns",
		    .prep = conns_prep,
		    .run = conns_run },
		.pool = pool,
		.windows = windows,
		.bigs = bigs,
		.tls_pool = tls_pool,
		.idle_ms = 300000,
	};
}

static int
begin(struct conn *c)
{
	int err = ERR_OK;

	if (c->listener->tls_first)
		err = io_start_tls(c);
	if (!err && conn_out(c, SESSION_REPLY_MAX) == NULL)
		err = ERR_FULL;
	return err ? err : c->kind->open(c);
}

void
conn_open(struct conns *cs, int fd, const struct net_addr *peer,
    const struct listener *l)
{
	struct conn *c = cs->stopping ? NULL : pool_take(cs->pool);

	if (c == NULL) {
		io_refuse(fd, l);
		return;
	}
	*c = (struct conn) { .fd = fd, .peer = *peer, .listener = l };
	c->kind = l->kind;
	c->owner = cs;
	c->serial = ++cs->serial;
	c->idle_at_ms = cs->now_ms + cs->idle_ms;
	if (begin(c)) {
		io_log(c, LOG_WARN, "conn.refused", NULL, NULL);
		io_end(c);
		pool_give(cs->pool, c);
		io_refuse(fd, l);
		return;
	}
	io_log(c, LOG_DEBUG, "conn.open", NULL, NULL);
	watch_phase(c);
	DL_APPEND(cs->list, c);
	io_send(c);
	io_return_windows(c); /* until the client says something */
	c->woken = c->dead || want(c) == WANT_CLOSE;
}

unsigned
conns_from(const struct conns *cs, const struct net_addr *peer)
{
	const struct conn *c;
	unsigned n = 0;

	DL_FOREACH(cs->list, c)
	n += net_is_same(&c->peer, peer);
	return n;
}

void
conns_stop(struct conns *cs)
{
	struct conn *c;

	cs->stopping = true;
	DL_FOREACH(cs->list, c)
	if (!c->dead && !c->stopped && !c->lingering && want(c) != WANT_ANSWER)
		stop(c, STOP_SHUTDOWN);
}
