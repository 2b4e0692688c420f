/*
 * test_maildrop: in a real folder; and with made-up folders of any size, for
 * sorting, and for the life without room for a table.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"
#include "platform/files.h"
#include "store/mailbox.h"
#include "store/maildrop.h"
#include "store/maildrop_sort.h"

#define DROPS 3
#define BATCH 64 /* so that a few messages are many */

POOL_MEMORY(drop_memory, struct maildrop, DROPS);

static struct files files;
static struct fs fs; /* the real operations, where tests replace some */
static struct pool pool;
static struct maildrop_work work;
static struct maildrops drops;
static char root[64];
static unsigned opens;

static int
counting_open(struct fs *me, const char *path, enum fs_how how)
{
	(void)me;
	opens++;
	return fs.open(&files.fs, path, how);
}

static int
no_scratch(struct fs *me, const char *path, enum fs_how how)
{
	(void)me;
	if (how == FS_SCRATCH)
		return ERR_FULL;
	return fs.open(&files.fs, path, how);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/maildrop.XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(files_open(&files, root), 0);
	fs = files.fs;
	pool_init(
	    &pool, "maildrop", drop_memory, POOL_SIZE(struct maildrop), DROPS);
	maildrops_init(&drops, &files.fs, &pool, &work);
	drops.batch = BATCH;
	assert_int_equal(mailbox_create(&files.fs, "M"), 0);
	return 0;
}

static int
teardown(void **state)
{
	char command[100];

	(void)state;
	assert_null(drops.list);
	assert_int_equal(pool.used, 0);
	files_close(&files);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void
put_file(const char *path, const char *text)
{
	struct span bytes = span_str(text);
	int h = files.fs.open(&files.fs, path, FS_CREATE);

	assert_true(h >= 0);
	assert_int_equal(files.fs.write(&files.fs, h, &bytes, 1, 0), 0);
	assert_int_equal(files.fs.close(&files.fs, h), 0);
}

static bool
is_there(const char *path)
{
	struct fs_stat st;

	return !files.fs.stat(&files.fs, path, &st);
}

static struct maildrop *
load_of(const char *account, const char *maildir)
{
	struct maildrop *d;
	int err;

	assert_int_equal(
	    maildrop_open(&drops, span_str(account), maildir, &d), 0);
	while ((err = maildrop_load(d)) == ERR_AGAIN)
		;
	assert_int_equal(err, 0);
	return d;
}

static struct maildrop *
load(void)
{
	return load_of("ann", "M");
}

static const char *
uid(struct maildrop *d, uint32_t number)
{
	static char text[MAILDROP_UID_MAX + 1];
	const struct maildrop_entry *e;

	assert_int_equal(maildrop_entry(d, number, &e), 0);
	text[maildrop_uid(e, text)] = '\0';
	return text;
}

static uint64_t
octets(struct maildrop *d, uint32_t number)
{
	const struct maildrop_entry *e;

	assert_int_equal(maildrop_entry(d, number, &e), 0);
	return e->octets;
}

static void
assert_reads(struct maildrop *d, uint32_t number, const char *text)
{
	char got[100];
	int h = maildrop_message(d, number);
	int n;

	assert_true(h >= 0);
	n = files.fs.read(&files.fs, h, got, sizeof(got), 0);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_int_equal(files.fs.close(&files.fs, h), 0);
}

static void
numbers_messages_by_time_then_by_name(void **state)
{
	struct maildrop *d;

	(void)state;
	put_file("M/cur/1700000000.M20P1.h,S=1,W=10:2,S", "2");
	put_file("M/new/1700000000.M3P1.h,S=1,W=20", "1");
	put_file("M/new/999.M1P1.h,S=1,W=40", "0");
	put_file("M/new/1700000001.P7Q10.h,S=1,W=80", "4");
	put_file("M/new/1700000001.P7Q9.h,S=1,W=160", "3");
	put_file("M/new/.hidden,S=1,W=1", "x");
	d = load();
	assert_int_equal(maildrop_count(d), 5);
	assert_int_equal(maildrop_octets(d), 310);
	for (uint32_t i = 0; i < 5; i++)
		assert_reads(d, i + 1, (char[]) { (char)('0' + i), 0 });
	assert_string_equal(uid(d, 2), "1700000000.M3P1.h");
	assert_int_equal(octets(d, 2), 20);
	maildrop_close(d);
}

static void
opens_nothing_when_names_tell_the_sizes(void **state)
{
	struct maildrop *d;
	char path[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "M/new/1700000000.M%dP.h,W=3", i);
		put_file(path, "a\n");
	}
	files.fs.open = counting_open;
	opens = 0;
	d = load();
	assert_int_equal(maildrop_octets(d), 300);
	assert_int_equal(opens, 1); /* the table */
	maildrop_close(d);
}

