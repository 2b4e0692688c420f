/* test_grant: the guarantee of R3, by examples and against a simple model. */
#include "support/test.h"

#include "policy/grant.h"

#define CAP	 64
#define ACCOUNTS 8
#define W	 300000
#define EVENTS	 200000

static struct grant table[CAP];
static uint16_t buckets[CAP];
static struct grant_holder holders[ACCOUNTS];
static struct grants g;

static const uint8_t key[SIPHASH_KEY] = { 5, 6, 7 };

static const uint8_t a1[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 };
static const uint8_t a2[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

static int
setup(void **state)
{
	(void)state;
	grants_init(&g, table, buckets, CAP, holders, ACCOUNTS);
	grants_configure(&g, key, W, 8, 1000);
	return 0;
}

static void
grant_lasts_at_least_w_and_at_most_2w(void **state)
{
	(void)state;
	for (int64_t t = 1000; t < 1000 + 3 * W; t += W / 7) {
		assert_null(grants_find(&g, a1, GRANT_CLEAR, t));
		grants_add(&g, a1, 1, GRANT_CLEAR, t);
		assert_non_null(grants_find(&g, a1, GRANT_CLEAR, t + W));
		assert_null(grants_find(&g, a2, GRANT_CLEAR, t + W));
		t += 2 * W;
		assert_null(grants_find(&g, a1, GRANT_CLEAR, t));
	}
}

static void
asking_renews_nothing(void **state)
{
	(void)state;
	grants_add(&g, a1, 1, GRANT_TLS, 1000);
	for (int64_t t = 1000; t < 1000 + 2 * W; t += 1000)
		assert_non_null(grants_find(&g, a1, GRANT_CLEAR, t));
	assert_null(grants_find(&g, a1, GRANT_CLEAR, 1000 + 2 * W));
	assert_int_equal(g.refused, 1);
	assert_int_equal(g.live, 0);
}

static void
clear_login_opens_nothing_where_protection_is_asked_for(void **state)
{
	(void)state;
	grants_add(&g, a1, 1, GRANT_CLEAR, 1000);
	assert_null(grants_find(&g, a1, GRANT_CHALLENGE, 1000));
	grants_add(&g, a1, 1, GRANT_CHALLENGE, 1000);
	assert_non_null(grants_find(&g, a1, GRANT_CHALLENGE, 1000));
	assert_int_equal(g.live, 1);
}

static void
clear_login_does_not_end_a_protected_grant(void **state)
{
	(void)state;
	grants_add(&g, a1, 1, GRANT_TLS, 1000 + W - 1);
	grants_add(&g, a1, 1, GRANT_CLEAR, 1000 + W - 1);
	assert_int_equal(g.live, 1);
	grants_add(&g, a1, 1, GRANT_CLEAR, 1000 + W + 1);
	assert_int_equal(g.live, 2);
	assert_non_null(grants_find(&g, a1, GRANT_CHALLENGE, 1000 + 2 * W - 1));
	assert_null(grants_find(&g, a1, GRANT_CHALLENGE, 1000 + 2 * W));
	assert_non_null(grants_find(&g, a1, GRANT_CLEAR, 1000 + 2 * W));
}

static void
one_account_cannot_push_out_another(void **state)
{
	uint8_t ip[16] = { 0xfd };

	(void)state;
	grants_add(&g, a1, 1, GRANT_TLS, 1000);
	for (unsigned i = 0; i < 10000; i++) {
		memcpy(ip + 8, &i, sizeof(i));
		grants_add(&g, ip, 2, GRANT_TLS, 1000 + i % 100);
	}
	assert_non_null(grants_find(&g, a1, GRANT_TLS, 1100));
	assert_int_equal(g.live, 9);
	assert_int_equal(g.replaced, 10000 - 8);
	assert_non_null(grants_find(&g, ip, GRANT_TLS, 1100));
}

static void
second_account_at_one_address_has_its_own_time(void **state)
{
	(void)state;
	grants_add(&g, a1, 1, GRANT_TLS, 1000);
	grants_add(&g, a1, 2, GRANT_TLS, 1000);
	assert_int_equal(grants_revoke_account(&g, 1), 1);
	assert_int_equal(grants_find(&g, a1, GRANT_TLS, 1000)->account, 2);
	assert_int_equal(grants_revoke_ip(&g, a1), 1);
	assert_null(grants_find(&g, a1, GRANT_TLS, 1000));
	assert_int_equal(g.revoked, 2);
}

static void
walk_shows_each_live_grant_once(void **state)
{
	const struct grant *e;
	uint32_t at = 0;
	unsigned n = 0;

	(void)state;
	grants_add(&g, a1, 1, GRANT_TLS, 1000);
	grants_add(&g, a2, 1, GRANT_CLEAR, 1000 + W);
	while ((e = grants_next(&g, &at, 1000 + W)) != NULL)
		n += e->ip[0] == 0x20 ? 10 : 1;
	assert_int_equal(n, 11);
	at = 0;
	e = grants_next(&g, &at, 1000 + 2 * W);
	assert_memory_equal(e->ip, a2, 16);
	assert_int_equal(grants_left_ms(&g, e, 1000 + 2 * W), W);
	assert_null(grants_next(&g, &at, 1000 + 2 * W));
}

/*
 * The model: for each account the moments of its logins by address, newest
 * last, at most 8 addresses.  With W and 2W it says what must and may be.
 */
struct seen {
	int64_t at_ms; /* of the last login; very old: never */
	uint64_t order;
};

static struct seen model[ACCOUNTS][16];
static uint32_t seed = 12345;

static uint32_t
dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* Only the account's 8 addresses used last count. */
static void
forget_oldest(unsigned account)
{
	struct seen *of = model[account];
	unsigned n = 0, oldest = 16;

	for (unsigned i = 0; i < 16; i++) {
		if (of[i].order == 0)
			continue;
		n++;
		if (oldest == 16 || of[i].order < of[oldest].order)
			oldest = i;
	}
	if (n > 8)
		of[oldest].order = 0;
}

static void
check_address(unsigned n, int64_t now_ms)
{
	uint8_t ip[16] = { 0xfd, [15] = (uint8_t)n };
	bool has = grants_find(&g, ip, GRANT_CLEAR, now_ms) != NULL;
	bool must = false, may = false;

	for (unsigned a = 0; a < ACCOUNTS; a++) {
		int64_t age = now_ms - model[a][n].at_ms;

		if (model[a][n].order == 0)
			continue;
		may |= age < 2 * W;
		must |= age <= W;
	}
	assert_true(has || !must);
	assert_true(!has || may);
}

static void
any_order_of_events_keeps_the_guarantee(void **state)
{
	int64_t now_ms = 1000;

	(void)state;
	memset(model, 0, sizeof(model));
	for (uint64_t i = 1; i <= EVENTS; i++) {
		unsigned account = dice(ACCOUNTS), n = dice(16);
		uint8_t ip[16] = { 0xfd, [15] = (uint8_t)n };

		now_ms += dice(20) == 0 ? dice(W) : dice(2000);
		if (dice(3) == 0) {
			grants_add(
			    &g, ip, (uint16_t)(account + 1), GRANT_TLS, now_ms);
			model[account][n] = (struct seen) { now_ms, i };
			forget_oldest(account);
		} else if (dice(50) == 0) {
			grants_revoke_ip(&g, ip);
			for (unsigned a = 0; a < ACCOUNTS; a++)
				model[a][n].order = 0;
		} else {
			check_address(n, now_ms);
		}
		assert_true(g.live <= CAP);
	}
	assert_true(g.replaced > 100);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(grant_lasts_at_least_w_and_at_most_2w),
		T(asking_renews_nothing),
		T(clear_login_opens_nothing_where_protection_is_asked_for),
		T(clear_login_does_not_end_a_protected_grant),
		T(one_account_cannot_push_out_another),
		T(second_account_at_one_address_has_its_own_time),
		T(walk_shows_each_live_grant_once),
		T(any_order_of_events_keeps_the_guarantee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
