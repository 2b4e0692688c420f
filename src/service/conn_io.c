/* conn_io: leasing windows, and pumping bytes through TLS or past it. */
#include "service/conn_io.h"

#include "core/log.h"
#include "core/secret.h"
#include "policy/network.h"
#include "service/listener.h"
#include "service/tls.h"

static bool
lease(struct conns *cs, struct buf *b)
{
	void *mem;

	if (b->cap > 0)
		return true;
	mem = pool_take(cs->windows);
	if (mem != NULL)
		buf_init(b, mem, CONN_WINDOW);
	return mem != NULL;
}

static void
give_back(struct conns *cs, struct buf *b)
{
	if (b->cap > 0)
		pool_give(
		    b->cap == CONN_WINDOW ? cs->windows : cs->bigs, b->mem);
	buf_init(b, NULL, 0);
}

/* Change an ordinary window for a large one, if one is free. */
static void
enlarge(struct conns *cs, struct buf *b)
{
	struct buf big;
	void *mem;

	if (b->cap > CONN_WINDOW || pool_left(cs->bigs) == 0)
		return;
	mem = pool_take(cs->bigs);
	buf_init(&big, mem, cs->bigs->size);
	if (buf_put(&big, buf_data(b)))
		give_back(cs, b);
	*b = big;
}

void
io_return_windows(struct conn *c)
{
	if (buf_len(&c->in) == 0)
		give_back(c->owner, &c->in);
	if (buf_len(&c->out) == 0)
		give_back(c->owner, &c->out);
}

struct buf *
conn_out(struct conn *c, size_t room)
{
	if (!lease(c->owner, &c->out) || buf_free(&c->out) < room)
		return NULL;
	return &c->out;
}

struct buf *
conn_out_big(struct conn *c, size_t room)
{
	if (c->out.cap <= CONN_WINDOW)
		enlarge(c->owner, &c->out);
	return conn_out(c, room);
}

static void
tls_broken(struct conn *c)
{
	char peer[NET_ADDR_TEXT];
	struct log_line l;

	c->dead = true;
	log_begin(&l, LOG_INFO, "tls.failed");
	if (l.muted)
		return;
	net_addr_text(&c->peer, peer);
	log_u64(&l, "conn", c->serial);
	log_str(&l, "peer", peer);
	log_str(&l, "listener", listener_name(c->listener->role));
	log_str(&l, "why", tls_error_text(c->tls));
	log_end(&l);
}

bool
io_more(struct conn *c)
{
	bool any = false;
	uint8_t *from;
	size_t len;

	if (c->tls == NULL || !lease(c->owner, &c->in))
		return false;
	while (buf_free(&c->in) > 0
	       && (from = tls_app_data(c->tls, &len), len > 0)) {
		if (len > buf_free(&c->in))
			len = buf_free(&c->in);
		any = buf_put(&c->in, span_of(from, len));
		tls_app_drop(c->tls, len);
	}
	return any;
}

static void
received(struct conn *c, int n)
{
	if (n > 0)
		c->idle_at_ms = c->owner->now_ms + c->owner->idle_ms;
	else if (n == ERR_EOF)
		c->eof = true;
	else if (n != ERR_AGAIN)
		c->dead = true;
}

/* What the engine's state means for the connection. */
static void
watch_tls(struct conn *c)
{
	switch (tls_state(c->tls)) {
	case TLS_HANDSHAKING:
		c->dead |= c->eof;
		break;
	case TLS_CLOSED:
		c->eof = c->woken = true;
		break;
	case TLS_FAILED:
		tls_broken(c);
		break;
	case TLS_UP:
		break;
	}
}

static void
receive_tls(struct conn *c)
{
	size_t room;
	uint8_t *to = tls_room(c->tls, &room);
	int n;

	if (room == 0)
		return;
	n = net_read(c->fd, to, room);
	received(c, n);
	if (n > 0)
		tls_commit(c->tls, (size_t)n);
	(void)io_more(c);
	if (tls_state(c->tls) == TLS_FAILED)
		io_send(c);
	watch_tls(c);
}

void
io_receive(struct conn *c)
{
	size_t room;
	uint8_t *to;
	int n;

	if (c->tls != NULL) {
		receive_tls(c);
		return;
	}
	if (c->kind->ops->want(c->session) == WANT_BODY)
		enlarge(c->owner, &c->in);
	if (!lease(c->owner, &c->in))
		return;
	to = buf_room(&c->in, &room);
	if (room == 0)
		return;
	n = net_read(c->fd, to, room);
	received(c, n);
	if (n > 0)
		buf_commit(&c->in, (size_t)n);
}

/* Bytes written, 0 when the socket is full or the peer gone. */
static size_t
write_some(struct conn *c, struct span data)
{
	int n = net_write(c->fd, data);

	if (n > 0) {
		c->idle_at_ms = c->owner->now_ms + c->owner->idle_ms;
		return (size_t)n;
	}
	if (n != ERR_AGAIN)
		c->dead = true;
	return 0;
}

