/*
 * test_spool: the spool's calls one by one on the emulated file system;
 * tests/powerloss/power_spool.c is where its promise is put to the test.
 */
#include "support/test.h"

#include <stdio.h>

#include "core/text.h"
#include "store/spool.h"
#include "support/fs_emu.h"

#define MANY 70 /* more than one sync takes, and more than its folders */

static struct fs_emu emu;
static struct fs *fs = &emu.fs;
static struct mailbox_ids ids;
static struct spool spool;
static struct spool_file files[MANY];

/* The owner of a file is a table of folders, one a place. */
static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const char *const *folder = f->owner;
	struct text t;

	if (folder[i] == NULL)
		return ERR_RANGE;
	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, folder[i]);
	text_chr(&t, '/');
	text_str(&t, f->id);
	return ERR_OK;
}

static const char *const to_a[] = { "a" };
static const char *const to_ab[] = { "a", "b" };
static const char *const to_missing[] = { "a", "none" };
static const char *const to_nowhere[] = { "a", NULL };

static int
set_up(void **state)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN] = { 9 };

	(void)state;
	fs_emu_init(&emu, EMU_NOTHING);
	mailbox_ids_init(&ids, 1, boot, SPAN("h"));
	assert_int_equal(spool_init(&spool, fs, &ids, "tmp", 1000), 0);
	assert_int_equal(spool_recover(&spool), 0);
	assert_int_equal(fs->mkdir(fs, "a"), 0);
	assert_int_equal(fs->mkdir(fs, "b"), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(fs_emu_handles(&emu), 0);
	return 0;
}

static void
begin(struct spool_file *f)
{
	struct span v[2] = { SPAN("Subject: x\n"), SPAN("\nbody\n") };

	assert_int_equal(spool_begin(&spool, f, 5000000), 0);
	assert_int_equal(spool_append(&spool, f, v, 2), 0);
	assert_int_equal(f->octets, 17);
}

static unsigned
count(const char *folder)
{
	struct fs_entry e;
	int dir = fs->dir_open(fs, folder);
	unsigned n = 0;

	assert_true(dir >= 0);
	while (fs->dir_next(fs, dir, &e) == 1)
		n++;
	assert_int_equal(fs->dir_close(fs, dir), 0);
	return n;
}

static int
commit(const char *const *folder, unsigned places)
{
	begin(&files[0]);
	spool_commit(
	    &spool, &files[0], place, places, (void *)(uintptr_t)folder);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &files[0]);
	assert_null(spool_next(&spool));
	return files[0].result;
}

static void
one_message_costs_one_sync_of_each_kind(void **state)
{
	(void)state;
	assert_int_equal(commit(to_a, 1), 0);
	assert_int_equal(count("a"), 1);
	assert_int_equal(count("tmp"), 0);
	assert_int_equal(spool.file_syncs, 1);
	assert_int_equal(spool.folder_syncs, 1);
	assert_int_equal(spool.barriers, 1);
}

static void
an_empty_barrier_makes_no_call(void **state)
{
	unsigned before = emu.calls;

	(void)state;
	spool_barrier(&spool);
	assert_null(spool_next(&spool));
	assert_int_equal(emu.calls, before);
	assert_int_equal(spool.barriers, 0);
}

static void
a_batch_of_any_size_is_served_by_few_syncs(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		begin(&files[i]);
		spool_commit(&spool, &files[i], place, 1,
		    (void *)(uintptr_t)(i % 2 ? to_a : to_ab));
	}
	assert_true(spool_is_waiting(&spool));
	spool_barrier(&spool);
	assert_false(spool_is_waiting(&spool));
	for (unsigned i = 0; i < MANY; i++) {
		assert_ptr_equal(spool_next(&spool), &files[i]);
		assert_int_equal(files[i].result, 0);
	}
	assert_int_equal(count("a"), MANY);
	assert_int_equal(
	    spool.folder_syncs, (MANY + SPOOL_SYNC_MAX - 1) / SPOOL_SYNC_MAX);
	assert_int_equal(spool.accepted, MANY);
}

static void
others_come_in_while_the_device_is_at_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		begin(&files[i]);
	spool_commit(&spool, &files[0], place, 1, (void *)(uintptr_t)to_a);
	spool_run(&spool);
	assert_true(files[0].in_barrier);
	assert_null(spool_next(&spool));
	spool_commit(&spool, &files[1], place, 1, (void *)(uintptr_t)to_a);
	spool_commit(&spool, &files[2], place, 1, (void *)(uintptr_t)to_a);
	spool_abort(&spool, &files[2]);
	for (unsigned turns = 0; !spool_is_idle(&spool); turns++) {
		assert_true(turns < 8);
		assert_false(spool_is_waiting(&spool));
		spool_run(&spool);
	}
	assert_ptr_equal(spool_next(&spool), &files[0]);
	assert_ptr_equal(spool_next(&spool), &files[1]);
	assert_null(spool_next(&spool));
	assert_int_equal(files[0].result, 0);
	assert_int_equal(files[1].result, 0);
	assert_int_equal(count("a"), 2);
	assert_int_equal(spool.barriers, 2);
}

