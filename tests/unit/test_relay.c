/* test_relay: rules, permissions, and the policies of nine providers. */
#include "support/test.h"

#include <stdio.h>

#include "policy/relay.h"

static struct relay_rules rules;
static char why_mem[256];
static struct text why;

static const uint8_t inside_ip[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 };
static const uint8_t line_ip[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 200 };
static const uint8_t outside_ip[16] = {
	[10] = 0xff, [11] = 0xff, 203, 0, 113, 9
};
static const uint8_t loopback_ip[16] = {
	[10] = 0xff, [11] = 0xff, 127, 0, 0, 1
};
static const uint8_t lan_ip[16] = { [10] = 0xff, [11] = 0xff, 192, 168, 1, 2 };

static struct addr own_from, far_from, own_to, far_to;

static struct addr
address(const char *text)
{
	struct span rest = span_str(text);
	struct addr a;

	assert_int_equal(
	    addr_path(&rest, ADDR_ALLOW_NULL | ADDR_ALLOW_BARE, &a), ADDR_OK);
	return a;
}

static int
setup(void **state)
{
	(void)state;
	relay_rules_init(&rules);
	text_init(&why, why_mem, sizeof(why_mem));
	own_from = address("<anna@own.example>");
	far_from = address("<eve@far.example>");
	own_to = address("<bob@own.example>");
	far_to = address("<carol@else.example>");
	return 0;
}

static struct relay_question
question(const uint8_t *ip, bool from_own, bool to_own)
{
	return (struct relay_question) {
		.ip = ip,
		.from = from_own ? &own_from : &far_from,
		.from_own = from_own,
		.to = to_own ? &own_to : &far_to,
		.to_local = to_own,
	};
}

static void
parse(const char *text)
{
	assert_int_equal(relay_rules_parse(&rules, span_str(text), &why), 0);
}

static enum relay_verdict
decide(const struct relay_question *q)
{
	struct relay_answer a;

	return relay_decide(&rules, q, &a);
}

static void
nobody_relays_by_default_not_even_loopback_and_lan(void **state)
{
	static const uint8_t *const ips[] = { outside_ip, inside_ip,
		loopback_ip, lan_ip };
	struct relay_answer a;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct relay_question q = question(ips[i], true, false);

		assert_int_equal(relay_decide(&rules, &q, &a), RELAY_REFUSE);
		assert_int_equal(a.code, 553);
		assert_string_equal(a.text,
		    "5.7.1 sorry, that domain isn't in my list of allowed "
		    "rcpthosts (#5.7.1)");
		q = question(ips[i], false, true);
		assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
		assert_span(a.rule, "local");
		assert_int_equal(a.basis, RELAY_BY_NONE);
	}
}

static void
any_one_enabled_permission_is_enough_and_is_named(void **state)
{
	struct relay_question q = question(outside_ip, false, false);
	struct relay_answer a;
	struct span wrong;

	(void)state;
	q.authenticated = true;
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
	assert_span(a.rule, "auth");
	assert_int_equal(a.basis, RELAY_BY_AUTH);
	q.authenticated = false;
	q.grant = GRANT_TLS;
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
	assert_span(a.rule, "grant");
	q.grant = GRANT_NONE;
	assert_int_equal(
	    networks_parse(SPAN("203.0.113.0/24"), &rules.inside, &wrong), 0);
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
	assert_span(a.rule, "network");
	rules.permits[RELAY_SMTP] = 0;
	q.authenticated = true;
	q.grant = GRANT_TLS;
	assert_int_equal(decide(&q), RELAY_REFUSE);
}

static void
sniffed_password_does_not_open_the_relay(void **state)
{
	struct relay_question q = question(outside_ip, true, false);

	(void)state;
	q.grant = GRANT_CLEAR;
	assert_int_equal(decide(&q), RELAY_REFUSE);
	rules.grant_least = GRANT_CLEAR;
	assert_int_equal(decide(&q), RELAY_PERMIT);
	parse("refuse relay when not protected grant");
	assert_int_equal(decide(&q), RELAY_REFUSE);
	q.grant = GRANT_CHALLENGE;
	assert_int_equal(decide(&q), RELAY_PERMIT);
	rules.grant_least = GRANT_NONE;
	assert_int_equal(decide(&q), RELAY_REFUSE);
}

