/*
 * power_quarantine: stopped messages come in, are told of, age, are deleted
 * and make room for others, with the power cut during change 1, 2, 3, ... to
 * the last, in every model of what survives; and with call 1, 2, 3, ...
 * failing.  SEEDS=n (default 6): the outcomes tried of each cut.
 *
 * After each cut: what was accepted and not removed is there once and whole,
 * with its reason and its recipients; what was deleted and synced is not; no
 * file is damaged; tmp is empty.
 */
#include "support/test.h"

#include "core/text.h"
#include "store/quarantine.h"
#include "support/cuts.h"

#define MESSAGES 6
#define NOON_S	 1800000000

static const struct {
	unsigned octets;
	int64_t arrived_s;
} plan[MESSAGES] = {
	{ 300, NOON_S },
	{ 512, NOON_S + 1 },
	{ 3000, NOON_S + 2 },
	{ 700, 5 }, /* the clock was not set */
	{ 1, NOON_S + 4 },
	{ 900, NOON_S + 5 },
};

static struct fs_emu emu;
static struct fs *fs = &emu.fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct quarantine quarantine;
static struct queue_writer writer;
static struct quarantine_file file;
static struct queue_strings strings;

static struct message {
	struct spool_file file;
	bool accepted;
	bool removed; /* perhaps not on the disk yet */
	bool gone;    /* the folder was synced after that */
	unsigned found;
} messages[MESSAGES];

static uint8_t
octet_at(unsigned number, size_t at)
{
	return (uint8_t)(number * 41 + at * 3 + (at >> 8) + 1);
}

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	(void)i;
	return quarantine_path(&quarantine, f->id, out);
}

static int
write_message(unsigned number)
{
	static uint8_t bytes[EMU_OCTETS];
	struct spool_file *f = &messages[number].file;
	struct span all = span_of(bytes, plan[number].octets);
	const struct quarantine_note note = {
		.reason = (enum quarantine_reason)number,
		.name = SPAN("Eicar-Test"),
		.where = SPAN("a.zip/b.exe"),
	};
	const struct queue_head head = {
		.octets = plan[number].octets,
		.arrived_s = plan[number].arrived_s,
		.sender = SPAN("from@x.example"),
	};
	int err = spool_begin(&spool, f, 1763826000000000 + number);

	for (size_t i = 0; i < all.len; i++)
		bytes[i] = octet_at(number, i);
	if (!err)
		err = spool_append(&spool, f, &all, 1);
	if (!err)
		err = quarantine_write(&spool, f, &note);
	if (err)
		return err;
	(void)queue_write_begin(&writer, &spool, f, &head);
	(void)queue_write_rcpt(
	    &writer, &(struct queue_rcpt) { .path = SPAN("ann@x") });
	return queue_write_end(&writer);
}

static void
offer(unsigned number)
{
	struct message *m = &messages[number];

	if (write_message(number))
		spool_abort(&spool, &m->file);
	else
		spool_commit(&spool, &m->file, place, 1, m);
}

static void
end_turn(void)
{
	struct spool_file *f;

	spool_barrier(&spool);
	while ((f = spool_next(&spool)) != NULL) {
		struct message *m = f->owner;

		m->accepted = f->result == ERR_OK;
		if (m->accepted)
			(void)!quarantine_add(&quarantine, f->id, f->octets,
			    plan[m - messages].arrived_s);
	}
}

static bool
find(unsigned number, struct quarantine_entry *e)
{
	const struct message *m = &messages[number];

	return m->accepted
	       && quarantine_find(&quarantine, span_str(m->file.id), e)
		      == ERR_OK;
}

static void
tell(unsigned number)
{
	struct quarantine_entry e;

	if (!find(number, &e)
	    || quarantine_file_open(&file, fs, "quarantine", e.id))
		return;
	(void)!quarantine_file_warned(&file);
	quarantine_file_close(&file);
	(void)!quarantine_warned(&quarantine, &e);
}

/* As `quarantine delete` does; said to be done only after the sync. */
static void
delete_one(unsigned number)
{
	struct message *m = &messages[number];
	struct quarantine_entry e;

	if (!find(number, &e))
		return;
	m->removed = true;
	m->gone = quarantine_remove(&quarantine, &e) == ERR_OK
		  && quarantine_sync(&quarantine) == ERR_OK;
}

/* Room for two: whoever may have to go is no longer promised. */
static void
make_room(void)
{
	const struct quarantine_limits l = { 7000, INT64_MAX };

	for (unsigned i = 0; i < 3; i++)
		messages[i].removed = true;
	quarantine_limit(&quarantine, &l);
	while (quarantine_sweep(&quarantine, NOON_S + 100))
		continue;
}

static void
live(void)
{
	offer(0);
	end_turn();
	offer(1);
	offer(2);
	end_turn();
	tell(0);
	delete_one(1);
	offer(3);
	end_turn();
	while (quarantine_sweep(&quarantine, NOON_S + 50))
		continue; /* the clock is right now: 3 counts from here */
	offer(4);
	end_turn();
	make_room();
	tell(3);
	offer(5);
	end_turn();
}

