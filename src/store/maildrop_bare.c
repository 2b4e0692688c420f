/*
 * maildrop_bare: a maildrop without a file for its table: batch by batch from
 * the folders themselves.  With a file it is maildrop_table's.
 */
#include "store/mailbox.h"
#include "store/maildrop_sort.h"
#include "store/maildrop_table.h"

bool
maildrop_work_take(struct maildrop *d)
{
	struct maildrops *m = d->owner;

	if (m->worker != NULL && m->worker != d)
		return false;
	m->worker = d;
	return true;
}

void
maildrop_work_give(struct maildrop *d)
{
	if (d->owner->worker == d)
		d->owner->worker = NULL;
}

static int
walk_folder(struct maildrop *d, uint8_t folder, void *ctx,
    int (*see)(void *ctx, uint8_t folder, struct span name))
{
	struct fs *fs = d->owner->fs;
	char path[FS_PATH_MAX];
	struct fs_entry e;
	int dir, more, err;

	err = mailbox_path(
	    path, d->maildir, maildrop_folder_name[folder], span_of(NULL, 0));
	if (err)
		return err;
	dir = fs->dir_open(fs, path);
	if (dir < 0)
		return dir == ERR_MISSING ? ERR_OK : dir;
	while (!err && (more = fs->dir_next(fs, dir, &e)) > 0)
		if (e.is_file)
			err = see(ctx, folder, span_of(e.name, e.len));
	if (!err && more < 0)
		err = more;
	(void)fs->dir_close(fs, dir);
	return err;
}

int
maildrop_walk(struct maildrop *d, void *ctx,
    int (*see)(void *ctx, uint8_t folder, struct span name))
{
	uint8_t folder;
	int err = ERR_OK;

	for (folder = 0; !err && folder < MAILDROP_FOLDERS; folder++)
		err = walk_folder(d, folder, ctx, see);
	return err;
}

void
maildrop_estimate(
    struct maildrop *d, struct maildrop_entry *e, struct span name)
{
	struct fs *fs = d->owner->fs;
	char path[FS_PATH_MAX];
	struct fs_stat st;

	if (!mailbox_path(
		path, d->maildir, maildrop_folder_name[e->folder], name)
	    && !fs->stat(fs, path, &st))
		e->octets = st.octets;
}

/* Marks beyond what there is place for are lost, and counted as kept. */
static void
keep_marks(struct maildrop *d)
{
	struct maildrop_work *w = d->owner->work;

	memset(d->marks, 0, sizeof(d->marks));
	for (uint32_t i = 0; i < d->count; i++) {
		if (maildrop_sorted(w, i)->mark != d->epoch)
			continue;
		if (i < MAILDROP_MARKS_MAX) {
			d->marks[i / 8] |= (uint8_t)(1 << i % 8);
			continue;
		}
		d->marked--;
		d->kept++;
		d->kept_for = ERR_FULL;
	}
}

void
maildrop_go_bare(struct maildrop *d)
{
	struct maildrop_work *w = d->owner->work;

	if (d->table >= 0)
		(void)d->owner->fs->close(d->owner->fs, d->table);
	d->table = -1;
	d->bare = true;
	d->sum = 0;
	for (uint32_t i = 0; i < d->count; i++)
		d->sum += maildrop_hash(maildrop_sorted(w, i));
	d->last = *maildrop_sorted(w, d->count - 1);
	keep_marks(d);
}

struct batch {
	struct maildrop *d;
	const struct maildrop_entry *after; /* NULL: from the first on */
	uint32_t n;
	uint32_t total;
	uint64_t sum;
};

static int
see_batch(void *ctx, uint8_t folder, struct span name)
{
	struct batch *b = ctx;
	struct maildrops *m = b->d->owner;
	struct maildrop_entry e;

	if (maildrop_record(folder, name, &e)
	    || maildrop_compare(&e, &b->d->last) > 0)
		return ERR_OK; /* no message, or it came after the login */
	b->total++;
	b->sum += maildrop_hash(&e);
	if (!e.has_octets)
		maildrop_estimate(b->d, &e, name);
	if (b->after == NULL || maildrop_compare(&e, b->after) > 0)
		b->n = maildrop_keep_lowest(m->work, m->batch, b->n, &e);
	return ERR_OK;
}

/* Fill the work memory with the batch behind `after`. */
static int
next_batch(struct maildrop *d, const struct maildrop_entry *after)
{
	struct maildrops *m = d->owner;
	uint32_t first = after == NULL ? 1 : m->batch_first + m->batch_n;
	struct batch b = { .d = d, .after = after };
	int err;

	maildrop_table_clear(m);
	err = maildrop_walk(d, &b, see_batch);
	if (err)
		return err;
	if (b.total + d->removed != d->count || b.sum + d->removed_sum != d->sum
	    || b.n == 0)
		return ERR_BUSY;
	maildrop_sort(m->work, b.n);
	m->batch_of = d;
	m->batch_first = first;
	m->batch_n = b.n;
	return ERR_OK;
}

int
maildrop_fetch_bare(
    struct maildrop *d, uint32_t number, struct maildrop_entry **e)
{
	struct maildrops *m = d->owner;
	struct maildrop_entry after;
	int err = ERR_OK;

	if (m->worker != NULL && m->worker != d)
		return ERR_AGAIN;
	if (m->batch_of != d || number < m->batch_first)
		err = next_batch(d, NULL);
	while (!err && number >= m->batch_first + m->batch_n) {
		after = *maildrop_sorted(m->work, m->batch_n - 1);
		err = next_batch(d, &after);
	}
	if (!err)
		*e = maildrop_sorted(m->work, number - m->batch_first);
	return err;
}
