/*
 * power_spool: the same deliveries, with the power cut during change 1, 2, 3,
 * ... to the last, in every model of what survives; and with call 1, 2, 3, ...
 * failing.  SEEDS=n (default 8) says how many outcomes of each cut are tried.
 *
 * After each cut: what was accepted is in each of its places exactly once and
 * whole; what was not is there whole or not at all; tmp is empty.
 */
#include "support/test.h"

#include <stdio.h>

#include "core/text.h"
#include "store/spool.h"
#include "support/cuts.h"

#define FOLDERS	 4
#define MESSAGES 12

static const char *const folders[FOLDERS] = { "mail/bob/Maildir/new",
	"mail/ann/Maildir/new", "queue", "queue/envelopes" };

enum { BOB = 1, ANN = 2, QUEUE = 4, ENVELOPE = 8 };

struct message {
	struct spool_file file;
	unsigned number; /* which of the plan; its first octet */
	unsigned octets;
	unsigned folders;	    /* bits of the above */
	const struct message *mate; /* the one it is tied to */
	bool accepted;
	bool refused; /* told so: it must be gone again */
};

/* Turns are divided by a 0. */
static const struct {
	unsigned octets;
	unsigned folders;
	unsigned ties; /* tied to the message before */
	bool aborted;
} plan[] = {
	{ 300, BOB, 0, false },
	{ 0, 0, 0, false },
	{ 2048, BOB, 0, false },
	{ 0, 0, 0, false },
	{ 700, BOB, 0, false },
	{ 900, BOB | ANN, 0, false },
	{ 800, QUEUE, 0, false },
	{ 60, ENVELOPE, 1, false },
	{ 500, ANN, 0, true },
	{ 0, 0, 0, false },
	{ 9000, BOB | ANN | QUEUE, 0, false },
	{ 1, ANN, 0, false },
	{ 5000, ANN, 0, false },
	{ 0, 0, 0, false },
};

static struct fs_emu emu;
static struct fs *fs = &emu.fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct message messages[MESSAGES];
static unsigned n_messages;
static bool is_fat;
static bool is_aside; /* others come in while the device is at it */

static uint8_t
octet_at(unsigned number, size_t at)
{
	return at == 0 ? (uint8_t)('A' + number)
		       : (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct message *m = f->owner;
	char name[MAILBOX_NAME_MAX];
	struct text t;
	unsigned k = 0;

	while ((m->folders >> k & 1) == 0 || i-- > 0)
		k++;
	mailbox_name(name, f->id, f->octets, f->octets);
	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, folders[k]);
	text_chr(&t, '/');
	text_str(&t, k >= 2 ? f->id : name);
	return ERR_OK;
}

static unsigned
count_places(unsigned bits)
{
	unsigned n = 0;

	for (; bits != 0; bits >>= 1)
		n += bits & 1;
	return n;
}

static int
receive(struct message *m)
{
	static uint8_t bytes[EMU_OCTETS];
	int err = spool_begin(&spool, &m->file, 1763826000000000);

	for (size_t i = 0; i < m->octets; i++)
		bytes[i] = octet_at(m->number, i);
	for (size_t at = 0; !err && at < m->octets; at += 4000) {
		struct span rest = span_from(span_of(bytes, m->octets), at);
		struct span v[2];

		rest = span_first(rest, 4000);
		v[0] = span_first(rest, 100);
		v[1] = span_from(rest, 100);
		err = spool_append(&spool, &m->file, v, 2);
	}
	return err;
}

static void
take_results(void)
{
	struct spool_file *f;

	while ((f = spool_next(&spool)) != NULL) {
		struct message *m = f->owner;

		m->accepted = f->result == ERR_OK;
		m->refused = f->result != ERR_OK;
	}
}

static void
end_turn(void)
{
	if (is_aside)
		spool_run(&spool);
	else
		spool_barrier(&spool);
	take_results();
}

static void
end_all(void)
{
	while (!spool_is_idle(&spool))
		end_turn();
}

