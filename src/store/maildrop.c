/*
 * maildrop: locking, marks, reaching a message's file, removing.  How the
 * records get there is in maildrop_load.c and maildrop_table.c.
 */
#include "store/maildrop.h"

#include <assert.h>

#include "core/be.h"
#include "core/text.h"
#include "store/mailbox.h"
#include "store/maildrop_phase.h"
#include "store/maildrop_table.h"

#define COMMIT_SLICE 256 /* messages removed in one call */

void
maildrops_init(struct maildrops *m, struct fs *fs, struct pool *pool,
    struct maildrop_work *work)
{
	*m = (struct maildrops) {
		.fs = fs, .pool = pool, .work = work, .batch = MAILDROP_BATCH
	};
}

static bool
is_locked(const struct maildrops *m, struct span account)
{
	const struct maildrop *d;

	for (d = m->list; d != NULL; d = d->next)
		if (span_is(account, span_of(d->account, d->account_len)))
			return true;
	return false;
}

/* A fresh one; its large arrays are filled when they are needed. */
static void
prepare(struct maildrop *d, struct maildrops *m)
{
	memset(d, 0, offsetof(struct maildrop, last));
	d->owner = m;
	d->table = d->dir = d->measuring = -1;
	d->epoch = 1;
	d->next = m->list;
	m->list = d;
}

int
maildrop_open(struct maildrops *m, struct span account, const char *maildir,
    struct maildrop **out)
{
	size_t len = strlen(maildir);
	struct maildrop *d;

	if (account.len == 0 || account.len > sizeof(d->account) || len == 0
	    || len >= sizeof(d->maildir))
		return ERR_RANGE;
	if (is_locked(m, account))
		return ERR_BUSY;
	d = pool_take(m->pool);
	if (d == NULL)
		return ERR_FULL;
	prepare(d, m);
	memcpy(d->account, account.p, account.len);
	d->account_len = (uint8_t)account.len;
	memcpy(d->maildir, maildir, len + 1);
	*out = d;
	return ERR_OK;
}

void
maildrop_close(struct maildrop *d)
{
	struct maildrops *m = d->owner;
	struct maildrop **at = &m->list;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	if (d->table >= 0)
		(void)m->fs->close(m->fs, d->table);
	if (d->dir >= 0)
		(void)m->fs->dir_close(m->fs, d->dir);
	if (d->measuring >= 0)
		(void)m->fs->close(m->fs, d->measuring);
	if (m->batch_of == d)
		m->batch_of = NULL;
	maildrop_work_give(d);
	pool_give(m->pool, d);
}

bool
maildrops_let_go(struct maildrops *m)
{
	if (m->worker != NULL || (m->batch_of != NULL && m->batch_of->held))
		return false;
	m->batch_of = NULL;
	return true;
}

int
maildrop_entry(
    struct maildrop *d, uint32_t number, const struct maildrop_entry **e)
{
	struct maildrop_entry *found;
	int err = maildrop_fetch(d, number, &found);

	if (!err)
		*e = found;
	return err;
}

static bool
is_uid(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return s.len > 0 && s.len <= MAILDROP_UID_MAX;
}

size_t
maildrop_uid(const struct maildrop_entry *e, char out[MAILDROP_UID_MAX])
{
	struct span id = span_of(e->name, e->id_len);
	char mem[24];
	struct text t;
	uint8_t hash[8];

	if (is_uid(id)) {
		memcpy(out, id.p, id.len);
		return id.len;
	}
	be64_put(hash, maildrop_hash(e));
	text_init(&t, mem, sizeof(mem));
	text_str(&t, "base-");
	text_hex(&t, span_of(hash, sizeof(hash)));
	memcpy(out, mem, t.len);
	return t.len;
}

/* --- reaching a message ----------------------------------------------------
 */

/* What to do with the file's path once it is known. */
typedef int (*deed_fn)(struct fs *fs, const char *path);

static int
deed_open(struct fs *fs, const char *path)
{
	return fs->open(fs, path, FS_FOREIGN);
}

static int
deed_remove(struct fs *fs, const char *path)
{
	return fs->unlink(fs, path);
}

static int
do_named(struct maildrop *d, uint8_t folder, struct span name, deed_fn deed)
{
	char path[FS_PATH_MAX];
	int err =
	    mailbox_path(path, d->maildir, maildrop_folder_name[folder], name);

	if (!err)
		err = deed(d->owner->fs, path);
	if (!err && deed == deed_remove)
		d->touched[folder] = true;
	return err;
}

/* What mail readers do with a new message most of the time. */
static int
do_guessed(struct maildrop *d, const struct maildrop_entry *e, deed_fn deed)
{
	static const char *const flags[] = { ":2,S", ":2," };
	char name[MAILDROP_NAME + 8];
	struct text t;
	int err = ERR_MISSING;

	for (size_t i = 0; i < 2 && err == ERR_MISSING; i++) {
		text_init(&t, name, sizeof(name));
		text_span(&t, span_of(e->name, e->base_len));
		text_str(&t, flags[i]);
		err = do_named(d, MAILDROP_CUR, text_data(&t), deed);
	}
	return err;
}

struct hunt {
	struct maildrop *d;
	struct maildrop_entry *wanted;
	deed_fn deed;
	int result;
};

