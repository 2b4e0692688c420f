/*
 * power_queue: a queue's life - messages in, recipients settled one by one,
 * notices, tries put off, holding, removal - with the power cut during change
 * 1, 2, 3, ... to the last, in every model of what survives, once more while
 * recovering, and with call 1, 2, 3, ... failing.  SEEDS=n (default 4): the
 * outcomes tried of each cut.
 *
 * What it does is what service/relayd does, in its order.  After each cut the
 * queue is recovered and drained; then
 *   - each recipient of an accepted message has had it, or its sender a notice;
 *   - nobody has had it twice, unless the cut fell between the far end's "250"
 *     and the sync of that recipient's state or of the message's removal;
 *   - what its owner was told is deleted goes to nobody;
 *   - what arrived is whole, and a mailbox of the same message has it once.
 */
#include "support/test.h"

#include <stdio.h>

#include "core/text.h"
#include "store/queue.h"
#include "support/cuts.h"

#define MESSAGES 5
#define NOTICES	 MESSAGES /* the notice about message m is this plus m */
#define NUMBERS	 (2 * MESSAGES)
#define RCPTS	 3
#define WINDOW	 4
#define BOX	 "mail/ann/Maildir/new"

/* A letter a recipient: taken, refused, later at the first try; its owner
 * deletes it after some tries. */
static const struct {
	unsigned octets;
	const char *rcpts;
	bool boxed; /* ann has it, too */
	bool held;  /* at first */
} plan[NUMBERS] = {
	{ 300, "t", false, false },
	{ 1700, "trl", false, false },
	{ 900, "tl", true, false },
	{ 40, "t", false, true },
	{ 120, "d", false, false },
	{ 200, "t", false, false },
	{ 201, "t", false, false },
	{ 202, "t", false, false },
	{ 203, "t", false, false },
	{ 204, "t", false, false },
};

static struct fs_emu emu;
static struct fs *fs = &emu.fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct queue queue;
static struct queue_entry window[WINDOW];
static struct queue_file file;
static struct queue_strings strings;
static struct queue_writer writer;
static int64_t now_ms;

static struct message {
	struct spool_file file, envelope;
	bool accepted;
	unsigned posted; /* notices: how often */
	unsigned had[RCPTS];
	unsigned slack[RCPTS]; /* of those, in the one window */
	bool durable[RCPTS];
	bool deleting; /* its owner has asked for it ... */
	bool deleted;  /* ... and been told that it is done */
	bool gone;     /* removed; durable with the folder's next sync */
	bool in_sync;  /* the one under way */
} messages[NUMBERS];

static uint8_t
octet_at(unsigned number, size_t at)
{
	return at == 0 ? (uint8_t)('A' + number)
		       : (uint8_t)(number * 37 + at * 5 + (at >> 8));
}

/* ---- taking in ---- */

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct message *m = f->owner;
	char name[MAILBOX_NAME_MAX];
	struct text t;

	if (!plan[m - messages].boxed || f == &m->envelope)
		return queue_path(&queue, m->file.id, out);
	if (i == 1)
		return queue_body_path(&queue, f->id, out);
	mailbox_name(name, f->id, f->octets, f->octets);
	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, BOX "/");
	text_str(&t, name);
	return ERR_OK;
}

static int
write_body(struct message *m)
{
	static uint8_t bytes[EMU_OCTETS];
	unsigned n = (unsigned)(m - messages);
	struct span all = span_of(bytes, plan[n].octets);
	int err = spool_begin(&spool, &m->file, 1763826000000000);

	for (size_t i = 0; i < all.len; i++)
		bytes[i] = octet_at(n, i);
	return err ? err : spool_append(&spool, &m->file, &all, 1);
}

