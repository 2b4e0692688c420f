/* test_limit: delays, bans, kept places and caps, with time as an argument. */
#include "support/test.h"

#include "policy/limit.h"

#define PLACES	 256
#define ACCOUNTS 4

static struct limit_place places[PLACES];
static struct limit_count senders[ACCOUNTS];
static struct limit l;

static const uint8_t key[SIPHASH_KEY] = { 3, 1, 4 };
static const uint8_t eve[16] = { [10] = 0xff, [11] = 0xff, 203, 0, 113, 9 };
static const uint8_t anna[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 };

static int
setup(void **state)
{
	static const struct limit_config config = { .failures = 10,
		.ban_ms = 900000,
		.bad_recipients = 20,
		.per_hour = 3,
		.per_day = 5,
		.reserved = 8 };

	(void)state;
	memset(places, 0, sizeof(places));
	memset(senders, 0, sizeof(senders));
	limit_init(&l, places, PLACES, senders, ACCOUNTS);
	limit_configure(&l, key, &config);
	return 0;
}

static void
wrong_logins_wait_ever_longer_then_are_banned(void **state)
{
	static const uint32_t want[] = { 250, 500, 1000, 2000, 4000, 8000, 8000,
		8000, 8000, 8000 };

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		assert_false(limit_is_banned(&l, eve, 1000));
		assert_int_equal(
		    limit_login_failed(&l, eve, SPAN("anna"), 1000), want[i]);
	}
	assert_int_equal(limit_accept(&l, eve, LIMIT_STRANGER, 0, 100, 900999),
	    LIMIT_BANNED);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_STRANGER, 0, 100, 901000), LIMIT_OK);
	assert_false(limit_is_banned(&l, anna, 1000));
}

static void
same_delay_whether_the_name_exists_or_not(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		uint32_t real = limit_login_failed(&l, eve, SPAN("anna"), 1000);

		assert_int_equal(
		    real, limit_login_failed(&l, anna, SPAN("nobody"), 1000));
	}
}

static void
stale_password_every_minute_is_never_banned(void **state)
{
	(void)state;
	for (int64_t t = 1000; t < 86400000; t += LIMIT_LEAK_MS)
		assert_true(
		    limit_login_failed(&l, anna, SPAN("old"), t) <= 500);
	assert_int_equal(l.bans, 0);
}

static void
address_with_a_right_login_may_fail_more_often(void **state)
{
	(void)state;
	limit_login_ok(&l, anna, 1000);
	for (unsigned i = 0; i < 39; i++)
		(void)limit_login_failed(&l, anna, SPAN("anna"), 1000);
	assert_false(limit_is_banned(&l, anna, 1000));
	(void)limit_login_failed(&l, anna, SPAN("anna"), 1000);
	assert_true(limit_is_banned(&l, anna, 1000));
	assert_true(limit_unban(&l, anna, 1000));
	assert_false(limit_is_banned(&l, anna, 1000));
	assert_false(limit_unban(&l, anna, 1000));
}

static void
name_guessed_from_many_addresses_waits_but_its_owner_does_not(void **state)
{
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff, 198, 51, 100, 0 };

	(void)state;
	limit_login_ok(&l, anna, 1000);
	for (uint8_t i = 0; i < 14; i++) {
		ip[15] = i;
		(void)limit_login_failed(&l, ip, SPAN("anna"), 1000);
	}
	ip[15] = 99;
	assert_int_equal(limit_login_wait(&l, ip, SPAN("anna"), 1000), 4000);
	assert_int_equal(limit_login_wait(&l, ip, SPAN("bob"), 1000), 0);
	assert_int_equal(limit_login_wait(&l, anna, SPAN("anna"), 1000), 0);
	assert_int_equal(
	    limit_login_wait(&l, ip, SPAN("anna"), 1000 + 14 * LIMIT_LEAK_MS),
	    0);
}

static void
ipv6_neighbours_in_one_64_are_one_client(void **state)
{
	uint8_t ip[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1 };

	(void)state;
	for (uint8_t i = 0; i < 10; i++) {
		ip[15] = i;
		(void)limit_login_failed(&l, ip, SPAN("anna"), 1000);
	}
	ip[15] = 200;
	assert_true(limit_is_banned(&l, ip, 1000));
	ip[7] = 2;
	assert_false(limit_is_banned(&l, ip, 1000));
}

static void
last_places_are_for_known_clients(void **state)
{
	(void)state;
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_STRANGER, 91, 100, 1), LIMIT_OK);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_STRANGER, 92, 100, 1), LIMIT_BUSY);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_GRANTED, 99, 100, 1), LIMIT_OK);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_LOCAL, 95, 100, 1), LIMIT_OK);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_LOCAL, 96, 100, 1), LIMIT_BUSY);
	limit_login_ok(&l, anna, 1);
	assert_int_equal(
	    limit_accept(&l, anna, LIMIT_STRANGER, 99, 100, 1), LIMIT_OK);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_STRANGER, 3, 8, 1), LIMIT_OK);
	assert_int_equal(
	    limit_accept(&l, eve, LIMIT_STRANGER, 4, 8, 1), LIMIT_BUSY);
	assert_int_equal(l.busy, 3);
}