/* Play one line of the plan. */
static void
play(unsigned line)
{
	struct message *m = &messages[n_messages], *mate = m - 1;

	m->number = n_messages++;
	m->octets = plan[line].octets;
	m->folders = plan[line].folders;
	m->mate = plan[line].ties ? mate : NULL;
	if (receive(m) || plan[line].aborted) {
		spool_abort(&spool, &m->file);
		m->refused = true;
		if (plan[line].ties) {
			spool_abort(&spool, &mate->file);
			mate->refused = true;
		}
		return;
	}
	if (plan[line].ties && !mate->file.waiting) {
		spool_abort(&spool, &m->file);
		m->refused = true;
		return;
	}
	spool_commit(&spool, &m->file, place, count_places(m->folders), m);
	if (plan[line].ties)
		spool_tie(&mate->file, &m->file);
}

static void
start(uint8_t boot)
{
	const uint8_t random[MAILBOX_BOOT_LEN] = { boot };

	mailbox_ids_init(&ids, 7, random, SPAN("nas"));
	assert_int_equal(spool_init(&spool, fs, &ids, "tmp", 0), 0);
}

/* A fresh box, all of it durable. */
static void
set_up(enum emu_model model)
{
	fs_emu_init(&emu, model);
	emu.no_links = is_fat;
	start(1);
	assert_int_equal(spool_recover(&spool), 0);
	assert_int_equal(fs->sync_dir(fs, "."), 0);
	assert_int_equal(mailbox_create(fs, "mail/bob/Maildir"), 0);
	assert_int_equal(mailbox_create(fs, "mail/ann/Maildir"), 0);
	assert_int_equal(fs->mkdir(fs, "queue"), 0);
	assert_int_equal(fs->mkdir(fs, "queue/envelopes"), 0);
	assert_int_equal(fs->sync_dir(fs, "queue"), 0);
	assert_int_equal(fs->sync_dir(fs, "."), 0);
	memset(messages, 0, sizeof(messages));
	n_messages = 0;
}

static void
play_all(void)
{
	for (unsigned i = 0; i < sizeof(plan) / sizeof(plan[0]); i++) {
		if (plan[i].octets == 0)
			end_turn();
		else
			play(i);
	}
	end_all();
}

/* Read one found file: which message is it?  It must be whole. */
static unsigned
read_message(const char *path)
{
	static uint8_t got[EMU_OCTETS];
	int h = fs->open(fs, path, FS_READ), len;
	unsigned number;

	assert_true(h >= 0);
	len = fs->read(fs, h, got, sizeof(got), 0);
	(void)fs->close(fs, h);
	assert_true(len > 0);
	number = got[0] - 'A';
	assert_true(number < n_messages);
	assert_int_equal(len, messages[number].octets);
	for (size_t i = 0; i < (size_t)len; i++)
		if (got[i] != octet_at(number, i))
			fail_msg("%s: torn at %zu", path, i);
	return number;
}

static void
read_folder(const char *folder, unsigned count[MESSAGES])
{
	char path[FS_PATH_MAX];
	struct mailbox_entry name;
	struct fs_entry e;
	int got, dir = fs->dir_open(fs, folder);

	assert_true(dir >= 0);
	while ((got = fs->dir_next(fs, dir, &e)) == 1) {
		if (e.is_dir)
			continue;
		assert_int_equal(
		    mailbox_parse(span_of(e.name, e.len), &name), 0);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e.name);
		count[read_message(path)]++;
	}
	assert_int_equal(got, 0);
	assert_int_equal(fs->dir_close(fs, dir), 0);
}

/* `strict`: what was refused is gone (no unlink has failed or been cut). */
static void
check(bool strict)
{
	for (unsigned i = 0; i < n_messages; i++)
		if (messages[i].mate != NULL)
			assert_int_equal(
			    messages[i].accepted, messages[i].mate->accepted);
	for (unsigned k = 0; k < FOLDERS; k++) {
		unsigned count[MESSAGES] = { 0 };

		read_folder(folders[k], count);
		for (unsigned i = 0; i < n_messages; i++) {
			const struct message *m = &messages[i];
			unsigned here = m->folders >> k & 1;

			assert_true(count[i] <= here);
			if (m->accepted)
				assert_int_equal(count[i], here);
			if (strict && m->refused)
				assert_int_equal(count[i], 0);
		}
	}
}

