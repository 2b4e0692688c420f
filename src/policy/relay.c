/*
 * relay: deciding.  Reading the rules is in relay_parse.c; what a domain
 * means and who is logged in, the caller has found out before.
 */
#include "policy/relay.h"

#include "core/zero.h"
static const char refusal[] =
    "5.7.1 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)";
static const char retry[] =
    "4.7.1 sorry, that domain isn't in my list of allowed rcpthosts (#4.7.1)";

static struct relay_answer
answer(enum relay_verdict verdict, struct span rule)
{
	static const struct relay_answer of[] = {
		[RELAY_PERMIT] = { .code = 250, .text = "2.1.5 ok" },
		[RELAY_REFUSE] = { .code = 553, .text = refusal },
		[RELAY_LATER] = { .code = 450, .text = retry },
	};
	struct relay_answer a = of[verdict];

	a.verdict = verdict;
	a.rule = rule;
	return a;
}

void
relay_rules_init(struct relay_rules *rr)
{
	zero_fill(rr, sizeof(*rr));
	rr->permits[RELAY_SMTP] =
	    RELAY_PERMIT_AUTH | RELAY_PERMIT_GRANT | RELAY_PERMIT_NETWORK;
	rr->permits[RELAY_SUBMISSION] = RELAY_PERMIT_AUTH;
	rr->permits[RELAY_SMTPS] = RELAY_PERMIT_AUTH;
	rr->grant_least = GRANT_CHALLENGE;
}

static bool
client_in(const struct relay_rules *rr, struct span list, const uint8_t ip[16])
{
	struct span piece;

	while (span_next(&list, ',', &piece)) {
		struct networks one = { .n = 0 };

		piece = span_trim(piece);
		if (span_is_nocase(piece, SPAN("inside"))) {
			if (networks_has(&rr->inside, ip))
				return true;
		} else if (!networks_add(&one, piece)
			   && networks_has(&one, ip)) {
			return true;
		}
	}
	return false;
}

static bool
domain_in(struct span list, const struct addr *a, bool own)
{
	struct span piece;

	if (a == NULL)
		return false;
	while (span_next(&list, ',', &piece)) {
		piece = span_trim(piece);
		if (span_is_nocase(piece, SPAN("own"))) {
			if (own)
				return true;
		} else if (span_is_nocase(piece, SPAN("none"))) {
			if (a->null)
				return true;
		} else if (piece.p[0] == '.') {
			if (a->domain.len > piece.len
			    && span_ends_nocase(a->domain, piece))
				return true;
		} else if (span_is_nocase(piece, a->domain)) {
			return true;
		}
	}
	return false;
}

static bool
listener_in(struct span list, enum relay_listener listener)
{
	static const char *const names[RELAY_LISTENERS] = { "smtp",
		"submission", "smtps" };
	struct span piece;

	while (span_next(&list, ',', &piece)) {
		if (span_is_nocase(span_trim(piece), span_str(names[listener])))
			return true;
	}
	return false;
}

/* Does a live grant count here, made in at least this way? */
static bool
has_grant(const struct relay_rules *rr, const struct relay_question *q,
    enum grant_how at_least)
{
	return rr->grant_least != GRANT_NONE && q->grant >= rr->grant_least
	       && q->grant >= at_least;
}

static bool
holds(const struct relay_rules *rr, const struct relay_cond *c,
    const struct relay_question *q)
{
	switch (c->kind) {
	case RELAY_COND_AUTH:
		return q->authenticated;
	case RELAY_COND_GRANT:
		return has_grant(rr, q, GRANT_CLEAR);
	case RELAY_COND_SAFE_GRANT:
		return has_grant(rr, q, GRANT_CHALLENGE);
	case RELAY_COND_CLIENT:
		return client_in(rr, c->list, q->ip);
	case RELAY_COND_FROM:
		return domain_in(c->list, q->from, q->from_own);
	case RELAY_COND_TO:
		return domain_in(c->list, q->to, q->to_local);
	case RELAY_COND_LISTENER:
		break;
	}
	return listener_in(c->list, q->listener);
}

/* While the recipient is unknown, what is said about it may still come true. */
static bool
fits(const struct relay_rules *rr, const struct relay_rule *r,
    const struct relay_question *q)
{
	for (unsigned i = r->first; i < r->first + r->n; i++) {
		const struct relay_cond *c = &rr->conds[i];

		if (q->to == NULL && c->kind == RELAY_COND_TO)
			continue;
		if (holds(rr, c, q) == c->negated)
			return false;
	}
	return true;
}