static int
write_envelope(struct message *m, struct spool_file *into)
{
	unsigned n = (unsigned)(m - messages);
	const struct queue_head head = {
		.octets = plan[n].octets,
		.wire_octets = plan[n].octets,
		.arrived_s = 1763826000,
		.flags = plan[n].boxed ? QUEUE_APART : 0,
		.sender = n < NOTICES ? SPAN("from@x.example") : SPAN(""),
	};

	(void)queue_write_begin(&writer, &spool, into, &head);
	for (unsigned i = 0; plan[n].rcpts[i] != '\0'; i++) {
		char path[32];
		struct text t;

		text_init(&t, path, sizeof(path));
		text_u64(&t, i);
		text_str(&t, "@far.example");
		(void)queue_write_rcpt(
		    &writer, &(struct queue_rcpt) { .path = text_data(&t) });
	}
	return queue_write_end(&writer);
}

/* Into the batch; false where it was refused. */
static bool
offer(struct message *m)
{
	bool boxed = plan[m - messages].boxed;
	int err = write_body(m);

	spool_file_init(&m->envelope);
	if (!err && boxed)
		err = spool_begin(&spool, &m->envelope, 1763826000000000);
	if (!err)
		err = write_envelope(m, boxed ? &m->envelope : &m->file);
	if (err) {
		spool_abort(&spool, &m->envelope);
		spool_abort(&spool, &m->file);
		return false;
	}
	spool_commit(&spool, &m->file, place, boxed ? 2 : 1, m);
	if (boxed) {
		spool_commit(&spool, &m->envelope, place, 1, m);
		spool_tie(&m->file, &m->envelope);
	}
	return true;
}

/* The barrier and what comes after it: the answers, the index. */
static void
end_batch(void)
{
	struct spool_file *f;

	spool_barrier(&spool);
	while ((f = spool_next(&spool)) != NULL) {
		struct message *m = f->owner;

		if (f != &m->file || f->result != ERR_OK)
			continue;
		m->accepted = true;
		m->posted++;
		/* on an error it is found at the next start */
		if (queue_add(&queue, f->id, 0, now_ms) != ERR_OK)
			continue;
	}
}

/* ---- sending on ---- */

/* Which message is it?  It must be whole; an error where the disk fails. */
static int
identify(unsigned *number)
{
	static uint8_t got[EMU_OCTETS];
	int n = queue_file_body(&file, got, sizeof(got), 0);

	if (n <= 0)
		return n < 0 ? n : ERR_TORN;
	*number = got[0] - 'A';
	assert_true(*number < NUMBERS);
	assert_int_equal(n, plan[*number].octets);
	assert_int_equal(file.rcpts, strlen(plan[*number].rcpts));
	for (size_t i = 0; i < (size_t)n; i++)
		if (got[i] != octet_at(*number, i))
			fail_msg("message %u: torn at %zu", *number, i);
	return ERR_OK;
}

static void
sync_states(struct message *m, const bool wrote[RCPTS])
{
	bool failed;

	if (fs->sync(fs, &file.h, 1, &failed))
		return;
	for (unsigned i = 0; i < RCPTS; i++)
		m->durable[i] = m->durable[i] || wrote[i];
}

static void
give_back(struct queue_entry *e)
{
	e->due_ms = now_ms + 1000;
	e->held = file.held;
	/* else it is found at the next start */
	(void)!queue_give(&queue, e);
	queue_file_close(&file);
}

static enum queue_state
ask_far_end(struct message *m, unsigned i)
{
	char fate = plan[m - messages].rcpts[i];

	if (fate == 'r')
		return QUEUE_FAILED;
	if (fate == 'l' && file.plan.tries == 1)
		return QUEUE_WAITING;
	if (fate == 'd' && file.plan.tries < 6)
		return QUEUE_WAITING;
	m->had[i]++;
	return QUEUE_SENT;
}

/* All in state `from` become `to`; false where that can't be written. */
static bool
move_all(enum queue_state from, enum queue_state to, bool wrote[RCPTS])
{
	uint64_t at = file.first;
	struct queue_rcpt q;
	unsigned i = 0;
	bool ok = true;

	for (; queue_file_rcpt(&file, &at, &q, &strings) == 1; i++) {
		if (q.state != from)
			continue;
		q.state = to;
		wrote[i] = queue_file_settle(&file, &q) == ERR_OK;
		ok = ok && wrote[i];
	}
	return ok;
}

