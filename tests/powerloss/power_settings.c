/*
 * power_settings: power lost at every octet of what the settings layer does:
 * changes of several keys with rules and secrets, import, restore, reset, and
 * the first start from a factory image.
 *
 * usage: power_settings [long]          test-seconds: 600
 * (SEEDS in the environment means "long", too)
 *
 * A body is run once with power; its content after each step, secrets
 * included, is written down as text.  Then with power for 0, 1, 2 ... octets,
 * for each tear model: after the cut the settings must load and show the text
 * before or after the step that was cut, the same at every further start, and
 * take a change.  How single frames survive is power_kv's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/backup.h"
#include "store/settings_text.h"
#include "support/flash_emu.h"
#include "support/count_up.h"

#define BLOCK	  8192
#define SLOTS	  64
#define STEPS_MAX 6
#define TEXT	  2048

struct body {
	const char *name;
	void (*prepare)(void);
	int (*step)(unsigned i);
	unsigned steps;
};

static struct flash_emu emu, snapshot;
static struct kv kv;
static struct settings set;
static struct kv_slot slots[SLOTS];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN];
static char area[2 * 4096];
static const struct passkey no_key = { .done = true };
static const uint8_t device_key[SEAL_KEY] = { 7 };
static char why_mem[SETTINGS_MESSAGE_MAX];
static struct text why;
static uint8_t backup_mem[4 * BACKUP_PIECE];
static size_t backup_len;
static char want[STEPS_MAX + 1][TEXT], got[TEXT];
static const struct body *now_body;
static uint64_t now_fuel;
static unsigned now_seed;
static unsigned long points;

static void
fail(const char *what)
{
	fprintf(stderr, "power_settings: %s: tear %d seed %u fuel %llu: %s\n",
	    now_body->name, (int)emu.tear, now_seed,
	    (unsigned long long)now_fuel, what);
	exit(1);
}

static void
must(int rc)
{
	if (rc < 0)
		fail(why.len > 0 ? why_mem : err_text(rc));
}

static int
open_kv(void)
{
	const struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
		sizeof(copy) };
	int rc = kv_open(&kv, &emu.flash, 1, &memory);

	if (rc == ERR_MISSING)
		rc = kv_format(&kv);
	settings_init(&set, &kv, area, sizeof(area));
	return rc;
}

/* As the server starts. */
static int
start(void)
{
	int rc = open_kv();

	if (rc == ERR_OK)
		rc = settings_unlock(&set, device_key, count_up);
	return rc == ERR_OK ? settings_load(&set, NULL) : rc;
}

static int
put(const char *key, const char *value)
{
	return settings_set(&set, span_str(key), span_str(value), &why);
}

static int
commit(int rc)
{
	if (rc == ERR_OK)
		return settings_commit(&set, &why);
	settings_abort(&set);
	return rc;
}

/* Everything that is stored, lines in order, secrets opened. */
static void
write_down(char to[TEXT])
{
	static char line_mem[SETTINGS_TEXT_LINE + 1];
	char secret[256];
	struct settings_export x;
	struct text all, line;
	int rc;

	text_init(&all, to, TEXT);
	must(settings_export_begin(&x, &set, &no_key));
	do {
		text_init(&line, line_mem, sizeof(line_mem));
		rc = settings_export_next(&x, &line);
		text_span(&all, text_data(&line));
	} while (rc == 1);
	must(rc);
	settings_export_end(&x);
	rc = settings_secret(
	    &set, SETTING_ROUTE_PASSWORD, secret, sizeof(secret));
	if (rc >= 0)
		text_span(&all, span_of(secret, (size_t)rc));
	else if (rc != ERR_MISSING)
		fail("a secret can't be opened");
	if (all.cut)
		fail("TEXT is too small");
}

/* ---- bodies ---- */

static void
prepare_owner(void)
{
	must(start());
	must(settings_begin(&set, &why));
	must(put("host.name", "mail.example.org"));
	must(put("alias.info", "anna"));
	must(put("relay.rule.a", "permit relay when auth"));
	must(put("route.password", "open sesame"));
	must(settings_commit(&set, &why));
}

static int
step_change(unsigned i)
{
	static const char *const names[] = { "a.example", "b.example" };
	int rc = settings_begin(&set, &why);

	if (rc == ERR_OK)
		rc = put("host.name", names[i % 2]);
	if (rc == ERR_OK)
		rc = put("net.idle_seconds", i % 2 ? "60" : "120");
	if (rc == ERR_OK)
		rc = put("route.password", i % 2 ? "another" : "one more");
	if (rc == ERR_OK)
		rc = i % 2 ? settings_unset(&set, SPAN("relay.rule.a"), &why)
			   : put("relay.rule.b", "refuse mail");
	return commit(rc);
}