static void
submission_asks_for_permission_before_any_mail(void **state)
{
	struct relay_question q = question(lan_ip, true, true);
	struct relay_answer a;

	(void)state;
	q.listener = RELAY_SUBMISSION;
	q.grant = GRANT_TLS;
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_REFUSE);
	assert_int_equal(a.code, 530);
	q.to = NULL;
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_REFUSE);
	assert_int_equal(a.code, 530);
	q.authenticated = true;
	assert_int_equal(decide(&q), RELAY_PERMIT);
	q.authenticated = false;
	rules.permits[RELAY_SUBMISSION] |= RELAY_PERMIT_NETWORK;
	assert_int_equal(decide(&q), RELAY_REFUSE);
	parse("permit mail when client in lan and to in else.example");
	assert_int_equal(decide(&q), RELAY_PERMIT);
	q.to = &own_to;
	assert_int_equal(decide(&q), RELAY_REFUSE);
	q.listener = RELAY_SMTP;
	q.to = NULL;
	assert_int_equal(decide(&q), RELAY_PERMIT);
}

static void
lan_client_that_sends_before_it_fetches_is_put_off(void **state)
{
	struct relay_question q = question(lan_ip, true, false);
	struct relay_answer a;

	(void)state;
	assert_int_equal(networks_add(&rules.retry, SPAN("lan")), 0);
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_LATER);
	assert_int_equal(a.code, 450);
	q.ip = outside_ip;
	assert_int_equal(decide(&q), RELAY_REFUSE);
}

static void
first_rule_that_fits_decides_and_is_named(void **state)
{
	struct relay_question q = question(inside_ip, true, false);
	struct relay_answer a;

	(void)state;
	parse("# the scanner first\n"
	      "scanner: permit relay when client in 192.0.2.7 "
	      "and to in else.example, .sub.example\r\n"
	      "refuse relay when client in 192.0.2.0/24; permit relay\n");
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
	assert_span(a.rule, "scanner");
	far_to = address("<x@deep.SUB.example>");
	assert_int_equal(decide(&q), RELAY_PERMIT);
	far_to = address("<x@sub.example>");
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_REFUSE);
	assert_span(a.rule, "refuse relay when client in 192.0.2.0/24");
	q.ip = outside_ip;
	assert_int_equal(relay_decide(&rules, &q, &a), RELAY_PERMIT);
	assert_span(a.rule_text, "permit relay");
}

static void
rule_about_relaying_leaves_local_delivery_alone(void **state)
{
	struct relay_question q = question(outside_ip, false, true);

	(void)state;
	parse("refuse relay");
	assert_int_equal(decide(&q), RELAY_PERMIT);
	parse("refuse mail");
	assert_int_equal(decide(&q), RELAY_REFUSE);
	far_from = address("<>");
	parse("refuse mail when from in none");
	assert_int_equal(decide(&q), RELAY_REFUSE);
}

static void
permit_counts_only_where_its_basis_is_enabled(void **state)
{
	struct relay_question q = question(outside_ip, true, false);

	(void)state;
	parse("permit relay when from in own");
	assert_int_equal(decide(&q), RELAY_PERMIT);
	rules.permits[RELAY_SMTP] = RELAY_PERMIT_AUTH;
	assert_int_equal(decide(&q), RELAY_REFUSE);
	parse("permit relay when auth and from in own");
	q.authenticated = true;
	assert_int_equal(decide(&q), RELAY_PERMIT);
}

