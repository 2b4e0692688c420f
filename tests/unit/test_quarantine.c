/* test_quarantine: stopped messages on the disk, and which must go. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"
#include "platform/files.h"
#include "store/quarantine.h"

#define DAY    86400
#define NOON_S 1800000000

static struct files files;
static struct fs *fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct quarantine quarantine;
static struct spool_file spool_file;
static struct queue_writer writer;
static struct quarantine_file file;
static struct queue_strings strings;
static char root[64];

static void
open_all(uint8_t boot)
{
	const uint8_t b[MAILBOX_BOOT_LEN] = { boot, 1, 2, 3, 4, 5 };

	assert_int_equal(files_open(&files, root), ERR_OK);
	fs = &files.fs;
	mailbox_ids_init(&ids, 7, b, SPAN("gate"));
	assert_int_equal(spool_init(&spool, fs, &ids, "tmp", 0), ERR_OK);
	assert_true(spool_recover(&spool) >= 0);
	assert_int_equal(
	    quarantine_open(&quarantine, fs, "quarantine", &ids), ERR_OK);
}

static void
recover_all(void)
{
	int more;

	while ((more = quarantine_recover_step(&quarantine, 3)) > 0)
		continue;
	assert_int_equal(more, 0);
}

static int
set_up(void **state)
{
	(void)state;
	memcpy(root, "/tmp/test_quarantine.XXXXXX", 28);
	assert_non_null(mkdtemp(root));
	open_all(1);
	recover_all();
	return 0;
}

static void
close_all(void)
{
	quarantine_close(&quarantine);
	files_close(&files);
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	close_all();
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void
restart(void)
{
	static uint8_t boot = 1;

	close_all();
	open_all(++boot);
	recover_all();
}

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	(void)i;
	return quarantine_path(&quarantine, f->id, out);
}

static const struct quarantine_note eicar = {
	.reason = QUARANTINE_MALWARE,
	.flags = QUARANTINE_OURS | QUARANTINE_HASHED,
	.name = { (const uint8_t *)"Eicar-Test", 10 },
	.where = { (const uint8_t *)"a.zip/b.exe", 11 },
	.client = { (const uint8_t *)"192.0.2.1", 9 },
	.way = { (const uint8_t *)"submission", 10 },
	.hash = { 1, 2, 3 },
};

/* Stop a message of `octets` that arrived at `at_s`; its id: spool_file.id. */
static void
stop(const struct quarantine_note *note, size_t octets, int64_t at_s)
{
	static uint8_t body[65536];
	struct span v = span_of(body, octets);
	const struct queue_head head = {
		.octets = octets,
		.arrived_s = at_s,
		.sender = SPAN("from@x.example"),
		.login = SPAN("joe"),
	};
	const struct queue_rcpt r = { .path = SPAN("ann@our.example") };

	memset(body, 'x', sizeof(body));
	assert_int_equal(spool_begin(&spool, &spool_file, 1), ERR_OK);
	assert_int_equal(spool_append(&spool, &spool_file, &v, 1), ERR_OK);
	assert_int_equal(quarantine_write(&spool, &spool_file, note), ERR_OK);
	(void)queue_write_begin(&writer, &spool, &spool_file, &head);
	(void)queue_write_rcpt(&writer, &r);
	assert_int_equal(queue_write_end(&writer), ERR_OK);
	spool_commit(&spool, &spool_file, place, 1, NULL);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &spool_file);
	assert_int_equal(spool_file.result, ERR_OK);
	assert_int_equal(
	    quarantine_add(&quarantine, spool_file.id, spool_file.octets, at_s),
	    ERR_OK);
}

static void
sweep(int64_t now_s)
{
	unsigned turns = 0;

	while (quarantine_sweep(&quarantine, now_s))
		assert_true(++turns < 10000);
}

static unsigned
count(void)
{
	struct quarantine_entry e;
	uint32_t slot = 0;
	unsigned n = 0;

	while (quarantine_next(&quarantine, &slot, &e) == 1)
		n++;
	assert_int_equal(n, quarantine.n);
	return n;
}

