/* test_files: the file port on the real file system, in a fresh folder. */
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fat.h"
#include "platform/files.h"
#include "platform/poller.h"

static struct files files;
static struct fs *fs = &files.fs;
static char root[64];

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "build/test-files-XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	return files_open(&files, root);
}

static int
tear_down(void **state)
{
	char command[96];

	(void)state;
	files_close(&files);
	(void)snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static unsigned
open_handles(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void
put(const char *path, struct span bytes)
{
	int h = fs->open(fs, path, FS_CREATE);

	assert_true(h >= 0);
	assert_int_equal(fs->write(fs, h, &bytes, 1, 0), 0);
	assert_int_equal(fs->close(fs, h), 0);
}

static void
writes_pieces_in_order_at_an_offset(void **state)
{
	struct span v[8] = { SPAN("ab"), SPAN(""), SPAN("c"), SPAN(""),
		SPAN("d"), SPAN("efg"), SPAN("h"), SPAN("") };
	char got[16];
	int h = fs->open(fs, "f", FS_CREATE);

	(void)state;
	assert_int_equal(fs->write(fs, h, v, 8, 2), 0);
	assert_int_equal(fs->read(fs, h, got, sizeof(got), 2), 8);
	assert_memory_equal(got, "abcdefgh", 8);
	assert_int_equal(fs->read(fs, h, got, 2, 0), 2);
	assert_memory_equal(got, "\0\0", 2);
	assert_int_equal(fs->read(fs, h, got, sizeof(got), 10), 0);
	assert_int_equal(fs->truncate(fs, h, 3), 0);
	assert_int_equal(fs->read(fs, h, got, sizeof(got), 0), 3);
	assert_int_equal(fs->close(fs, h), 0);
}

static void
creates_only_what_is_not_there(void **state)
{
	struct fs_stat st;

	(void)state;
	assert_int_equal(fs->open(fs, "f", FS_READ), ERR_MISSING);
	assert_int_equal(fs->open(fs, "f", FS_UPDATE), ERR_MISSING);
	put("f", SPAN("x"));
	assert_int_equal(fs->open(fs, "f", FS_CREATE), ERR_EXISTS);
	assert_int_equal(fs->open(fs, "f/g", FS_READ), ERR_MISSING);
	assert_int_equal(fs->mkdir(fs, "d"), 0);
	assert_int_equal(fs->mkdir(fs, "d"), ERR_EXISTS);
	assert_int_equal(fs->stat(fs, "d", &st), 0);
	assert_true(st.is_dir);
	assert_int_equal(fs->stat(fs, "f", &st), 0);
	assert_int_equal(st.octets, 1);
	assert_false(st.is_dir);
}

static void
syncs_many_files_and_tells_which_one_failed(void **state)
{
	bool failed[4];
	char path[16];
	int h[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct span v = SPAN("bytes");

		(void)snprintf(path, sizeof(path), "f%d", i);
		h[i] = fs->open(fs, path, FS_CREATE);
		assert_int_equal(fs->write(fs, h[i], &v, 1, 0), 0);
	}
	assert_int_equal(fs->sync(fs, h, 4, failed), 0);
	assert_false(failed[0] || failed[1] || failed[2] || failed[3]);
	assert_int_equal(fs->close(fs, h[2]), 0);
	assert_int_equal(fs->sync(fs, h, 4, failed), ERR_IO);
	assert_true(failed[2]);
	assert_false(failed[0] || failed[1] || failed[3]);
	assert_int_equal(fs->sync_dir(fs, "."), 0);
	assert_int_equal(fs->sync_dir(fs, "none"), ERR_MISSING);
	for (int i = 0; i < 4; i++)
		(void)fs->close(fs, h[i]);
}

static void
wait_for(int fd)
{
	static struct poller p;

	poller_begin(&p, 0);
	poller_read(&p, fd);
	assert_int_equal(poller_wait(&p), 0);
}

static void
syncs_on_the_side_and_tells_which_one_failed(void **state)
{
	bool failed[3];
	char path[16];
	int h[3], err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "f%d", i);
		h[i] = fs->open(fs, path, FS_CREATE);
	}
	for (int bad = 0; bad < 2; bad++) {
		if (bad)
			assert_int_equal(fs->close(fs, h[2]), 0);
		err = fs->begin(fs, FS_SYNC, h, 3);
		if (err == ERR_UNSUPPORTED)
			skip();
		assert_int_equal(err, 0);
		assert_int_equal(fs->begin(fs, FS_SYNC, h, 1), ERR_BUSY);
		while ((err = fs->end(fs, false, failed)) == ERR_AGAIN)
			wait_for(fs->busy_fd);
		assert_int_equal(err, bad ? ERR_IO : ERR_OK);
		assert_false(failed[0] || failed[1]);
		assert_int_equal(failed[2], bad);
	}
	assert_int_equal(fs->begin(fs, FS_SYNC, h, 1), 0);
	assert_int_equal(fs->end(fs, true, failed), 0);
	assert_false(failed[0]);
	(void)fs->close(fs, h[0]);
	(void)fs->close(fs, h[1]);
}

