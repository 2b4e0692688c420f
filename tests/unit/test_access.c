/* test_access: what the stored settings make of the policies, right or not. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/entropy.h"
#include "platform/flash_file.h"
#include "service/judge.h"
#include "service/parts.h"
#include "store/backup.h"
#include "store/settings_text.h"

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
static struct flash_file medium;
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

static const uint8_t device_key[SEAL_KEY] = { 7 };
static const struct passkey no_key = { .done = true };

static int
setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/test_access.XXXXXX");
	close(mkstemp(path));
	unlink(path);
	assert_int_equal(flash_file_create(&medium, path, 65536, 2), ERR_OK);
	assert_int_equal(kv_open(&kv, &medium.flash, 1, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), ERR_OK);
	settings_init(&set, &kv, area, sizeof(area));
	assert_int_equal(
	    settings_unlock(&set, device_key, entropy_fill), ERR_OK);
	assert_int_equal(settings_load(&set, NULL), ERR_OK);
	assert_int_equal(access_init(&a, &set, &parts), ERR_OK);
	judge_settings(&a);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	flash_file_close(&medium);
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
	settings_judge_by(&set, NULL, NULL, NULL);
	assert_int_equal(put(key, value), ERR_OK);
	judge_settings(&a);
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
	needs(ENABLE_DEVICES);
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
	needs(ENABLE_DEVICES);
	put_unjudged("device.a", "client=moon");
	put_unjudged("device.b", "client=192.0.2.7 colour=red");
	put_unjudged("device.c", "client=192.0.2.7");
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 1);
	assert_string_equal(access_device(&a, &scanner)->name, "c");
}

static void
stored_devices_more_than_fit_are_left_out(void **state)
{
	(void)state;
	needs(ENABLE_DEVICES);
	assert_int_equal(put("device.a", "client=192.0.2.1"), ERR_OK);
	assert_int_equal(put("device.b", "client=192.0.2.2"), ERR_OK);
	put_unjudged("device.c", "client=192.0.2.7");
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 2);
	assert_null(access_device(&a, &scanner));
}

static void
device_too_many_is_refused_when_it_is_set(void **state)
{
	(void)state;
	needs(ENABLE_DEVICES);
	assert_int_equal(put("device.a", "client=192.0.2.1"), ERR_OK);
	assert_int_equal(put("device.b", "client=192.0.2.2"), ERR_OK);
	assert_int_equal(put("device.c", "client=192.0.2.7"), ERR_FULL);
	assert_string_equal(
	    mem, "device.*: 3 devices in all; at most 2; nothing was changed");
	assert_false(settings_is_stored(&set, SPAN("device.c")));
	assert_int_equal(put("device.b", "client=192.0.2.3"), ERR_OK);
}

/* N members of a family with one value, in an open change. */
static int
add(const char *family, unsigned n, const char *value)
{
	int err = ERR_OK;

	for (unsigned i = 0; !err && i < n; i++) {
		char key[32];
		struct text t;

		text_init(&t, key, sizeof(key));
		text_str(&t, family);
		text_u64_pad(&t, i, 3);
		err = settings_set(&set, text_data(&t), span_str(value), &why);
	}
	return err;
}

static int
put_many(const char *family, unsigned n, const char *value)
{
	text_init(&why, mem, sizeof(mem));
	assert_int_equal(settings_begin(&set, &why), ERR_OK);
	assert_int_equal(add(family, n, value), ERR_OK);
	return settings_commit(&set, &why);
}

static void
rule_too_many_is_refused_when_it_is_set(void **state)
{
	(void)state;
	assert_int_equal(
	    put_many("relay.rule.", RELAY_RULES + 1, "permit relay"), ERR_FULL);
	assert_string_equal(mem,
	    "relay.rule.*: more than 32 rules in all; nothing was changed");
	assert_int_equal(
	    put_many("relay.rule.", RELAY_RULES, "permit relay"), ERR_OK);
	assert_int_equal(put("relay.rule.one", "permit relay"), ERR_FULL);
	assert_int_equal(put("relay.rule.007", "refuse relay"), ERR_OK);
	assert_int_equal(configure(), ERR_OK);
}

static void
one_rule_for_another_in_one_change_fits(void **state)
{
	(void)state;
	assert_int_equal(
	    put_many("relay.rule.", RELAY_RULES, "permit relay"), ERR_OK);
	assert_int_equal(settings_begin(&set, &why), ERR_OK);
	assert_int_equal(
	    settings_unset(&set, SPAN("relay.rule.003"), &why), ERR_OK);
	assert_int_equal(settings_set(&set, SPAN("relay.rule.new"),
			     SPAN("permit relay"), &why),
	    ERR_OK);
	assert_int_equal(settings_commit(&set, &why), ERR_OK);
}

