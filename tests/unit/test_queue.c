/* test_queue: queued messages on the disk, and whose turn it is. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"
#include "platform/files.h"
#include "store/queue.h"

static struct files files;
static struct fs *fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct queue queue;
static struct queue_entry window[8];
static struct spool_file spool_file;
static struct queue_writer writer;
static struct queue_file file;
static struct queue_strings strings;
static char root[64];

static const struct queue_clock noon = { 1000, 1800000000, 3600 };

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
	    queue_open(&queue, fs, "queue", &ids, window, 8), ERR_OK);
}

static int
set_up(void **state)
{
	(void)state;
	memcpy(root, "/tmp/test_queue.XXXXXX", 23);
	assert_non_null(mkdtemp(root));
	open_all(1);
	return 0;
}

static void
close_all(void)
{
	queue_close(&queue);
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

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	(void)i;
	return queue_path(&queue, f->id, out);
}

/* Queue a message for `n` recipients; its id stands in spool_file.id. */
static void
accept_for(const char *const *rcpts, unsigned n)
{
	const struct queue_head head = {
		.octets = 21,
		.wire_octets = 24,
		.arrived_s = 1800000000,
		.flags = QUEUE_8BIT,
		.ret = 'H',
		.sender = SPAN("from@x.example"),
		.envid = SPAN("env+2B1"),
		.login = SPAN("joe"),
	};
	struct span body = SPAN("Subject: test\n\nHello\n");

	assert_int_equal(spool_begin(&spool, &spool_file, 1), ERR_OK);
	assert_int_equal(spool_append(&spool, &spool_file, &body, 1), ERR_OK);
	(void)queue_write_begin(&writer, &spool, &spool_file, &head);
	for (unsigned i = 0; i < n; i++) {
		const struct queue_rcpt r = {
			.path = span_str(rcpts[i]),
			.orcpt = i == 0 ? SPAN("rfc822;o@x") : SPAN(""),
			.sender = i == 1 ? SPAN("srs@our") : SPAN(""),
			.notify = i,
		};

		(void)queue_write_rcpt(&writer, &r);
	}
	assert_int_equal(queue_write_end(&writer), ERR_OK);
	spool_commit(&spool, &spool_file, place, 1, NULL);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &spool_file);
	assert_int_equal(spool_file.result, ERR_OK);
}

static void
queue_one(const char *rcpt, uint32_t dest, int64_t now_ms)
{
	accept_for(&rcpt, 1);
	assert_int_equal(
	    queue_add(&queue, spool_file.id, dest, now_ms), ERR_OK);
}

static unsigned
count_all(void)
{
	struct queue_entry e;
	uint32_t slot = 0;
	unsigned n = 0;

	while (queue_next(&queue, &slot, &e) > 0)
		n++;
	return n;
}

static void
reads_back_what_was_written(void **state)
{
	static const char *const rcpts[] = { "a@b.example", "c@d.example" };
	struct queue_rcpt r;
	char body[100];
	uint64_t at;

	(void)state;
	accept_for(rcpts, 2);
	assert_int_equal(
	    queue_file_open(&file, fs, "queue", spool_file.id), ERR_OK);
	assert_int_equal(file.rcpts, 2);
	assert_int_equal(file.head.wire_octets, 24);
	assert_int_equal(file.head.flags, QUEUE_8BIT);
	assert_int_equal(file.head.ret, 'H');
	assert_span(file.head.sender, "from@x.example");
	assert_span(file.head.envid, "env+2B1");
	assert_span(file.head.login, "joe");
	assert_int_equal(queue_file_body(&file, body, sizeof(body), 0), 21);
	assert_memory_equal(body, "Subject: test\n\nHello\n", 21);
	assert_int_equal(queue_file_body(&file, body, sizeof(body), 21), 0);
	at = file.first;
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	assert_span(r.path, "a@b.example");
	assert_span(r.orcpt, "rfc822;o@x");
	assert_span(r.sender, "");
	assert_int_equal(r.state, QUEUE_WAITING);
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	assert_span(r.path, "c@d.example");
	assert_span(r.sender, "srs@our");
	assert_int_equal(r.notify, 1);
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 0);
	queue_file_close(&file);
}

