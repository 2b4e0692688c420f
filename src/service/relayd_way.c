/*
 * relayd_way: from a batch's route to a connection: exchangers by preference,
 * their addresses one after the other.
 *
 * IPv4 goes first: a home line's IPv6 is the one that is often broken.
 */
#include "service/relayd.h"

#include "core/secret.h"
#include "platform/entropy.h"

#define SMTPS_PORT 465
#define MX_PORT	   25

static void
failed_with(struct relayd *r, struct relayd_slot *s, bool never,
    unsigned subject, unsigned detail, const char *words)
{
	reply_set(&r->own, never ? 500 : 400, subject, detail, words);
	r->own.code = 0;
	relayd_batch_failed(r, s, never, &r->own);
}

void
relayd_hang_up(struct relayd_slot *s)
{
	resolver_end(s->lookup);
	s->lookup = NULL;
	if (s->out.state != OUTGOING_NONE)
		outgoing_close(&s->out);
	secret_wipe(s->secret, sizeof(s->secret));
	if (s->dest != NULL)
		s->dest->active--;
	s->dest = NULL;
}

/* RFC 5321, 5.1: from our own name on, exchangers lead back to us. */
static void
cut_at_ourselves(struct relayd *r, struct dns_answer *mx)
{
	for (unsigned i = 0; i < mx->mx_n; i++) {
		if (!span_is_nocase(
			span_str(dns_mx_name(mx, i)), r->config.host))
			continue;
		while (
		    i > 0 && mx->mx[i - 1].preference == mx->mx[i].preference)
			i--;
		mx->mx_n = i;
	}
}

/* RFC 5321, 5.1: equally good ones share the load. */
static void
shuffle_equals(struct dns_answer *mx)
{
	uint8_t dice[DNS_MX];
	unsigned from = 0;

	if (entropy_fill(dice, sizeof(dice)))
		return;
	for (unsigned i = 1; i < mx->mx_n; i++) {
		unsigned k;
		struct dns_mx other;

		if (mx->mx[i].preference != mx->mx[from].preference)
			from = i;
		k = from + dice[i] % (i - from + 1);
		other = mx->mx[k];
		mx->mx[k] = mx->mx[i];
		mx->mx[i] = other;
	}
}

struct span
relayd_host(const struct relayd_slot *s)
{
	return s->way.host[0] != '\0' ? span_str(s->way.host)
				      : span_str(dns_mx_name(&s->mx, s->mx_at));
}

static void
look_up(struct relayd *r, struct relayd_slot *s, struct span name,
    enum dns_type type)
{
	s->state = type == DNS_TYPE_MX ? RELAYD_MX : RELAYD_ADDRESS;
	s->lookup = resolver_begin(r->resolver, name, type, r->now_ms);
	if (s->lookup == NULL)
		failed_with(r, s, false, 3, 2, "too many names to look up");
}

/* One exchanger: the domain itself. */
static void
be_own_mx(struct relayd_slot *s)
{
	struct text t;

	text_init(&t, s->mx.names, sizeof(s->mx.names));
	text_str(&t, s->domain);
	s->mx.mx_n = 1;
	s->mx.mx[0] = (struct dns_mx) { 0, 0 };
}

static void
got_exchangers(struct relayd *r, struct relayd_slot *s)
{
	s->mx = s->lookup->answer;
	switch (s->mx.outcome) {
	case DNS_NO_NAME:
		failed_with(r, s, true, 1, 2, "the domain does not exist");
		return;
	case DNS_NULL_MX:
		failed_with(r, s, true, 1, 10, "the domain takes no mail");
		return;
	case DNS_NOTHING:
		be_own_mx(s);
		break;
	case DNS_FOUND:
		cut_at_ourselves(r, &s->mx);
		shuffle_equals(&s->mx);
		if (s->mx.mx_n > 0)
			break;
		failed_with(r, s, true, 4, 6,
		    "the domain's mail leads back to this server");
		return;
	case DNS_ALIAS:
	case DNS_CUT:
	case DNS_FAILED:
		failed_with(r, s, false, 4, 3, s->lookup->why);
		return;
	}
	resolver_end(s->lookup);
	s->lookup = NULL;
	s->mx_at = 0;
	look_up(r, s, relayd_host(s), DNS_TYPE_A);
}