static void
waiting_ends_what_has_begun_without_it(void **state)
{
	(void)state;
	begin(&files[0]);
	begin(&files[1]);
	spool_commit(&spool, &files[0], place, 1, (void *)(uintptr_t)to_a);
	spool_run(&spool);
	spool_commit(&spool, &files[1], place, 1, (void *)(uintptr_t)to_a);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &files[0]);
	assert_ptr_equal(spool_next(&spool), &files[1]);
	assert_int_equal(count("a"), 2);
}

static void
more_folders_than_one_sync_takes_are_all_synced(void **state)
{
	static char name[MANY][8];
	static const char *folders[MANY][1];

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "d%u", i);
		folders[i][0] = name[i];
		assert_int_equal(fs->mkdir(fs, name[i]), 0);
		assert_int_equal(fs->sync_dir(fs, "."), 0);
		begin(&files[i]);
		spool_commit(&spool, &files[i], place, 1, folders[i]);
	}
	spool_barrier(&spool);
	while (spool_next(&spool) != NULL)
		continue;
	assert_int_equal(spool.accepted, MANY);
	assert_int_equal(spool.folder_syncs, MANY);
	fs_emu_boot(&emu, 1);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(count(name[i]), 1);
}

/* What is left of a mount point is on another file system. */
static void
take_the_disk_away(void)
{
	spool.device++;
}

static void
a_place_that_cannot_be_filled_refuses_the_message_everywhere(void **state)
{
	(void)state;
	take_the_disk_away();
	assert_int_equal(commit(to_missing, 2), ERR_MISSING);
	assert_int_equal(commit(to_nowhere, 2), ERR_RANGE);
	assert_int_equal(count("a"), 0);
	assert_int_equal(count("tmp"), 0);
	assert_int_equal(spool.refused, 2);
	assert_int_equal(commit(to_ab, 2), 0);
	assert_int_equal(count("a") + count("b"), 2);
}

static void
a_folder_taken_away_is_made_again(void **state)
{
	(void)state;
	assert_int_equal(commit(to_missing, 2), 0);
	assert_int_equal(count("a"), 1);
	assert_int_equal(count("none"), 1);
	assert_int_equal(spool.folders_made, 1);
	fs_emu_boot(&emu, 1);
	assert_int_equal(count("none"), 1);
	assert_int_equal(fs->rmdir(fs, "tmp"), 0);
	assert_int_equal(commit(to_ab, 2), 0);
	assert_int_equal(spool.folders_made, 2);
}

static void
a_failed_message_does_not_take_the_others_along(void **state)
{
	(void)state;
	take_the_disk_away();
	for (unsigned i = 0; i < 3; i++) {
		begin(&files[i]);
		spool_commit(&spool, &files[i], place, 2,
		    (void *)(uintptr_t)(i == 1 ? to_missing : to_ab));
	}
	spool_barrier(&spool);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
		    spool_next(&spool)->result, i == 1 ? ERR_MISSING : ERR_OK);
	assert_int_equal(count("a"), 2);
}

static void
tied_files_share_their_fate(void **state)
{
	(void)state;
	take_the_disk_away();
	for (unsigned i = 0; i < 2; i++) {
		begin(&files[i]);
		spool_commit(&spool, &files[i], place, 1 + i,
		    (void *)(uintptr_t)to_missing);
	}
	spool_tie(&files[0], &files[1]);
	spool_barrier(&spool);
	assert_int_equal(spool_next(&spool)->result, ERR_MISSING);
	assert_int_equal(spool_next(&spool)->result, ERR_MISSING);
	assert_int_equal(count("a"), 0);
	assert_int_equal(count("tmp"), 0);
}

static void
aborting_one_of_a_tied_pair_refuses_the_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(&files[i]);
		spool_commit(
		    &spool, &files[i], place, 1, (void *)(uintptr_t)to_a);
	}
	spool_tie(&files[0], &files[2]);
	spool_abort(&spool, &files[2]);
	spool_abort(&spool, &files[2]);
	spool_barrier(&spool);
	assert_ptr_equal(spool_next(&spool), &files[0]);
	assert_int_equal(files[0].result, ERR_CLOSED);
	assert_ptr_equal(spool_next(&spool), &files[1]);
	assert_int_equal(files[1].result, 0);
	assert_null(spool_next(&spool));
	assert_int_equal(count("a"), 1);
}

static void
abort_is_harmless_on_what_never_began(void **state)
{
	(void)state;
	spool_file_init(&files[0]);
	spool_abort(&spool, &files[0]);
	fs_emu_fail_at(&emu, 1, 1, ERR_FULL);
	assert_int_equal(spool_begin(&spool, &files[0], 0), ERR_FULL);
	spool_abort(&spool, &files[0]);
	assert_int_equal(commit(to_a, 1), 0);
	spool_abort(&spool, &files[0]);
	assert_int_equal(count("a"), 1);
}