/* Does the rule speak about this recipient on this listener? */
static bool
is_about(const struct relay_rules *rr, const struct relay_rule *r,
    const struct relay_question *q)
{
	if (r->verdict == RELAY_PERMIT
	    && !(rr->permits[q->listener] & r->permit))
		return false;
	return r->all_mail || !q->to_local || q->listener != RELAY_SMTP;
}

static enum relay_basis
basis_of(unsigned permit)
{
	if (permit & RELAY_PERMIT_AUTH)
		return RELAY_BY_AUTH;
	if (permit & RELAY_PERMIT_GRANT)
		return RELAY_BY_GRANT;
	return RELAY_BY_NETWORK;
}

static bool
by_rules(const struct relay_rules *rr, const struct relay_question *q,
    struct relay_answer *out)
{
	for (unsigned i = 0; i < rr->n; i++) {
		const struct relay_rule *r = &rr->table[i];

		if (!is_about(rr, r, q) || !fits(rr, r, q))
			continue;
		*out = answer(r->verdict, r->name);
		out->rule_text = r->text;
		if (r->verdict == RELAY_PERMIT)
			out->basis = basis_of(r->permit);
		return true;
	}
	return false;
}

/* The three permissions that stand behind the owner's rules. */
static bool
by_permission(const struct relay_rules *rr, const struct relay_question *q,
    struct relay_answer *out)
{
	unsigned permits = rr->permits[q->listener];
	enum relay_basis basis = RELAY_BY_NONE;
	struct span rule = SPAN("");

	if ((permits & RELAY_PERMIT_AUTH) && q->authenticated) {
		basis = RELAY_BY_AUTH;
		rule = SPAN("auth");
	} else if ((permits & RELAY_PERMIT_GRANT)
		   && has_grant(rr, q, GRANT_CLEAR)) {
		basis = RELAY_BY_GRANT;
		rule = SPAN("grant");
	} else if ((permits & RELAY_PERMIT_NETWORK)
		   && networks_has(&rr->inside, q->ip)) {
		basis = RELAY_BY_NETWORK;
		rule = SPAN("network");
	}
	if (basis == RELAY_BY_NONE)
		return false;
	*out = answer(RELAY_PERMIT, rule);
	out->basis = basis;
	return true;
}

/* The owner has written down what this device may do. */
static bool
by_profile(const struct relay_rules *rr, const struct relay_question *q,
    struct relay_answer *out)
{
	bool may = q->to == NULL || q->to_local || q->device_may;

	if (q->device.len == 0 || rr->permits[q->listener] == 0)
		return false;
	*out = answer(may ? RELAY_PERMIT : RELAY_REFUSE, q->device);
	out->basis = may ? RELAY_BY_DEVICE : RELAY_BY_NONE;
	return true;
}

/* T8: forms that ask the next host, or us, to send it on elsewhere. */
static bool
is_detour(const struct relay_question *q)
{
	return addr_is_tricky(q->to) || (q->to->literal && !q->to_local);
}

static struct relay_answer
without_permission(const struct relay_rules *rr, const struct relay_question *q)
{
	struct relay_answer a;

	if (q->listener != RELAY_SMTP) {
		a = answer(RELAY_REFUSE, SPAN("submission"));
		a.code = 530;
		a.text = "5.7.0 Authentication required";
		return a;
	}
	if (q->to_local)
		return answer(RELAY_PERMIT, SPAN("local"));
	if (networks_has(&rr->retry, q->ip))
		return answer(RELAY_LATER, SPAN("fetch-first"));
	return answer(RELAY_REFUSE, SPAN("none"));
}

/*
 * Before any recipient is known: refuse only where nothing but a login could
 * have helped.
 */
static enum relay_verdict
decide_early(const struct relay_rules *rr, const struct relay_question *q,
    struct relay_answer *out)
{
	bool may = q->listener == RELAY_SMTP || by_profile(rr, q, out)
		   || by_permission(rr, q, out);

	for (unsigned i = 0; i < rr->n && !may; i++) {
		const struct relay_rule *r = &rr->table[i];

		may = r->verdict == RELAY_PERMIT && is_about(rr, r, q)
		      && fits(rr, r, q);
	}
	*out = may ? answer(RELAY_PERMIT, SPAN("early"))
		   : without_permission(rr, q);
	return out->verdict;
}

enum relay_verdict
relay_decide(const struct relay_rules *rr, const struct relay_question *q,
    struct relay_answer *out)
{
	if (q->to == NULL)
		return decide_early(rr, q, out);
	if (is_detour(q))
		*out = answer(RELAY_REFUSE, SPAN("detour"));
	else if (!by_profile(rr, q, out) && !by_rules(rr, q, out)
		 && !by_permission(rr, q, out))
		*out = without_permission(rr, q);
	return out->verdict;
}
