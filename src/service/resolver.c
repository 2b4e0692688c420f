/*
 * resolver: sends queries, waits, and asks again elsewhere.  What an answer
 * says is read by service/dns.
 */
#include "service/resolver.h"

#include <utlist.h>

#include "core/log.h"
#include "core/text.h"
#include "core/zero.h"
#include "platform/entropy.h"

void
resolver_forget(struct resolver *r)
{
	for (uint32_t i = 0; i < r->memo_n; i++)
		if (r->memo[i].until_ms != 0)
			r->memo[i].until_ms = 0;
}

static void
drop_socket(struct lookup *l)
{
	if (l->fd >= 0)
		net_close(l->fd);
	l->fd = -1;
}

static void
finish(struct lookup *l, const char *why)
{
	drop_socket(l);
	l->done = true;
	l->why = why;
	if (l->answer.outcome == DNS_FAILED)
		l->owner->failed++;
}

static void
fail(struct lookup *l, const char *why)
{
	l->answer.outcome = DNS_FAILED;
	finish(l, why);
}

/* Make the query packet, with a new id. */
static bool
make_query(struct lookup *l)
{
	uint16_t id;
	int n;

	if (entropy_fill(&id, sizeof(id)))
		return false;
	n = dns_ask(l->name, l->type, id, l->query + 2);
	if (n < 0)
		return false;
	l->query_len = (size_t)n;
	l->query[0] = (uint8_t)(l->query_len >> 8);
	l->query[1] = (uint8_t)l->query_len;
	return true;
}

static int
open_socket(struct lookup *l)
{
	struct resolver *r = l->owner;
	const struct net_addr *to =
	    &r->server[(r->server_at + l->tries) % r->server_n];
	int n;

	l->sent = l->have = 0;
	l->connected = false;
	l->fd = l->tcp ? net_connect(to) : net_udp(to);
	if (l->fd < 0 || l->tcp)
		return l->fd;
	n = net_write(l->fd, span_of(l->query + 2, l->query_len));
	return n < 0 ? n : ERR_OK;
}

/* Ask the next server, or give up. */
static void
ask(struct lookup *l, int64_t now_ms)
{
	struct resolver *r = l->owner;

	drop_socket(l);
	if (r->server_n == 0) {
		fail(l, "no DNS server is known");
		return;
	}
	if (!make_query(l)) {
		fail(l, "the name cannot be asked for");
		return;
	}
	for (; l->tries < r->tries; l->tries++) {
		if (open_socket(l) >= 0)
			break;
		drop_socket(l);
	}
	if (l->tries++ >= r->tries) {
		fail(l, "no DNS server answers");
		return;
	}
	r->asked++;
	l->deadline_ms = now_ms + r->wait_ms;
}

static struct resolver_memo *
find_memo(
    struct resolver *r, const char *name, enum dns_type type, int64_t now_ms)
{
	for (uint32_t i = 0; i < r->memo_n; i++) {
		struct resolver_memo *m = &r->memo[i];

		if (m->until_ms > now_ms && m->type == type
		    && span_is_nocase(span_str(m->name), span_str(name)))
			return m;
	}
	return NULL;
}

/* Remember the answer in the place that is free or runs out first. */
static void
memorize(struct lookup *l, const char *name, int64_t now_ms)
{
	struct resolver *r = l->owner;
	struct resolver_memo *m = r->memo;
	struct text t;

	if (r->memo_n == 0 || l->answer.outcome == DNS_FAILED)
		return;
	for (uint32_t i = 1; i < r->memo_n; i++)
		if (r->memo[i].until_ms < m->until_ms)
			m = &r->memo[i];
	text_init(&t, m->name, sizeof(m->name));
	text_str(&t, name);
	m->type = l->type;
	m->answer = l->answer;
	m->until_ms = now_ms + (int64_t)l->answer.ttl_s * 1000;
}

static bool
is_address(struct lookup *l, struct span name)
{
	struct net_addr a;

	/* no DNS server needs to know this one (RFC 6761, 6.3) */
	if (span_is_nocase(name, SPAN("localhost")))
		name =
		    l->type == DNS_TYPE_AAAA ? SPAN("::1") : SPAN("127.0.0.1");
	if (net_addr_parse(name, &a))
		return false;
	l->answer = (struct dns_answer) { .outcome = DNS_NOTHING };
	if (l->type != DNS_TYPE_MX
	    && net_is_v4(&a) == (l->type == DNS_TYPE_A)) {
		l->answer.outcome = DNS_FOUND;
		l->answer.address_n = 1;
		l->answer.address[0] = a;
	}
	return true;
}

struct lookup *
resolver_begin(
    struct resolver *r, struct span name, enum dns_type type, int64_t now_ms)
{
	struct lookup *l = pool_take(r->lookups);
	struct resolver_memo *m;
	struct text t;