static void
measures_files_whose_names_do_not_tell(void **state)
{
	static char big[3000000];
	struct maildrop *d;

	(void)state;
	memset(big, '\n', sizeof(big) - 1);
	put_file("M/new/1.a", "a\nb\r\nc");
	put_file("M/new/2.b,S=7", big);
	put_file("M/new/3.c", "");
	d = load();
	assert_int_equal(octets(d, 1), 9);
	assert_int_equal(octets(d, 2), 2 * (sizeof(big) - 1));
	assert_int_equal(octets(d, 3), 0);
	assert_int_equal(maildrop_octets(d), 9 + 2 * (sizeof(big) - 1));
	maildrop_close(d);
}

static void
a_mailbox_that_does_not_exist_is_empty(void **state)
{
	struct maildrop *d;
	int err;

	(void)state;
	assert_int_equal(maildrop_open(&drops, SPAN("bob"), "None", &d), 0);
	while ((err = maildrop_load(d)) == ERR_AGAIN)
		;
	assert_int_equal(err, 0);
	assert_int_equal(maildrop_count(d), 0);
	maildrop_close(d);
}

static void
locks_an_account_until_it_is_closed(void **state)
{
	struct maildrop *a, *b, *c;

	(void)state;
	assert_int_equal(maildrop_open(&drops, SPAN("ann"), "M", &a), 0);
	assert_int_equal(maildrop_open(&drops, SPAN("ann"), "M", &b), ERR_BUSY);
	assert_int_equal(maildrop_open(&drops, SPAN("bob"), "B", &b), 0);
	assert_int_equal(maildrop_open(&drops, SPAN("joe"), "J", &c), 0);
	maildrop_close(c);
	maildrop_close(a);
	assert_int_equal(maildrop_open(&drops, SPAN("ann"), "M", &a), 0);
	maildrop_close(a);
	maildrop_close(b);
}

static void
makes_unique_ids_that_a_client_can_read(void **state)
{
	struct maildrop *d;
	char first[MAILDROP_UID_MAX + 1], name[300], id[100];

	(void)state;
	put_file("M/new/1.a b,W=1", "x");
	put_file("M/new/2.\303\244,W=1", "x");
	memset(id, 'y', sizeof(id));
	id[68] = '\0';
	snprintf(name, sizeof(name), "M/new/3.%s,W=1", id);
	put_file(name, "x");
	id[68] = 'y';
	id[69] = '\0';
	snprintf(name, sizeof(name), "M/new/4.%s,W=1", id);
	put_file(name, "x");
	d = load();
	assert_memory_equal(uid(d, 1), "base-", 5);
	snprintf(first, sizeof(first), "%s", uid(d, 1));
	assert_memory_equal(uid(d, 2), "base-", 5);
	assert_string_not_equal(first, uid(d, 2));
	assert_int_equal(strlen(uid(d, 3)), 70);
	assert_memory_equal(uid(d, 4), "base-", 5);
	maildrop_close(d);
}

/* A client that keeps mail on the server knows them by these. */
static void
made_ids_are_the_same_in_every_version(void **state)
{
	struct maildrop *d;
	char name[300], tail[200];

	(void)state;
	put_file("M/new/1.a b,W=1", "x");
	put_file("M/cur/2.\303\244,S=17,W=18:2,S", "x");
	memset(tail, 'z', sizeof(tail));
	for (unsigned i = 0; i < 3; i++) {
		tail[121 + i] = '\0'; /* bases of 127, 128 and 129 octets */
		snprintf(
		    name, sizeof(name), "M/cur/%u.%s,W=1:2,FRS", 3 + i, tail);
		tail[121 + i] = 'z';
		put_file(name, "x");
	}
	d = load();
	assert_string_equal(uid(d, 1), "base-8d08c99b11f786d7");
	assert_string_equal(uid(d, 2), "base-8f63c5e364d8b162");
	assert_string_equal(uid(d, 3), "base-a8f58d7f6a792867");
	assert_string_equal(uid(d, 4), "base-dcd645b467bfd1e8");
	assert_string_equal(uid(d, 5), "base-2fa23f14c9cc54c0");
	maildrop_close(d);
}

