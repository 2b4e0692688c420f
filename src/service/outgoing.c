/* outgoing: bytes only; what they mean is the client's and the owner's. */
#include "service/outgoing.h"

#include "core/secret.h"
#include "core/text.h"

void
outgoing_init(struct outgoing *o, struct pool *tls_pool,
    const struct tls_config *tls_config)
{
	o->state = OUTGOING_NONE;
	o->fd = -1;
	o->tls = NULL;
	o->tls_pool = tls_pool;
	o->tls_config = tls_config;
}

static void
lose(struct outgoing *o, const char *words)
{
	struct text t;

	if (o->state == OUTGOING_OVER)
		return;
	text_init(&t, o->words, sizeof(o->words));
	text_str(&t, words);
	smtp_client_lost(&o->client, o->words);
	o->state = OUTGOING_OVER;
}

/* The far end is gone; while TLS was to begin, this may be why. */
static void
lose_peer(struct outgoing *o, const char *words)
{
	if (o->client.phase == CLIENT_IS_STARTING
	    || o->client.phase == CLIENT_IS_SECURING)
		o->tls_failed = true;
	lose(o, words);
}

static bool
begin_tls(struct outgoing *o)
{
	struct outgoing_config *c = &o->config;

	o->tls = pool_take(o->tls_pool);
	if (o->tls == NULL) {
		lose(o, "all TLS places are in use here");
		return false;
	}
	if (tls_peer_init(&o->peer, c->level, c->name, c->roots, c->wall_s)
	    || (c->pin != NULL
		&& memcpy(o->peer.pin, c->pin, TLS_FINGERPRINT) == NULL)
	    || tls_connect(o->tls, o->tls_config, &o->peer)) {
		lose(o, "TLS could not be begun");
		return false;
	}
	return true;
}

void
outgoing_open(
    struct outgoing *o, const struct outgoing_config *c, int64_t now_ms)
{
	o->config = *c;
	o->tls_failed = false;
	o->state = OUTGOING_CONNECTING;
	o->moved_ms = now_ms;
	o->phase = CLIENT_IS_COMING;
	o->phase_at_ms = now_ms + OUTGOING_CONNECT_MS;
	buf_init(&o->in, o->in_mem, sizeof(o->in_mem));
	buf_init(&o->out, o->out_mem, sizeof(o->out_mem));
	smtp_client_init(&o->client, &c->client);
	o->fd = net_connect(&c->to);
	if (o->fd < 0)
		lose(o, err_text(o->fd));
	else
		net_drop_unsent(o->fd, true);
}

/*
 * The rest of a message that has been given up must not arrive: it will be
 * sent again, or its owner deletes it.
 */
static bool
is_between_mails(const struct outgoing *o)
{
	const struct smtp_client *c = &o->client;

	return c->mails == 0 || c->phase == CLIENT_IS_READY
	       || c->phase == CLIENT_IS_QUIT;
}

void
outgoing_close(struct outgoing *o)
{
	if (o->tls != NULL) {
		tls_end(o->tls);
		pool_give(o->tls_pool, o->tls);
	}
	o->tls = NULL;
	if (o->fd >= 0) {
		if (is_between_mails(o))
			net_drop_unsent(o->fd, false);
		net_close(o->fd);
	}
	o->fd = -1;
	o->state = OUTGOING_NONE;
}

bool
outgoing_has_room(const struct outgoing *o)
{
	return o->state == OUTGOING_UP && buf_free(&o->out) >= SMTP_CLIENT_OUT;
}

/* ---- receiving ---- */

static bool
may_feed(const struct outgoing *o)
{
	return o->state == OUTGOING_UP
	       && smtp_client_want(&o->client) != CLIENT_RESULT
	       && buf_free(&o->out) >= SMTP_CLIENT_OUT;
}

static void
watch_tls(struct outgoing *o)
{
	enum tls_state s = tls_state(o->tls);

	if (s == TLS_UP && o->client.phase == CLIENT_IS_SECURING)
		smtp_client_secured(&o->client, &o->out);
	if (s == TLS_FAILED) {
		o->tls_failed = o->client.phase == CLIENT_IS_SECURING
				|| o->client.phase == CLIENT_IS_COMING;
		lose(o, tls_error_text(o->tls));
	} else if (s == TLS_CLOSED) {
		lose(o, "the server closed the connection");
	}
}

void
outgoing_feed(struct outgoing *o)
{
	size_t len, used;

	while (o->tls == NULL && buf_len(&o->in) > 0 && may_feed(o)) {
		used = smtp_client_feed(&o->client, buf_data(&o->in), &o->out);
		buf_drop(&o->in, used);
	}
	while (o->tls != NULL && may_feed(o)) {
		uint8_t *p = tls_app_data(o->tls, &len);

		if (len == 0)
			break;
		used = smtp_client_feed(&o->client, span_of(p, len), &o->out);
		tls_app_drop(o->tls, used);
	}
	if (o->state == OUTGOING_UP && o->tls != NULL)
		watch_tls(o);
}

static uint8_t *
room(struct outgoing *o, size_t *len)
{
	return o->tls != NULL ? tls_room(o->tls, len) : buf_room(&o->in, len);
}