/* T8: forms from abuse.net, ORDB and nmap, as far as they are addresses. */
static void
detours_are_refused_whoever_asks(void **state)
{
	static const char *const forms[] = { "<relay%far.example@own.example>",
		"<far.example!relay@own.example>",
		"<\"relay@far.example\"@own.example>",
		"<\"relay%far.example\"@own.example>", "<relay@[203.0.113.5]>",
		"<\"relay@far.example\">",
		"<relay%far.example@[203.0.113.5]>" };

	(void)state;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct relay_question q = question(lan_ip, true, true);
		struct span rest = span_str(forms[i]);
		struct addr a;

		q.authenticated = true;
		q.to = &a;
		if (addr_path(&rest, ADDR_ALLOW_BARE, &a) != ADDR_OK)
			continue;
		q.to_local = !a.literal;
		assert_int_equal(decide(&q), RELAY_REFUSE);
	}
}

static void
source_routes_and_second_ats_are_no_addresses(void **state)
{
	static const char *const forms[] = { "<@own.example:relay@far.example>",
		"<relay@far.example@own.example>", "<relay@own.example@>",
		"<far.example!relay>x", "relay@far.example",
		"<relay@far.example" };

	(void)state;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct span rest = span_str(forms[i]);
		struct addr a;

		assert_int_not_equal(addr_path(&rest, 0, &a), ADDR_OK);
	}
}

static void
mistakes_are_explained(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "allow relay",
		    "rule \"allow relay\": expected permit, refuse or later, "
		    "found \"allow\"" },
		{ "permit when auth",
		    "rule \"permit when auth\": expected relay or mail, "
		    "found \"when\"" },
		{ "permit relay; refuse relay when client in 10.0.0.1/8",
		    "rule \"refuse relay when client in 10.0.0.1/8\": expected "
		    "addresses like 192.0.2.0/24, lan, inside or any, found "
		    "\"10.0.0.1/8\"" },
		{ "permit relay when client lan",
		    "rule \"permit relay when client lan\": expected \"in\" or "
		    "\"not in\", found \"lan\"" },
		{ "permit relay when from in own,",
		    "rule \"permit relay when from in own,\": expected domains "
		    "like example.org, .example.org, own or none, but it ends "
		    "there" },
		{ "permit relay auth",
		    "rule \"permit relay auth\": expected \"when\" or the end, "
		    "found \"auth\"" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&why, why_mem, sizeof(why_mem));
		assert_int_equal(
		    relay_rules_parse(&rules, span_str(cases[i].text), &why),
		    ERR_SYNTAX);
		assert_string_equal(text_cstr(&why), cases[i].says);
		assert_int_equal(rules.n, 0);
	}
}

static void
permission_words_are_read(void **state)
{
	uint8_t permits = 77;

	(void)state;
	assert_int_equal(relay_permits_parse(SPAN("auth, GRANT"), &permits), 0);
	assert_int_equal(permits, RELAY_PERMIT_AUTH | RELAY_PERMIT_GRANT);
	assert_int_equal(relay_permits_parse(SPAN("none"), &permits), 0);
	assert_int_equal(permits, 0);
	assert_int_equal(
	    relay_permits_parse(SPAN("auth,all"), &permits), ERR_SYNTAX);
	assert_int_equal(relay_permits_parse(SPAN(""), &permits), ERR_SYNTAX);
}

/*
 * ---- the nine providers ----
 *
 * test_access imports the same files as settings.  Their rules stand in the
 * order of their labels, or fit so that the order does not matter.
 */

static void
add_rule(struct text *all, struct span label, struct span rule)
{
	text_span(all, label);
	text_str(all, ": ");
	text_span(all, rule);
	text_chr(all, '\n');
	assert_int_equal(relay_rules_parse(&rules, text_data(all), &why), 0);
}

static void
apply_setting(struct span line, struct text *all)
{
	size_t equals = span_find(line, '=');
	struct span key = span_first(line, equals);
	struct span value = span_from(line, equals + 1), wrong;

	if (span_is(key, SPAN("relay.networks")))
		assert_int_equal(
		    networks_parse(value, &rules.inside, &wrong), 0);
	else if (span_is(key, SPAN("permit.smtp")))
		assert_int_equal(
		    relay_permits_parse(value, &rules.permits[RELAY_SMTP]), 0);
	else if (span_is(key, SPAN("relay.pop_before_smtp")))
		rules.grant_least =
		    span_is(value, SPAN("any")) ? GRANT_CLEAR : GRANT_NONE;
	else if (span_starts(key, SPAN("relay.rule.")))
		add_rule(all, span_from(key, 11), value);
}