static void
send_plain(struct conn *c)
{
	while (buf_len(&c->out) > 0 && !c->dead) {
		size_t n = write_some(c, buf_data(&c->out));

		buf_drop(&c->out, n);
		if (n == 0)
			return;
	}
}

/* Encrypt what the engine has room for. */
static void
encrypt(struct conn *c)
{
	struct span data = buf_data(&c->out);
	size_t room;
	uint8_t *to;

	if (tls_state(c->tls) != TLS_UP || data.len == 0)
		return;
	to = tls_app_room(c->tls, &room);
	if (room == 0)
		return;
	data = span_first(data, room);
	memcpy(to, data.p, data.len);
	tls_app_commit(c->tls, data.len);
	buf_drop(&c->out, data.len);
	tls_flush(c->tls);
}

static void
send_tls(struct conn *c)
{
	struct span data;

	for (;;) {
		size_t n;

		encrypt(c);
		data = tls_data(c->tls);
		if (c->dead)
			return;
		if (data.len == 0) {
			/* an alert of ours that ended it has just left */
			if (tls_state(c->tls) == TLS_FAILED)
				tls_broken(c);
			return;
		}
		n = write_some(c, data);
		tls_drop(c->tls, n);
		if (n == 0)
			return;
	}
}

void
io_send(struct conn *c)
{
	if (c->tls == NULL) {
		send_plain(c);
		return;
	}
	send_tls(c);
	/* a peer's goodbye counts once ours has been sent */
	if (tls_state(c->tls) == TLS_CLOSED && !c->eof)
		c->eof = c->woken = true;
}

bool
io_is_sent(const struct conn *c)
{
	if (c->tls == NULL)
		return buf_len(&c->out) == 0;
	if (tls_data(c->tls).len > 0)
		return false;
	return buf_len(&c->out) == 0 || tls_state(c->tls) != TLS_UP;
}

bool
io_is_shaking_hands(const struct conn *c)
{
	return c->tls != NULL && tls_state(c->tls) == TLS_HANDSHAKING;
}

bool
io_wants_read(const struct conn *c)
{
	enum want w = c->kind->ops->want(c->session);
	size_t room = 1;

	if (c->eof)
		return false;
	if (c->tls != NULL)
		(void)tls_room(c->tls, &room);
	if (io_is_shaking_hands(c))
		return room > 0;
	if (w != WANT_LINE && w != WANT_BODY)
		return false;
	if (c->in.cap == 0)
		return room > 0 && pool_left(c->owner->windows) > 0;
	return room > 0 && buf_free(&c->in) > 0;
}

/* Does the owner want old TLS for this client (R11)? */
static bool
is_old_tls(const struct conn *c)
{
	const struct networks *old = c->owner->old_tls;

	return c->listener->old_tls
	       || (old != NULL && networks_has(old, c->peer.ip));
}

bool
conn_may_secure(const struct conn *c)
{
	const struct conns *cs = c->owner;

	return cs->tls_modern != NULL && cs->may_secure(cs->judge, &c->peer);
}

int
io_start_tls(struct conn *c)
{
	const struct tls_config *config =
	    is_old_tls(c) ? c->owner->tls_legacy : c->owner->tls_modern;
	int err;

	if (config == NULL)
		return ERR_UNSUPPORTED;
	c->tls = conn_may_secure(c) ? pool_take(c->owner->tls_pool) : NULL;
	if (c->tls == NULL)
		return ERR_FULL;
	err = tls_serve(c->tls, config, c->owner->now_ms);
	if (err) {
		pool_give(c->owner->tls_pool, c->tls);
		c->tls = NULL;
	}
	return err;
}

bool
io_close(struct conn *c)
{
	if (!io_is_sent(c))
		return false;
	if (c->tls != NULL) {
		tls_close(c->tls);
		io_send(c);
	}
	return c->dead || io_is_sent(c);
}

/* A window may have held a password: it goes back clean. */
static void
wipe(struct conns *cs, struct buf *b)
{
	if (b->cap == CONN_WINDOW)
		secret_wipe(b->mem, b->tail);
	give_back(cs, b);
}

void
io_end(struct conn *c)
{
	wipe(c->owner, &c->in);
	wipe(c->owner, &c->out);
	if (c->tls == NULL)
		return;
	tls_end(c->tls);
	pool_give(c->owner->tls_pool, c->tls);
	c->tls = NULL;
}

void
io_log(const struct conn *c, enum log_level level, const char *event,
    const char *key, const char *value)
{
	char peer[NET_ADDR_TEXT];
	struct log_line l;

	log_begin(&l, level, event);
	if (l.muted)
		return;
	net_addr_text(&c->peer, peer);
	log_u64(&l, "conn", c->serial);
	log_str(&l, "peer", peer);
	log_str(&l, "listener", listener_name(c->listener->role));
	if (key != NULL)
		log_str(&l, key, value);
	log_end(&l);
}

void
io_refuse(int fd, const struct listener *l)
{
	if (!l->tls_first && net_write(fd, l->kind->refusal) < 0)
		log_event(LOG_DEBUG, "conn.refusal_lost", NULL, NULL, 0);
	net_close(fd);
}