static void
receive(struct outgoing *o, int64_t now_ms)
{
	size_t len;
	uint8_t *to = room(o, &len);
	int n;

	if (len == 0)
		return;
	n = net_read(o->fd, to, len);
	if (n == ERR_AGAIN)
		return;
	if (n <= 0) {
		lose_peer(o, "the server closed the connection");
		return;
	}
	o->moved_ms = now_ms;
	if (o->tls == NULL) {
		buf_commit(&o->in, (size_t)n);
		return;
	}
	tls_commit(o->tls, (size_t)n);
}

/* ---- sending ---- */

static void
send_span(struct outgoing *o, struct span s, size_t *sent, int64_t now_ms)
{
	int n = net_write(o->fd, s);

	*sent = n > 0 ? (size_t)n : 0;
	if (n > 0)
		o->moved_ms = now_ms;
	else if (n != ERR_AGAIN)
		lose_peer(o, "the connection broke");
}

static void
push_plain(struct outgoing *o, int64_t now_ms)
{
	size_t sent;

	if (buf_len(&o->out) == 0)
		return;
	send_span(o, buf_data(&o->out), &sent, now_ms);
	buf_drop(&o->out, sent);
}

static void
fill_tls(struct outgoing *o)
{
	size_t len;
	uint8_t *to;

	if (tls_state(o->tls) != TLS_UP || buf_len(&o->out) == 0)
		return;
	to = tls_app_room(o->tls, &len);
	if (len > buf_len(&o->out))
		len = buf_len(&o->out);
	if (len == 0)
		return;
	memcpy(to, buf_bytes(&o->out), len);
	buf_drop(&o->out, len);
	tls_app_commit(o->tls, len);
	tls_flush(o->tls);
}

static void
push_tls(struct outgoing *o, int64_t now_ms)
{
	size_t sent;

	for (;;) {
		struct span s = tls_data(o->tls);

		if (s.len == 0) {
			fill_tls(o);
			s = tls_data(o->tls);
		}
		if (s.len == 0)
			break;
		send_span(o, s, &sent, now_ms);
		tls_drop(o->tls, sent);
		if (sent < s.len)
			break;
	}
}

/* Everything said in plain text has left: TLS may begin. */
static void
maybe_start_tls(struct outgoing *o)
{
	if (o->state != OUTGOING_UP || o->tls != NULL
	    || smtp_client_want(&o->client) != CLIENT_TLS
	    || buf_len(&o->out) > 0)
		return;
	buf_drop(&o->in, buf_len(&o->in));
	(void)begin_tls(o);
}

void
outgoing_push(struct outgoing *o, int64_t now_ms)
{
	if (o->state != OUTGOING_UP)
		return;
	if (o->tls == NULL)
		push_plain(o, now_ms);
	maybe_start_tls(o);
	if (o->tls != NULL && o->state == OUTGOING_UP)
		push_tls(o, now_ms);
}

/* ---- the loop ---- */

static bool
has_output(const struct outgoing *o)
{
	if (o->tls == NULL)
		return buf_len(&o->out) > 0;
	return tls_data(o->tls).len > 0
	       || (tls_state(o->tls) == TLS_UP && buf_len(&o->out) > 0);
}

/* The reply to a message's end may come late: its phase alone limits it. */
static int64_t
lost_at_ms(const struct outgoing *o)
{
	int64_t silent = o->moved_ms + OUTGOING_SILENT_MS;

	return o->phase == CLIENT_IS_END || o->phase_at_ms < silent
		   ? o->phase_at_ms
		   : silent;
}

void
outgoing_prep(struct outgoing *o, struct poller *p)
{
	size_t len;

	if (o->state == OUTGOING_NONE || o->state == OUTGOING_OVER)
		return;
	if (o->state == OUTGOING_CONNECTING || has_output(o))
		poller_write(p, o->fd);
	if (o->state == OUTGOING_UP && room(o, &len) != NULL && len > 0)
		poller_read(p, o->fd);
	poller_at(p, lost_at_ms(o));
}

static void
connected(struct outgoing *o, int64_t now_ms)
{
	int err = net_connected(o->fd);

	if (err) {
		lose(o, err_text(err));
		return;
	}
	o->state = OUTGOING_UP;
	o->moved_ms = now_ms;
	o->phase_at_ms = now_ms + smtp_client_seconds(&o->client) * 1000;
	if (o->config.client.secure)
		(void)begin_tls(o);
}

static void
watch_time(struct outgoing *o, int64_t now_ms)
{
	if (o->state == OUTGOING_UP && o->phase != o->client.phase) {
		o->phase = o->client.phase;
		o->phase_at_ms =
		    now_ms + (int64_t)smtp_client_seconds(&o->client) * 1000;
	}
	if (now_ms >= lost_at_ms(o))
		lose_peer(o, "timed out");
}

void
outgoing_run(struct outgoing *o, struct poller *p)
{
	if (o->state == OUTGOING_CONNECTING && poller_can_write(p, o->fd))
		connected(o, p->now_ms);
	if (o->state == OUTGOING_UP && poller_can_read(p, o->fd))
		receive(o, p->now_ms);
	outgoing_feed(o);
	if (o->state == OUTGOING_CONNECTING || o->state == OUTGOING_UP)
		watch_time(o, p->now_ms);
	outgoing_push(o, p->now_ms);
}