static void
finish(struct message *m, struct queue_entry *e)
{
	bool wrote[RCPTS] = { false };

	if (queue_remove(&queue, e)) {
		if (move_all(QUEUE_WAITING, QUEUE_SENT, wrote))
			sync_states(m, wrote);
		give_back(e);
		return;
	}
	queue_file_close(&file);
	m->gone = true;
}

static unsigned
count(enum queue_state state, unsigned *all)
{
	uint64_t at = file.first;
	struct queue_rcpt q;
	unsigned n = 0;

	*all = 0;
	while (queue_file_rcpt(&file, &at, &q, &strings) == 1) {
		*all += 1;
		n += q.state == state;
	}
	return n;
}

/* Tell of failures: the notice is durable before the state says so. */
static bool
tell(struct message *m)
{
	bool wrote[RCPTS] = { false };
	struct message *note = m + NOTICES;
	unsigned posted = note->posted;

	if (!offer(note))
		return false;
	end_batch();
	if (note->posted == posted
	    || !move_all(QUEUE_FAILED, QUEUE_TOLD, wrote))
		return false;
	sync_states(m, wrote);
	return true;
}

/* Ask for everyone who waits; false where a state could not be written. */
static bool
ask_all(struct message *m, bool wrote[RCPTS], bool *whole)
{
	uint64_t at = file.first;
	struct queue_rcpt q;

	for (unsigned i = 0; queue_file_rcpt(&file, &at, &q, &strings) == 1;
	     i++) {
		if (q.state != QUEUE_WAITING)
			continue;
		q.state = ask_far_end(m, i);
		*whole = q.state == QUEUE_SENT && file.rcpts == 1;
		if (*whole)
			return true;
		if (queue_file_settle(&file, &q)) {
			m->slack[i] += q.state == QUEUE_SENT;
			return false;
		}
		wrote[i] = q.state == QUEUE_SENT;
	}
	return true;
}

static void
after_round(struct message *m, struct queue_entry *e)
{
	unsigned all, failed = count(QUEUE_FAILED, &all), waiting;
	bool told = failed == 0 || (all == file.rcpts && tell(m));

	waiting = count(QUEUE_WAITING, &all);
	if (told && waiting == 0 && all == file.rcpts) {
		finish(m, e);
		return;
	}
	if (queue_file_plan(&file))
		file.plan.tries--;
	give_back(e);
}

static void
deliver(struct queue_entry *e)
{
	bool wrote[RCPTS] = { false }, whole = false;
	struct message *m;
	unsigned number;

	if (queue_file_open(&file, fs, queue.folder, e->id)) {
		e->due_ms = now_ms + 1000;
		(void)!queue_give(&queue, e);
		return;
	}
	if (file.held || identify(&number) != ERR_OK) {
		give_back(e);
		return;
	}
	m = &messages[number];
	file.plan.tries++;
	if (!ask_all(m, wrote, &whole)) {
		give_back(e);
	} else if (whole) {
		finish(m, e);
	} else {
		sync_states(m, wrote);
		after_round(m, e);
	}
}

/* Who is gone is gone for good once a sync that began later has ended. */
static void
end_turn(void)
{
	uint64_t before = queue.syncs;
	bool was = queue.syncing;
	int err = queue_sync_step(&queue);

	for (unsigned m = 0; m < NUMBERS; m++) {
		struct message *g = &messages[m];
		bool good = queue.syncs > before
			    && (g->in_sync || (!queue.syncing && g->gone));

		for (unsigned i = 0; good && i < RCPTS; i++)
			g->durable[i] = true;
		if (!was || queue.syncs > before || err)
			g->in_sync = queue.syncing && g->gone;
	}
}

static void
run_turns(unsigned n)
{
	struct queue_entry e;

	for (; n > 0; n--) {
		now_ms += 2000;
		while (queue_scan(&queue, now_ms))
			;
		for (unsigned k = 0; k < WINDOW; k++)
			if (queue_take(&queue, 0, now_ms, &e) == 1)
				deliver(&e);
		end_turn();
	}
}