static void
check_file(const char *id)
{
	struct queue_rcpt r;
	uint64_t at;

	assert_int_equal(
	    quarantine_file_open(&file, fs, "quarantine", id), ERR_OK);
	assert_int_equal(file.note.reason, QUARANTINE_MALWARE);
	assert_int_equal(file.note.flags, eicar.flags);
	assert_span(file.note.name, "Eicar-Test");
	assert_span(file.note.where, "a.zip/b.exe");
	assert_span(file.note.client, "192.0.2.1");
	assert_span(file.note.way, "submission");
	assert_memory_equal(file.note.hash, eicar.hash, QUARANTINE_HASH);
	assert_span(file.queue.head.sender, "from@x.example");
	assert_span(file.queue.head.login, "joe");
	at = file.queue.first;
	assert_int_equal(queue_file_rcpt(&file.queue, &at, &r, &strings), 1);
	assert_span(r.path, "ann@our.example");
	assert_int_equal(queue_file_rcpt(&file.queue, &at, &r, &strings), 0);
	quarantine_file_close(&file);
}

static void
keeps_what_it_was_told_over_a_restart(void **state)
{
	struct quarantine_entry e;

	(void)state;
	/* lengths around a sector: nothing, less, exactly, more */
	for (size_t octets = 0; octets < 1600; octets += 512 / 4) {
		stop(&eicar, octets, NOON_S);
		check_file(spool_file.id);
	}
	stop(&eicar, 300, NOON_S);
	restart();
	assert_int_equal(count(), 14);
	assert_int_equal(quarantine.unwarned, 14);
	assert_int_equal(
	    quarantine_find(&quarantine, span_str(spool_file.id), &e), ERR_OK);
	assert_int_equal(e.octets, spool_file.octets);
	assert_int_equal(e.since_s, NOON_S);
	check_file(e.id);
}

static void
cuts_what_is_longer_than_its_place(void **state)
{
	static uint8_t text[2000];
	struct quarantine_note note = eicar;

	(void)state;
	memset(text, 'n', sizeof(text));
	note.name = note.where = note.client = note.way =
	    span_of(text, sizeof(text));
	stop(&note, 10, NOON_S);
	assert_int_equal(
	    quarantine_file_open(&file, fs, "quarantine", spool_file.id),
	    ERR_OK);
	assert_int_equal(file.note.name.len, QUARANTINE_NAME_MAX);
	assert_int_equal(file.note.where.len, QUARANTINE_WHERE_MAX);
	assert_int_equal(file.note.client.len, QUARANTINE_CLIENT_MAX);
	assert_int_equal(file.note.way.len, QUARANTINE_WAY_MAX);
	quarantine_file_close(&file);
}

static void
a_damaged_octet_of_the_record_is_noticed(void **state)
{
	char path[FS_PATH_MAX];
	int h;

	(void)state;
	stop(&eicar, 10, NOON_S);
	assert_int_equal(
	    quarantine_path(&quarantine, spool_file.id, path), ERR_OK);
	h = fs->open(fs, path, FS_UPDATE);
	assert_true(h >= 0);
	for (uint64_t at = 512; at < 512 + QUARANTINE_RECORD; at++) {
		uint8_t was, bad;
		struct span v = span_of(&bad, 1), old = span_of(&was, 1);

		assert_int_equal(fs->read(fs, h, &was, 1, at), 1);
		bad = was ^ 0x40;
		assert_int_equal(fs->write(fs, h, &v, 1, at), ERR_OK);
		assert_int_equal(quarantine_file_open(
				     &file, fs, "quarantine", spool_file.id),
		    ERR_TORN);
		assert_int_equal(fs->write(fs, h, &old, 1, at), ERR_OK);
	}
	assert_int_equal(
	    fs->write(fs, h, (struct span[]) { SPAN("x") }, 1, 512), ERR_OK);
	(void)fs->close(fs, h);
	restart();
	assert_int_equal(quarantine.n, 0);
	assert_int_equal(quarantine.damaged, 1);
}

static void
the_oldest_go_when_there_are_too_many_octets(void **state)
{
	const struct quarantine_limits l = { 20 * 4096, INT64_MAX };
	struct quarantine_entry e;
	char last[MAILBOX_ID_MAX];
	uint32_t slot = 0;

	(void)state;
	for (int i = 0; i < 60; i++) /* not in the order of their age */
		stop(&eicar, 2000, NOON_S + i * 7 % 60);
	stop(&eicar, 2000, NOON_S + 100);
	memcpy(last, spool_file.id, sizeof(last));
	quarantine_limit(&quarantine, &l);
	sweep(NOON_S + 200);
	assert_true(quarantine.octets <= l.octets);
	assert_true(quarantine.octets + 4096 > l.octets);
	assert_int_equal(count() + quarantine.expired, 61);
	while (quarantine_next(&quarantine, &slot, &e) == 1)
		assert_true(
		    e.since_s >= NOON_S + 60 - (int64_t)quarantine.n + 1);
	assert_int_equal(
	    quarantine_find(&quarantine, span_str(last), &e), ERR_OK);
	restart();
	assert_int_equal(count() + 0, quarantine.n);
}