static void
add_addresses(struct dns_answer *to, const struct dns_answer *from)
{
	for (unsigned i = 0; i < from->address_n; i++)
		if (to->address_n < DNS_ADDRESSES)
			to->address[to->address_n++] = from->address[i];
}

static void next_address(
    struct relayd *r, struct relayd_slot *s, const struct reply *reply);

static void
got_addresses(struct relayd *r, struct relayd_slot *s)
{
	struct lookup *l = s->lookup;
	bool v4 = l->type == DNS_TYPE_A;

	if (v4)
		s->addresses.address_n = 0;
	if (l->answer.outcome == DNS_FOUND)
		add_addresses(&s->addresses, &l->answer);
	if (l->answer.outcome != DNS_NOTHING
	    && l->answer.outcome != DNS_NO_NAME)
		s->nowhere = false;
	reply_set(&r->own, 400, 4, 4,
	    l->answer.outcome == DNS_FAILED ? l->why
					    : "the server has no address");
	r->own.code = 0;
	resolver_end(l);
	s->lookup = NULL;
	if (v4) {
		look_up(r, s, relayd_host(s), DNS_TYPE_AAAA);
		return;
	}
	s->address_at = UINT32_MAX;
	next_address(r, s, &r->own);
}

void
relayd_looked_up(struct relayd *r, struct relayd_slot *s)
{
	if (s->state == RELAYD_MX)
		got_exchangers(r, s);
	else
		got_addresses(r, s);
}

static void
set_tls(const struct relayd *r, const struct relayd_slot *s,
    struct outgoing_config *c)
{
	const struct route *w = &s->way;
	enum route_tls tls = s->no_tls ? ROUTE_TLS_OFF : w->tls;

	c->client.secure = tls != ROUTE_TLS_OFF && w->port == SMTPS_PORT;
	c->client.start_tls = tls != ROUTE_TLS_OFF;
	c->client.need_tls = tls >= ROUTE_TLS_REQUIRED;
	c->client.plain_secret = w->tls == ROUTE_TLS_OFF;
	c->level = TLS_ANY;
	if (w->has_pin) {
		c->level = TLS_PINNED;
		c->pin = w->pin;
	} else if (tls == ROUTE_TLS_VERIFIED) {
		c->level = TLS_VERIFIED;
		c->roots = r->roots(r->roots_ctx);
	}
}

/* For SCRAM; without entropy there is none, and no SCRAM. */
static struct span
make_nonce(struct relayd_slot *s)
{
	uint8_t raw[16];
	struct text t;

	text_init(&t, s->nonce, sizeof(s->nonce));
	if (entropy_fill(raw, sizeof(raw)) == ERR_OK)
		text_hex(&t, span_of(raw, sizeof(raw)));
	return text_data(&t);
}

/* The message is offered anew, to those who have no result yet. */
static void
begin_again(struct relayd_slot *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->rcpt_n; i++)
		if (!s->settled[i])
			s->rcpt[n++] = s->rcpt[i];
	for (unsigned i = 0; i < n; i++)
		s->settled[i] = false;
	s->rcpt_n = n;
	s->rcpt_at = 0;
}

static void
connect_to(struct relayd *r, struct relayd_slot *s)
{
	struct outgoing_config c = {
		.client = { .lmtp = s->way.lmtp,
		    .chunking = s->chunking,
		    .name = r->config.host },
		.to = s->addresses.address[s->address_at],
		.name = relayd_host(s),
		.wall_s = r->now_s,
	};
	int len;

	c.to.port = s->way.port != 0 ? s->way.port : MX_PORT;
	set_tls(r, s, &c);
	if (s->way.user[0] != '\0') {
		len = route_secret(
		    &s->way, r->settings, s->secret, sizeof(s->secret));
		c.client.user = span_str(s->way.user);
		c.client.secret = span_of(s->secret, len > 0 ? (size_t)len : 0);
		c.client.nonce = make_nonce(s);
	}
	begin_again(s);
	s->state = RELAYD_TALKING;
	s->mailed = false;
	if (s->out.state == OUTGOING_NONE)
		outgoing_init(&s->out, r->tls_pool, r->tls_config);
	outgoing_open(&s->out, &c, r->now_ms);
}