/* An owner's hold or release of the messages that have a plan for it. */
static void
mark_held(bool held)
{
	const struct message *m = &messages[3];
	struct queue_entry e;
	bool failed;

	if (!m->accepted
	    || queue_take_id(&queue, span_str(m->file.id), &e) != ERR_OK)
		return;
	if (queue_file_open(&file, fs, queue.folder, e.id)) {
		(void)!queue_give(&queue, &e);
		return;
	}
	file.held = held;
	if (queue_file_marks(&file) || fs->sync(fs, &file.h, 1, &failed))
		file.held = !held;
	give_back(&e);
}

/* As `queue delete` does; said to be done only after the sync. */
static void
delete_one(void)
{
	struct message *m = &messages[4];
	struct queue_entry e;

	if (!m->accepted
	    || queue_take_id(&queue, span_str(m->file.id), &e) != ERR_OK)
		return;
	m->deleting = true;
	if (queue_remove(&queue, &e))
		(void)!queue_give(&queue, &e);
	else
		m->deleted = queue_sync(&queue) == ERR_OK;
}

/* ---- the whole life ---- */

static void
start(uint8_t boot)
{
	const uint8_t random[MAILBOX_BOOT_LEN] = { boot };
	int err;

	mailbox_ids_init(&ids, 7, random, SPAN("nas"));
	assert_int_equal(spool_init(&spool, fs, &ids, "tmp", 0), 0);
	err = queue_open(&queue, fs, "queue", &ids, window, WINDOW);
	assert_int_equal(err, 0);
	now_ms = 1000;
}

static int
recover(void)
{
	const struct queue_clock c = { now_ms, 1763826100, 10 };
	int got = spool_recover(&spool);

	if (got < 0)
		return got;
	do
		got = queue_recover_step(&queue, 2, &c);
	while (got == 1);
	return got;
}

static void
set_up(enum emu_model model)
{
	fs_emu_init(&emu, model);
	assert_int_equal(mailbox_create(fs, "mail/ann/Maildir"), 0);
	start(1); /* makes its folders, which must last, too */
	assert_int_equal(recover(), 0);
	memset(messages, 0, sizeof(messages));
}

static void
live(void)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		(void)offer(&messages[i]);
		if (i % 2 == 0 && i + 1 < MESSAGES)
			continue;
		end_batch();
		mark_held(true);
		run_turns(1);
	}
	run_turns(2);
	delete_one();
	mark_held(false);
	run_turns(2);
}

/* The machine stops: who has had a message whose state is not on the disk? */
static void
note_window(void)
{
	for (unsigned m = 0; m < NUMBERS; m++)
		for (unsigned i = 0; i < RCPTS; i++)
			messages[m].slack[i] +=
			    messages[m].had[i] > 0 && !messages[m].durable[i];
}

static unsigned
files_in(const char *folder)
{
	struct fs_entry e;
	int dir = fs->dir_open(fs, folder);
	unsigned n = 0;

	assert_true(dir >= 0);
	while (fs->dir_next(fs, dir, &e) == 1)
		n += !e.is_dir;
	assert_int_equal(fs->dir_close(fs, dir), 0);
	return n;
}

static unsigned twice;

static void
check_rcpt(const struct message *m, unsigned i)
{
	unsigned number = (unsigned)(m - messages);
	const struct message *note = m + NOTICES;

	if (plan[number].rcpts[i] == 'r') {
		assert_int_equal(m->had[i], 0);
		if (m->accepted && note->had[0] == 0)
			fail_msg("message %u: nobody was told", number);
		return;
	}
	if (m->deleted && m->had[i] > 0)
		fail_msg("message %u went out after it was deleted", number);
	if (m->accepted && !m->deleting && m->had[i] == 0)
		fail_msg("message %u: recipient %u never had it", number, i);
	if (number >= NOTICES)
		return; /* how often it may be posted is another's window */
	if (m->had[i] > 1 + m->slack[i])
		fail_msg("message %u: recipient %u had it %u times, %u could",
		    number, i, m->had[i], 1 + m->slack[i]);
	twice += m->had[i] > 1;
}