static void
conditions_and_octets_of_all_rules_are_counted_together(void **state)
{
	static const char four[] = "permit relay when auth and auth and auth "
				   "and auth";
	char rule[401];

	(void)state;
	assert_int_equal(put_many("relay.rule.", 25, four), ERR_FULL);
	assert_string_equal(mem,
	    "relay.rule.*: more than 96 conditions in all rules; nothing was "
	    "changed");
	memset(rule, ' ', sizeof(rule));
	memcpy(rule, "permit relay", 12);
	memcpy(rule + 388, "when auth", 10);
	assert_int_equal(put_many("relay.rule.", 6, rule), ERR_FULL);
	assert_string_equal(mem,
	    "relay.rule.*: all rules and labels together have more than 2048 "
	    "octets; nothing was changed");
}

static void
routes_and_listeners_are_counted(void **state)
{
	(void)state;
	needs(ENABLE_RELAY);
	assert_int_equal(put_many("route.rule.", 13, "host=mx"), ERR_FULL);
	assert_string_equal(mem,
	    "route.rule.*: 13 rules in all; at most 12; nothing was changed");
	assert_int_equal(put_many("route.rule.", 12, "host=mx"), ERR_OK);
	assert_int_equal(
	    put("listen.smtp", "*:1,*:2,*:3,*:4,*:5,*:6,*:7,*:8,*:9,*:10,*:11,"
			       "*:12"),
	    ERR_OK);
	assert_int_equal(put("listen.submission",
			     "*:21,*:22,*:23,*:24,*:25,*:26,*:27,*:28,*:29,"
			     "*:30,*:31,*:32"),
	    ERR_FULL);
	assert_string_equal(mem,
	    "listen.*: 24 addresses in all; at most 23; nothing was changed");
}

static void
values_that_the_server_would_leave_out_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *says;
	} cases[] = {
		{ "host.dns", "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,::1",
		    "host.dns: 5 DNS servers; at most 4; " },
		{ "route.smarthost", "mail.example.org:0",
		    "route.smarthost: \"mail.example.org:0\" is not NAME:PORT "
		    "with a port from 1 to 65535; " },
		{ "mail.lmtp", "127.0.0.1:0",
		    "mail.lmtp: \"127.0.0.1:0\" is not NAME:PORT with a port "
		    "from 1 to 65535; " },
		{ "auth.iterations", "100",
		    "auth.iterations: is neither 0 nor a number from 4096; " },
		{ "route.fingerprint",
		    "fingerprint-fingerprint-fingerprint-fingerprint-"
		    "fingerprint-----",
		    "route.fingerprint: \"fingerprint-fingerprint-"
		    "fingerprint-fingerprint-fingerprint-----\" is not a "
		    "SHA-256 fingerprint; " },
		{ "route.rule.a", "host=mx colour=red",
		    "route.rule.a: \"colour=red\" is none of the words from=, "
		    "to=, host=, port=, tls=, user=, per_minute=, pin=, "
		    "proto=, "
		    "send_as=; " },
		{ "relay.networks",
		    "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,"
		    "10.0.0.7,10.0.0.8,10.0.0.9,10.0.0.10,10.0.0.11,10.0.0.12,"
		    "10.0.0.13,10.0.0.14,10.0.0.15,10.0.0.16,10.0.0.17,"
		    "10.0.0.18,10.0.0.19,10.0.0.20,10.0.0.21,10.0.0.22,"
		    "10.0.0.23,10.0.0.24,10.0.0.25,10.0.0.26,10.0.0.27,"
		    "10.0.0.28,10.0.0.29,10.0.0.30,10.0.0.31,10.0.0.32,"
		    "10.0.0.33",
		    "relay.networks: 33 networks; at most 32; " },
	};

	(void)state;
	needs(ENABLE_RELAY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(put(cases[i].key, cases[i].value) < 0);
		mem[strlen(cases[i].says)] = '\0';
		assert_string_equal(mem, cases[i].says);
	}
}

static void
what_is_stored_already_may_be_made_less(void **state)
{
	(void)state;
	settings_judge_by(&set, NULL, NULL, NULL);
	assert_int_equal(
	    put_many("relay.rule.", RELAY_RULES + 2, "permit relay"), ERR_OK);
	judge_settings(&a);
	assert_int_equal(put("net.idle_seconds", "60"), ERR_OK);
	assert_int_equal(settings_begin(&set, &why), ERR_OK);
	assert_int_equal(
	    settings_unset(&set, SPAN("relay.rule.000"), &why), ERR_OK);
	assert_int_equal(settings_commit(&set, &why), ERR_OK);
}

