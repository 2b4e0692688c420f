/* test_access: what the stored settings make of the policies, right or not. */
#include "support/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "platform/entropy.h"
#include "platform/flash_file.h"
#include "service/access.h"

#define ACCOUNTS 4
#define GRANTS	 16
#define PLACES	 16
#define DEVICES	 2

static struct kv_slot slots[256];
static uint8_t txn[2 * KV_TXN_MIN], copy[KV_COPY_MIN];
static char area[2 * 4096];
static const struct kv_memory memory = { slots, 256, txn, sizeof(txn), copy,
	sizeof(copy) };
static char path[64];
static struct flash_file file;
static struct kv kv;
static struct settings set;
static char mem[SETTINGS_MESSAGE_MAX];
static struct text why;

static struct grant grants[GRANTS];
static uint16_t buckets[GRANTS];
static struct grant_holder holders[ACCOUNTS];
static struct limit_count senders[ACCOUNTS];
static struct limit_place places[PLACES];
static struct profile devices[DEVICES];
static struct access a;
static const struct access_memory parts = { .grants = grants,
	.grant_buckets = buckets,
	.grants_n = GRANTS,
	.holders = holders,
	.senders = senders,
	.accounts_n = ACCOUNTS,
	.places = places,
	.places_n = PLACES,
	.devices = devices,
	.devices_n = DEVICES };

static const struct net_addr scanner = {
	.ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 }
};

static int
setup(void **state)
{
	static const uint8_t device_key[SEAL_KEY] = { 7 };

	(void)state;
	strcpy(path, "/tmp/test_access.XXXXXX");
	close(mkstemp(path));
	unlink(path);
	assert_int_equal(flash_file_create(&file, path, 65536, 2), ERR_OK);
	assert_int_equal(kv_open(&kv, &file.flash, 1, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), ERR_OK);
	settings_init(&set, &kv, area, sizeof(area));
	assert_int_equal(
	    settings_unlock(&set, device_key, entropy_fill), ERR_OK);
	assert_int_equal(settings_load(&set, NULL), ERR_OK);
	assert_int_equal(access_init(&a, &set, &parts), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	flash_file_close(&file);
	unlink(path);
	return 0;
}

static int
put(const char *key, const char *value)
{
	int err;

	text_init(&why, mem, sizeof(mem));
	assert_int_equal(settings_begin(&set, &why), ERR_OK);
	err = settings_set(&set, span_str(key), span_str(value), &why);
	if (err == ERR_OK)
		return settings_commit(&set, &why);
	settings_abort(&set);
	return err;
}

/* As a version would that knows other words. */
static void
put_unjudged(const char *key, const char *value)
{
	settings_judge_by(&set, NULL, NULL);
	assert_int_equal(put(key, value), ERR_OK);
	settings_judge_by(&set, access_judge, &a);
}

static int
configure(void)
{
	text_init(&why, mem, sizeof(mem));
	return access_configure(&a, 1000, &why);
}

static enum relay_verdict
relays(uint16_t account)
{
	struct access_client c = {
		.addr = scanner, .listener = RELAY_SMTP, .account = account
	};
	struct relay_answer out;
	struct relay_question q = { 0 };
	struct addr from, to;

	assert_int_equal(addr_parse(SPAN("a@home.example"), 0, &from), ADDR_OK);
	assert_int_equal(addr_parse(SPAN("b@far.example"), 0, &to), ADDR_OK);
	q.from = &from;
	q.to = &to;
	return access_may(&a, &c, &q, 1000, &out);
}

static void
wrong_rule_and_device_are_refused_in_one_line(void **state)
{
	(void)state;
	assert_int_equal(put("relay.rule.a", "allow everybody"), ERR_SYNTAX);
	assert_string_equal(mem,
	    "relay.rule.a: rule \"a: allow everybody\": expected permit, "
	    "refuse "
	    "or later, found \"allow\"; right would be: permit relay when "
	    "client in 192.168.1.0/24");
	assert_int_equal(put("device.x", "client=moon"), ERR_SYNTAX);
	assert_string_equal(mem,
	    "device.x: \"client=moon\": expected addresses like 192.168.1.50; "
	    "right would be: client=192.168.1.50 from=scanner@example.org");
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 0);
}

static void
long_wrong_rule_still_says_what_was_expected(void **state)
{
	char rule[401] = { 0 };

	(void)state;
	memset(rule, 'x', sizeof(rule) - 1);
	assert_int_equal(put("relay.rule.a", rule), ERR_SYNTAX);
	assert_non_null(strstr(mem, "expected permit, refuse or later"));
	assert_non_null(strstr(mem, "right would be: "));
}

static void
judging_leaves_the_rules_in_force_alone(void **state)
{
	(void)state;
	assert_int_equal(
	    put("relay.rule.a", "permit relay when client in 192.0.2.7"),
	    ERR_OK);
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(relays(0), RELAY_PERMIT);
	assert_int_equal(put("relay.rule.a", "nonsense"), ERR_SYNTAX);
	assert_int_equal(
	    put("relay.rule.b", "refuse relay when client in any"), ERR_OK);
	assert_int_equal(relays(0), RELAY_PERMIT);
}

static void
stored_wrong_device_is_left_out_and_the_others_work(void **state)
{
	(void)state;
	put_unjudged("device.a", "client=moon");
	put_unjudged("device.b", "client=192.0.2.7 colour=red");
	assert_int_equal(put("device.c", "client=192.0.2.7"), ERR_OK);
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 1);
	assert_string_equal(access_device(&a, &scanner)->name, "c");
}

static void
more_devices_than_fit_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(put("device.a", "client=192.0.2.1"), ERR_OK);
	assert_int_equal(put("device.b", "client=192.0.2.2"), ERR_OK);
	assert_int_equal(put("device.c", "client=192.0.2.7"), ERR_OK);
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 2);
	assert_null(access_device(&a, &scanner));
}

static void
stored_wrong_rule_closes_relaying_at_the_start(void **state)
{
	(void)state;
	put_unjudged("relay.rule.a", "allow everybody");
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(relays(1), RELAY_REFUSE);
}

static void
stored_wrong_rule_changes_nothing_later(void **state)
{
	(void)state;
	assert_int_equal(configure(), ERR_OK);
	put_unjudged("relay.rule.a", "allow everybody");
	assert_int_equal(configure(), ERR_SYNTAX);
	assert_int_equal(relays(1), RELAY_PERMIT);
	assert_int_equal(relays(0), RELAY_REFUSE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(wrong_rule_and_device_are_refused_in_one_line),
		T(long_wrong_rule_still_says_what_was_expected),
		T(judging_leaves_the_rules_in_force_alone),
		T(stored_wrong_device_is_left_out_and_the_others_work),
		T(more_devices_than_fit_are_left_out),
		T(stored_wrong_rule_closes_relaying_at_the_start),
		T(stored_wrong_rule_changes_nothing_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