static void
renames_links_and_unlinks(void **state)
{
	(void)state;
	put("a", SPAN("1"));
	assert_int_equal(fs->link(fs, "a", "b"), 0);
	assert_int_equal(fs->link(fs, "a", "b"), ERR_EXISTS);
	assert_int_equal(fs->rename(fs, "a", "c"), 0);
	assert_int_equal(fs->rename(fs, "a", "c"), ERR_MISSING);
	assert_int_equal(fs->rename(fs, "b", "/dev/shm/x"), ERR_UNSUPPORTED);
	assert_int_equal(fs->unlink(fs, "b"), 0);
	assert_int_equal(fs->unlink(fs, "c"), 0);
	assert_int_equal(fs->unlink(fs, "c"), ERR_MISSING);
}

/* Its syncs do no harm elsewhere; on FAT itself: tests/router/run.py. */
static void
what_fat_needs_leaves_the_file_where_it_was_put_or_undoes_it(void **state)
{
	struct fs_stat st;
	unsigned before;

	(void)state;
	put("a", SPAN("1"));
	assert_int_equal(fs->mkdir(fs, "d"), 0);
	before = open_handles();
	assert_int_equal(fs->rename(fs, "a", "d/a"), 0);
	assert_int_equal(fat_renamed(files.root, "a", "d/a"), 0);
	assert_int_equal(fs->stat(fs, "d/a", &st), 0);
	/* a name that cannot be opened goes back to where it came from */
	assert_int_equal(symlinkat("nowhere", files.root, "d/b"), 0);
	assert_int_equal(fat_renamed(files.root, "b", "d/b"), ERR_MISSING);
	assert_int_equal(unlinkat(files.root, "b", 0), 0);
	assert_int_equal(open_handles(), before);
	assert_false(fat_has(files.root));
	assert_false(fat_has_path("/"));
}

static void
walks_ten_thousand_entries_once_each(void **state)
{
	static bool seen[10000];
	struct fs_entry e;
	char path[FS_NAME_MAX + 8];
	int h, got;

	(void)state;
	assert_int_equal(fs->mkdir(fs, "d"), 0);
	assert_int_equal(fs->mkdir(fs, "d/sub"), 0);
	put("d/0", SPAN(""));
	for (int i = 1; i < 10000; i++) {
		(void)snprintf(path, sizeof(path), "d/%d", i);
		assert_int_equal(fs->link(fs, "d/0", path), 0);
	}
	h = fs->dir_open(fs, "d");
	assert_true(h >= 0);
	while ((got = fs->dir_next(fs, h, &e)) == 1) {
		assert_int_equal(e.len, strlen(e.name));
		assert_int_equal(e.is_dir, !strcmp(e.name, "sub"));
		if (e.is_dir)
			continue;
		assert_false(seen[atoi(e.name)]);
		seen[atoi(e.name)] = true;
		(void)snprintf(path, sizeof(path), "d/%s", e.name);
		assert_int_equal(fs->unlink(fs, path), 0);
	}
	assert_int_equal(got, 0);
	assert_int_equal(fs->dir_close(fs, h), 0);
	for (int i = 0; i < 10000; i++)
		assert_true(seen[i]);
	assert_int_equal(fs->rmdir(fs, "d/sub"), 0);
	assert_int_equal(fs->rmdir(fs, "d"), 0);
}

