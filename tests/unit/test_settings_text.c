/* test_settings_text: export, import, reset, backup and restore. */
#include "support/test.h"

#include "store/backup.h"
#include "store/settings_text.h"
#include "support/flash_emu.h"
#include "support/count_up.h"

struct box {
	struct flash_emu emu;
	struct kv kv;
	struct settings set;
	struct kv_slot slots[256];
	uint8_t txn[4 * KV_TXN_MIN], copy[KV_COPY_MIN];
	char area[2 * 4096];
	uint8_t device_key[SEAL_KEY];
};

static struct box a, b;
static char file_mem[32768];
static size_t file_len;
static char message_mem[SETTINGS_MESSAGE_MAX];
static struct text message;

static void
new_message(void)
{
	text_init(&message, message_mem, sizeof(message_mem));
}

static void
box_start(struct box *x, uint8_t key)
{
	const struct kv_memory memory = { x->slots, 256, x->txn, sizeof(x->txn),
		x->copy, sizeof(x->copy) };
	int rc = kv_open(&x->kv, &x->emu.flash, 1, &memory);

	if (rc == ERR_MISSING)
		rc = kv_format(&x->kv);
	assert_int_equal(rc, ERR_OK);
	memset(x->device_key, key, SEAL_KEY);
	settings_init(&x->set, &x->kv, x->area, sizeof(x->area));
	assert_int_equal(
	    settings_unlock(&x->set, x->device_key, count_up), ERR_OK);
	assert_int_equal(settings_load(&x->set, NULL), ERR_OK);
}

static void
set_one(struct box *x, const char *key, const char *value)
{
	new_message();
	assert_int_equal(settings_begin(&x->set, &message), ERR_OK);
	assert_int_equal(
	    settings_set(&x->set, span_str(key), span_str(value), &message),
	    ERR_OK);
	assert_int_equal(settings_commit(&x->set, &message), ERR_OK);
}

static int
setup(void **state)
{
	(void)state;
	emu_init(&a.emu, 65536, 2);
	emu_init(&b.emu, 65536, 2);
	box_start(&a, 1);
	box_start(&b, 2);
	set_one(&a, "host.name", "mail.example.org");
	set_one(&a, "relay.window_minutes", "7");
	set_one(&a, "alias.info@example.org", "anna");
	set_one(&a, "route.password", "open sesame");
	new_message();
	return 0;
}

static void
new_key(struct passkey *k, const char *passphrase)
{
	assert_int_equal(
	    passkey_new(k, span_str(passphrase), count_up), ERR_OK);
	passkey_finish(k);
}

static void
export_all(struct box *x, const char *passphrase)
{
	static char line_mem[SETTINGS_TEXT_LINE];
	struct settings_export ex;
	struct passkey k;
	struct text line;
	int rc;

	file_len = 0;
	new_key(&k, passphrase);
	assert_int_equal(settings_export_begin(&ex, &x->set, &k), 0);
	for (;;) {
		text_init(&line, line_mem, sizeof(line_mem));
		rc = settings_export_next(&ex, &line);
		if (rc != 1)
			break;
		memcpy(file_mem + file_len, line_mem, line.len);
		file_len += line.len;
	}
	assert_int_equal(rc, 0);
	settings_export_end(&ex);
	file_mem[file_len] = '\0';
}

static int
import(struct box *x, const char *passphrase)
{
	struct span file = span_of(file_mem, file_len);
	struct passkey k;

	new_message();
	settings_import_key(&k, file, span_str(passphrase));
	passkey_finish(&k);
	return settings_import(&x->set, file, &k, &message);
}

static void
assert_secret(struct box *x, const char *want)
{
	char mem[64];

	assert_int_equal(
	    settings_secret(&x->set, SETTING_ROUTE_PASSWORD, mem, sizeof(mem)),
	    (int)strlen(want));
	assert_memory_equal(mem, want, strlen(want));
}