static size_t
load(const char *name, const char *kind, char *mem, size_t cap)
{
	char path[128];
	FILE *f;
	size_t n;

	snprintf(
	    path, sizeof(path), "tests/vectors/providers/%s.%s", name, kind);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(mem, 1, cap, f);
	fclose(f);
	assert_true(n > 0 && n < cap);
	return n;
}

static bool
next_word(struct span *line, struct span *word)
{
	*line = span_trim(*line);
	*word = span_first(*line, span_find(*line, ' '));
	*line = span_from(*line, word->len);
	return word->len > 0;
}

/* Does a line of the table fit these five facts?  Its verdict goes to `out`. */
static bool
case_fits(struct span line, const char *const facts[5], struct span *out)
{
	struct span word;

	for (unsigned i = 0; i < 5; i++) {
		assert_true(next_word(&line, &word));
		if (!span_is(word, SPAN("*"))
		    && !span_is(word, span_str(facts[i])))
			return false;
	}
	assert_true(next_word(&line, out));
	return true;
}

static void
check_case(struct span cases, const char *const facts[5], bool permitted)
{
	struct span line, verdict;

	while (span_next(&cases, '\n', &line)) {
		if (line.len == 0 || line.p[0] == '#'
		    || !case_fits(line, facts, &verdict))
			continue;
		assert_int_equal(permitted, span_is(verdict, SPAN("permit")));
		return;
	}
	if (!span_is(span_str(facts[0]), SPAN("lanline")))
		fail_msg("no line for %s", facts[0]);
}

static void
all_combinations(struct span cases)
{
	static const char *const clients[] = { "inside", "outside", "lanline" };
	static const uint8_t *const ips[] = { inside_ip, outside_ip, line_ip };

	for (unsigned i = 0; i < 48; i++) {
		unsigned c = i / 16;
		struct relay_question q =
		    question(ips[c], (i & 1) != 0, (i & 2) != 0);
		const char *const facts[5] = { clients[c],
			i & 1 ? "own" : "foreign", i & 2 ? "own" : "foreign",
			i & 4 ? "fetched" : "not", i & 8 ? "auth" : "no" };

		q.grant = i & 4 ? GRANT_CLEAR : GRANT_NONE;
		q.authenticated = (i & 8) != 0;
		check_case(cases, facts, decide(&q) == RELAY_PERMIT);
	}
}

static void
nine_providers_policies_come_out_as_they_were(void **state)
{
	static const char *const names[] = { "odn", "so-net", "dti", "iij4u",
		"asahi", "dreamnet", "jah", "tokai", "at-m" };
	static char settings[1024], cases[1024];

	for (unsigned i = 0; i < 9; i++) {
		static char rule_mem[512];
		struct span rest, line;
		struct text all;
		size_t n =
		    load(names[i], "settings", settings, sizeof(settings));

		setup(state);
		text_init(&all, rule_mem, sizeof(rule_mem));
		rest = span_of(settings, n);
		while (span_next(&rest, '\n', &line)) {
			if (line.len > 0 && line.p[0] != '#')
				apply_setting(line, &all);
		}
		n = load(names[i], "cases", cases, sizeof(cases));
		all_combinations(span_of(cases, n));
	}
}

#define T(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_relays_by_default_not_even_loopback_and_lan),
		T(any_one_enabled_permission_is_enough_and_is_named),
		T(sniffed_password_does_not_open_the_relay),
		T(submission_asks_for_permission_before_any_mail),
		T(lan_client_that_sends_before_it_fetches_is_put_off),
		T(first_rule_that_fits_decides_and_is_named),
		T(rule_about_relaying_leaves_local_delivery_alone),
		T(permit_counts_only_where_its_basis_is_enabled),
		T(detours_are_refused_whoever_asks),
		T(source_routes_and_second_ats_are_no_addresses),
		T(mistakes_are_explained),
		T(permission_words_are_read),
		T(nine_providers_policies_come_out_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