	if (l == NULL)
		return NULL;
	memset(l, 0, offsetof(struct lookup, query));
	l->owner = r;
	l->fd = -1;
	l->type = type;
	DL_APPEND(r->list, l);
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	text_init(&t, l->name, sizeof(l->name));
	text_span(&t, name);
	m = find_memo(r, l->name, type, now_ms);
	if (is_address(l, name)) {
		l->done = true;
	} else if (m != NULL) {
		r->remembered++;
		l->answer = m->answer;
		l->done = true;
	} else if (t.cut) {
		fail(l, "the name is too long");
	} else {
		ask(l, now_ms);
	}
	return l;
}

void
resolver_end(struct lookup *l)
{
	if (l == NULL)
		return;
	drop_socket(l);
	DL_DELETE(l->owner->list, l);
	pool_give(l->owner->lookups, l);
}

/* An alias that the server did not follow itself. */
static void
follow(struct lookup *l, int64_t now_ms)
{
	struct text t;

	if (l->aliases++ == DNS_ALIASES) {
		fail(l, "too many aliases in a row");
		return;
	}
	text_init(&t, l->name, sizeof(l->name));
	text_str(&t, l->answer.alias);
	l->tcp = false;
	l->tries = 0;
	ask(l, now_ms);
}

static void
judge(struct lookup *l, struct span packet, int64_t now_ms)
{
	struct span query = span_of(l->query + 2, l->query_len);

	if (dns_read(query, l->type, packet, &l->answer))
		return; /* not an answer to this: go on waiting */
	if (l->answer.outcome == DNS_CUT && !l->tcp) {
		l->tcp = true;
		l->tries--; /* the same server */
		ask(l, now_ms);
	} else if (l->answer.outcome == DNS_ALIAS) {
		follow(l, now_ms);
	} else if (l->answer.outcome == DNS_FAILED
		   || l->answer.outcome == DNS_CUT) {
		ask(l, now_ms);
	} else {
		memorize(l, l->name, now_ms);
		finish(l, "");
	}
}

static void
run_udp(struct lookup *l, int64_t now_ms)
{
	int n = net_read(l->fd, l->reply, sizeof(l->reply));

	if (n > 0)
		judge(l, span_of(l->reply, (size_t)n), now_ms);
	else if (n != ERR_AGAIN)
		ask(l, now_ms); /* nobody listens there */
}

static int
send_tcp(struct lookup *l)
{
	struct span rest =
	    span_from(span_of(l->query, l->query_len + 2), l->sent);
	int n;

	if (!l->connected && net_connected(l->fd))
		return ERR_CLOSED;
	l->connected = true;
	n = net_write(l->fd, rest);
	if (n > 0)
		l->sent += (size_t)n;
	return n == ERR_AGAIN || n > 0 ? ERR_OK : n;
}

static int
receive_tcp(struct lookup *l, int64_t now_ms)
{
	int n = net_read(l->fd, l->reply + l->have, sizeof(l->reply) - l->have);
	size_t len;

	if (n == ERR_AGAIN)
		return ERR_OK;
	if (n <= 0)
		return ERR_CLOSED;
	l->have += (size_t)n;
	if (l->have < 2)
		return ERR_OK;
	len = (size_t)l->reply[0] << 8 | l->reply[1];
	if (len + 2 > sizeof(l->reply))
		return ERR_RANGE;
	if (l->have < len + 2)
		return ERR_OK;
	judge(l, span_of(l->reply + 2, len), now_ms);
	return ERR_OK;
}

static bool
is_sending(const struct lookup *l)
{
	return l->tcp && l->sent < l->query_len + 2;
}

static void
run_one(struct lookup *l, struct poller *p)
{
	int err = ERR_OK;

	if (l->done)
		return;
	if (p->now_ms >= l->deadline_ms)
		err = ERR_TIMEOUT;
	else if (is_sending(l) && poller_can_write(p, l->fd))
		err = send_tcp(l);
	else if (!is_sending(l) && poller_can_read(p, l->fd) && l->tcp)
		err = receive_tcp(l, p->now_ms);
	else if (!is_sending(l) && poller_can_read(p, l->fd))
		run_udp(l, p->now_ms);
	if (err && !l->done)
		ask(l, p->now_ms);
}

static void
resolver_run(struct participant *me, struct poller *p)
{
	struct resolver *r = (struct resolver *)me;
	struct lookup *l;

	DL_FOREACH(r->list, l)
	run_one(l, p);
}

static void
resolver_prep(struct participant *me, struct poller *p)
{
	struct resolver *r = (struct resolver *)me;
	struct lookup *l;

	DL_FOREACH(r->list, l)
	{
		if (l->done)
			continue;
		if (is_sending(l))
			poller_write(p, l->fd);
		else
			poller_read(p, l->fd);
		poller_at(p, l->deadline_ms);
	}
}

void
resolver_init(struct resolver *r, struct pool *lookups,
    struct resolver_memo *memo, uint32_t memo_n)
{
	zero_fill(r, sizeof(*r));
	r->lookups = lookups;
	r->memo = memo;
	r->memo_n = memo_n;
	resolver_forget(r);
	r->base.name = "resolver";
	r->base.prep = resolver_prep;
	r->base.run = resolver_run;
}
