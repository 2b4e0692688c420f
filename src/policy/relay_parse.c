/* relay_parse: the owner's rules from text; see policy/relay.h's grammar. */
#include "policy/relay.h"

/* The words of one rule, taken one by one. */
struct words {
	struct span rest;
	struct text *why;
	struct span rule;
};

static struct span
word(struct words *w)
{
	struct span s = span_trim(w->rest);
	size_t end = 0;

	while (end < s.len && s.p[end] != ' ' && s.p[end] != '\t')
		end++;
	w->rest = span_from(s, end);
	return span_first(s, end);
}

static bool
take(struct words *w, const char *expected)
{
	struct words before = *w;

	if (span_is_nocase(word(w), span_str(expected)))
		return true;
	*w = before;
	return false;
}

static int
fail(struct words *w, const char *expected)
{
	struct words at = *w;
	struct span found = word(&at);

	text_str(w->why, "rule \"");
	text_escaped(w->why, span_first(w->rule, 60));
	text_str(w->why, "\": expected ");
	text_str(w->why, expected);
	if (found.len == 0) {
		text_str(w->why, ", but it ends there");
	} else {
		text_str(w->why, ", found \"");
		text_escaped(w->why, span_first(found, 40));
		text_str(w->why, "\"");
	}
	return ERR_SYNTAX;
}

static bool
is_good_network(struct span piece)
{
	struct networks one = { .n = 0 };

	return span_is_nocase(piece, SPAN("inside"))
	       || networks_add(&one, piece) == ERR_OK;
}

static bool
is_good_domain(struct span piece)
{
	if (piece.len > 0 && piece.p[0] == '.')
		piece = span_from(piece, 1);
	return addr_is_domain(piece, true);
}

static bool
is_good_listener(struct span piece)
{
	return span_is_nocase(piece, SPAN("smtp"))
	       || span_is_nocase(piece, SPAN("submission"))
	       || span_is_nocase(piece, SPAN("smtps"));
}

/* A list with commas; blanks may follow them, so it ends at " and ". */
static int
parse_list(struct words *w, struct relay_cond *c)
{
	static const struct {
		bool (*is_good)(struct span piece);
		const char *expected;
	} forms[] = {
		[RELAY_COND_CLIENT] = { is_good_network,
		    "addresses like 192.0.2.0/24, lan, inside or any" },
		[RELAY_COND_FROM] = { is_good_domain,
		    "domains like example.org, .example.org, own or none" },
		[RELAY_COND_TO] = { is_good_domain,
		    "domains like example.org, .example.org or own" },
		[RELAY_COND_LISTENER] = { is_good_listener,
		    "smtp, submission or smtps" },
	};
	struct span s, list, piece;
	bool more = true;

	c->negated = take(w, "not");
	if (!take(w, "in"))
		return fail(w, c->negated ? "\"in\"" : "\"in\" or \"not in\"");
	list = span_first(span_trim(w->rest), 0);
	while (more) {
		struct words before = *w;

		s = word(w);
		more = s.len > 0 && s.p[s.len - 1] == ',';
		list.len = (size_t)(s.p + s.len - list.p);
		if (more)
			s.len--;
		while (span_next(&s, ',', &piece)) {
			if (!forms[c->kind].is_good(piece)) {
				*w = before;
				return fail(w, forms[c->kind].expected);
			}
		}
	}
	c->list = list;
	return ERR_OK;
}

static int
parse_cond(struct words *w, struct relay_cond *c)
{
	static const struct {
		const char *word;
		enum relay_kind kind;
	} lists[] = {
		{ "client", RELAY_COND_CLIENT },
		{ "from", RELAY_COND_FROM },
		{ "to", RELAY_COND_TO },
		{ "listener", RELAY_COND_LISTENER },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!take(w, lists[i].word))
			continue;
		c->kind = lists[i].kind;
		return parse_list(w, c);
	}
	c->negated = take(w, "not");
	if (take(w, "auth")) {
		c->kind = RELAY_COND_AUTH;
	} else if (take(w, "grant")) {
		c->kind = RELAY_COND_GRANT;
	} else if (take(w, "protected")) {
		c->kind = RELAY_COND_SAFE_GRANT;
		if (!take(w, "grant"))
			return fail(w, "\"grant\"");
	} else {
		return fail(w, c->negated ? "auth, grant or protected grant"
					  : "client, from, to, listener, auth, "
					    "grant, protected grant or not");
	}
	return ERR_OK;
}