/* Recover what the cut left, send it all, and look at the result. */
static void
drain_and_check(void)
{
	unsigned left, boxed;

	mark_held(false);
	for (unsigned n = 0; n < 8 && queue.n > 0; n++)
		run_turns(1);
	for (unsigned m = 0; m < NUMBERS; m++)
		for (unsigned i = 0; plan[m].rcpts[i] != '\0'; i++)
			check_rcpt(&messages[m], i);
	boxed = files_in(BOX);
	assert_true(boxed <= 1);
	if (messages[2].accepted)
		assert_int_equal(boxed, 1);
	/* an envelope whose body is gone was never promised */
	left = files_in("queue");
	assert_int_equal(left, queue.damaged);
	if (messages[2].accepted)
		assert_int_equal(left, 0);
	assert_int_equal(files_in("tmp"), 0);
	queue_close(&queue);
	assert_int_equal(fs_emu_handles(&emu), 0);
}

/* Power on, and off once more during the recovery, and on. */
static void
boot(unsigned seed)
{
	note_window();
	fs_emu_boot(&emu, seed);
	start(2);
	fs_emu_cut_at(&emu, 1 + seed % 3);
	if (recover() != 0 || emu.dead) {
		fs_emu_boot(&emu, seed + 1000);
		start(3);
		assert_int_equal(recover(), 0);
	}
	emu.cut_at = 0;
	/* held in an earlier life, by whom nobody knows any more */
	for (unsigned m = 0; m < NUMBERS; m++)
		messages[m].gone = false;
}

static void
release_all(void)
{
	struct queue_entry e;
	uint32_t slot = 0;

	while (queue_next(&queue, &slot, &e) == 1) {
		struct queue_entry taken;

		if (!e.held
		    || queue_take_id(&queue, span_str(e.id), &taken) != ERR_OK)
			continue;
		assert_int_equal(
		    queue_file_open(&file, fs, queue.folder, taken.id), 0);
		file.held = false;
		assert_int_equal(queue_file_marks(&file), 0);
		give_back(&taken);
	}
}

static void
check_all(void)
{
	drain_and_check();
	assert_int_equal(twice, 0);
}

static void
boot_and_check(unsigned seed)
{
	boot(seed);
	release_all();
	drain_and_check();
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
	.tries = 4,
};

static void
cut_everywhere(enum emu_model model)
{
	twice = 0;
	cuts_everywhere(&cuts, model);
	print_message("%u recipients twice\n", twice);
}

static void
nothing_is_lost_when_nothing_unsynced_survives(void **state)
{
	(void)state;
	cut_everywhere(EMU_NOTHING);
	assert_true(twice > 0); /* the window is real, and this test sees it */
}

static void
nothing_is_sent_twice_when_all_unsynced_survives(void **state)
{
	(void)state;
	cut_everywhere(EMU_ALL);
}

static void
nothing_is_lost_or_torn_when_chance_decides_what_survives(void **state)
{
	(void)state;
	cut_everywhere(EMU_WEAK);
}

static void
nothing_is_lost_or_torn_on_an_ordered_journal(void **state)
{
	(void)state;
	cut_everywhere(EMU_JOURNAL);
}

static void
fail_everywhere(enum emu_model model, unsigned times, int err)
{
	twice = 0;
	cuts_failing(&cuts, model, times, err);
	print_message("%u recipients twice\n", twice);
}

static void
one_failing_call_loses_nothing(void **state)
{
	(void)state;
	for (int model = 0; model < EMU_MODELS; model++) {
		fail_everywhere((enum emu_model)model, 1, ERR_IO);
		fail_everywhere((enum emu_model)model, 1, ERR_FULL);
	}
}

static void
a_disk_that_goes_on_failing_loses_nothing(void **state)
{
	(void)state;
	for (int model = 0; model < EMU_MODELS; model++) {
		fail_everywhere((enum emu_model)model, 5, ERR_FULL);
		fail_everywhere((enum emu_model)model, 1000, ERR_IO);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_is_lost_when_nothing_unsynced_survives),
		cmocka_unit_test(
		    nothing_is_sent_twice_when_all_unsynced_survives),
		cmocka_unit_test(
		    nothing_is_lost_or_torn_when_chance_decides_what_survives),
		cmocka_unit_test(nothing_is_lost_or_torn_on_an_ordered_journal),
		cmocka_unit_test(one_failing_call_loses_nothing),
		cmocka_unit_test(a_disk_that_goes_on_failing_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
