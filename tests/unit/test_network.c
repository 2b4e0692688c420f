/* test_network: address ranges as people write them; SipHash's vectors. */
#include "support/test.h"

#include "core/siphash.h"
#include "policy/network.h"

static bool
holds(const char *range, const char *address)
{
	struct network n;
	uint8_t ip[16];

	assert_int_equal(network_parse(span_str(range), &n), 0);
	assert_int_equal(network_address(span_str(address), ip), 0);
	return network_has(&n, ip);
}

static void
ranges_hold_what_is_inside_to_the_bit(void **state)
{
	(void)state;
	assert_true(holds("192.168.4.0/23", "192.168.5.255"));
	assert_false(holds("192.168.4.0/23", "192.168.6.0"));
	assert_true(holds("10.1.2.3", "10.1.2.3"));
	assert_false(holds("10.1.2.3", "10.1.2.2"));
	assert_true(holds("0.0.0.0/0", "255.1.2.3"));
	assert_false(holds("0.0.0.0/0", "2001:db8::1"));
	assert_true(holds("2001:db8::/33", "2001:db8:7fff::"));
	assert_false(holds("2001:db8::/33", "2001:db8:8000::"));
	assert_true(holds("::ffff:192.0.2.0/120", "192.0.2.77"));
}

static void
addresses_are_read_as_rfc_4291_has_them(void **state)
{
	static const uint8_t want[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	uint8_t ip[16];

	(void)state;
	assert_int_equal(network_address(SPAN("2001:DB8::1"), ip), 0);
	assert_memory_equal(ip, want, 16);
	assert_int_equal(network_address(SPAN("2001:db8:0:0:0:0:0:1"), ip), 0);
	assert_memory_equal(ip, want, 16);
	assert_int_equal(network_address(SPAN("::"), ip), 0);
	assert_int_equal(network_address(SPAN("::1.2.3.4"), ip), 0);
	assert_int_equal(ip[15], 4);
}

static void
slips_of_the_pen_are_refused(void **state)
{
	static const char *const wrong[] = { "", "10", "10.1.2", "10.1.2.3.4",
		"10.01.2.3", "256.1.1.1", "10.1.2.3/33", "10.1.2.3/",
		"10.1.2.3/-1", "1.2.3.4/8/8", "::1/129", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "1:2:3:4:5:6:7::8",
		"12345::", "g::", "1.2.3.4::", "::1.2.3", "fe80::1%eth0" };
	struct network n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    network_parse(span_str(wrong[i]), &n), ERR_SYNTAX);
	assert_int_equal(network_parse(SPAN("10.0.0.1/8"), &n), ERR_RANGE);
	assert_int_equal(network_parse(SPAN("2001:db8::1/64"), &n), ERR_RANGE);
}

static void
lists_take_words_and_name_the_wrong_piece(void **state)
{
	struct networks ns;
	struct span wrong;
	uint8_t ip[16];

	(void)state;
	assert_int_equal(
	    networks_parse(SPAN("192.0.2.0/24, lan"), &ns, &wrong), 0);
	assert_int_equal(network_address(SPAN("172.31.0.9"), ip), 0);
	assert_true(networks_has(&ns, ip));
	assert_int_equal(network_address(SPAN("172.32.0.9"), ip), 0);
	assert_false(networks_has(&ns, ip));
	assert_int_equal(networks_parse(SPAN(" any "), &ns, &wrong), 0);
	assert_true(networks_has(&ns, ip));
	assert_int_equal(networks_parse(SPAN(""), &ns, &wrong), 0);
	assert_false(networks_has(&ns, ip));
	assert_int_equal(
	    networks_parse(SPAN("lan, 10.0.0.0/33"), &ns, &wrong), ERR_SYNTAX);
	assert_span(wrong, "10.0.0.0/33");
	assert_int_equal(ns.n, 0);
}

/* The vectors of the authors' reference implementation. */
static void
siphash_gives_its_authors_vectors(void **state)
{
	uint8_t key[16], data[63];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 63; i++)
		data[i] = i;
	assert_true(siphash(key, span_of(data, 0)) == 0x726fdb47dd0e0e31);
	assert_true(siphash(key, span_of(data, 8)) == 0x93f5f5799a932462);
	assert_true(siphash(key, span_of(data, 15)) == 0xa129ca6149be45e5);
	assert_true(siphash(key, span_of(data, 63)) == 0x958a324ceb064572);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_hold_what_is_inside_to_the_bit),
		cmocka_unit_test(addresses_are_read_as_rfc_4291_has_them),
		cmocka_unit_test(slips_of_the_pen_are_refused),
		cmocka_unit_test(lists_take_words_and_name_the_wrong_piece),
		cmocka_unit_test(siphash_gives_its_authors_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