static void
refuses_more_walks_than_windows_and_leaks_no_handle(void **state)
{
	unsigned before = open_handles();
	int h[FILES_DIRS];

	(void)state;
	for (int i = 0; i < FILES_DIRS; i++) {
		h[i] = fs->dir_open(fs, ".");
		assert_true(h[i] >= 0);
	}
	assert_int_equal(fs->dir_open(fs, "."), ERR_FULL);
	for (int i = 0; i < FILES_DIRS; i++)
		assert_int_equal(fs->dir_close(fs, h[i]), 0);
	assert_int_equal(fs->dir_open(fs, "none"), ERR_MISSING);
	assert_int_equal(open_handles(), before);
}

static void
scratch_files_have_no_name(void **state)
{
	struct span v = SPAN("table"), map;
	struct fs_entry e;
	int h = fs->open(fs, ".", FS_SCRATCH), d;

	(void)state;
	assert_true(h >= 0);
	assert_int_equal(fs->map(fs, h, &map), 0);
	assert_int_equal(map.len, 0);
	fs->unmap(fs, map);
	assert_int_equal(fs->write(fs, h, &v, 1, 0), 0);
	assert_int_equal(fs->map(fs, h, &map), 0);
	assert_span(map, "table");
	fs->unmap(fs, map);
	d = fs->dir_open(fs, ".");
	assert_int_equal(fs->dir_next(fs, d, &e), 0);
	assert_int_equal(fs->dir_close(fs, d), 0);
	assert_int_equal(fs->close(fs, h), 0);
}

static void
space_is_told_and_missing_folders_too(void **state)
{
	struct fs_space sp;

	(void)state;
	assert_int_equal(fs->space(fs, ".", &sp), 0);
	assert_true(sp.octets > 0 && sp.inodes > 0);
	assert_int_equal(fs->space(fs, "none", &sp), ERR_MISSING);
}

static void
only_one_holds_the_lock(void **state)
{
	static struct files other;

	(void)state;
	assert_int_equal(files_lock(&files), 0);
	assert_int_equal(files_open(&other, root), 0);
	assert_int_equal(files_lock(&other), ERR_BUSY);
	files_close(&files);
	assert_int_equal(files_lock(&other), 0);
	files_close(&other);
	assert_int_equal(files_open(&files, root), 0);
}

/* Whoever may write into a Maildir must not hold us up, nor read our files. */
static void
foreign_files_are_files_and_nothing_else(void **state)
{
	struct fs_entry e;
	char path[96];
	unsigned files_seen = 0, seen = 0;
	int d;

	(void)state;
	put("plain", SPAN("x"));
	(void)snprintf(path, sizeof(path), "%s/pipe", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/link", root);
	assert_int_equal(symlink("plain", path), 0);
	assert_int_equal(fs->mkdir(fs, "folder"), 0);
	d = fs->dir_open(fs, ".");
	while (fs->dir_next(fs, d, &e) > 0) {
		seen++;
		files_seen += e.is_file;
		assert_int_equal(e.is_file, !strcmp(e.name, "plain"));
		assert_int_equal(e.is_dir, !strcmp(e.name, "folder"));
	}
	assert_int_equal(fs->dir_close(fs, d), 0);
	assert_int_equal(seen, 4);
	assert_int_equal(files_seen, 1);
	d = fs->open(fs, "link", FS_READ);
	assert_true(d >= 0);
	assert_int_equal(fs->close(fs, d), 0);
	assert_int_equal(fs->open(fs, "link", FS_FOREIGN), ERR_DENIED);
	d = fs->open(fs, "pipe", FS_FOREIGN); /* at once, with no writer */
	assert_true(d >= 0);
	assert_true(fs->read(fs, d, path, 1, 0) < 0);
	assert_int_equal(fs->close(fs, d), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_pieces_in_order_at_an_offset),
		TEST(creates_only_what_is_not_there),
		TEST(syncs_many_files_and_tells_which_one_failed),
		TEST(syncs_on_the_side_and_tells_which_one_failed),
		TEST(renames_links_and_unlinks),
		TEST(
		    what_fat_needs_leaves_the_file_where_it_was_put_or_undoes_it),
		TEST(walks_ten_thousand_entries_once_each),
		TEST(refuses_more_walks_than_windows_and_leaks_no_handle),
		TEST(scratch_files_have_no_name),
		TEST(space_is_told_and_missing_folders_too),
		TEST(only_one_holds_the_lock),
		TEST(foreign_files_are_files_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
