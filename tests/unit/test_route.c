/* test_route: rules from text, what is said of wrong ones, and which fits. */
#include "support/test.h"

#include "service/route.h"

static struct route rule;

static void
right(const char *text)
{
	char mem[300];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	if (route_parse(span_str(text), &rule, &why) != ERR_OK)
		fail_msg("%s: %s", text, mem);
}

static void
wrong(const char *text, const char *words)
{
	char mem[300];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	assert_int_equal(route_parse(span_str(text), &rule, &why), ERR_SYNTAX);
	if (strstr(mem, words) == NULL)
		fail_msg("%s: \"%s\" has no \"%s\"", text, mem, words);
}

static void
a_rule_has_all_its_words(void **state)
{
	(void)state;
	right("from=Home.Example to=ben@X.example host=Smtp.isp.example:465 "
	      "tls=verified user=Anna  per_minute=30 proto=smtp "
	      "send_as=Box@isp.example");
	assert_string_equal(rule.from, "home.example");
	assert_string_equal(rule.to, "ben@x.example");
	assert_string_equal(rule.host, "smtp.isp.example");
	assert_int_equal(rule.port, 465);
	assert_int_equal(rule.tls, ROUTE_TLS_VERIFIED);
	assert_string_equal(rule.user, "Anna");
	assert_int_equal(rule.per_minute, 30);
	assert_string_equal(rule.send_as, "Box@isp.example");
	assert_false(rule.lmtp);
	right("host=[2001:db8::1]:24 proto=lmtp");
	assert_string_equal(rule.host, "2001:db8::1");
	assert_true(rule.lmtp);
	assert_int_equal(rule.tls, ROUTE_TLS_OPPORTUNISTIC);
	right("to=x.example host=mx");
	assert_string_equal(rule.host, "");
}

static void
a_wrong_rule_is_told_what_is_right(void **state)
{
	(void)state;
	wrong("to=x.example", "host= is missing");
	wrong("", "host= is missing");
	wrong("host=smtp.isp.example", "NAME:PORT or mx");
	wrong("host=smtp.isp.example:0", "NAME:PORT or mx");
	wrong("host=:25", "NAME:PORT or mx");
	wrong("host=h:25 tls=maybe", "off, opportunistic, required");
	wrong("host=h:25 tls", "\"tls\" is none of the words from=, to=");
	wrong("hots=h:25", "\"hots=h:25\" is none of the words");
	wrong("host=h:25 from=", "a domain or an address");
	wrong("host=h:25 to=a@b@c", "a domain or an address");
	wrong("host=h:25 per_minute=10001", "a number up to 10000");
	wrong("host=h:25 per_minute=-1", "a number up to 10000");
	wrong("host=h:25 pin=abc", "64 hexadecimal digits");
	wrong("host=h:25 proto=uucp", "smtp or lmtp");
	wrong("host=h:25 send_as=anna", "an address");
	wrong("host=h:25 user=", "a login name");
	wrong("host=h:25 host=g:25", "\"host=g:25\" is there twice");
	wrong("host=mx user=anna", "user= needs a host");
	wrong("host=mx proto=lmtp", "proto=lmtp needs a host");
	wrong("host=h:25 tls=off pin=0000000000000000000000000000000000000000"
	      "000000000000000000000000",
	    "pin= needs TLS");
	wrong("host=\x1b[2J:x", "\"host=\\x1b[2J:x\" is wrong");
}

static struct routes routes;

static void
add(const char *label, const char *text)
{
	struct route *r = &routes.rule[routes.n++];

	right(text);
	*r = rule;
	strcpy(r->label, label);
}

static void
check(const char *sender, const char *recipient, bool local, const char *host)
{
	const struct route *r =
	    routes_find(&routes, span_str(sender), span_str(recipient), local);

	assert_string_equal(r->host, host);
}

static void
the_first_rule_that_fits_is_taken(void **state)
{
	(void)state;
	memset(&routes, 0, sizeof(routes));
	strcpy(routes.rest.host, "rest");
	add("a", "from=boss@x.example to=y.example host=a:25");
	add("b", "from=x.example host=b:25");
	add("c", "to=y.example host=mx");
	check("boss@X.example", "r@Y.example", false, "a");
	check("boss@x.example", "r@z.example", false, "b");
	check("ann@x.example", "r@y.example", false, "b");
	check("ann@sub.x.example", "r@y.example", false, "");
	check("ann@sub.x.example", "r@z.example", false, "rest");
	check("", "r@z.example", false, "rest");
	check("ann@x.example", "ann@x.example", true, "b");
	routes.has_lmtp = true;
	strcpy(routes.lmtp.host, "store");
	check("ann@x.example", "ann@x.example", true, "store");
	check("ann@x.example", "r@y.example", false, "b");
}

static void
a_key_names_the_way(void **state)
{
	static struct route a = { .host = "smtp.x.example", .port = 25 };
	static struct route b;
	uint32_t key = route_key(&a, SPAN("y.example"));

	(void)state;
	assert_true(key != 0);
	assert_int_equal(key, route_key(&a, SPAN("z.example")));
	a.port = 26;
	assert_int_not_equal(key, route_key(&a, SPAN("y.example")));
	assert_int_not_equal(
	    route_key(&b, SPAN("y.example")), route_key(&b, SPAN("z.example")));
	assert_int_equal(
	    route_key(&b, SPAN("y.example")), route_key(&b, SPAN("Y.Example")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_all_its_words),
		cmocka_unit_test(a_wrong_rule_is_told_what_is_right),
		cmocka_unit_test(the_first_rule_that_fits_is_taken),
		cmocka_unit_test(a_key_names_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