static int
step_import(unsigned i)
{
	static const char *const files[] = {
		"# gatepost settings 1\nhost.name=new.example\n"
		"relay.rule.c=later relay when client in lan\n"
		"forward.berta=berta@far.example\n",
		"# gatepost settings 1\nalias.info=berta\n",
	};

	return settings_import(&set, span_str(files[i % 2]), &no_key, &why);
}

static void
prepare_backup(void)
{
	struct backup b;
	int n;

	prepare_owner();
	backup_len = 0;
	must(backup_begin(&b, &set, &no_key));
	while ((n = backup_next(&b, backup_mem + backup_len)) > 0)
		backup_len += (size_t)n;
	must(n);
	must(step_change(0));
	must(step_change(1));
}

static int
step_restore(unsigned i)
{
	if (i % 2)
		return step_change(i);
	return backup_restore(
	    &set, span_of(backup_mem, backup_len), &no_key, device_key, &why);
}

static int
step_reset(unsigned i)
{
	return i % 2 ? step_change(i) : settings_reset(&set, &why);
}

/* As tools/settings-image makes it: no device key yet. */
static void
prepare_factory(void)
{
	must(open_kv());
	must(settings_load(&set, NULL));
	must(step_import(0));
}

static const struct body bodies[] = {
	{ "changes of several keys", prepare_owner, step_change, 4 },
	{ "import", prepare_owner, step_import, 3 },
	{ "restore", prepare_backup, step_restore, 3 },
	{ "reset", prepare_owner, step_reset, 3 },
	{ "first start from a factory image", prepare_factory, step_change, 2 },
};

/* ---- cuts ---- */

/* Run the steps; how many came through. */
static unsigned
run_steps(const struct body *b)
{
	unsigned i = 0;

	text_init(&why, why_mem, sizeof(why_mem));
	if (start() != ERR_OK)
		return 0;
	while (i < b->steps && b->step(i) == ERR_OK)
		i++;
	return i;
}

static void
check_same(const char *text, const char *what)
{
	must(start());
	write_down(got);
	if (strcmp(got, text) != 0)
		fail(what);
}

static void
check_after_cut(const char *was, const char *is)
{
	unsigned times = emu.any_weak ? 3 : 1;
	static char text[TEXT];

	text_init(&why, why_mem, sizeof(why_mem));
	must(start());
	write_down(text);
	if (strcmp(text, was) != 0 && strcmp(text, is) != 0)
		fail("a third state");
	for (unsigned i = 0; i < times; i++)
		check_same(text, "another state at the next start");
	must(settings_begin(&set, &why));
	must(commit(put("net.idle_seconds", "77")));
	write_down(text);
	for (unsigned i = 0; i < times; i++)
		check_same(text, "a change after the cut is lost");
	if (emu.violations > 0)
		fail("a bit was to be set without erasing");
}

/* True when power lasted. */
static bool
run_once(const struct body *b)
{
	unsigned done;
	bool lasted;

	emu_copy(&emu, &snapshot);
	emu.seed =
	    (uint32_t)((now_fuel * 64 + now_seed * 8) * 4 + emu.tear + 1);
	emu_power_on(&emu, now_fuel);
	done = run_steps(b);
	lasted = !emu.off;
	if (lasted && done < b->steps)
		fail("a step fails with power on");
	emu_power_on(&emu, UINT64_MAX);
	check_after_cut(want[done], want[done < b->steps ? done + 1 : done]);
	points++;
	return lasted;
}

static void
run_body(const struct body *b, unsigned seeds, uint64_t step)
{
	now_body = b;
	emu_init(&emu, BLOCK, 2);
	text_init(&why, why_mem, sizeof(why_mem));
	b->prepare();
	emu_copy(&snapshot, &emu);
	must(start());
	write_down(want[0]);
	for (unsigned i = 0; i < b->steps; i++) {
		must(b->step(i));
		write_down(want[i + 1]);
	}
	for (unsigned n = 0; n < seeds * EMU_TEARS; n++) {
		emu.tear = (enum emu_tear)(n % EMU_TEARS);
		now_seed = n / EMU_TEARS + 1;
		now_fuel = n % step;
		while (!run_once(b))
			now_fuel += step;
	}
	printf("%-34s %lu cuts so far\n", b->name, points);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	bool all = (argc > 1 && strcmp(argv[1], "long") == 0)
		   || getenv("SEEDS") != NULL;
	unsigned n = sizeof(bodies) / sizeof(bodies[0]);

	for (unsigned i = 0; i < n; i++)
		run_body(&bodies[i], all ? 2 : 1, all ? 1 : 3);
	printf("%lu cut points\n", points);
	printf("%u passed, 0 failed\n", n);
	return 0;
}