/* By its hash; ends the walk by a positive result. */
static int
see_hunted(void *ctx, uint8_t folder, struct span name)
{
	struct hunt *h = ctx;
	struct maildrop_entry e;

	if (maildrop_record(folder, name, &e)
	    || !maildrop_is_same(&e, h->wanted))
		return ERR_OK;
	h->result = do_named(h->d, folder, name, h->deed);
	if (h->result == ERR_MISSING)
		return ERR_OK; /* it moves on while we look */
	e.mark = h->wanted->mark;
	e.octets = h->wanted->octets;
	e.has_octets = h->wanted->has_octets;
	*h->wanted = e;
	return 1;
}

static int
do_hunted(
    struct maildrop *d, uint32_t number, struct maildrop_entry *e, deed_fn deed)
{
	struct hunt h = { d, e, deed, ERR_MISSING };
	int err = maildrop_walk(d, &h, see_hunted);

	if (err < 0)
		return err;
	/* the place is only remembered to save the next walk */
	if (err > 0 && maildrop_table_store(d, number, e))
		return h.result;
	return h.result;
}

/* Do it to the file of message `number`, wherever that is by now. */
static int
do_message(
    struct maildrop *d, uint32_t number, struct maildrop_entry *e, deed_fn deed)
{
	bool whole = e->len <= sizeof(e->name);
	int err = ERR_MISSING;

	if (whole)
		err = do_named(d, e->folder, span_of(e->name, e->len), deed);
	if (err == ERR_MISSING && whole && e->folder == MAILDROP_NEW)
		err = do_guessed(d, e, deed);
	return err == ERR_MISSING ? do_hunted(d, number, e, deed) : err;
}

int
maildrop_message(struct maildrop *d, uint32_t number)
{
	struct maildrop_entry *e;
	int err = maildrop_fetch(d, number, &e);

	return err ? err : do_message(d, number, e, deed_open);
}

/* --- marks -----------------------------------------------------------------
 */

bool
maildrop_is_marked(
    const struct maildrop *d, uint32_t number, const struct maildrop_entry *e)
{
	if (!d->bare)
		return e->mark == d->epoch;
	return number <= MAILDROP_MARKS_MAX
	       && (d->marks[(number - 1) / 8] >> (number - 1) % 8 & 1);
}

static int
mark_bare(struct maildrop *d, uint32_t number)
{
	if (number > MAILDROP_MARKS_MAX)
		return ERR_FULL;
	d->marks[(number - 1) / 8] |= (uint8_t)(1 << (number - 1) % 8);
	d->marked++;
	return ERR_OK;
}

int
maildrop_mark(struct maildrop *d, uint32_t number)
{
	struct maildrop_entry *e;
	uint32_t before;
	int err;

	if (d->bare)
		return mark_bare(d, number);
	err = maildrop_fetch(d, number, &e);
	if (err)
		return err;
	before = e->mark;
	e->mark = d->epoch;
	err = maildrop_table_store(d, number, e);
	if (err)
		e->mark = before;
	else
		d->marked++;
	return err;
}

void
maildrop_reset(struct maildrop *d)
{
	d->epoch++;
	d->marked = d->kept = 0;
	d->kept_for = ERR_OK;
	if (d->bare)
		memset(d->marks, 0, sizeof(d->marks));
}

/* --- removing --------------------------------------------------------------
 */

static void
note_trouble(struct maildrop *d, int err)
{
	if (!d->kept_for)
		d->kept_for = err;
}

static int
remove_one(struct maildrop *d, uint32_t number)
{
	struct maildrop_entry *e;
	uint64_t hash;
	int err = maildrop_fetch(d, number, &e);

	if (err)
		return err;
	if (!maildrop_is_marked(d, number, e))
		return ERR_OK;
	hash = maildrop_hash(e);
	err = do_message(d, number, e, deed_remove);
	d->marked--;
	if (err && err != ERR_MISSING) {
		d->kept++;
		note_trouble(d, err);
		return ERR_OK;
	}
	d->removed++;
	d->removed_sum += hash;
	return ERR_OK;
}

static int
sync_folder(struct maildrop *d, uint8_t folder)
{
	struct fs *fs = d->owner->fs;
	char path[FS_PATH_MAX];
	int err = mailbox_path(
	    path, d->maildir, maildrop_folder_name[folder], span_of(NULL, 0));

	return err ? err : fs->sync_dir(fs, path);
}

/* Make the removals durable; where that fails nothing is certain. */
static void
sync_touched(struct maildrop *d)
{
	for (unsigned i = 0; i < MAILDROP_FOLDERS; i++) {
		int err = d->touched[i] ? sync_folder(d, (uint8_t)i) : ERR_OK;

		if (!err)
			continue;
		d->kept += d->removed;
		note_trouble(d, err);
	}
}

int
maildrop_commit(struct maildrop *d, uint32_t *kept)
{
	unsigned n;
	int err = ERR_OK;

	if (d->phase != MAILDROP_COMMIT) {
		d->phase = MAILDROP_COMMIT;
		d->cursor = 1;
	}
	/* so that numbers stay what they are until the end */
	if ((d->bare || d->held) && d->marked > 0 && !maildrop_work_take(d))
		return ERR_AGAIN;
	for (n = 0; !err && n < COMMIT_SLICE && d->marked > 0; n++)
		err = remove_one(d, d->cursor++);
	if (!err && d->marked > 0)
		return ERR_AGAIN;
	maildrop_work_give(d);
	d->kept += d->marked;
	if (err)
		note_trouble(d, err);
	sync_touched(d);
	*kept = d->kept;
	return ERR_OK;
}
