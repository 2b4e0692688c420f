/* test_mailbox: names of messages, ours and other programs', and folders. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/chr.h"
#include "platform/files.h"
#include "store/mailbox.h"

static const uint8_t boot[MAILBOX_BOOT_LEN] = { 0x0c, 0x9d, 0x51, 0xe2, 0x7a,
	0xb3 };

static void
ids_and_names_are_as_the_header_says(void **state)
{
	struct mailbox_ids ids;
	char id[MAILBOX_ID_MAX], name[MAILBOX_NAME_MAX];

	(void)state;
	mailbox_ids_init(&ids, 812, boot, SPAN("nas"));
	mailbox_id(&ids, 1763826000512345, id);
	assert_string_equal(id, "1763826000.M512345P812Q0R0c9d51e27ab3.nas");
	mailbox_name(name, id, 2048, 2101);
	assert_string_equal(
	    name, "1763826000.M512345P812Q0R0c9d51e27ab3.nas,S=2048,W=2101");
	mailbox_id(&ids, 1763826000512345, id);
	assert_string_equal(id, "1763826000.M512345P812Q1R0c9d51e27ab3.nas");
}

static void
ids_differ_when_the_clock_is_set_back_and_after_a_restart(void **state)
{
	static const uint8_t other[MAILBOX_BOOT_LEN] = { 1 };
	struct mailbox_ids ids, again;
	char a[MAILBOX_ID_MAX], b[MAILBOX_ID_MAX];

	(void)state;
	mailbox_ids_init(&ids, 1, boot, SPAN("h"));
	mailbox_id(&ids, 5, a);
	mailbox_id(&ids, -7, b);
	assert_string_not_equal(a, b);
	mailbox_id(&ids, 5, b);
	assert_string_not_equal(a, b);
	mailbox_ids_init(&again, 1, other, SPAN("h"));
	mailbox_id(&again, 5, b);
	assert_string_not_equal(a, b);
}

static void
ids_hold_only_what_every_file_system_and_uidl_allow(void **state)
{
	struct mailbox_ids ids;
	char id[MAILBOX_ID_MAX];

	(void)state;
	mailbox_ids_init(&ids, UINT32_MAX, boot,
	    SPAN("a:b/c\\d*e\0f<very-long-host-name.example.org"));
	mailbox_id(&ids, INT64_MAX, id);
	for (const char *p = id; *p != '\0'; p++)
		assert_true(chr_is((uint8_t)*p, CHR_NAME) || *p == '.');
	assert_true(strlen(id) <= 70);
	assert_non_null(strstr(id, ".a-b-c-d-e-f-"));
	mailbox_ids_init(&ids, 1, boot, SPAN(""));
	mailbox_id(&ids, 0, id);
	assert_string_equal(id, "0.M0P1Q0R0c9d51e27ab3.localhost");
}

static void
names_come_apart_into_what_was_put_in(void **state)
{
	struct mailbox_entry e;

	(void)state;
	assert_int_equal(
	    mailbox_parse(SPAN("17.M5P8Q4R0c.nas,S=2048,W=2101:2,RS"), &e), 0);
	assert_span(e.base, "17.M5P8Q4R0c.nas,S=2048,W=2101");
	assert_span(e.id, "17.M5P8Q4R0c.nas");
	assert_span(e.flags, "RS");
	assert_true(e.has_octets && e.has_wire);
	assert_int_equal(e.octets, 2048);
	assert_int_equal(e.wire_octets, 2101);
}

static void
names_of_other_programs_are_read_too(void **state)
{
	struct mailbox_entry e;

	(void)state;
	assert_int_equal(mailbox_parse(SPAN("1204.25_0.host"), &e), 0);
	assert_span(e.base, "1204.25_0.host");
	assert_false(e.has_octets || e.has_wire);
	assert_int_equal(
	    mailbox_parse(SPAN("12.H3P4.h,W=7,S=6,U=9;2,S"), &e), 0);
	assert_span(e.base, "12.H3P4.h,W=7,S=6,U=9");
	assert_int_equal(e.octets, 6);
	assert_int_equal(e.wire_octets, 7);
	assert_span(e.flags, "S");
	assert_int_equal(mailbox_parse(SPAN("a:b:2,"), &e), 0);
	assert_span(e.base, "a:b");
	assert_span(e.flags, "");
	assert_int_equal(mailbox_parse(SPAN("a:1,x!2,DF"), &e), 0);
	assert_span(e.base, "a:1,x");
	assert_int_equal(mailbox_parse(SPAN("a:2"), &e), 0);
	assert_span(e.base, "a:2");
}

static void
wrong_sizes_in_names_are_no_sizes(void **state)
{
	struct mailbox_entry e;

	(void)state;
	assert_int_equal(mailbox_parse(SPAN("a,S=,W=1x"), &e), 0);
	assert_false(e.has_octets || e.has_wire);
	assert_int_equal(
	    mailbox_parse(SPAN("a,S=18446744073709551616,W=-1"), &e), 0);
	assert_false(e.has_octets || e.has_wire);
}

static void
hidden_and_empty_names_are_no_messages(void **state)
{
	struct mailbox_entry e;

	(void)state;
	assert_int_equal(mailbox_parse(SPAN(""), &e), ERR_SYNTAX);
	assert_int_equal(mailbox_parse(SPAN("."), &e), ERR_SYNTAX);
	assert_int_equal(mailbox_parse(SPAN(".nfs01"), &e), ERR_SYNTAX);
	assert_int_equal(mailbox_parse(SPAN(":2,S"), &e), ERR_SYNTAX);
	assert_int_equal(mailbox_parse(SPAN(",S=1"), &e), ERR_SYNTAX);
}

static void
paths_that_do_not_fit_are_refused(void **state)
{
	static char maildir[FS_PATH_MAX - 5];
	char path[FS_PATH_MAX];

	(void)state;
	memset(maildir, 'm', sizeof(maildir) - 1);
	assert_int_equal(mailbox_path(path, "a/b", "new", SPAN("n")), 0);
	assert_string_equal(path, "a/b/new/n");
	assert_int_equal(
	    mailbox_path(path, maildir, "new", SPAN("n")), ERR_RANGE);
	assert_int_equal(mailbox_path(path, maildir + 1, "new", SPAN("n")), 0);
}

static void
create_makes_every_folder_and_may_be_repeated(void **state)
{
	static struct files files;
	char root[] = "build/test-mailbox-XXXXXX", command[96];
	struct fs *fs = &files.fs;
	struct fs_stat st;
	int h;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(files_open(&files, root), 0);
	assert_int_equal(mailbox_create(fs, ""), ERR_RANGE);
	assert_int_equal(mailbox_create(fs, "mail/bob/Maildir"), 0);
	assert_int_equal(fs->stat(fs, "mail/bob/Maildir/tmp", &st), 0);
	assert_int_equal(fs->stat(fs, "mail/bob/Maildir/cur", &st), 0);
	assert_int_equal(fs->rmdir(fs, "mail/bob/Maildir/new"), 0);
	assert_int_equal(mailbox_create(fs, "mail/bob/Maildir"), 0);
	assert_int_equal(fs->stat(fs, "mail/bob/Maildir/new", &st), 0);
	assert_true(st.is_dir);
	h = fs->open(fs, "mail/file", FS_CREATE);
	assert_true(h >= 0);
	assert_int_equal(fs->close(fs, h), 0);
	assert_int_equal(mailbox_create(fs, "mail/file"), ERR_EXISTS);
	files_close(&files);
	(void)snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_and_names_are_as_the_header_says),
		cmocka_unit_test(
		    ids_differ_when_the_clock_is_set_back_and_after_a_restart),
		cmocka_unit_test(
		    ids_hold_only_what_every_file_system_and_uidl_allow),
		cmocka_unit_test(names_come_apart_into_what_was_put_in),
		cmocka_unit_test(names_of_other_programs_are_read_too),
		cmocka_unit_test(wrong_sizes_in_names_are_no_sizes),
		cmocka_unit_test(hidden_and_empty_names_are_no_messages),
		cmocka_unit_test(paths_that_do_not_fit_are_refused),
		cmocka_unit_test(create_makes_every_folder_and_may_be_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
