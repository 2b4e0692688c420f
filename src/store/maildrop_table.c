/*
 * maildrop_table: an external merge sort over one append-only file.
 *
 *   file:  run, run, ... run, merged (the table)
 *
 * Runs are as long as the work memory; what fits it needs no file until
 * somebody else wants the memory.  When there are too many they are merged
 * into one early.  Nothing is ever freed inside the file: it is
 * nameless and goes with the session.
 */
#include "store/maildrop_table.h"

#include <assert.h>

#include "store/mailbox.h"
#include "store/maildrop_sort.h"

#define RECORD sizeof(struct maildrop_entry)

_Static_assert(sizeof(struct maildrop_entry) == 160,
    "records have no hidden bytes and fill pages evenly");

const char *const maildrop_folder_name[MAILDROP_FOLDERS] = { "new", "cur" };

/* --- the file --------------------------------------------------------------
 */

static int
append(struct maildrop *d, const struct maildrop_entry *e, uint32_t n)
{
	struct span bytes = span_of(e, n * RECORD);
	struct fs *fs = d->owner->fs;
	int err;

	if (d->table < 0) {
		d->table = fs->open(fs, d->maildir, FS_SCRATCH);
		if (d->table < 0)
			return d->table;
	}
	err = fs->write(fs, d->table, &bytes, 1, d->table_end);
	d->table_end += bytes.len;
	return err;
}

static int
read_records(
    struct maildrop *d, struct maildrop_entry *e, uint32_t n, uint64_t at)
{
	struct fs *fs = d->owner->fs;
	int got = fs->read(fs, d->table, e, n * RECORD, at);

	if (got < 0)
		return got;
	return (size_t)got == n * RECORD ? ERR_OK : ERR_IO;
}

/*
 * Two files of one message: it moved from new to cur between two looks.  Most
 * differ in time, and need not be looked at.
 */
static bool
are_twins(struct maildrop_work *w, uint16_t a, uint16_t b)
{
	return w->time_us[a] == w->time_us[b]
	       && maildrop_is_same(&w->entry[a], &w->entry[b]);
}

void
maildrop_add_up(struct maildrop *d, const struct maildrop_entry *e)
{
	d->octets += e->octets;
	d->unmeasured += !e->has_octets;
}

/* Sort what is in the work memory; twins are left out, and subtracted. */
static void
settle(struct maildrop *d)
{
	struct maildrop_work *w = d->owner->work;
	uint32_t n = d->loaded, kept = 0;

	maildrop_sort(w, n);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t at = w->order[i];

		if (kept == 0 || !are_twins(w, at, w->order[kept - 1])) {
			w->order[kept++] = at;
			continue;
		}
		d->octets -= w->entry[at].octets;
		d->unmeasured -= !w->entry[at].has_octets;
	}
	d->count = kept;
	d->loaded = 0;
}

/* Records on their way into the file: many are written at once. */
struct rows {
	struct maildrop *d;
	uint32_t n;
};

#define ROWS_MAX (MAILDROP_IO / RECORD)

static struct rows
rows_begin(struct maildrop *d)
{
	d->table_at = d->table_end;
	return (struct rows) { .d = d };
}

/* The memory for reading messages lies idle meanwhile. */
static struct maildrop_entry *
rows_memory(const struct rows *r)
{
	return r->d->owner->work->out;
}

static int
rows_end(struct rows *r)
{
	uint32_t n = r->n;

	r->n = 0;
	return n > 0 ? append(r->d, rows_memory(r), n) : ERR_OK;
}

static int
rows_put(struct rows *r, const struct maildrop_entry *e)
{
	rows_memory(r)[r->n++] = *e;
	return r->n == ROWS_MAX ? rows_end(r) : ERR_OK;
}

/* What was settled becomes the last run of the file. */
static int
write_settled(struct maildrop *d)
{
	struct rows rows = rows_begin(d);
	int err = ERR_OK;

	for (uint32_t i = 0; !err && i < d->count; i++)
		err = rows_put(&rows, maildrop_sorted(d->owner->work, i));
	return err ? err : rows_end(&rows);
}

int
maildrop_table_run(struct maildrop *d)
{
	int err;

	settle(d);
	err = write_settled(d);
	d->owner->work->run[d->runs++] =
	    (struct maildrop_run) { d->table_at, d->count };
	if (!err && d->runs == MAILDROP_RUNS)
		err = maildrop_table_merge(d);
	return err;
}

/* The heads of all runs, side by side in the work memory. */
struct merge {
	struct maildrop *d;
	struct rows rows;
	struct maildrop_entry last;	 /* put there; no length: none yet */
	uint32_t cap;			 /* records in each one's share */
	uint64_t time_us[MAILDROP_RUNS]; /* of each head */
	struct {
		uint16_t at;
		uint16_t n;
	} head[MAILDROP_RUNS];
};