static bool
has_next(const struct relayd_slot *s)
{
	return s->address_at + 1 < s->addresses.address_n
	       || (s->way.host[0] == '\0' && s->mx_at + 1 < s->mx.mx_n);
}

/*
 * The message was put off, or the connection lost, before its end was sent:
 * the next server may take it now (RFC 5321, 5.1).
 */
bool
relayd_elsewhere(struct relayd *r, struct relayd_slot *s,
    const struct smtp_client_result *result)
{
	if (result->recipient != SMTP_CLIENT_ALL
	    || result->outcome != CLIENT_LATER || result->step >= CLIENT_AT_END
	    || !has_next(s))
		return false;
	if (result->reply->code > 0) {
		s->spoken = *result->reply;
		s->spoken_mx = s->mx_at;
	}
	next_address(r, s, result->reply);
	return true;
}

/* The next address, the next exchanger, or the end with this reply. */
static void
next_address(struct relayd *r, struct relayd_slot *s, const struct reply *reply)
{
	if (s->out.state != OUTGOING_NONE)
		outgoing_close(&s->out);
	s->no_tls = false;
	s->chunking = true;
	s->address_at++;
	if (s->address_at < s->addresses.address_n) {
		connect_to(r, s);
	} else if (s->way.host[0] == '\0' && s->mx_at + 1 < s->mx.mx_n) {
		s->mx_at++;
		look_up(r, s, relayd_host(s), DNS_TYPE_A);
	} else if (s->spoken.code > 0) { /* what one said counts, not silence */
		s->mx_at = s->spoken_mx;
		relayd_batch_failed(r, s, false, &s->spoken);
	} else if (s->nowhere) {
		failed_with(r, s, true, 4, 4,
		    "no server for the domain has an address");
	} else {
		relay_dest_failed(&r->dests, s->dest, reply_words(reply),
		    (uint32_t)r->rounds * 2654435761u, r->now_ms);
		relayd_batch_failed(r, s, false, reply);
	}
}

/* Try the present address once more, without TLS. */
static bool
may_go_without(const struct relayd_slot *s)
{
	return s->way.tls == ROUTE_TLS_OPPORTUNISTIC && !s->no_tls
	       && !s->way.has_pin && s->way.port != SMTPS_PORT;
}

void
relayd_session_failed(
    struct relayd *r, struct relayd_slot *s, const struct reply *reply)
{
	bool again = s->out.tls_failed && may_go_without(s);

	if (!again) {
		/* a wrong login stays so at the server's other addresses */
		if (s->login_refused)
			s->addresses.address_n = 0;
		next_address(r, s, reply);
		return;
	}
	s->no_tls = true;
	relayd_reconnect(r, s);
}

void
relayd_reconnect(struct relayd *r, struct relayd_slot *s)
{
	if (s->out.state != OUTGOING_NONE)
		outgoing_close(&s->out);
	connect_to(r, s);
}

/* DNS has such names in another form only ("xn--..."). */
static bool
is_ascii(const char *name)
{
	struct span s = span_str(name);

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

void
relayd_way(struct relayd *r, struct relayd_slot *s)
{
	if (s->way.host[0] == '\0' && !is_ascii(s->domain)) {
		failed_with(r, s, true, 1, 2,
		    "the domain is not ASCII; its form with xn-- is needed");
		return;
	}
	s->nowhere = s->way.host[0] == '\0';
	if (!s->nowhere)
		look_up(r, s, relayd_host(s), DNS_TYPE_A);
	else
		look_up(r, s, span_str(s->domain), DNS_TYPE_MX);
}
