/* listen: accept a few per turn, refuse the rest in their own protocol. */
#include "service/listen.h"

#include "core/log.h"
#include "service/access.h"

#define BACKLOG		128
#define ACCEPT_PER_TURN 16
#define REST_MS		100 /* where a client can't even be refused */

/* Is one of these places for this address, or are the last kept for others? */
static bool
has_place(struct listeners *ls, const struct pool *places,
    const struct net_addr *peer)
{
	if (pool_left(places) == 0)
		return false;
	return ls->access == NULL
	       || access_accept(ls->access, peer, places->used, places->cap,
		      ls->conns->now_ms)
		      == LIMIT_OK;
}

static bool
may_secure(void *judge, const struct net_addr *peer)
{
	struct listeners *ls = judge;

	return has_place(ls, ls->conns->tls_pool, peer);
}

/* Is there a place for one more from this address? */
static bool
is_welcome(struct listeners *ls, const struct net_addr *peer)
{
	if (!has_place(ls, ls->conns->pool, peer))
		return false;
	return ls->max_per_address == 0
	       || conns_from(ls->conns, peer) < ls->max_per_address;
}

static void
refuse(struct listeners *ls, struct listener *l, int fd)
{
	ls->refused++;
	if (!l->tls_first && net_write(fd, l->kind->refusal) < 0)
		log_event(LOG_DEBUG, "listen.refusal_lost", NULL, NULL, 0);
	net_close(fd);
}

static void
accept_one(struct listeners *ls, struct listener *l, int fd,
    const struct net_addr *peer)
{
	char text[NET_ADDR_TEXT];

	if (l->role == LISTENER_CONTROL || is_welcome(ls, peer)) {
		conn_open(ls->conns, fd, peer, l);
		return;
	}
	net_addr_text(peer, text);
	log_event(LOG_WARN, "listen.refused", "peer", text, 0);
	refuse(ls, l, fd);
}

static void
accept_some(struct listeners *ls, struct listener *l, int64_t now_ms)
{
	struct net_addr peer;

	for (unsigned k = 0; k < ACCEPT_PER_TURN; k++) {
		int fd = net_accept(l->fd, &peer);

		if (fd == ERR_DESCRIPTORS
		    || fd == ERR_FULL) { /* they wait; asking on would be a race
					  */
			log_event(
			    LOG_WARN, "listen.not_accepted", NULL, NULL, fd);
			ls->rest_until_ms = now_ms + REST_MS;
		}
		if (fd < 0)
			return;
		accept_one(ls, l, fd, &peer);
	}
}

static void
listen_run(struct participant *me, struct poller *p)
{
	struct listeners *ls = (struct listeners *)me;

	ls->conns->now_ms = p->now_ms;
	for (unsigned i = 0; i < ls->n; i++) {
		struct listener *l = &ls->table[i];

		if (l->fd >= 0 && poller_can_read(p, l->fd))
			accept_some(ls, l, p->now_ms);
	}
}

static void
listen_prep(struct participant *me, struct poller *p)
{
	struct listeners *ls = (struct listeners *)me;

	if (p->now_ms < ls->rest_until_ms) {
		poller_at(p, ls->rest_until_ms);
		return;
	}
	for (unsigned i = 0; i < ls->n; i++)
		if (ls->table[i].fd >= 0)
			poller_read(p, ls->table[i].fd);
}

void
listeners_init(struct listeners *ls, struct conns *conns)
{
	*ls = (struct listeners) {
		.base = { .name = "listen",
		    .prep = listen_prep,
		    .run = listen_run },
		.conns = conns,
	};
	conns->may_secure = may_secure;
	conns->judge = ls;
}

int
listeners_take(struct listeners *ls, int fd, enum listener_role role,
    const struct conn_kind *kind)
{
	struct listener *l = &ls->table[ls->n];

	if (ls->n == LISTENERS_MAX)
		return ERR_FULL;
	*l = (struct listener) { .fd = fd, .role = role, .kind = kind };
	l->tls_first = role == LISTENER_SMTPS || role == LISTENER_POP3S
		       || role == LISTENER_HTTPS;
	ls->n++;
	return ERR_OK;
}

int
listeners_add(struct listeners *ls, struct span endpoint,
    enum listener_role role, const struct conn_kind *kind)
{
	struct net_addr at;
	int err = net_endpoint_parse(endpoint, &at);
	int fd = err ? err : net_listen(&at, BACKLOG);

	if (fd < 0)
		return fd;
	err = listeners_take(ls, fd, role, kind);
	if (!err)
		err = net_local(fd, &ls->table[ls->n - 1].local);
	if (err)
		net_close(fd);
	return err;
}

void
listeners_close(struct listeners *ls)
{
	for (unsigned i = 0; i < ls->n; i++) {
		if (ls->table[i].fd >= 0)
			net_close(ls->table[i].fd);
		ls->table[i].fd = -1;
	}
}