static struct maildrop_entry *
head_of(const struct merge *m, uint32_t run)
{
	return &m->d->owner->work->entry[run * m->cap + m->head[run].at];
}

static void
note_time(struct merge *m, uint32_t i)
{
	m->time_us[i] = m->head[i].n > 0 ? head_of(m, i)->time_us : UINT64_MAX;
}

static int
refill(struct merge *m, uint32_t i)
{
	struct maildrop_run *run = &m->d->owner->work->run[i];
	uint32_t n = run->n < m->cap ? run->n : m->cap;
	uint64_t at = run->at;
	int err = ERR_OK;

	m->head[i].at = 0;
	m->head[i].n = (uint16_t)n;
	run->at += n * RECORD;
	run->n -= n;
	if (n > 0)
		err = read_records(m->d, head_of(m, i), n, at);
	note_time(m, i);
	return err;
}

static bool
is_lower(const struct merge *m, uint32_t a, uint32_t b)
{
	if (m->time_us[a] != m->time_us[b])
		return m->time_us[a] < m->time_us[b];
	return m->head[a].n > 0
	       && maildrop_compare(head_of(m, a), head_of(m, b)) < 0;
}

/* The run with the lowest head, or the number of runs when all are empty. */
static uint32_t
lowest(const struct merge *m)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < m->d->runs; i++)
		if (is_lower(m, i, best))
			best = i;
	return m->head[best].n > 0 ? best : m->d->runs;
}

static int
merge_one(struct merge *m, const struct maildrop_entry *e)
{
	if (maildrop_is_same(e, &m->last))
		return ERR_OK;
	m->last = *e;
	m->d->count++;
	maildrop_add_up(m->d, e);
	return rows_put(&m->rows, e);
}

static int
merge_all(struct merge *m)
{
	uint32_t i;
	int err = ERR_OK;

	while (!err && (i = lowest(m)) < m->d->runs) {
		err = merge_one(m, head_of(m, i));
		m->head[i].at++;
		if (--m->head[i].n > 0)
			note_time(m, i);
		else if (!err)
			err = refill(m, i);
	}
	return err ? err : rows_end(&m->rows);
}

int
maildrop_table_merge(struct maildrop *d)
{
	struct merge m = { .d = d, .rows = rows_begin(d) };
	int err = ERR_OK;

	m.cap = d->owner->batch / d->runs;
	d->count = d->unmeasured = 0;
	d->octets = 0;
	for (uint32_t i = 0; !err && i < d->runs; i++)
		err = refill(&m, i);
	if (!err)
		err = merge_all(&m);
	d->owner->work->run[0] =
	    (struct maildrop_run) { d->table_at, d->count };
	d->runs = 1;
	return err;
}

void
maildrop_table_keep(struct maildrop *d)
{
	struct maildrops *m = d->owner;

	settle(d);
	if (d->count > MAILDROP_WINDOW) {
		m->batch_of = d;
		d->held = true;
		return;
	}
	for (uint32_t i = 0; i < d->count; i++)
		d->window[i] = *maildrop_sorted(m->work, i);
	d->window_first = 1;
	d->window_n = d->count;
}

void
maildrop_table_clear(struct maildrops *m)
{
	struct maildrop *d = m->batch_of;

	m->batch_of = NULL;
	if (d == NULL || !d->held)
		return;
	if (write_settled(d))
		maildrop_go_bare(d);
	d->held = false;
}

int
maildrop_table_store(
    struct maildrop *d, uint32_t number, const struct maildrop_entry *e)
{
	struct span bytes = span_of(e, RECORD);
	struct fs *fs = d->owner->fs;

	if (d->table < 0)
		return ERR_OK;
	return fs->write(fs, d->table, &bytes, 1,
	    d->table_at + (number - 1) * (uint64_t)RECORD);
}

int
maildrop_fetch(struct maildrop *d, uint32_t number, struct maildrop_entry **e)
{
	uint32_t n = d->count - number + 1;
	int err;

	assert(number >= 1 && number <= d->count);
	if (d->bare)
		return maildrop_fetch_bare(d, number, e);
	if (d->held) {
		*e = maildrop_sorted(d->owner->work, number - 1);
		return ERR_OK;
	}
	if (d->window_first == 0 || number < d->window_first
	    || number >= d->window_first + d->window_n) {
		n = n < MAILDROP_WINDOW ? n : MAILDROP_WINDOW;
		d->window_first = 0;
		err = read_records(d, d->window, n,
		    d->table_at + (number - 1) * (uint64_t)RECORD);
		if (err)
			return err;
		d->window_first = number;
		d->window_n = n;
	}
	*e = &d->window[number - d->window_first];
	return ERR_OK;
}
