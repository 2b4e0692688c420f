/*
 * test_flash: settings on a plain file, with every system call failing once,
 * and the search for a flash partition.
 */
#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "service/medium.h"
#include "store/kv.h"

static unsigned long calls, fail_at;

static bool
fails(void)
{
	if (calls++ != fail_at)
		return false;
	errno = EIO;
	return true;
}

/*
 * These stand before the C library's own.  An offset takes another number of
 * registers on each machine, so the calls with one go through their kin there.
 */

int
fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
	struct iovec v = { (void *)(uintptr_t)p, len };

	return fails() ? -1 : pwritev(fd, &v, 1, at);
}

ssize_t
pread(int fd, void *p, size_t len, off_t at)
{
	struct iovec v = { p, len };

	return fails() ? -1 : preadv(fd, &v, 1, at);
}

int
rename(const char *from, const char *to)
{
	return fails() ? -1
		       : (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

static char folder[64], path[96], temp[128];
static struct medium medium;
static struct kv kv;
static struct kv_slot slots[64];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN];
static const struct kv_memory memory = { slots, 64, txn, sizeof(txn), copy,
	sizeof(copy) };

static int
setup(void **state)
{
	(void)state;
	fail_at = (unsigned long)-1;
	strcpy(folder, "/tmp/test_flash.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/settings.kv", folder);
	snprintf(temp, sizeof(temp), "%s.new", path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fail_at = (unsigned long)-1;
	unlink(path);
	unlink(temp);
	return rmdir(folder);
}

/* Open, store `value` under "k" where it differs, close. */
static int
store(const char *value)
{
	bool fresh = false;
	int rc = medium_open(&medium, "", path, 16384, &fresh);

	if (rc != ERR_OK)
		return rc;
	rc = kv_open(&kv, &medium.on.flash, 1, &memory);
	if (rc == ERR_MISSING)
		rc = kv_format(&kv);
	if (rc == ERR_OK)
		rc = kv_begin(&kv);
	if (rc == ERR_OK) {
		rc = kv_put(&kv, SPAN("k"), span_str(value));
		rc = rc == ERR_OK ? kv_commit(&kv) : rc;
	}
	medium_close(&medium);
	return rc;
}

/* 'o' or 'n' for the old or the new value, '-' when there is none. */
static char
stored(void)
{
	char value[8] = "-";
	bool fresh = false;

	assert_int_equal(medium_open(&medium, "", path, 16384, &fresh), ERR_OK);
	if (kv_open(&kv, &medium.on.flash, 1, &memory) != ERR_MISSING)
		(void)!kv_get(&kv, SPAN("k"), value, sizeof(value));
	medium_close(&medium);
	return value[0];
}

static void
any_system_call_may_fail_while_a_store_is_made(void **state)
{
	int rc = ERR_IO;

	(void)state;
	for (unsigned long n = 0; rc != ERR_OK; n++) {
		unlink(path);
		calls = 0;
		fail_at = n;
		rc = store("new");
		fail_at = (unsigned long)-1;
		assert_true(access(temp, F_OK) != 0);
		if (rc == ERR_OK)
			assert_int_equal(stored(), 'n');
		else
			assert_int_equal(store("new"), ERR_OK);
		assert_true(n < 10000);
	}
}

static void
any_system_call_may_fail_while_a_value_is_changed(void **state)
{
	bool reached = false;

	(void)state;
	for (unsigned long n = 0; !reached; n++) {
		char seen;
		int rc;

		assert_int_equal(store("old"), ERR_OK);
		calls = 0;
		fail_at = n;
		rc = store("new");
		reached = calls <= n;
		fail_at = (unsigned long)-1;
		seen = stored();
		assert_true(seen == 'n' || (rc != ERR_OK && seen == 'o'));
		assert_true(n < 10000);
	}
}

static void
the_file_is_its_owners_only_and_locked(void **state)
{
	struct flash_file second;
	struct stat st;
	bool fresh = false;

	(void)state;
	assert_int_equal(medium_open(&medium, "", path, 16384, &fresh), ERR_OK);
	assert_true(fresh);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 2 * 16384);
	assert_int_equal(flash_file_open(&second, path, 0, 0), ERR_BUSY);
	assert_int_equal(
	    flash_file_create(&second, path, 16384, 2), ERR_EXISTS);
	medium_close(&medium);
	assert_int_equal(flash_file_open(&second, path, 16384, 3), ERR_RANGE);
	assert_int_equal(flash_file_open(&second, path, 0, 0), ERR_OK);
	assert_int_equal(second.flash.block_octets, 16384);
	flash_file_close(&second);
}

static void
partitions_are_found_by_name(void **state)
{
	static const char table[] = "dev:    size   erasesize  name\n"
				    "mtd0: 00030000 00010000 \"u-boot\"\n"
				    "mtd1: 00fc0000 00010000 \"firmware\"\n"
				    "mtd12: 00020000 00010000 \"settings\"\n";

	(void)state;
	assert_int_equal(flash_mtd_find(SPAN(table), SPAN("settings")), 12);
	assert_int_equal(flash_mtd_find(SPAN(table), SPAN("u-boot")), 0);
	assert_int_equal(
	    flash_mtd_find(SPAN(table), SPAN("setting")), ERR_MISSING);
	assert_int_equal(
	    flash_mtd_find(SPAN(table), SPAN("name")), ERR_MISSING);
	assert_int_equal(flash_mtd_find(SPAN(""), SPAN("")), ERR_MISSING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    any_system_call_may_fail_while_a_store_is_made, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    any_system_call_may_fail_while_a_value_is_changed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    the_file_is_its_owners_only_and_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    partitions_are_found_by_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