static void
takes_a_null_sender_and_empty_strings(void **state)
{
	const struct queue_head head = { .octets = 3, .wire_octets = 4 };
	const struct queue_rcpt one = { .path = SPAN("a@b") };
	struct span body = SPAN("x\n\n");
	struct queue_rcpt r;
	uint64_t at;

	(void)state;
	assert_int_equal(spool_begin(&spool, &spool_file, 1), ERR_OK);
	assert_int_equal(spool_append(&spool, &spool_file, &body, 1), ERR_OK);
	(void)queue_write_begin(&writer, &spool, &spool_file, &head);
	(void)queue_write_rcpt(&writer, &one);
	assert_int_equal(queue_write_end(&writer), ERR_OK);
	spool_commit(&spool, &spool_file, place, 1, NULL);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &spool_file);
	assert_int_equal(
	    queue_file_open(&file, fs, "queue", spool_file.id), ERR_OK);
	assert_span(file.head.sender, "");
	at = file.first;
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	assert_span(r.path, "a@b");
	queue_file_close(&file);
}

static void
changes_one_recipient_in_place(void **state)
{
	static const char *const rcpts[] = { "a@b.example", "c@d.example" };
	struct queue_rcpt r;
	uint64_t at;

	(void)state;
	accept_for(rcpts, 2);
	assert_int_equal(
	    queue_file_open(&file, fs, "queue", spool_file.id), ERR_OK);
	at = file.first;
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	r.state = QUEUE_FAILED;
	r.code = 550;
	r.enhanced[0] = 5;
	r.enhanced[1] = 1;
	r.enhanced[2] = 1;
	r.words = SPAN("no such user");
	assert_int_equal(queue_file_settle(&file, &r), ERR_OK);
	file.plan = (struct queue_plan) { 3, 1800000900, 17 };
	file.held = true;
	assert_int_equal(queue_file_plan(&file), ERR_OK);
	assert_int_equal(queue_file_marks(&file), ERR_OK);
	queue_file_close(&file);
	assert_int_equal(
	    queue_file_open(&file, fs, "queue", spool_file.id), ERR_OK);
	assert_int_equal(file.plan.tries, 3);
	assert_int_equal(file.plan.since_s, 17);
	assert_true(file.held);
	assert_false(file.warned);
	at = file.first;
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	assert_int_equal(r.state, QUEUE_FAILED);
	assert_int_equal(r.code, 550);
	assert_int_equal(r.enhanced[2], 1);
	assert_span(r.words, "no such user");
	assert_int_equal(queue_file_rcpt(&file, &at, &r, &strings), 1);
	assert_int_equal(r.state, QUEUE_WAITING);
	queue_file_close(&file);
}

static void
calls_every_damaged_octet_torn_or_reads_the_same(void **state)
{
	static const char *const rcpts[] = { "a@b.example" };
	char path[FS_PATH_MAX];
	struct fs_stat st;
	struct queue_rcpt r;
	uint8_t was, bad;
	int h;

	(void)state;
	accept_for(rcpts, 1);
	assert_int_equal(queue_path(&queue, spool_file.id, path), ERR_OK);
	assert_int_equal(fs->stat(fs, path, &st), ERR_OK);
	h = fs->open(fs, path, FS_UPDATE);
	for (uint64_t i = 512; i < st.octets; i++) {
		struct span v = span_of(&bad, 1);
		int err, got = 0;

		assert_int_equal(fs->read(fs, h, &was, 1, i), 1);
		bad = (uint8_t)(was ^ 0x41);
		assert_int_equal(fs->write(fs, h, &v, 1, i), ERR_OK);
		err = queue_file_open(&file, fs, "queue", spool_file.id);
		if (!err) {
			uint64_t at = file.first;

			got = queue_file_rcpt(&file, &at, &r, &strings);
			assert_span(file.head.sender, "from@x.example");
			if (got == 1)
				assert_span(r.path, "a@b.example");
			queue_file_close(&file);
		}
		assert_true(err == ERR_TORN || got == 1 || got == ERR_TORN);
		bad = was;
		assert_int_equal(fs->write(fs, h, &v, 1, i), ERR_OK);
	}
	(void)fs->close(fs, h);
}