/* A settings file with `n` rules. */
static struct span
file_with_rules(char *to, size_t size, unsigned n)
{
	struct text t;

	text_init(&t, to, size);
	text_str(&t, "# gatepost settings 1\n");
	for (unsigned i = 0; i < n; i++) {
		text_str(&t, "relay.rule.");
		text_u64_pad(&t, i, 3);
		text_str(&t, "=permit relay\n");
	}
	return text_data(&t);
}

static void
import_with_too_many_rules_changes_nothing(void **state)
{
	static char file[2048];

	(void)state;
	assert_int_equal(put("relay.rule.mine", "refuse relay"), ERR_OK);
	text_init(&why, mem, sizeof(mem));
	assert_int_equal(
	    settings_import(
		&set, file_with_rules(file, sizeof(file), 33), &no_key, &why),
	    ERR_FULL);
	assert_string_equal(mem,
	    "relay.rule.*: more than 32 rules in all; nothing was changed");
	assert_true(settings_is_stored(&set, SPAN("relay.rule.mine")));
	text_init(&why, mem, sizeof(mem));
	assert_int_equal(
	    settings_import(
		&set, file_with_rules(file, sizeof(file), 32), &no_key, &why),
	    ERR_OK);
	assert_false(settings_is_stored(&set, SPAN("relay.rule.mine")));
}

static void
nine_providers_policies_are_read_as_settings(void **state)
{
	static const struct {
		const char *name;
		unsigned rules;
	} files[] = { { "odn", 0 }, { "so-net", 0 }, { "dti", 0 },
		{ "iij4u", 0 }, { "asahi", 1 }, { "dreamnet", 2 }, { "jah", 1 },
		{ "tokai", 1 }, { "at-m", 2 } };
	static char text[1024];

	(void)state;
	needs(ENABLE_POP3);
	for (unsigned i = 0; i < 9; i++) {
		char name[64];
		size_t n;
		FILE *f;

		snprintf(name, sizeof(name),
		    "tests/vectors/providers/%s.settings", files[i].name);
		f = fopen(name, "r");
		assert_non_null(f);
		n = fread(text, 1, sizeof(text), f);
		fclose(f);
		text_init(&why, mem, sizeof(mem));
		assert_int_equal(
		    settings_import(&set, span_of(text, n), &no_key, &why),
		    ERR_OK);
		assert_int_equal(configure(), ERR_OK);
		assert_int_equal(a.rules[a.now].n, files[i].rules);
		assert_int_equal(a.rules[a.now].inside.n, 2);
	}
}

static uint8_t backup_mem[4 * BACKUP_PIECE];