static unsigned
files_in_tmp(void)
{
	struct fs_entry e;
	int dir = fs->dir_open(fs, "tmp");
	unsigned n = 0;

	assert_true(dir >= 0);
	while (fs->dir_next(fs, dir, &e) == 1)
		n++;
	assert_int_equal(fs->dir_close(fs, dir), 0);
	return n;
}

/* Boot, with the power going once more while recovering. */
static void
recover(unsigned seed)
{
	fs_emu_boot(&emu, seed);
	start(2);
	fs_emu_cut_at(&emu, 1 + seed % 3);
	if (spool_recover(&spool) < 0) {
		fs_emu_boot(&emu, seed + 1000);
		start(3);
		assert_true(spool_recover(&spool) >= 0);
	}
	emu.cut_at = 0;
	assert_int_equal(files_in_tmp(), 0);
}

/* The next message after a cut comes in as if nothing had been. */
static void
go_on(void)
{
	struct message *m = &messages[n_messages];

	m->number = n_messages++;
	m->octets = 123;
	m->folders = BOB | ANN;
	assert_int_equal(receive(m), 0);
	spool_commit(&spool, &m->file, place, 2, m);
	end_all();
	assert_true(m->accepted);
	check(false);
	assert_int_equal(fs_emu_handles(&emu), 0);
}

static void
check_all(void)
{
	check(true);
	assert_int_equal(files_in_tmp(), 0);
}

static void
boot_and_check(unsigned seed)
{
	recover(seed);
	check(false);
	go_on();
}

/* What was accepted and is missing after a cut was a false OK. */
static void
cut_after_failures(unsigned seed, bool once)
{
	assert_int_equal(fs_emu_handles(&emu), 0);
	check(once);
	fs_emu_boot(&emu, seed);
	start(2);
	assert_true(spool_recover(&spool) >= 0);
	check(false);
	go_on();
}

static const struct cuts cuts = {
	.emu = &emu,
	.set_up = set_up,
	.live = play_all,
	.lived = check_all,
	.boot = boot_and_check,
	.failed = cut_after_failures,
	.tries = 8,
};

static void
nothing_accepted_is_lost_when_nothing_unsynced_survives(void **state)
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
the_same_holds_where_there_are_no_links(void **state)
{
	(void)state;
	is_fat = true;
	for (int model = 0; model < EMU_MODELS; model++)
		cuts_everywhere(&cuts, (enum emu_model)model);
	is_fat = false;
}

static void
the_same_holds_while_others_are_served(void **state)
{
	(void)state;
	is_aside = true;
	for (int model = 0; model < EMU_MODELS; model++)
		cuts_everywhere(&cuts, (enum emu_model)model);
	is_fat = true;
	cuts_everywhere(&cuts, EMU_WEAK);
	is_fat = false;
	is_aside = false;
}

static void
one_failing_call_makes_no_false_ok_and_leaks_no_handle(void **state)
{
	(void)state;
	for (int model = 0; model < EMU_MODELS; model++) {
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_IO);
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_FULL);
		is_fat = true;
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_IO);
		is_fat = false;
		is_aside = true;
		cuts_failing(&cuts, (enum emu_model)model, 1, ERR_IO);
		cuts_failing(&cuts, (enum emu_model)model, 5, ERR_FULL);
		is_aside = false;
	}
}

static void
a_disk_that_goes_on_failing_makes_no_false_ok(void **state)
{
	(void)state;
	for (int model = 0; model < EMU_MODELS; model++) {
		cuts_failing(&cuts, (enum emu_model)model, 5, ERR_FULL);
		cuts_failing(&cuts, (enum emu_model)model, 1000, ERR_IO);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_accepted_is_lost_when_nothing_unsynced_survives),
		cmocka_unit_test(nothing_is_doubled_when_all_unsynced_survives),
		cmocka_unit_test(
		    nothing_is_lost_or_torn_when_chance_decides_what_survives),
		cmocka_unit_test(nothing_is_lost_or_torn_on_an_ordered_journal),
		cmocka_unit_test(the_same_holds_where_there_are_no_links),
		cmocka_unit_test(the_same_holds_while_others_are_served),
		cmocka_unit_test(
		    one_failing_call_makes_no_false_ok_and_leaks_no_handle),
		cmocka_unit_test(a_disk_that_goes_on_failing_makes_no_false_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