static void
the_first_error_of_an_append_sticks(void **state)
{
	struct span v = SPAN("x");

	(void)state;
	begin(&files[0]);
	fs_emu_fail_at(&emu, 1, 1, ERR_FULL);
	assert_int_equal(spool_append(&spool, &files[0], &v, 1), ERR_FULL);
	assert_int_equal(spool_append(&spool, &files[0], &v, 1), ERR_FULL);
	spool_abort(&spool, &files[0]);
	assert_int_equal(count("tmp"), 0);
}

static void
a_failed_close_refuses_the_message(void **state)
{
	(void)state;
	begin(&files[0]);
	spool_commit(&spool, &files[0], place, 1, (void *)(uintptr_t)to_a);
	fs_emu_fail_at(&emu, 2, 1, ERR_IO);
	spool_barrier(&spool);
	assert_int_equal(spool_next(&spool)->result, ERR_IO);
	assert_int_equal(count("a"), 0);
}

static void
a_failed_copy_leaves_nothing_in_tmp(void **state)
{
	(void)state;
	emu.no_links = true;
	for (unsigned n = 1; n <= 10; n++) {
		begin(&files[0]);
		spool_commit(
		    &spool, &files[0], place, 2, (void *)(uintptr_t)to_ab);
		fs_emu_fail_at(&emu, n, 1, ERR_FULL);
		spool_barrier(&spool);
		if (spool_next(&spool)->result == ERR_OK)
			fail_msg("call %u failed unseen", n);
		assert_int_equal(count("tmp"), 0);
		assert_int_equal(count("a") + count("b"), 0);
	}
}

static void
an_id_that_is_taken_is_not_used_twice(void **state)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN] = { 9 };

	(void)state;
	begin(&files[0]);
	mailbox_ids_init(&ids, 1, boot, SPAN("h"));
	begin(&files[1]);
	assert_string_not_equal(files[0].id, files[1].id);
	spool_abort(&spool, &files[0]);
	spool_abort(&spool, &files[1]);
}

static void
recover_empties_tmp_and_says_how_much(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		begin(&files[i]);
		assert_int_equal(fs->close(fs, files[i].h), 0);
	}
	assert_int_equal(fs->mkdir(fs, "tmp/folder"), 0);
	assert_int_equal(spool_recover(&spool), 5);
	assert_int_equal(count("tmp"), 1);
	assert_int_equal(spool_recover(&spool), 0);
}

static void
room_is_asked_now_and_then_and_keeps_the_reserve(void **state)
{
	unsigned before = emu.calls;

	(void)state;
	emu.free_octets = 5000;
	assert_int_equal(spool_room(&spool, 0), 0);
	assert_int_equal(spool_room(&spool, 3000), 0);
	assert_int_equal(spool_room(&spool, 1001), ERR_FULL);
	assert_int_equal(emu.calls, before + 1);
	assert_int_equal(spool_room(&spool, 4001), ERR_FULL);
	assert_int_equal(spool_room(&spool, UINT64_MAX), ERR_FULL);
	assert_int_equal(spool_room(&spool, 4000), 0);
	emu.free_octets = 999;
	for (unsigned i = 0; i < 100 && spool_room(&spool, 0) == 0; i++)
		continue;
	assert_int_equal(spool_room(&spool, 0), ERR_FULL);
	emu.free_octets = 5000;
	emu.free_inodes = 3;
	assert_int_equal(spool_room(&spool, 0), ERR_FULL);
	emu.free_inodes = 100;
	fs_emu_fail_at(&emu, 1, 1, ERR_IO);
	assert_int_equal(spool_room(&spool, 0), ERR_IO);
	assert_int_equal(spool_room(&spool, 0), 0);
}

static void
a_path_that_is_too_long_is_refused_at_start(void **state)
{
	static char tmp[SPOOL_TMP_MAX + 1];

	(void)state;
	memset(tmp, 't', SPOOL_TMP_MAX);
	assert_int_equal(spool_init(&spool, fs, &ids, tmp, 0), ERR_RANGE);
	assert_int_equal(spool_init(&spool, fs, &ids, tmp + 1, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_message_costs_one_sync_of_each_kind),
		TEST(an_empty_barrier_makes_no_call),
		TEST(a_batch_of_any_size_is_served_by_few_syncs),
		TEST(others_come_in_while_the_device_is_at_it),
		TEST(waiting_ends_what_has_begun_without_it),
		TEST(more_folders_than_one_sync_takes_are_all_synced),
		TEST(
		    a_place_that_cannot_be_filled_refuses_the_message_everywhere),
		TEST(a_folder_taken_away_is_made_again),
		TEST(a_failed_message_does_not_take_the_others_along),
		TEST(tied_files_share_their_fate),
		TEST(aborting_one_of_a_tied_pair_refuses_the_other),
		TEST(abort_is_harmless_on_what_never_began),
		TEST(the_first_error_of_an_append_sticks),
		TEST(a_failed_close_refuses_the_message),
		TEST(a_failed_copy_leaves_nothing_in_tmp),
		TEST(an_id_that_is_taken_is_not_used_twice),
		TEST(recover_empties_tmp_and_says_how_much),
		TEST(room_is_asked_now_and_then_and_keeps_the_reserve),
		TEST(a_path_that_is_too_long_is_refused_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