/* On what the rule's permission rests: what it asks for, not what it bars. */
static uint8_t
permit_of(const struct relay_cond *c)
{
	if (c->negated)
		return 0;
	if (c->kind == RELAY_COND_AUTH)
		return RELAY_PERMIT_AUTH;
	if (c->kind == RELAY_COND_GRANT || c->kind == RELAY_COND_SAFE_GRANT)
		return RELAY_PERMIT_GRANT;
	return 0;
}

static int
parse_conds(struct relay_rules *rr, struct words *w, struct relay_rule *r)
{
	r->first = (uint8_t)rr->n_conds;
	do {
		struct relay_cond *c = &rr->conds[rr->n_conds];

		if (rr->n_conds == RELAY_CONDS) {
			text_str(w->why, "more than ");
			text_u64(w->why, RELAY_CONDS);
			text_str(w->why, " conditions in all rules");
			return ERR_FULL;
		}
		*c = (struct relay_cond) { .negated = false };
		if (parse_cond(w, c))
			return ERR_SYNTAX;
		r->permit |= permit_of(c);
		rr->n_conds++;
		r->n++;
	} while (take(w, "and"));
	return ERR_OK;
}

static int
parse_verdict(struct words *w, struct relay_rule *r)
{
	if (take(w, "permit"))
		r->verdict = RELAY_PERMIT;
	else if (take(w, "refuse"))
		r->verdict = RELAY_REFUSE;
	else if (take(w, "later"))
		r->verdict = RELAY_LATER;
	else
		return fail(w, "permit, refuse or later");
	if (take(w, "mail"))
		r->all_mail = true;
	else if (!take(w, "relay"))
		return fail(w, "relay or mail");
	return ERR_OK;
}

static void
parse_name(struct words *w, struct relay_rule *r)
{
	struct words before = *w;
	struct span first = word(w);

	if (first.len > 1 && first.p[first.len - 1] == ':') {
		r->name = span_first(first, first.len - 1);
	} else {
		*w = before;
		r->name = w->rule;
	}
}

static int
parse_rule(struct relay_rules *rr, struct words *w)
{
	struct relay_rule *r = &rr->table[rr->n];
	int err;

	if (rr->n == RELAY_RULES) {
		text_str(w->why, "more than ");
		text_u64(w->why, RELAY_RULES);
		text_str(w->why, " rules in all");
		return ERR_FULL;
	}
	*r = (struct relay_rule) { .text = w->rule };
	parse_name(w, r);
	err = parse_verdict(w, r);
	if (!err && take(w, "when"))
		err = parse_conds(rr, w, r);
	if (!err && span_trim(w->rest).len > 0)
		err = fail(
		    w, r->n > 0 ? "\"and\" or the end" : "\"when\" or the end");
	if (err)
		return err;
	if (r->permit == 0)
		r->permit = RELAY_PERMIT_NETWORK;
	rr->n++;
	return ERR_OK;
}

/* Line ends to semicolons, remarks to blanks. */
static int
keep_text(struct relay_rules *rr, struct span text)
{
	bool remark = false;

	if (text.len > sizeof(rr->text))
		return ERR_FULL;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c == '\n')
			remark = false;
		else if (c == '#')
			remark = true;
		if (c == '\n' || c == '\r')
			c = ';';
		rr->text[i] = remark ? ' ' : c;
	}
	rr->text_len = text.len;
	return ERR_OK;
}

int
relay_rules_parse(struct relay_rules *rr, struct span text, struct text *why)
{
	struct span rest;
	struct words w = { .why = why };
	int err = keep_text(rr, text);

	rr->n = 0;
	rr->n_conds = 0;
	if (err)
		text_str(why, "the rules are too long");
	rest = span_of(rr->text, rr->text_len);
	while (!err && span_next(&rest, ';', &w.rule)) {
		w.rule = span_trim(w.rule);
		w.rest = w.rule;
		if (w.rule.len > 0)
			err = parse_rule(rr, &w);
	}
	if (err) {
		rr->n = 0;
		rr->n_conds = 0;
	}
	return err;
}

int
relay_permits_parse(struct span text, uint8_t *out)
{
	struct span piece;
	uint8_t permits = 0;

	if (span_is_nocase(span_trim(text), SPAN("none"))) {
		*out = 0;
		return ERR_OK;
	}
	while (span_next(&text, ',', &piece)) {
		piece = span_trim(piece);
		if (span_is_nocase(piece, SPAN("auth")))
			permits |= RELAY_PERMIT_AUTH;
		else if (span_is_nocase(piece, SPAN("grant")))
			permits |= RELAY_PERMIT_GRANT;
		else if (span_is_nocase(piece, SPAN("network")))
			permits |= RELAY_PERMIT_NETWORK;
		else
			return ERR_SYNTAX;
	}
	*out = permits;
	return ERR_OK;
}
