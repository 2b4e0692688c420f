/*
 * access: puts the questions to the policies.  Reading the settings is in
 * access_config.c; what the answers lead to is submit's and listen's.
 */
#include "service/access.h"

#include "config.h"

#include "core/log.h"
#include "core/zero.h"
#include "platform/entropy.h"

int
access_init(
    struct access *a, struct settings *settings, const struct access_memory *m)
{
	int err;

	zero_fill(a, sizeof(*a));
	a->settings = settings;
	a->devices = m->devices;
	a->devices_cap = m->devices_n;
	err = entropy_fill(a->key, sizeof(a->key));
	if (err)
		return err;
	grants_init(&a->grants, m->grants, m->grant_buckets, m->grants_n,
	    m->holders, m->accounts_n);
	limit_init(
	    &a->limit, m->places, m->places_n, m->senders, m->accounts_n);
	relay_rules_init(&a->rules[0]);
	relay_rules_init(&a->rules[1]);
	return networks_add(&a->lan, SPAN("lan"));
}

void
access_connect_auth(struct access *a, struct auth_service *auth)
{
	auth_connect(auth, &a->grants, &a->limit);
}

enum limit_answer
access_accept(struct access *a, const struct net_addr *addr, unsigned used,
    unsigned cap, int64_t now_ms)
{
	uint64_t refused = a->grants.refused;
	enum limit_standing standing = LIMIT_STRANGER;

	if (grants_find(&a->grants, addr->ip, GRANT_CLEAR, now_ms) != NULL)
		standing = LIMIT_GRANTED;
	else if (networks_has(&a->lan, addr->ip)
		 || networks_has(&a->rules[a->now].inside, addr->ip))
		standing = LIMIT_LOCAL;
	a->grants.refused = refused; /* nobody asked to relay yet */
	return limit_accept(&a->limit, addr->ip, standing, used, cap, now_ms);
}

/* Bits by the words of the settings: see settings_schema. */
static bool
is_marked(enum listener_role role, uint32_t flags, const enum listener_role *of,
    unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (of[i] == role)
			return (flags >> i & 1) != 0;
	}
	return false;
}

void
access_mark(const struct access *a, struct listener *l, unsigned n)
{
	static const enum listener_role plain[] = { LISTENER_SMTP,
		LISTENER_SUBMISSION, LISTENER_POP3 };
	static const enum listener_role old[] = { LISTENER_SMTP,
		LISTENER_SUBMISSION, LISTENER_SMTPS, LISTENER_POP3,
		LISTENER_POP3S };
	uint32_t plain_flags = settings_flags(a->settings, SETTING_AUTH_LEGACY);
	uint32_t old_flags = settings_flags(a->settings, SETTING_TLS_LEGACY);

	for (; n > 0; n--, l++) {
		l->plain_auth = is_marked(l->role, plain_flags, plain, 3);
		l->old_tls = is_marked(l->role, old_flags, old, 5);
	}
}

enum relay_listener
access_listener(enum listener_role role)
{
	if (role == LISTENER_SUBMISSION)
		return RELAY_SUBMISSION;
	return role == LISTENER_SMTPS ? RELAY_SMTPS : RELAY_SMTP;
}

const struct profile *
access_device(const struct access *a, const struct net_addr *addr)
{
	return ENABLE_DEVICES ? profile_find(a->devices, a->devices_n, addr->ip)
			      : NULL;
}

/* The best grant that this address has now. */
static enum grant_how
best_grant(struct access *a, const struct net_addr *addr, int64_t now_ms)
{
	uint64_t refused = a->grants.refused;
	const struct grant *g =
	    grants_find(&a->grants, addr->ip, GRANT_CHALLENGE, now_ms);

	if (g == NULL)
		g = grants_find(&a->grants, addr->ip, GRANT_CLEAR, now_ms);
	a->grants.refused = refused + (g == NULL);
	return g == NULL ? GRANT_NONE : g->how;
}

/* What is known about the client, added to the question. */
static enum relay_verdict
decide(struct access *a, const struct access_client *c,
    struct relay_question *q, int64_t now_ms, struct relay_answer *out)
{
	const struct profile *device = access_device(a, &c->addr);

