/* test_settings: the table, its values, and changes that are stored. */
#include "support/test.h"
#include "support/count_up.h"

#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "platform/flash_file.h"
#include "store/kv_item.h"
#include "store/settings.h"
#include "store/settings_value.h"

static struct kv_slot slots[256];
static uint8_t txn[2 * KV_TXN_MIN], copy[KV_COPY_MIN];
static char area[2 * 4096];
static const struct kv_memory memory = { slots, 256, txn, sizeof(txn), copy,
	sizeof(copy) };
static char path[64];
static struct flash_file file;
static struct kv kv;
static struct settings set;
static char message_mem[SETTINGS_MESSAGE_MAX];
static struct text message;

static void
start(void)
{
	static const uint8_t device_key[SEAL_KEY] = { 7 };

	text_init(&message, message_mem, sizeof(message_mem));
	settings_init(&set, &kv, area, sizeof(area));
	assert_int_equal(settings_unlock(&set, device_key, count_up), ERR_OK);
	assert_int_equal(settings_load(&set, NULL), ERR_OK);
}

static int
setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/test_settings.XXXXXX");
	close(mkstemp(path));
	unlink(path);
	assert_int_equal(flash_file_create(&file, path, 65536, 2), ERR_OK);
	assert_int_equal(kv_open(&kv, &file.flash, 1, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), ERR_OK);
	start();
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

static void
reopen(void)
{
	assert_int_equal(kv_open(&kv, &file.flash, 1, &memory), ERR_OK);
	start();
}

static int
set_one(const char *key, const char *value)
{
	int rc;

	text_init(&message, message_mem, sizeof(message_mem));
	assert_int_equal(settings_begin(&set, &message), ERR_OK);
	rc = settings_set(&set, span_str(key), span_str(value), &message);
	if (rc == ERR_OK)
		return settings_commit(&set, &message);
	settings_abort(&set);
	return rc;
}

static void
every_row_is_complete_and_its_default_and_example_are_right(void **state)
{
	static char mem[SETTING_TEXT_MAX + 1];
	struct text out;
	uint32_t n;

	(void)state;
	for (int id = 0; id < SETTING_N; id++) {
		const struct setting_spec *spec = &settings_schema[id];
		bool family;

		assert_non_null(spec->key);
		family = spec->flags & SETTING_FAMILY;
		assert_true(kv_is_key(span_str(spec->key)));
		assert_int_equal(settings_find(span_str(spec->key), NULL),
		    family ? ERR_MISSING : id);
		assert_true(spec->help_en[0]);
		assert_true(!ENABLE_JAPANESE || spec->help_ja[0]);
		text_init(&out, mem, sizeof(mem));
		if (!family) {
			assert_int_equal(
			    setting_read(
				spec, span_str(spec->preset), &out, &n, NULL),
			    ERR_OK);
			assert_string_equal(mem, spec->preset);
		}
		if (spec->example[0] == '(')
			continue;
		text_init(&out, mem, sizeof(mem));
		assert_int_equal(
		    setting_read(spec, span_str(spec->example), &out, &n, NULL),
		    ERR_OK);
	}
}

static void
a_change_is_typed_at_once_and_there_after_a_restart(void **state)
{
	uint32_t before = set.generation;

	(void)state;
	assert_int_equal(
	    settings_number(&set, SETTING_RELAY_WINDOW_MINUTES), 5);
	assert_int_equal(set_one("relay.window_minutes", " 7 "), ERR_OK);
	assert_int_equal(set_one("permit.smtp", "network, AUTH"), ERR_OK);
	assert_int_equal(
	    set_one("host.domains", "a.example , b.example"), ERR_OK);
	assert_true(set.generation > before);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    settings_number(&set, SETTING_RELAY_WINDOW_MINUTES), 7);
		assert_int_equal(
		    settings_flags(&set, SETTING_PERMIT_SMTP), 1 | 4);
		assert_span(
		    settings_text(&set, SETTING_PERMIT_SMTP), "auth,network");
		assert_span(settings_text(&set, SETTING_HOST_DOMAINS),
		    "a.example,b.example");
		assert_int_equal(settings_source(&set, SETTING_HOST_DOMAINS),
		    SETTING_STORED);
		reopen();
	}
}

