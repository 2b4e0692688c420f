/* post: see the header. */
#include "support/post.h"

#include "support/test.h"

#define NOW_MS 1000
#define NOW_S  1763826000

static void
add_accounts(struct post *p)
{
	static const char *const names[] = { "ann", "ben" };
	const struct users_verifier v = { 0 };
	struct fs *fs = &p->emu.fs;
	char folder[FS_PATH_MAX];

	accounts_init(&p->accounts, p->table, 4, p->places);
	assert_int_equal(fs->mkdir(fs, "mail"), ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		struct span name = span_str(names[i]);

		assert_int_equal(
		    accounts_add(&p->accounts, name, &v, SPAN("")), ERR_OK);
		assert_int_equal(mailbox_folder(folder, "mail", name), ERR_OK);
		assert_int_equal(mailbox_create(fs, folder), ERR_OK);
	}
}

void
post_init(struct post *p)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN];
	struct fs *fs = &p->emu.fs;

	fs_emu_init(&p->emu, EMU_NOTHING);
	mailbox_ids_init(&p->ids, 7, boot, SPAN("gate.example"));
	add_accounts(p);
	assert_int_equal(spool_init(&p->spool, fs, &p->ids, "tmp", 0), ERR_OK);
	assert_true(spool_recover(&p->spool) >= 0);
	assert_int_equal(
	    queue_open(&p->queue, fs, "queue", &p->ids, p->window, 4), ERR_OK);
	p->directory = (struct directory) {
		.accounts = &p->accounts,
		.host = SPAN("gate.example"),
		.domains = SPAN("home.example"),
		.postmaster = SPAN("ann"),
	};
	p->deliver = (struct deliver) {
		.spool = &p->spool,
		.queue = &p->queue,
		.directory = &p->directory,
		.accounts = &p->accounts,
		.mail_root = "mail",
	};
	assert_int_equal(letter_init(&p->letter, &p->deliver, "tmp"), ERR_OK);
	p->letter.host = SPAN("gate.example");
	p->letter.language = LETTER_ENGLISH;
	notice_init(&p->notice, &p->letter);
	spool_file_init(&p->file);
}

static void
add_all(struct post *p, const char *to, unsigned notify)
{
	struct span rest = span_str(to), one;
	struct addr a;

	while (span_next(&rest, ' ', &one)) {
		assert_int_equal(addr_parse(one, ADDR_ALLOW_BARE, &a), ADDR_OK);
		assert_int_equal(delivery_add(&p->delivery, &a, notify,
				     SPAN("rfc822;o+2Bx@x.example")),
		    ERR_OK);
	}
}

int
post_send(struct post *p, const struct delivery_head *head, const char *to,
    unsigned notify)
{
	struct span text = SPAN("Subject: x\n\nbody\n");
	int err;

	assert_int_equal(
	    spool_begin(&p->spool, &p->file, NOW_S * (int64_t)1000000), ERR_OK);
	assert_int_equal(spool_append(&p->spool, &p->file, &text, 1), ERR_OK);
	delivery_begin(&p->delivery, &p->deliver);
	add_all(p, to, notify);
	err = delivery_commit(&p->delivery, &p->file, head);
	if (err) {
		spool_abort(&p->spool, &p->file);
		return err;
	}
	spool_barrier(&p->spool);
	while (spool_next(&p->spool) != NULL)
		continue;
	if (p->file.result == ERR_OK)
		delivery_done(&p->delivery, NOW_MS);
	return p->file.result;
}

/* Walk the mailbox; the last file's path. */
static unsigned
walk(struct post *p, const char *account, char path[FS_PATH_MAX])
{
	struct fs *fs = &p->emu.fs;
	char folder[FS_PATH_MAX];
	struct fs_entry e;
	struct text t;
	unsigned n = 0;
	int h;

	text_init(&t, folder, sizeof(folder));
	text_str(&t, "mail/");
	text_str(&t, account);
	text_str(&t, "/Maildir/new");
	h = fs->dir_open(fs, folder);
	assert_true(h >= 0);
	while (fs->dir_next(fs, h, &e) == 1) {
		n++;
		text_init(&t, path, FS_PATH_MAX);
		text_str(&t, folder);
		text_chr(&t, '/');
		text_span(&t, span_of(e.name, e.len));
	}
	fs->dir_close(fs, h);
	return n;
}

unsigned
post_count(struct post *p, const char *account)
{
	static char path[FS_PATH_MAX];

	return walk(p, account, path);
}

const char *
post_read(struct post *p, const char *account)
{
	static char path[FS_PATH_MAX], text[8192];
	struct fs *fs = &p->emu.fs;
	int h, n;

	assert_true(walk(p, account, path) > 0);
	h = fs->open(fs, path, FS_READ);
	assert_true(h >= 0);
	n = fs->read(fs, h, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	fs->close(fs, h);
	text[n] = '\0';
	return text;
}

bool
post_open(struct post *p, struct queue_entry *e)
{
	while (queue_scan(&p->queue, NOW_MS))
		continue;
	if (queue_take(&p->queue, 0, NOW_MS, e) != 1)
		return false;
	assert_int_equal(
	    queue_file_open(&p->queued, &p->emu.fs, "queue", e->id), ERR_OK);
	return true;
}