static void
finds_a_message_again_that_was_moved_or_flagged(void **state)
{
	static const char *const moves[][2] = {
		{ "M/new/1.a,W=3", "M/cur/1.a,W=3:2,S" },
		{ "M/new/2.b,W=3", "M/cur/2.b,W=3:2,FRS" },
		{ "M/cur/3.c,W=3:2,", "M/cur/3.c,W=3:2,T" },
		{ "M/cur/4.d,W=3:2,", "M/new/4.d,W=3" },
	};
	struct maildrop *d;
	char before[MAILDROP_UID_MAX + 1];
	uint32_t i, kept;

	(void)state;
	for (i = 0; i < 4; i++)
		put_file(moves[i][0], "a\n");
	d = load();
	snprintf(before, sizeof(before), "%s", uid(d, 2));
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    files.fs.rename(&files.fs, moves[i][0], moves[i][1]), 0);
	for (i = 0; i < 4; i++)
		assert_reads(d, i + 1, "a\n");
	assert_int_equal(maildrop_mark(d, 1), 0);
	assert_int_equal(maildrop_mark(d, 3), 0);
	assert_int_equal(maildrop_commit(d, &kept), 0);
	assert_int_equal(kept, 0);
	assert_false(is_there(moves[0][1]));
	assert_true(is_there(moves[1][1]));
	assert_false(is_there(moves[2][1]));
	maildrop_close(d);
	d = load();
	assert_int_equal(maildrop_count(d), 2);
	assert_string_equal(uid(d, 1), before);
	assert_int_equal(files.fs.unlink(&files.fs, moves[1][1]), 0);
	assert_int_equal(maildrop_message(d, 1), ERR_MISSING);
	maildrop_close(d);
}

static void
reaches_files_whose_names_are_longer_than_a_record(void **state)
{
	struct maildrop *d;
	char path[300], tail[200];
	uint32_t kept;

	(void)state;
	memset(tail, 'z', sizeof(tail));
	tail[sizeof(tail) - 1] = '\0';
	snprintf(path, sizeof(path), "M/new/1.%s,W=3", tail);
	put_file(path, "a\n");
	d = load();
	assert_int_equal(octets(d, 1), 3);
	assert_reads(d, 1, "a\n");
	assert_int_equal(maildrop_mark(d, 1), 0);
	assert_int_equal(maildrop_commit(d, &kept), 0);
	assert_false(is_there(path));
	maildrop_close(d);
}

static void
drops_the_second_of_two_files_with_one_name(void **state)
{
	struct maildrop *d;

	(void)state;
	put_file("M/new/1.a,W=3", "a\n");
	put_file("M/cur/1.a,W=3:2,S", "a\n");
	d = load();
	assert_int_equal(maildrop_count(d), 1);
	assert_int_equal(maildrop_octets(d), 3);
	maildrop_close(d);
}

/* Some tell their sizes, some are measured; both files of each, or one. */
static void
check_twins(unsigned n)
{
	struct maildrop *d;
	char maildir[20], path[100];
	uint64_t sum = 0;

	snprintf(maildir, sizeof(maildir), "M%u", n);
	assert_int_equal(mailbox_create(&files.fs, maildir), 0);
	for (unsigned i = 0; i < n; i++) {
		const char *size = i % 3 ? ",W=100" : "";

		snprintf(path, sizeof(path), "%s/new/%u.a%s", maildir,
		    5 * i + 7, size);
		put_file(path, "a\n");
		sum += i % 3 ? 100 : 3;
		if (i % 2)
			continue;
		snprintf(path, sizeof(path), "%s/cur/%u.a%s:2,S", maildir,
		    5 * i + 7, size);
		put_file(path, "a\n");
	}
	d = load_of("ann", maildir);
	assert_int_equal(maildrop_count(d), n);
	assert_int_equal(maildrop_octets(d), sum);
	for (unsigned i = 1; i <= n; i++)
		assert_int_equal(octets(d, i), (i - 1) % 3 ? 100 : 3);
	maildrop_close(d);
}

static void
counts_two_files_with_one_name_once(void **state)
{
	(void)state;
	check_twins(10);
	check_twins(40);
	check_twins(BATCH);
	check_twins(BATCH * 5 / 2);
}

