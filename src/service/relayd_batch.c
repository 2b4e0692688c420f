/*
 * relayd_batch: which recipients go together: the same way, with the same
 * sender, and only by ways that are open now.  What became of them is written
 * down in relayd_round.c.
 */
#include "service/relayd.h"

#include "codec/xtext.h"

static struct span
domain_of(struct span path)
{
	return span_from(path, span_rfind(path, '@') + 1);
}

struct span
relayd_sender(const struct relayd_slot *s, const struct queue_rcpt *q)
{
	return q->sender.len > 0 ? q->sender : s->file.head.sender;
}

static bool
is_skipped(const struct relayd_slot *s, uint32_t key)
{
	for (unsigned i = 0; i < s->skipped_n; i++)
		if (s->skipped[i] == key)
			return true;
	return s->skipped_n == RELAYD_SKIPPED;
}

/* The message's next round is for the way that is open first. */
static void
skip(struct relayd_slot *s, uint32_t key, int64_t until_ms)
{
	if (s->skipped_n < RELAYD_SKIPPED)
		s->skipped[s->skipped_n++] = key;
	if (until_ms >= s->skip_until_ms)
		return;
	s->skip_until_ms = until_ms;
	s->entry.dest = key;
}

/* May the way with this key be gone now? */
static bool
is_open(struct relayd *r, struct relayd_slot *s, uint32_t key)
{
	int64_t at;

	if (is_skipped(s, key))
		return false;
	if (s->dest != NULL && s->dest->key == key)
		at = s->dest->rest_until_ms > s->dest->pace_at_ms
			 ? s->dest->rest_until_ms
			 : s->dest->pace_at_ms;
	else
		at = relay_dest_when(&r->dests, key);
	if (at <= r->now_ms)
		return true;
	s->rests = s->rests || relay_dest_rests(&r->dests, key, r->now_ms);
	/* a busy one is waited for at its place in the window */
	skip(s, key, at == INT64_MAX ? r->now_ms : at);
	return false;
}

static void
copy(char *to, size_t cap, struct span s)
{
	struct text t;

	text_init(&t, to, cap);
	text_span(&t, s);
}

/* A recipient without a domain is a list of ours. */
static bool
is_list(const struct queue_rcpt *q)
{
	return span_find(q->path, '@') == q->path.len;
}

uint32_t
relayd_dest_of(void *relayd, struct span sender, struct span path)
{
	const struct relayd *r = relayd;
	struct span domain = domain_of(path);
	const struct route *way;

	if (span_find(path, '@') == path.len)
		return 0;
	way = routes_find(
	    &r->routes, sender, path, directory_is_ours(r->directory, domain));
	return route_key(way, domain);
}

static bool
needs_utf8(const struct route *way, struct span sender, struct span path)
{
	bool renamed = way->send_as[0] != '\0' && sender.len > 0;

	return xtext_is_utf8(path)
	       || xtext_is_utf8(renamed ? span_str(way->send_as) : sender);
}

/* Is the connection for this way?  Two of them may have the same key. */
static bool
is_connected(const struct relayd_slot *s, const struct route *way, uint32_t key,
    struct span domain)
{
	return s->dest != NULL && s->dest->key == key
	       && span_is(span_str(s->way.host), span_str(way->host))
	       && (way->host[0] != '\0'
		   || span_is_nocase(domain, span_str(s->domain)));
}

/* The first recipient decides what the batch is. */
static bool
begin_batch(struct relayd *r, struct relayd_slot *s, const struct queue_rcpt *q)
{
	struct span domain = domain_of(q->path);
	struct span sender = relayd_sender(s, q);
	bool local = directory_is_ours(r->directory, domain);
	const struct route *way =
	    routes_find(&r->routes, sender, q->path, local);
	uint32_t key = route_key(way, domain);

	if (!is_open(r, s, key))
		return false;
	if (!is_connected(s, way, key, domain))
		relayd_hang_up(s);
	s->way = *way;
	s->key = key;
	s->utf8 = needs_utf8(way, sender, q->path);
	copy(s->domain, sizeof(s->domain), domain);
	copy(s->sender, sizeof(s->sender), sender);
	return true;
}

/* Does a further recipient go the same way with the same sender? */
static bool
fits_batch(
    const struct relayd *r, struct relayd_slot *s, const struct queue_rcpt *q)
{
	struct span domain = domain_of(q->path);
	struct span sender = relayd_sender(s, q);
	bool local = directory_is_ours(r->directory, domain);
	const struct route *way =
	    routes_find(&r->routes, sender, q->path, local);

	return route_key(way, domain) == s->key
	       && span_is(sender, span_str(s->sender))
	       && needs_utf8(way, sender, q->path) == s->utf8
	       && (s->way.host[0] != '\0'
		   || span_is_nocase(domain, span_str(s->domain)));
}

static unsigned
batch_max(const struct relayd_slot *s)
{
	unsigned n = RELAYD_BATCH;

	if (s->out.state == OUTGOING_UP
	    && smtp_client_rcpt_max(&s->out.client) < n)
		n = smtp_client_rcpt_max(&s->out.client);
	return n;
}

/* Does this recipient begin the batch, or belong to it? */
static bool
takes(struct relayd *r, struct relayd_slot *s, const struct queue_rcpt *q)
{
	if (s->rcpt_n > 0)
		return !s->list && !is_list(q) && fits_batch(r, s, q);
	s->list = is_list(q);
	if (!s->list)
		return begin_batch(r, s, q);
	copy(s->domain, sizeof(s->domain), q->path);
	copy(s->sender, sizeof(s->sender), relayd_sender(s, q));
	s->way.host[0] = '\0';
	return true;
}

static void
collect(struct relayd *r, struct relayd_slot *s)
{
	uint64_t at = s->file.first;
	struct queue_rcpt q;
	unsigned most = batch_max(s);

	s->rcpt_n = s->rcpt_at = 0;
	while (s->rcpt_n < most
	       && queue_file_rcpt(&s->file, &at, &q, &r->strings) == 1) {
		if (q.state != QUEUE_WAITING || q.round == relayd_mark(s))
			continue;
		if (!takes(r, s, &q))
			continue;
		s->settled[s->rcpt_n] = false;
		s->rcpt[s->rcpt_n++] = q.at;
	}
}

static bool
can_reuse(const struct relayd_slot *s)
{
	return s->out.state == OUTGOING_UP
	       && smtp_client_want(&s->out.client) == CLIENT_READY;
}

void
relayd_next_batch(struct relayd *r, struct relayd_slot *s)
{
	s->rcpt_n = 0;
	if (!s->all_sent && !s->broken)
		collect(r, s);
	if (s->rcpt_n == 0) {
		s->state = RELAYD_END;
		return;
	}
	if (s->list) {
		relayd_post(r, s);
		return;
	}
	s->tried = true;
	s->spoken.code = 0;
	s->entry.dest = s->key;
	s->mailed = false;
	if (can_reuse(s)) {
		s->state = RELAYD_TALKING;
		return;
	}
	relayd_hang_up(s);
	s->dest = relay_dest_take(&r->dests, s->key,
	    s->way.host[0] != '\0' ? span_str(s->way.host)
				   : span_str(s->domain),
	    r->now_ms);
	if (s->dest == NULL) { /* as many as there are slots fit */
		skip(s, s->key, r->now_ms + 1000);
		return;
	}
	s->dest->active++;
	s->dest->per_minute = s->way.per_minute;
	relayd_way(r, s);
}
