/* test_dns: answers built by hand, right and wrong. */
#include "support/test.h"

#include "service/dns.h"

static uint8_t query[DNS_QUERY_MAX];
static size_t query_len;
static uint8_t packet[1024];
static size_t len;
static struct dns_answer answer;

static void
ask(const char *name, enum dns_type type)
{
	int n = dns_ask(name, type, 0x1234, query);

	assert_true(n > 12);
	query_len = (size_t)n;
	memcpy(packet, query, query_len);
	len = query_len;
	packet[2] = 0x81;
	packet[3] = 0x80;
}

static void
add(const void *bytes, size_t n)
{
	memcpy(packet + len, bytes, n);
	len += n;
}

/* One answer record; its owner is the name asked for, or `owner`. */
static void
record(const void *owner, size_t owner_len, uint8_t type, const void *data,
    size_t data_len)
{
	const uint8_t head[] = { 0, type, 0, 1, 0, 0, 1, 44, 0,
		(uint8_t)data_len };

	if (owner == NULL)
		add("\xc0\x0c", 2);
	else
		add(owner, owner_len);
	add(head, sizeof(head));
	add(data, data_len);
	packet[7]++;
}

static int
read_it(enum dns_type type)
{
	return dns_read(
	    span_of(query, query_len), type, span_of(packet, len), &answer);
}

static void
sorts_exchangers_by_preference(void **state)
{
	(void)state;
	ask("x.example", DNS_TYPE_MX);
	record(NULL, 0, 15, "\0\x14\2mb\1y\0", 8);
	record(NULL, 0, 15, "\0\x0a\2ma\1y\0", 8);
	record(NULL, 0, 15, "\0\x0f\2mc\xc0\x0c", 7);
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_FOUND);
	assert_int_equal(answer.mx_n, 3);
	assert_string_equal(dns_mx_name(&answer, 0), "ma.y");
	assert_string_equal(dns_mx_name(&answer, 1), "mc.x.example");
	assert_string_equal(dns_mx_name(&answer, 2), "mb.y");
	assert_int_equal(answer.ttl_s, 300);
}

static void
knows_null_mx_and_nothing_and_no_name(void **state)
{
	(void)state;
	ask("x.example", DNS_TYPE_MX);
	record(NULL, 0, 15, "\0\0\0", 3);
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_NULL_MX);
	ask("x.example", DNS_TYPE_MX);
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_NOTHING);
	packet[3] = 0x83;
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_NO_NAME);
	packet[3] = 0x82;
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_FAILED);
	packet[2] |= 2;
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_CUT);
}

/* A referral (RFC 1034, 4.3.1): neither the zone's own server nor a resolver.
 */
static void
a_server_that_knows_nothing_of_it_has_failed(void **state)
{
	static const struct {
		uint8_t flags[2];
		enum dns_outcome outcome;
	} answers[] = {
		{ { 0x81, 0x00 }, DNS_FAILED },
		{ { 0x81, 0x80 }, DNS_NOTHING }, /* by recursion */
		{ { 0x85, 0x00 }, DNS_NOTHING }, /* the zone's own */
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ask("x.example", DNS_TYPE_MX);
		memcpy(packet + 2, answers[i].flags, 2);
		assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
		assert_int_equal(answer.outcome, answers[i].outcome);
	}
	ask("x.example", DNS_TYPE_A); /* it knows the alias, not its target */
	packet[3] = 0;
	record(NULL, 0, 5, "\1y\0", 3);
	assert_int_equal(read_it(DNS_TYPE_A), ERR_OK);
	assert_int_equal(answer.outcome, DNS_ALIAS);
}