static void
make_many_in(const char *maildir, unsigned n)
{
	char path[100];

	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s/%u.M%uP1.h,S=1,W=%u",
		    maildir, i % 3 ? "new" : "cur", 1700000000 + i % 7, n - i,
		    i + 1);
		put_file(path, "x");
	}
}

static void
make_many(unsigned n)
{
	make_many_in("M", n);
}

/* Marks, reset, removal; the same with and without a table. */
static void
check_removal(unsigned n)
{
	const struct maildrop_entry *e;
	struct maildrop *d;
	uint32_t kept;
	int err;

	make_many(n);
	d = load();
	assert_int_equal(maildrop_count(d), n);
	assert_int_equal(maildrop_octets(d), (uint64_t)n * (n + 1) / 2);
	for (uint32_t i = 1; i <= n; i++)
		assert_int_equal(maildrop_mark(d, i), 0);
	maildrop_reset(d);
	for (uint32_t i = 1; i <= n; i += 2)
		assert_int_equal(maildrop_mark(d, i), 0);
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_equal(maildrop_entry(d, i, &e), 0);
		assert_int_equal(maildrop_is_marked(d, i, e), i % 2);
	}
	maildrop_close(d);
	d = load();
	assert_int_equal(maildrop_count(d), n); /* nothing happened yet */
	for (uint32_t i = 2; i <= n; i++)
		assert_int_equal(maildrop_mark(d, i), 0);
	assert_int_equal(maildrop_entry(d, 1, &e), 0);
	while ((err = maildrop_commit(d, &kept)) == ERR_AGAIN)
		;
	assert_int_equal(err, 0);
	assert_int_equal(kept, 0);
	maildrop_close(d);
	d = load();
	assert_int_equal(maildrop_count(d), 1);
	maildrop_close(d);
}

static void
removes_what_is_marked_at_the_end_only(void **state)
{
	(void)state;
	check_removal(1300);
}

static void
does_the_same_in_memory(void **state)
{
	(void)state;
	files.fs.open = no_scratch;
	drops.batch = MAILDROP_BATCH;
	check_removal(MAILDROP_BATCH < 600 ? MAILDROP_BATCH : 600);
}

static void
does_the_same_without_room_for_a_table(void **state)
{
	(void)state;
	files.fs.open = no_scratch;
	check_removal(1300);
}

/* --- tables in memory ------------------------------------------------------
 */

/* `n` messages, every third one marked; and a foreign one, number 1. */
static void
check_table(struct maildrop *d, uint32_t n, bool estimated)
{
	const struct maildrop_entry *e;
	char name[100];

	assert_int_equal(maildrop_count(d), n + 1);
	assert_int_equal(octets(d, 1), estimated ? 4 : 6);
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_equal(maildrop_entry(d, 1 + i, &e), 0);
		snprintf(name, sizeof(name), "17%u.h", i);
		assert_int_equal(e->octets, i);
		assert_string_equal(uid(d, 1 + i), name);
		assert_int_equal(maildrop_is_marked(d, 1 + i, e), i % 3 == 0);
	}
}

static struct maildrop *
marked_table(const char *maildir, uint32_t n)
{
	struct maildrop *d;
	char path[100];

	assert_int_equal(mailbox_create(&files.fs, maildir), 0);
	snprintf(path, sizeof(path), "%s/cur/1.foreign:2,S", maildir);
	put_file(path, "a\nb\n");
	for (uint32_t i = 1; i <= n; i++) {
		snprintf(
		    path, sizeof(path), "%s/new/17%u.h,W=%u", maildir, i, i);
		put_file(path, "x");
	}
	d = load_of(maildir, maildir);
	for (uint32_t i = 3; i <= n; i += 3)
		assert_int_equal(maildrop_mark(d, 1 + i), 0);
	check_table(d, n, false);
	return d;
}

static uint32_t
left_after_commit(struct maildrop *d, const char *maildir)
{
	uint32_t kept, n;
	int err;

	while ((err = maildrop_commit(d, &kept)) == ERR_AGAIN)
		;
	assert_int_equal(err, 0);
	assert_int_equal(kept, 0);
	maildrop_close(d);
	d = load_of(maildir, maildir);
	n = maildrop_count(d);
	maildrop_close(d);
	return n;
}