static void
finds_the_queue_again_after_a_start(void **state)
{
	static const char *const two[] = { "a@b.example", "c@d.example" };
	struct queue_entry e;
	char path[FS_PATH_MAX];
	int h;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		queue_one("a@b.example", 0, 1000);
	accept_for(two, 2);
	assert_int_equal(
	    queue_file_open(&file, fs, "queue", spool_file.id), ERR_OK);
	file.held = true;
	assert_int_equal(queue_file_marks(&file), ERR_OK);
	queue_file_close(&file);
	h = fs->open(fs, "queue/torn", FS_CREATE);
	(void)fs->close(fs, h);
	h = fs->open(fs, "queue/orphan.body", FS_CREATE);
	(void)fs->close(fs, h);
	h = fs->open(fs, "queue/OTHER.BODY", FS_CREATE);
	(void)fs->close(fs, h);
	close_all();
	open_all(2);
	queue_one("new@b.example", 0, 1000); /* while recovery is going on */
	while (queue_recover_step(&queue, 3, &noon) > 0)
		continue;
	assert_int_equal(queue.n, 22);
	assert_int_equal(queue.held, 1);
	assert_int_equal(queue.damaged, 1);
	assert_int_equal(count_all(), 22);
	assert_int_equal(queue_path(&queue, "orphan.body", path), ERR_OK);
	assert_int_equal(fs->open(fs, path, FS_READ), ERR_MISSING);
	assert_int_equal(queue_path(&queue, "OTHER.BODY", path), ERR_OK);
	assert_int_equal(fs->open(fs, path, FS_READ), ERR_MISSING);
	/* all but the held one come up, each once */
	for (unsigned i = 0; i < 21; i++) {
		(void)queue_scan(&queue, 1000);
		assert_int_equal(queue_take(&queue, 0, 1000, &e), 1);
		assert_int_equal(queue_remove(&queue, &e), ERR_OK);
	}
	while (queue_scan(&queue, 1000))
		continue;
	assert_int_equal(queue_take(&queue, 0, 1000, &e), 0);
	assert_int_equal(queue.n, 1);
	assert_int_equal(queue_sync(&queue), ERR_OK);
}

/* As fast as they are taken: no waiting for a clock in between. */
static void
one_destination_drains_a_queue_larger_than_the_window(void **state)
{
	struct queue_entry e;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		queue_one("a@b.example", 5, 1000);
	for (unsigned turn = 0; turn < 100; turn++) {
		(void)queue_scan(&queue, 1000);
		while (queue_take(&queue, 0, 1000, &e) == 1) {
			assert_int_equal(queue_remove(&queue, &e), ERR_OK);
			taken++;
		}
	}
	assert_int_equal(taken, 40);
}

static void
brings_messages_up_when_their_time_has_come(void **state)
{
	struct queue_entry e;

	(void)state;
	for (unsigned i = 0; i < 12; i++) /* more than the window holds */
		queue_one("a@b.example", 0, 1000);
	for (unsigned i = 0; i < 12; i++) {
		(void)queue_scan(&queue, 1000);
		assert_int_equal(queue_take(&queue, 0, 1000, &e), 1);
		e.due_ms = 5000 + i;
		assert_int_equal(queue_give(&queue, &e), ERR_OK);
	}
	while (queue_scan(&queue, 4999))
		continue;
	assert_int_equal(queue_take(&queue, 0, 4999, &e), 0);
	assert_int_equal(queue_due_ms(&queue), 5000);
	while (queue_scan(&queue, 5001))
		continue;
	assert_int_equal(queue_take(&queue, 0, 5001, &e), 1);
	assert_int_equal(queue_take(&queue, 0, 5001, &e), 1);
	assert_int_equal(queue_take(&queue, 0, 5001, &e), 0);
	assert_int_equal(queue_due_ms(&queue), 5002);
}

static int64_t
dest_one_is_down(void *ctx, uint32_t dest)
{
	(void)ctx;
	return dest == 1 ? 9000 : 0;
}

