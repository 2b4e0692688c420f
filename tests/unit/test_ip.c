/* test_ip: addresses and networks as people write them. */
#include "support/test.h"

#include "codec/ip.h"

static void
takes_what_people_write(void **state)
{
	static const char *const good[] = { "192.0.2.7", "::1",
		"::", "2001:db8::7", "[2001:db8::7]", "::ffff:192.0.2.7",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:192.0.2.7" };
	uint8_t ip[IP_OCTETS], same[IP_OCTETS];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (ip_parse(span_str(good[i]), ip))
			fail_msg("refused: %s", good[i]);
	assert_int_equal(ip_parse(SPAN("192.0.2.7"), ip), 0);
	assert_int_equal(ip_parse(SPAN("::ffff:192.0.2.7"), same), 0);
	assert_memory_equal(ip, same, IP_OCTETS);
}

static void
refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = { "", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.", ":",
		":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"12345::", "::g", "fe80::1%eth0", "[::1", "::1]",
		"1.2.3.4:25" };
	uint8_t ip[IP_OCTETS];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ip_parse(span_str(bad[i]), ip) != ERR_SYNTAX)
			fail_msg("taken: %s", bad[i]);
}

static void
networks_know_their_members(void **state)
{
	struct ip_net net;
	uint8_t ip[IP_OCTETS];

	(void)state;
	assert_int_equal(ip_net_parse(SPAN("192.0.2.0/25"), &net), 0);
	assert_int_equal(ip_parse(SPAN("192.0.2.127"), ip), 0);
	assert_true(ip_net_has(&net, ip));
	assert_int_equal(ip_parse(SPAN("192.0.2.128"), ip), 0);
	assert_false(ip_net_has(&net, ip));
	assert_int_equal(ip_net_parse(SPAN("0.0.0.0/0"), &net), 0);
	assert_true(ip_net_has(&net, ip));
	assert_int_equal(ip_parse(SPAN("2001:db8::1"), ip), 0);
	assert_false(ip_net_has(&net, ip));
	assert_int_equal(ip_net_parse(SPAN("::/0"), &net), 0);
	assert_true(ip_net_has(&net, ip));
	assert_int_equal(ip_net_parse(SPAN("192.0.2.1/24"), &net), ERR_RANGE);
	assert_int_equal(ip_net_parse(SPAN("192.0.2.0/33"), &net), ERR_RANGE);
	assert_true(ip_net_parse(SPAN("192.0.2.0/"), &net) < 0);
}

static void
lists_are_separated_by_commas(void **state)
{
	uint8_t ip[IP_OCTETS];

	(void)state;
	assert_int_equal(ip_parse(SPAN("2001:db8::9"), ip), 0);
	assert_true(ip_list_has(SPAN("10.0.0.0/8,2001:db8::/64"), ip));
	assert_false(ip_list_has(SPAN("10.0.0.0/8,2001:db9::/64"), ip));
	assert_false(ip_list_has(SPAN(""), ip));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_people_write),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(networks_know_their_members),
		cmocka_unit_test(lists_are_separated_by_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