/* Two sessions, in turns; each finds its own, wherever that is by now. */
static void
check_two(bool estimated)
{
	struct maildrop *a = marked_table("M", 60);
	struct maildrop *b = marked_table("N", 33);

	check_table(a, 60, estimated);
	check_table(b, 33, estimated);
	maildrop_reset(b);
	check_table(a, 60, estimated);
	for (uint32_t i = 1; i <= 33; i++)
		assert_int_equal(maildrop_mark(b, 1 + i), 0);
	assert_int_equal(left_after_commit(a, "M"), 41);
	assert_int_equal(left_after_commit(b, "N"), 1);
}

static void
a_table_in_memory_goes_to_a_file_for_the_next_one(void **state)
{
	(void)state;
	check_two(false);
}

static void
a_table_in_memory_is_found_again_without_room_for_a_file(void **state)
{
	(void)state;
	files.fs.open = no_scratch;
	check_two(true);
}

/* A write of the table that comes to nothing in the middle. */
static int
failing_write(
    struct fs *me, int h, const struct span *bytes, unsigned n, uint64_t at)
{
	(void)me;
	if (bytes->len % sizeof(struct maildrop_entry) == 0)
		return ERR_FULL;
	return fs.write(&files.fs, h, bytes, n, at);
}

static void
a_table_in_memory_is_found_again_when_its_file_fails(void **state)
{
	(void)state;
	files.fs.write = failing_write;
	check_two(true);
}

static void
removing_is_not_interrupted_by_others(void **state)
{
	uint32_t n = MAILDROP_BATCH < 600 ? MAILDROP_BATCH : 600, kept;
	struct maildrop *a, *b;
	int err, again = 0;

	(void)state;
	files.fs.open = no_scratch;
	drops.batch = MAILDROP_BATCH;
	make_many(n);
	a = load();
	for (uint32_t i = 1; i <= n; i++)
		assert_int_equal(maildrop_mark(a, i), 0);
	assert_int_equal(mailbox_create(&files.fs, "N"), 0);
	make_many_in("N", 20);
	assert_int_equal(maildrop_open(&drops, SPAN("bob"), "N", &b), 0);
	for (; (err = maildrop_commit(a, &kept)) == ERR_AGAIN; again++)
		assert_int_equal(maildrop_load(b), ERR_AGAIN);
	assert_int_equal(err, 0);
	assert_int_equal(kept, 0);
	assert_int_equal(again, (n - 1) / 256);
	while ((err = maildrop_load(b)) == ERR_AGAIN)
		;
	assert_int_equal(err, 0);
	assert_int_equal(maildrop_count(b), 20);
	maildrop_close(a);
	maildrop_close(b);
	a = load();
	assert_int_equal(maildrop_count(a), 0);
	maildrop_close(a);
}

static void
lets_go_only_of_what_nobody_needs(void **state)
{
	struct maildrop *a = marked_table("M", 60), *b;

	(void)state;
	assert_false(maildrops_let_go(&drops));
	b = marked_table("N", 20);
	assert_false(maildrops_let_go(&drops));
	maildrop_close(b);
	assert_true(maildrops_let_go(&drops));
	memset(&work, 0, sizeof(work));
	check_table(a, 60, false);
	files.fs.open = no_scratch;
	b = load_of("N", "N");
	maildrop_close(a);
	a = load_of("M", "M"); /* b is without a table now */
	maildrop_close(a);
	assert_int_equal(octets(b, 21), 20);
	assert_true(maildrops_let_go(&drops));
	memset(&work, 0, sizeof(work));
	assert_int_equal(octets(b, 21), 20);
	maildrop_close(b);
}

static void
ends_when_numbers_shift_without_a_table(void **state)
{
	const struct maildrop_entry *e;
	struct maildrop *d;

	(void)state;
	files.fs.open = no_scratch;
	make_many(600);
	d = load();
	put_file("M/new/1800000000.later,W=3", "a\n");
	assert_int_equal(maildrop_entry(d, 600, &e), 0);
	assert_int_equal(
	    files.fs.unlink(&files.fs, "M/new/1700000001.M599P1.h,S=1,W=2"), 0);
	assert_int_equal(maildrop_entry(d, 1, &e), ERR_BUSY);
	maildrop_close(d);
}

static int
failing_unlink(struct fs *me, const char *path)
{
	(void)me;
	(void)path;
	return ERR_IO;
}

static int
failing_sync_dir(struct fs *me, const char *path)
{
	(void)me;
	(void)path;
	return ERR_IO;
}