	q->listener = c->listener;
	q->ip = c->addr.ip;
	q->authenticated = c->account != 0;
	if (!q->authenticated)
		q->grant = best_grant(a, &c->addr, now_ms);
	if (device != NULL && !q->authenticated) {
		q->device = span_str(device->name);
		q->device_may =
		    q->to != NULL
		    && profile_may_reach(device, q->to, q->to_local);
	}
	return relay_decide(&a->rules[a->now], q, out);
}

enum relay_verdict
access_mail(struct access *a, const struct access_client *c,
    const struct addr *from, bool from_own, int64_t now_ms,
    struct relay_answer *out)
{
	struct relay_question q = { .from = from, .from_own = from_own };

	return decide(a, c, &q, now_ms, out);
}

void
access_stats(const struct access *a, struct stats *st)
{
	stats_counter(st, "relay.permitted", &a->relayed);
	stats_counter(st, "relay.denied", &a->denied);
	stats_counter(st, "grant.made", &a->grants.made);
	stats_counter(st, "grant.replaced", &a->grants.replaced);
	stats_counter(st, "grant.revoked", &a->grants.revoked);
	stats_counter(st, "grant.refused", &a->grants.refused);
	stats_counter(st, "limit.failed_logins", &a->limit.failed);
	stats_counter(st, "limit.bans", &a->limit.bans);
	stats_counter(st, "limit.refused_banned", &a->limit.banned);
	stats_counter(st, "limit.refused_strangers", &a->limit.busy);
	stats_counter(st, "limit.over_cap", &a->limit.over);
	stats_counter(st, "limit.bad_recipients", &a->limit.probes);
	stats_counter(st, "limit.forgotten", &a->limit.forgotten);
}

const char *
access_basis_name(enum relay_basis basis)
{
	static const char *const names[] = {
		[RELAY_BY_NONE] = "none",
		[RELAY_BY_AUTH] = "auth",
		[RELAY_BY_GRANT] = "grant",
		[RELAY_BY_NETWORK] = "network",
		[RELAY_BY_DEVICE] = "device",
	};

	return names[basis];
}

static void
log_decision(const struct access_client *c, const struct relay_question *q,
    const struct relay_answer *out)
{
	static const char *const events[] = { [RELAY_PERMIT] = "relay.permit",
		[RELAY_REFUSE] = "relay.refuse",
		[RELAY_LATER] = "relay.retry" };
	char addr[NET_ADDR_TEXT];
	struct log_line l;

	net_addr_text(&c->addr, addr);
	log_begin(&l, LOG_INFO, events[out->verdict]);
	log_span(&l, "rule", out->rule);
	log_str(&l, "client", addr);
	addr_log(&l, "from", q->from);
	addr_log(&l, "to", q->to);
	log_end(&l);
}

enum relay_verdict
access_rcpt(struct access *a, const struct access_client *c,
    const struct relay_question *q, int64_t now_ms, struct relay_answer *out)
{
	struct relay_question full = *q;

	(void)decide(a, c, &full, now_ms, out);
	if (out->verdict != RELAY_PERMIT)
		a->denied++;
	else if (!q->to_local)
		a->relayed++;
	if (out->verdict != RELAY_PERMIT || !q->to_local)
		log_decision(c, q, out);
	return out->verdict;
}

enum relay_verdict
access_may(struct access *a, const struct access_client *c,
    const struct relay_question *q, int64_t now_ms, struct relay_answer *out)
{
	struct relay_question full = *q;
	uint64_t refused = a->grants.refused;

	(void)decide(a, c, &full, now_ms, out);
	a->grants.refused = refused;
	return out->verdict;
}

uint32_t
access_bad_recipient(
    struct access *a, const struct net_addr *addr, unsigned nth, int64_t now_ms)
{
	return limit_bad_recipient(&a->limit, addr->ip, nth, now_ms);
}

enum limit_answer
access_sent(struct access *a, const struct access_client *c, int64_t now_ms)
{
	const struct profile *device =
	    c->account == 0 ? access_device(a, &c->addr) : NULL;

	if (device != NULL && (device->per_hour > 0 || device->per_day > 0))
		return limit_send_within(&a->limit, c->addr.ip,
		    device->per_hour, device->per_day, now_ms);
	return limit_send(&a->limit, c->account, c->addr.ip, now_ms);
}