static void
export_names_what_it_leaves_out(void **state)
{
	(void)state;
	export_all(&a, "");
	assert_string_equal(file_mem,
	    "# gatepost settings 1\n"
	    "# not in this file: accounts, keys and certificates, mail\n"
	    "host.name=mail.example.org\n"
	    "relay.window_minutes=7\n"
	    "alias.info@example.org=anna\n"
	    "# left out: route.password (secret)\n");
}

static void
import_is_the_other_way_round_and_keeps_secrets(void **state)
{
	(void)state;
	export_all(&a, "");
	set_one(&b, "net.idle_seconds", "60");
	set_one(&b, "route.password", "b's own");
	assert_int_equal(import(&b, ""), ERR_OK);
	assert_span(
	    settings_text(&b.set, SETTING_HOST_NAME), "mail.example.org");
	assert_int_equal(
	    settings_source(&b.set, SETTING_NET_IDLE_SECONDS), SETTING_DEFAULT);
	assert_secret(&b, "b's own");
}

static void
secrets_travel_under_a_passphrase_only(void **state)
{
	(void)state;
	export_all(&a, "correct horse");
	assert_null(strstr(file_mem, "sesame"));
	assert_int_equal(import(&b, ""), ERR_DENIED);
	assert_string_equal(message_mem,
	    "line 3: the file holds secrets: its passphrase is needed; nothing"
	    " was changed");
	assert_int_equal(import(&b, "wrong"), ERR_DENIED);
	assert_int_equal(
	    settings_source(&b.set, SETTING_HOST_NAME), SETTING_DEFAULT);
	assert_int_equal(import(&b, "correct horse"), ERR_OK);
	assert_secret(&b, "open sesame");
}

static void
one_wrong_line_changes_nothing_and_is_named(void **state)
{
	static const char text[] = "# gatepost settings 1\r\n\r\n"
				   "host.name=other.example\r\n"
				   "net.idle_seconds=fast\r\n";

	(void)state;
	memcpy(file_mem, text, sizeof(text));
	file_len = sizeof(text) - 1;
	assert_int_equal(import(&a, ""), ERR_SYNTAX);
	assert_string_equal(message_mem,
	    "line 4: net.idle_seconds: \"fast\" is not a number from 10 to"
	    " 3600; right would be: 300");
	assert_span(
	    settings_text(&a.set, SETTING_HOST_NAME), "mail.example.org");
	box_start(&a, 1);
	assert_span(
	    settings_text(&a.set, SETTING_HOST_NAME), "mail.example.org");
}

static void
reset_leaves_defaults_and_what_is_no_setting(void **state)
{
	char mem[8];

	(void)state;
	assert_int_equal(kv_begin(&a.kv), ERR_OK);
	assert_int_equal(
	    kv_put(&a.kv, SPAN("account.anna"), SPAN("x")), ERR_OK);
	assert_int_equal(kv_commit(&a.kv), ERR_OK);
	assert_int_equal(settings_reset(&a.set, &message), ERR_OK);
	assert_span(settings_text(&a.set, SETTING_HOST_NAME), "");
	assert_false(settings_has_secret(&a.set, SETTING_ROUTE_PASSWORD));
	assert_int_equal(
	    kv_get(&a.kv, SPAN("account.anna"), mem, sizeof(mem)), 1);
}

/* Backup and restore. */

static void
back_up(struct box *x, const char *passphrase)
{
	static uint8_t piece[BACKUP_PIECE];
	struct passkey k;
	struct backup bk;
	int rc;

	file_len = 0;
	new_key(&k, passphrase);
	assert_int_equal(backup_begin(&bk, &x->set, &k), ERR_OK);
	while ((rc = backup_next(&bk, piece)) > 0) {
		memcpy(file_mem + file_len, piece, (size_t)rc);
		file_len += (size_t)rc;
	}
	assert_int_equal(rc, 0);
}