static int
start(uint8_t boot)
{
	const uint8_t random[MAILBOX_BOOT_LEN] = { boot };
	int got;

	mailbox_ids_init(&ids, 7, random, SPAN("nas"));
	assert_int_equal(spool_init(&spool, fs, &ids, "tmp", 0), 0);
	got = spool_recover(&spool);
	if (got >= 0)
		got = quarantine_open(&quarantine, fs, "quarantine", &ids);
	if (got == 0)
		do
			got = quarantine_recover_step(&quarantine, 2);
		while (got == 1);
	return got;
}

/* A box that has never had a quarantine: the folder, too, must last. */
static void
set_up(enum emu_model model)
{
	fs_emu_init(&emu, model);
	memset(messages, 0, sizeof(messages));
	assert_int_equal(start(1), 0);
}

static void
check_file(unsigned number, const char *id)
{
	static uint8_t got[EMU_OCTETS];
	struct queue_rcpt r;
	uint64_t at;

	assert_int_equal(
	    quarantine_file_open(&file, fs, "quarantine", id), ERR_OK);
	assert_int_equal(file.note.reason, number);
	assert_span(file.note.name, "Eicar-Test");
	assert_span(file.note.where, "a.zip/b.exe");
	assert_int_equal(file.queue.head.arrived_s, plan[number].arrived_s);
	assert_int_equal(queue_file_body(&file.queue, got, sizeof(got), 0),
	    plan[number].octets);
	for (size_t i = 0; i < plan[number].octets; i++)
		assert_int_equal(got[i], octet_at(number, i));
	at = file.queue.first;
	assert_int_equal(queue_file_rcpt(&file.queue, &at, &r, &strings), 1);
	assert_span(r.path, "ann@x");
	assert_int_equal(queue_file_rcpt(&file.queue, &at, &r, &strings), 0);
	quarantine_file_close(&file);
}

static void
check(void)
{
	struct quarantine_entry e;
	uint32_t slot = 0;
	int got;

	for (unsigned i = 0; i < MESSAGES; i++)
		messages[i].found = 0;
	while ((got = quarantine_next(&quarantine, &slot, &e)) == 1) {
		unsigned i = 0;

		while (i < MESSAGES && strcmp(messages[i].file.id, e.id) != 0)
			i++;
		assert_true(i < MESSAGES);
		messages[i].found++;
		check_file(i, e.id);
	}
	assert_int_equal(got, 0);
	assert_int_equal(quarantine.damaged, 0);
	for (unsigned i = 0; i < MESSAGES; i++) {
		const struct message *m = &messages[i];

		assert_true(m->found <= 1);
		if (m->accepted && !m->removed && m->found == 0)
			fail_msg("message %u is lost", i);
		if (m->gone && m->found > 0)
			fail_msg("message %u is back", i);
	}
}

/* Boot, with the power going once more while recovering; then go on. */
static void
boot_and_check(unsigned seed)
{
	quarantine_close(&quarantine);
	fs_emu_boot(&emu, seed);
	fs_emu_cut_at(&emu, 1 + seed % 3);
	if (start(2) != 0 || emu.dead) {
		fs_emu_boot(&emu, seed + 1000);
		emu.cut_at = 0;
		assert_int_equal(start(3), 0);
	}
	emu.cut_at = 0;
	check();
	offer(5);
	end_turn();
	assert_true(messages[5].accepted);
	quarantine_close(&quarantine);
	assert_int_equal(fs_emu_handles(&emu), 0);
}

static void
check_all(void)
{
	check();
	quarantine_close(&quarantine);
}

static void
boot_after_failures(unsigned seed, bool once)
{
	(void)once;
	boot_and_check(seed);
}

static const struct cuts cuts = {
	.emu = &emu,
	.set_up = set_up,
	.live = live,
	.lived = check_all,
	.boot = boot_and_check,
	.failed = boot_after_failures,
	.tries = 6,
};

static void
nothing_is_lost_when_nothing_unsynced_survives(void **state)
{
	(void)state;
	cuts_everywhere(&cuts, EMU_NOTHING);
}

static void
nothing_is_doubled_when_all_unsynced_survives(void **state)
{
	(void)state;
	cuts_everywhere(&cuts, EMU_ALL);
}

static void
nothing_is_lost_or_torn_when_chance_decides_what_survives(void **state)
{
	(void)state;
	cuts_everywhere(&cuts, EMU_WEAK);
}

static void
nothing_is_lost_or_torn_on_an_ordered_journal(void **state)
{
	(void)state;
	cuts_everywhere(&cuts, EMU_JOURNAL);
}

static void
failing_calls_lose_nothing(void **state)
{
	(void)state;
	for (int model = 0; model < EMU_MODELS; model++) {
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_IO);
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_FULL);
		cuts_failing(&cuts, (enum emu_model)model, 1000, ERR_IO);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_is_lost_when_nothing_unsynced_survives),
		cmocka_unit_test(nothing_is_doubled_when_all_unsynced_survives),
		cmocka_unit_test(
		    nothing_is_lost_or_torn_when_chance_decides_what_survives),
		cmocka_unit_test(nothing_is_lost_or_torn_on_an_ordered_journal),
		cmocka_unit_test(failing_calls_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
