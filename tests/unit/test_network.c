/* test_network: lists of address ranges; SipHash's vectors. */
#include "support/test.h"

#include "core/siphash.h"
#include "policy/network.h"

static void
lists_take_words_and_name_the_wrong_piece(void **state)
{
	struct networks ns;
	struct span wrong;
	uint8_t ip[16];

	(void)state;
	assert_int_equal(
	    networks_parse(SPAN("192.0.2.0/24, lan"), &ns, &wrong), 0);
	assert_int_equal(ip_parse(SPAN("172.31.0.9"), ip), 0);
	assert_true(networks_has(&ns, ip));
	assert_int_equal(ip_parse(SPAN("172.32.0.9"), ip), 0);
	assert_false(networks_has(&ns, ip));
	assert_int_equal(networks_parse(SPAN(" any "), &ns, &wrong), 0);
	assert_true(networks_has(&ns, ip));
	assert_int_equal(networks_parse(SPAN(""), &ns, &wrong), 0);
	assert_false(networks_has(&ns, ip));
	assert_int_equal(
	    networks_parse(SPAN("lan, 10.0.0.0/33"), &ns, &wrong), ERR_RANGE);
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
		cmocka_unit_test(lists_take_words_and_name_the_wrong_piece),
		cmocka_unit_test(siphash_gives_its_authors_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