static void
lets_others_pass_a_destination_that_is_down(void **state)
{
	struct queue_entry e;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		queue_one("a@down.example", 1, 1000);
	queue_one("a@up.example", 2, 1000);
	queue.when = dest_one_is_down;
	assert_int_equal(queue_take(&queue, 0, 1000, &e), 1);
	assert_int_equal(e.dest, 2);
	assert_int_equal(queue_take(&queue, 0, 1000, &e), 0);
	while (queue_scan(&queue, 1000))
		continue;
	assert_int_equal(queue_take(&queue, 0, 1000, &e), 0);
	assert_int_equal(queue_due_ms(&queue), 9000);
	/* a new one for it does not pass through the window */
	queue_one("a@down.example", 1, 1000);
	assert_int_equal(queue.window_n, 0);
	assert_int_equal(queue_due_ms(&queue), 9000);
	queue.when = NULL;
	for (unsigned i = 0; i < 31; i++) {
		(void)queue_scan(&queue, 9000 + 2000 * i);
		assert_int_equal(queue_take(&queue, 1, 9000 + 2000 * i, &e), 1);
	}
}

/* While its destination rests, too: somebody is to be told of it. */
static void
brings_up_what_is_to_be_looked_at_while_its_destination_rests(void **state)
{
	static const int64_t looks[] = { 6000, 8000 };
	struct queue_entry e;

	(void)state;
	queue.look_ms = 5000;
	queue_one("a@down.example", 1, 1000);
	assert_int_equal(queue_take(&queue, 0, 1000, &e), 1);
	assert_int_equal(e.look_ms, 6000);
	assert_int_equal(queue_give(&queue, &e), ERR_OK);
	queue.when = dest_one_is_down; /* until 9000 */
	for (unsigned i = 0; i < 2; i++) {
		while (queue_scan(&queue, looks[i] - 1))
			continue;
		assert_int_equal(queue_take(&queue, 0, looks[i] - 1, &e), 0);
		assert_int_equal(queue_due_ms(&queue), looks[i]);
		while (queue_scan(&queue, looks[i]))
			continue;
		assert_int_equal(queue_take(&queue, 0, looks[i], &e), 1);
		e.due_ms = looks[i];
		e.look_ms = 8000; /* by whoever has looked */
		assert_int_equal(queue_give(&queue, &e), ERR_OK);
	}
}

static void
takes_a_message_by_its_id(void **state)
{
	struct queue_entry e, again;
	char id[MAILBOX_ID_MAX];

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		queue_one("a@b.example", 0, 1000);
		if (i == 9)
			memcpy(id, spool_file.id, sizeof(id));
	}
	assert_int_equal(
	    queue_take_id(&queue, SPAN("nothing"), &e), ERR_MISSING);
	assert_int_equal(queue_take_id(&queue, span_str(id), &e), ERR_OK);
	assert_int_equal(queue_take_id(&queue, span_str(id), &again), ERR_BUSY);
	e.held = true;
	assert_int_equal(queue_give(&queue, &e), ERR_OK);
	assert_int_equal(queue.held, 1);
	assert_int_equal(queue_retry_all(&queue, 1000), ERR_OK);
	for (unsigned i = 0; i < 9; i++) {
		(void)queue_scan(&queue, 1000);
		assert_int_equal(queue_take(&queue, 0, 1000, &again), 1);
		assert_string_not_equal(again.id, id);
	}
	(void)queue_scan(&queue, 1000);
	assert_int_equal(queue_take(&queue, 0, 1000, &again), 0);
	assert_int_equal(queue_take_id(&queue, span_str(id), &e), ERR_OK);
	assert_true(e.held);
	assert_int_equal(queue.held, 0);
	assert_int_equal(queue_remove(&queue, &e), ERR_OK);
	assert_int_equal(count_all(), 9);
	queue_one("a@b.example", 0, 1000); /* uses the free place again */
	assert_int_equal(queue.slots, 10);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_back_what_was_written),
		T(takes_a_null_sender_and_empty_strings),
		T(changes_one_recipient_in_place),
		T(calls_every_damaged_octet_torn_or_reads_the_same),
		T(finds_the_queue_again_after_a_start),
		T(one_destination_drains_a_queue_larger_than_the_window),
		T(brings_messages_up_when_their_time_has_come),
		T(lets_others_pass_a_destination_that_is_down),
		T(brings_up_what_is_to_be_looked_at_while_its_destination_rests),
		T(takes_a_message_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