static void
follows_aliases_to_addresses_and_ends_circles(void **state)
{
	(void)state;
	ask("x.example", DNS_TYPE_A);
	record(NULL, 0, 5, "\1b\1y\0", 5);
	record("\1b\1y\0", 5, 5, "\1C\1y\0", 5);
	record("\1c\1y\0", 5, 1, "\x7f\0\0\1", 4);
	record("\1d\1y\0", 5, 1, "\x7f\0\0\2", 4);
	assert_int_equal(read_it(DNS_TYPE_A), ERR_OK);
	assert_int_equal(answer.outcome, DNS_FOUND);
	assert_int_equal(answer.address_n, 1);
	assert_int_equal(answer.address[0].ip[15], 1);
	ask("x.example", DNS_TYPE_A);
	record(NULL, 0, 5, "\1b\1y\0", 5);
	assert_int_equal(read_it(DNS_TYPE_A), ERR_OK);
	assert_int_equal(answer.outcome, DNS_ALIAS);
	assert_string_equal(answer.alias, "b.y");
	record("\1b\1y\0", 5, 5, "\xc0\x0c", 2);
	assert_int_equal(read_it(DNS_TYPE_A), ERR_OK);
	assert_int_equal(answer.outcome, DNS_FAILED);
}

static void
drops_exchangers_that_are_no_host_names(void **state)
{
	(void)state;
	ask("x.example", DNS_TYPE_MX);
	record(NULL, 0, 15, "\0\1\3a\nb\1y\0", 9);
	record(NULL, 0, 15, "\0\1\3a b\1y\0", 9);
	assert_int_equal(read_it(DNS_TYPE_MX), ERR_OK);
	assert_int_equal(answer.outcome, DNS_NOTHING);
}

static void
believes_only_the_answer_to_its_question(void **state)
{
	(void)state;
	for (size_t i = 0; i < 29; i++) {
		if (i == 2 || i == 3 || (i > 3 && i < 12 && i != 5))
			continue; /* flags and counts */
		ask("x.example", DNS_TYPE_A);
		record(NULL, 0, 1, "\x7f\0\0\1", 4);
		packet[i] ^= 1;
		if (i >= 12 && i < query_len)
			assert_int_equal(read_it(DNS_TYPE_A), ERR_SYNTAX);
		if (i < 2)
			assert_int_equal(read_it(DNS_TYPE_A), ERR_SYNTAX);
	}
	ask("x.example", DNS_TYPE_A);
	packet[2] &= 0x7f; /* a query, not an answer */
	assert_int_equal(read_it(DNS_TYPE_A), ERR_SYNTAX);
	ask("x.example", DNS_TYPE_A);
	packet[15] ^= 0x20; /* case does not matter */
	assert_int_equal(read_it(DNS_TYPE_A), ERR_OK);
}

static void
reads_no_octet_beyond_the_end(void **state)
{
	size_t whole;

	(void)state;
	ask("x.example", DNS_TYPE_MX);
	record(NULL, 0, 15, "\0\x14\2mb\1y\0", 8);
	whole = len;
	for (len = 0; len < whole; len++)
		assert_true(read_it(DNS_TYPE_MX) == ERR_SYNTAX
			    || answer.outcome != DNS_FOUND);
}

static void
asks_for_no_bad_name(void **state)
{
	(void)state;
	assert_int_equal(dns_ask("", DNS_TYPE_A, 1, query), ERR_SYNTAX);
	assert_int_equal(dns_ask("a..b", DNS_TYPE_A, 1, query), ERR_SYNTAX);
	assert_int_equal(dns_ask("a b", DNS_TYPE_A, 1, query), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_exchangers_by_preference),
		cmocka_unit_test(knows_null_mx_and_nothing_and_no_name),
		cmocka_unit_test(a_server_that_knows_nothing_of_it_has_failed),
		cmocka_unit_test(follows_aliases_to_addresses_and_ends_circles),
		cmocka_unit_test(drops_exchangers_that_are_no_host_names),
		cmocka_unit_test(believes_only_the_answer_to_its_question),
		cmocka_unit_test(reads_no_octet_beyond_the_end),
		cmocka_unit_test(asks_for_no_bad_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