static void
tells_how_many_could_not_be_removed(void **state)
{
	struct maildrop *d;
	uint32_t kept;

	(void)state;
	make_many(3);
	files.fs.unlink = failing_unlink;
	d = load();
	assert_int_equal(maildrop_mark(d, 1), 0);
	assert_int_equal(maildrop_mark(d, 2), 0);
	assert_int_equal(maildrop_commit(d, &kept), 0);
	assert_int_equal(kept, 2);
	maildrop_close(d);
	files.fs.unlink = fs.unlink;
	files.fs.sync_dir = failing_sync_dir;
	d = load();
	assert_int_equal(maildrop_mark(d, 3), 0);
	assert_int_equal(maildrop_commit(d, &kept), 0);
	assert_int_equal(kept, 1);
	maildrop_close(d);
}

/* --- made-up folders -------------------------------------------------------
 */

static uint32_t made_up; /* names in new/ */
static uint32_t made;

static int
made_dir_open(struct fs *me, const char *path)
{
	(void)me;
	made = span_ends_nocase(span_str(path), SPAN("new/")) ? 0 : made_up;
	return 1000;
}

static int
made_dir_next(struct fs *me, int h, struct fs_entry *e)
{
	uint32_t scrambled = made * 2654435761u % 1000003;

	(void)me;
	assert_int_equal(h, 1000);
	if (made == made_up)
		return 0;
	made++;
	e->is_dir = false;
	e->is_file = true;
	e->len = (size_t)snprintf(e->name, sizeof(e->name),
	    "17%08u.M%uP1Q%u.host,S=1,W=7", scrambled / 20, scrambled % 2,
	    made);
	return 1;
}

static int
made_dir_close(struct fs *me, int h)
{
	(void)me;
	(void)h;
	return 0;
}

static void
check_order(uint32_t n)
{
	struct maildrop_entry last = { 0 };
	const struct maildrop_entry *e;
	struct maildrop *d;

	made_up = n;
	files.fs.dir_open = made_dir_open;
	files.fs.dir_next = made_dir_next;
	files.fs.dir_close = made_dir_close;
	d = load();
	assert_int_equal(maildrop_count(d), n);
	assert_int_equal(maildrop_octets(d), 7 * (uint64_t)n);
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_equal(maildrop_entry(d, i, &e), 0);
		assert_true(maildrop_compare(&last, e) < 0);
		last = *e;
	}
	maildrop_close(d);
}

static void
sorts_a_mailbox_of_any_size(void **state)
{
	static const uint32_t sizes[] = { 1, 16, 17, BATCH - 1, BATCH,
		BATCH + 1, BATCH * MAILDROP_RUNS - 1, BATCH * MAILDROP_RUNS,
		BATCH * MAILDROP_RUNS + 1, 60000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_order(sizes[i]);
	drops.batch = MAILDROP_BATCH;
	check_order(MAILDROP_BATCH);
	check_order(40000);
}

static void
sorts_the_same_without_room_for_a_table(void **state)
{
	(void)state;
	files.fs.open = no_scratch;
	check_order(17);
	check_order(BATCH);
	check_order(3000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(numbers_messages_by_time_then_by_name),
		TEST(opens_nothing_when_names_tell_the_sizes),
		TEST(measures_files_whose_names_do_not_tell),
		TEST(a_mailbox_that_does_not_exist_is_empty),
		TEST(locks_an_account_until_it_is_closed),
		TEST(makes_unique_ids_that_a_client_can_read),
		TEST(made_ids_are_the_same_in_every_version),
		TEST(finds_a_message_again_that_was_moved_or_flagged),
		TEST(reaches_files_whose_names_are_longer_than_a_record),
		TEST(drops_the_second_of_two_files_with_one_name),
		TEST(counts_two_files_with_one_name_once),
		TEST(removes_what_is_marked_at_the_end_only),
		TEST(does_the_same_in_memory),
		TEST(does_the_same_without_room_for_a_table),
		TEST(a_table_in_memory_goes_to_a_file_for_the_next_one),
		TEST(a_table_in_memory_is_found_again_without_room_for_a_file),
		TEST(a_table_in_memory_is_found_again_when_its_file_fails),
		TEST(removing_is_not_interrupted_by_others),
		TEST(lets_go_only_of_what_nobody_needs),
		TEST(ends_when_numbers_shift_without_a_table),
		TEST(tells_how_many_could_not_be_removed),
		TEST(sorts_a_mailbox_of_any_size),
		TEST(sorts_the_same_without_room_for_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