static void
flood_of_addresses_does_not_lift_a_ban(void **state)
{
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff, 10 };

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		(void)limit_login_failed(&l, eve, SPAN("anna"), 1000);
	for (unsigned i = 0; i < 100000; i++) {
		ip[13] = (uint8_t)(i >> 16);
		ip[14] = (uint8_t)(i >> 8);
		ip[15] = (uint8_t)i;
		(void)limit_login_failed(&l, ip, SPAN("bob"), 2000 + i / 10);
	}
	assert_true(limit_is_banned(&l, eve, 20000));
	assert_true(l.forgotten > 90000);
}

static void
bad_recipients_slow_down_then_cut_off(void **state)
{
	(void)state;
	assert_int_equal(limit_bad_recipient(&l, eve, 3, 1000), 0);
	assert_int_equal(limit_bad_recipient(&l, eve, 4, 1000), 1000);
	assert_int_equal(limit_bad_recipient(&l, eve, 6, 1000), 3000);
	assert_int_equal(limit_bad_recipient(&l, eve, 20, 1000), 10000);
	assert_int_equal(limit_bad_recipient(&l, eve, 21, 1000), UINT32_MAX);
	assert_int_equal(l.probes, 5);
}

static void
coming_back_does_not_forgive_bad_recipients(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (unsigned i = 0; i < 23; i++)
		assert_int_equal(limit_bad_recipient(&l, eve, 1, 1000), 0);
	assert_int_equal(limit_bad_recipient(&l, eve, 1, 1000), 1000);
	for (unsigned i = 24; i < 40; i++)
		last = limit_bad_recipient(&l, eve, 1, 1000);
	assert_int_equal(last, 10000);
	assert_int_equal(limit_bad_recipient(&l, eve, 1, 1000), UINT32_MAX);
	assert_int_equal(limit_bad_recipient(&l, anna, 1, 1000), 0);
}

static void
bad_recipients_of_an_address_leak_away(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 41; i++)
		(void)limit_bad_recipient(&l, eve, 1, 1000);
	assert_int_equal(limit_bad_recipient(&l, eve, 1, 1000), UINT32_MAX);
	assert_int_equal(
	    limit_bad_recipient(&l, eve, 1, 1000 + 20 * LIMIT_LEAK_MS), 0);
}

static void
sender_has_so_many_messages_an_hour_and_a_day(void **state)
{
	int64_t hour = 3600000;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(limit_send(&l, 2, eve, 1000), LIMIT_OK);
	assert_int_equal(limit_send(&l, 2, anna, 1000), LIMIT_OVER);
	assert_int_equal(limit_send(&l, 1, anna, 1000), LIMIT_OK);
	assert_int_equal(limit_send(&l, 2, eve, 1000 + hour), LIMIT_OK);
	assert_int_equal(limit_send(&l, 2, eve, 1000 + hour), LIMIT_OK);
	assert_int_equal(limit_send(&l, 2, eve, 1000 + 2 * hour), LIMIT_OVER);
	assert_int_equal(limit_send(&l, 2, eve, 1000 + 24 * hour), LIMIT_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(limit_send(&l, 0, eve, 1000), LIMIT_OK);
	assert_int_equal(limit_send(&l, 0, eve, 1000), LIMIT_OVER);
	assert_int_equal(limit_send(&l, 0, anna, 1000), LIMIT_OK);
}

static void
walk_shows_bans(void **state)
{
	uint32_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		(void)limit_login_failed(&l, eve, SPAN("anna"), 1000);
	assert_memory_equal(limit_next_ban(&l, &at, 1000)->key, eve, 16);
	assert_null(limit_next_ban(&l, &at, 1000));
}

#define T(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(wrong_logins_wait_ever_longer_then_are_banned),
		T(same_delay_whether_the_name_exists_or_not),
		T(stale_password_every_minute_is_never_banned),
		T(address_with_a_right_login_may_fail_more_often),
		T(name_guessed_from_many_addresses_waits_but_its_owner_does_not),
		T(ipv6_neighbours_in_one_64_are_one_client),
		T(last_places_are_for_known_clients),
		T(flood_of_addresses_does_not_lift_a_ban),
		T(bad_recipients_slow_down_then_cut_off),
		T(coming_back_does_not_forgive_bad_recipients),
		T(bad_recipients_of_an_address_leak_away),
		T(sender_has_so_many_messages_an_hour_and_a_day),
		T(walk_shows_bans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