static void
the_last_one_stays_however_large(void **state)
{
	const struct quarantine_limits l = { 1000, INT64_MAX };
	struct quarantine_entry e;

	(void)state;
	stop(&eicar, 2000, NOON_S);
	stop(&eicar, 50000, NOON_S + 1);
	quarantine_limit(&quarantine, &l);
	sweep(NOON_S + 2);
	assert_int_equal(count(), 1);
	assert_int_equal(
	    quarantine_find(&quarantine, span_str(spool_file.id), &e), ERR_OK);
}

static void
old_ones_go_and_only_they(void **state)
{
	const struct quarantine_limits l = { UINT64_MAX, 30 * DAY };

	(void)state;
	for (int i = 0; i < 50; i++)
		stop(&eicar, 10, NOON_S + i * DAY);
	quarantine_limit(&quarantine, &l);
	sweep(NOON_S + 30 * DAY);
	assert_int_equal(count(), 50);
	sweep(NOON_S + 40 * DAY + 1);
	assert_int_equal(count(), 39);
	sweep(NOON_S + 100 * DAY);
	assert_int_equal(count(), 0);
	assert_int_equal(quarantine.octets, 0);
}

static void
a_clock_that_was_not_set_ages_nothing(void **state)
{
	const struct quarantine_limits l = { UINT64_MAX, 30 * DAY };

	(void)state;
	stop(&eicar, 10, 5); /* 1970 */
	quarantine_limit(&quarantine, &l);
	sweep(50 * DAY);
	assert_int_equal(count(), 1);
	sweep(NOON_S);
	assert_int_equal(count(), 1);
	restart(); /* it remembers */
	quarantine_limit(&quarantine, &l);
	sweep(NOON_S + 29 * DAY);
	assert_int_equal(count(), 1);
	sweep(NOON_S + 31 * DAY);
	assert_int_equal(count(), 0);
}

static void
removing_twice_harms_no_other(void **state)
{
	struct quarantine_entry e, again;

	(void)state;
	stop(&eicar, 10, NOON_S);
	assert_int_equal(
	    quarantine_find(&quarantine, span_str(spool_file.id), &e), ERR_OK);
	again = e;
	assert_int_equal(quarantine_remove(&quarantine, &e), ERR_OK);
	assert_int_equal(quarantine_remove(&quarantine, &again), ERR_MISSING);
	stop(&eicar, 10, NOON_S); /* takes the same slot */
	assert_int_equal(quarantine_remove(&quarantine, &again), ERR_MISSING);
	assert_int_equal(count(), 1);
	for (int i = 0; i < 5; i++)
		stop(&eicar, 10, NOON_S);
	assert_int_equal(count(), 6);
	assert_int_equal(quarantine.slots, 6);
}

static void
everybody_is_found_once_to_be_told(void **state)
{
	struct quarantine_entry e;
	unsigned told = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		stop(&eicar, 10, NOON_S);
	while (quarantine.unwarned > 0) {
		if (quarantine_next_unwarned(&quarantine, &e) != 1)
			continue;
		assert_int_equal(
		    quarantine_file_open(&file, fs, "quarantine", e.id),
		    ERR_OK);
		assert_int_equal(quarantine_file_warned(&file), ERR_OK);
		quarantine_file_close(&file);
		assert_int_equal(quarantine_warned(&quarantine, &e), ERR_OK);
		told++;
	}
	assert_int_equal(told, 100);
	assert_int_equal(quarantine_next_unwarned(&quarantine, &e), 0);
	restart();
	assert_int_equal(count(), 100);
	assert_int_equal(quarantine.unwarned, 0);
}

static void
every_reason_has_its_name(void **state)
{
	(void)state;
	for (unsigned r = 0; r < QUARANTINE_REASONS; r++)
		assert_string_not_equal(
		    quarantine_reason_name((enum quarantine_reason)r),
		    "unknown");
	assert_string_equal(
	    quarantine_reason_name(QUARANTINE_REASONS), "unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_it_was_told_over_a_restart),
		TEST(cuts_what_is_longer_than_its_place),
		TEST(a_damaged_octet_of_the_record_is_noticed),
		TEST(the_oldest_go_when_there_are_too_many_octets),
		TEST(the_last_one_stays_however_large),
		TEST(old_ones_go_and_only_they),
		TEST(a_clock_that_was_not_set_ages_nothing),
		TEST(removing_twice_harms_no_other),
		TEST(everybody_is_found_once_to_be_told),
		TEST(every_reason_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