static void
messages_name_the_key_the_mistake_and_what_is_right(void **state)
{
	(void)state;
	assert_int_equal(set_one("relay.window_minutes", "99"), ERR_RANGE);
	assert_string_equal(message_mem,
	    "relay.window_minutes: \"99\" is not a number from 1 to 60; right"
	    " would be: 5");
	assert_int_equal(set_one("permit.smtp", "auth,all"), ERR_SYNTAX);
	assert_string_equal(message_mem,
	    "permit.smtp: \"all\" is not none or any of auth,grant,network;"
	    " right would be: auth,grant,network");
	assert_int_equal(set_one("relay.networks", "10.0.0.1/8"), ERR_SYNTAX);
	assert_int_equal(set_one("relay.netwroks", "x"), ERR_MISSING);
	assert_string_equal(message_mem,
	    "relay.netwroks: no such setting; \"gatepost settings list\" shows"
	    " all, with * for a name of your own");
}

static void
a_name_server_may_have_a_port(void **state)
{
	static const char *const right[] = { "192.0.2.53", "192.0.2.53:5353",
		"2001:db8::53", "[2001:db8::53]:5353",
		"127.0.0.1:53,2001:db8::1" };
	static const char *const wrong[] = { "dns.example", "*:53",
		"192.0.2.53:", "192.0.2.53:65536", "192.0.2.53:x",
		"2001:db8::53:5353x" };

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_int_equal(set_one("host.dns", right[i]), ERR_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(set_one("host.dns", wrong[i]), ERR_OK);
}

static void
secrets_lie_sealed_and_come_back(void **state)
{
	char mem[64];
	static uint8_t image[4096];

	(void)state;
	assert_false(settings_has_secret(&set, SETTING_ROUTE_PASSWORD));
	assert_int_equal(set_one("route.password", "open sesame"), ERR_OK);
	reopen();
	assert_true(settings_has_secret(&set, SETTING_ROUTE_PASSWORD));
	assert_span(settings_text(&set, SETTING_ROUTE_PASSWORD), "");
	assert_int_equal(
	    settings_secret(&set, SETTING_ROUTE_PASSWORD, mem, sizeof(mem)),
	    11);
	assert_memory_equal(mem, "open sesame", 11);
	assert_int_equal(
	    file.flash.read(&file.flash, 0, image, sizeof(image)), 0);
	assert_null(memmem(image, sizeof(image), "sesame", 6));
}

static void
a_run_value_covers_the_stored_one_and_is_gone_after_a_restart(void **state)
{
	(void)state;
	assert_int_equal(set_one("host.name", "stored.example"), ERR_OK);
	assert_int_equal(settings_override(&set, SPAN("host.name"),
			     SPAN("run.example"), &message),
	    ERR_OK);
	assert_int_equal(set_one("net.idle_seconds", "60"), ERR_OK);
	assert_span(settings_text(&set, SETTING_HOST_NAME), "run.example");
	assert_int_equal(settings_source(&set, SETTING_HOST_NAME), SETTING_RUN);
	reopen();
	assert_span(settings_text(&set, SETTING_HOST_NAME), "stored.example");
}

static void
families_are_walked_and_read(void **state)
{
	struct kv_cursor c = { 0 };
	struct settings_member m;
	char mem[64];

	(void)state;
	assert_int_equal(set_one("alias.info@example.org", "anna, ben"), 0);
	assert_int_equal(settings_member_next(&set, SETTING_ALIAS, &c, &m), 1);
	assert_span(m.label, "info@example.org");
	assert_int_equal(settings_member_next(&set, SETTING_ALIAS, &c, &m), 0);
	assert_int_equal(settings_member(&set, SETTING_ALIAS,
			     SPAN("info@example.org"), mem, sizeof(mem)),
	    8);
	assert_memory_equal(mem, "anna,ben", 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    every_row_is_complete_and_its_default_and_example_are_right,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_change_is_typed_at_once_and_there_after_a_restart, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    messages_name_the_key_the_mistake_and_what_is_right, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_name_server_may_have_a_port, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    secrets_lie_sealed_and_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_run_value_covers_the_stored_one_and_is_gone_after_a_restart,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    families_are_walked_and_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