static struct span
back_up(void)
{
	struct backup b;
	size_t len = 0;
	int n;

	assert_int_equal(backup_begin(&b, &set, &no_key), ERR_OK);
	while ((n = backup_next(&b, backup_mem + len)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	return span_of(backup_mem, len);
}

static int
restore(struct span file)
{
	text_init(&why, mem, sizeof(mem));
	return backup_restore(&set, file, &no_key, device_key, &why);
}

static void
backup_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	struct span file;

	(void)state;
	needs(ENABLE_DEVICES);
	put_unjudged("device.a", "client=moon");
	file = back_up();
	assert_int_equal(put("device.a", "client=192.0.2.7"), ERR_OK);
	assert_int_equal(restore(file), ERR_SYNTAX);
	assert_string_equal(mem,
	    "this backup does not fit: device.a: \"client=moon\": expected "
	    "addresses like 192.168.1.50; right would be: client=192.168.1.50 "
	    "from=scanner@example.org; nothing was changed");
	put_unjudged("device.b", "client=192.0.2.7");
	put_unjudged("device.c", "client=192.0.2.7");
	file = back_up();
	assert_int_equal(restore(file), ERR_FULL);
	assert_string_equal(mem,
	    "this backup does not fit: device.*: 3 devices in all; at most 2; "
	    "nothing was changed");
}

static void
backup_that_fits_comes_back(void **state)
{
	struct span file;

	(void)state;
	needs(ENABLE_DEVICES);
	assert_int_equal(put("device.a", "client=192.0.2.7"), ERR_OK);
	file = back_up();
	assert_int_equal(put("device.b", "client=192.0.2.8"), ERR_OK);
	assert_int_equal(put("device.a", "client=192.0.2.9"), ERR_OK);
	assert_int_equal(restore(file), ERR_OK);
	assert_string_equal(mem, "");
	assert_int_equal(configure(), ERR_OK);
	assert_int_equal(a.devices_n, 1);
	assert_string_equal(access_device(&a, &scanner)->name, "a");
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

/* Its example, or a choice that is not the default. */
static struct span
other_value(const struct setting_spec *spec)
{
	struct span words = span_str(spec->words != NULL ? spec->words : "");
	struct span example = span_str(spec->example), word;

	if (spec->type == SETTING_BOOL)
		return span_is(span_str(spec->preset), SPAN("on")) ? SPAN("off")
								   : SPAN("on");
	if (spec->type == SETTING_NUMBER
	    && span_is(example, span_str(spec->preset)))
		return SPAN("20");
	if (spec->type == SETTING_HOST)
		return SPAN("other.example");
	if (spec->type == SETTING_TEXT && example.len < spec->min)
		return SPAN("0123456789abcdef0123456789abcdef"
			    "0123456789abcdef0123456789abcdef");
	while (span_is(example, span_str(spec->preset))
	       && span_next(&words, ',', &word))
		example = word;
	return example;
}

static void
refuses_each_setting_whose_part_is_not_built_in(void **state)
{
	char key_mem[80], want_mem[200];
	struct text key, want;

	(void)state;
	for (enum setting id = 0; id < SETTING_N; id++) {
		const struct setting_spec *spec = &settings_schema[id];
		const char *part = parts_lacking_setting(id);
		bool family = spec->flags & SETTING_FAMILY;
		size_t len = strlen(spec->key) - family;
		int err;

		text_init(&key, key_mem, sizeof(key_mem));
		text_span(&key, span_of(spec->key, len));
		text_str(&key, family ? "label" : "");
		if (!family && !(spec->flags & SETTING_SECRET)) {
			text_init(&why, mem, sizeof(mem));
			assert_int_equal(settings_check(&set, text_data(&key),
					     span_str(spec->preset), &why),
			    ERR_OK);
		}
		text_init(&why, mem, sizeof(mem));
		err = settings_check(
		    &set, text_data(&key), other_value(spec), &why);
		if (part == NULL)
			continue;
		text_init(&want, want_mem, sizeof(want_mem));
		text_span(&want, text_data(&key));
		text_str(&want, ": ");
		text_str(&want, part);
		text_str(&want, " is not built into this program");
		assert_string_equal(mem, want_mem);
		assert_int_equal(err, ERR_UNSUPPORTED);
	}
}

static void
lacks_exactly_what_was_left_out(void **state)
{
	(void)state;
	assert_int_equal(
	    parts_lacking_setting(SETTING_LISTEN_POP3) == NULL, ENABLE_POP3);
	assert_int_equal(
	    parts_lacking_setting(SETTING_QUEUE_HOLD) == NULL, ENABLE_RELAY);
	assert_int_equal(parts_lacking_setting(SETTING_SCAN_DEPTH) == NULL,
	    ENABLE_SCAN_WORKER);
	assert_int_equal(
	    parts_lacking_setting(SETTING_SCAN_FAILED) == NULL, HAS_VERDICTS);
	assert_int_equal(
	    parts_lacking_setting(SETTING_SCAN_CLAMD) == NULL, ENABLE_CLAMD);
	assert_null(parts_lacking_setting(SETTING_SMTP_MAX_OCTETS));
	assert_int_equal(
	    parts_lacking_word(SPAN("queue")) == NULL, ENABLE_RELAY);
	assert_int_equal(
	    parts_lacking_word(SPAN("scan")) == NULL, ENABLE_SCANNER);
	assert_null(parts_lacking_word(SPAN("user")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(wrong_rule_and_device_are_refused_in_one_line),
		T(long_wrong_rule_still_says_what_was_expected),
		T(judging_leaves_the_rules_in_force_alone),
		T(stored_wrong_device_is_left_out_and_the_others_work),
		T(stored_devices_more_than_fit_are_left_out),
		T(device_too_many_is_refused_when_it_is_set),
		T(rule_too_many_is_refused_when_it_is_set),
		T(one_rule_for_another_in_one_change_fits),
		T(conditions_and_octets_of_all_rules_are_counted_together),
		T(routes_and_listeners_are_counted),
		T(values_that_the_server_would_leave_out_are_refused),
		T(what_is_stored_already_may_be_made_less),
		T(import_with_too_many_rules_changes_nothing),
		T(nine_providers_policies_are_read_as_settings),
		T(backup_that_does_not_fit_is_refused_and_changes_nothing),
		T(backup_that_fits_comes_back),
		T(stored_wrong_rule_closes_relaying_at_the_start),
		T(stored_wrong_rule_changes_nothing_later),
		cmocka_unit_test_setup_teardown(
		    refuses_each_setting_whose_part_is_not_built_in, setup,
		    teardown),
		cmocka_unit_test(lacks_exactly_what_was_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