static int
restore(struct box *x, const char *passphrase)
{
	struct span file = span_of(file_mem, file_len);
	struct passkey k;

	new_message();
	backup_restore_key(&k, file, span_str(passphrase));
	passkey_finish(&k);
	return backup_restore(&x->set, file, &k, x->device_key, &message);
}

static void
a_backup_comes_back_on_its_own_device(void **state)
{
	(void)state;
	back_up(&a, "");
	set_one(&a, "host.name", "changed.example");
	set_one(&a, "net.idle_seconds", "60");
	assert_int_equal(restore(&a, ""), ERR_OK);
	assert_span(
	    settings_text(&a.set, SETTING_HOST_NAME), "mail.example.org");
	assert_int_equal(
	    settings_source(&a.set, SETTING_NET_IDLE_SECONDS), SETTING_DEFAULT);
	assert_secret(&a, "open sesame");
	box_start(&a, 1);
	assert_secret(&a, "open sesame");
}

static void
another_device_needs_the_passphrase_and_then_keeps_it_all(void **state)
{
	(void)state;
	back_up(&a, "");
	assert_int_equal(restore(&b, "x"), ERR_DENIED);
	assert_string_equal(message_mem,
	    "this backup was made on another device, without a passphrase: its"
	    " secrets can be opened only there; nothing was changed");
	back_up(&a, "battery staple");
	assert_int_equal(restore(&b, ""), ERR_DENIED);
	assert_string_equal(message_mem,
	    "this backup was made on another device: its passphrase is needed;"
	    " nothing was changed");
	assert_int_equal(restore(&b, "battery"), ERR_DENIED);
	assert_string_equal(
	    message_mem, "the passphrase is wrong; nothing was changed");
	assert_int_equal(
	    settings_source(&b.set, SETTING_HOST_NAME), SETTING_DEFAULT);
	assert_int_equal(restore(&b, "battery staple"), ERR_OK);
	box_start(&b, 2);
	assert_secret(&b, "open sesame");
	assert_span(
	    settings_text(&b.set, SETTING_HOST_NAME), "mail.example.org");
}

static void
a_damaged_backup_is_refused_at_every_byte(void **state)
{
	(void)state;
	back_up(&a, "");
	for (size_t i = 0; i < file_len; i++) {
		file_mem[i] ^= 1;
		assert_int_not_equal(restore(&a, ""), ERR_OK);
		assert_non_null(strstr(message_mem, "nothing was changed"));
		file_mem[i] ^= 1;
	}
	for (; file_len > 0; file_len--) {
		file_len--;
		assert_int_not_equal(restore(&a, ""), ERR_OK);
		file_len++;
	}
	assert_span(
	    settings_text(&a.set, SETTING_HOST_NAME), "mail.example.org");
}

static void
a_newer_backup_says_so(void **state)
{
	(void)state;
	back_up(&a, "");
	file_mem[8] = 2;
	assert_int_equal(restore(&a, ""), ERR_UNSUPPORTED);
	assert_string_equal(message_mem,
	    "this backup was written by a newer version of gatepost; nothing"
	    " was changed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(export_names_what_it_leaves_out, setup),
		cmocka_unit_test_setup(
		    import_is_the_other_way_round_and_keeps_secrets, setup),
		cmocka_unit_test_setup(
		    secrets_travel_under_a_passphrase_only, setup),
		cmocka_unit_test_setup(
		    one_wrong_line_changes_nothing_and_is_named, setup),
		cmocka_unit_test_setup(
		    reset_leaves_defaults_and_what_is_no_setting, setup),
		cmocka_unit_test_setup(
		    a_backup_comes_back_on_its_own_device, setup),
		cmocka_unit_test_setup(
		    another_device_needs_the_passphrase_and_then_keeps_it_all,
		    setup),
		cmocka_unit_test_setup(
		    a_damaged_backup_is_refused_at_every_byte, setup),
		cmocka_unit_test_setup(a_newer_backup_says_so, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
