/*
 * maildrop_load: from the folders to a numbered maildrop, a slice at a time.
 *
 *   START -> WALK (new, then cur) -> MEASURE (files without W=) -> READY
 *
 * new/ comes first: a message that moves to cur/ meanwhile is seen twice, not
 * missed; twins are dropped when they are sorted.
 */
#include <assert.h>

#include "codec/dot_out.h"
#include "store/mailbox.h"
#include "store/maildrop_phase.h"
#include "store/maildrop_sort.h"
#include "store/maildrop_table.h"

#define WALK_SLICE    4096	 /* names in one call */
#define MEASURE_SLICE (1u << 20) /* octets */
#define EXPECTED      1024 /* records to come, of a mailbox that has some */
#define SKIP_SLICE    4096 /* records looked at without measuring */

/* Begin the walk anew, without a table if `bare`. */
static void
restart(struct maildrop *d, bool bare)
{
	struct fs *fs = d->owner->fs;

	if (d->table >= 0)
		(void)fs->close(fs, d->table);
	if (d->dir >= 0)
		(void)fs->dir_close(fs, d->dir);
	d->table = d->dir = -1;
	d->bare = bare;
	d->folder_now = MAILDROP_NEW;
	d->runs = d->loaded = d->count = d->unmeasured = 0;
	d->table_end = d->octets = d->sum = 0;
	memset(&d->last, 0, sizeof(d->last));
	d->phase = MAILDROP_WALK;
}

static void
add_bare(struct maildrop *d, struct maildrop_entry *e, struct span name)
{
	if (!e->has_octets)
		maildrop_estimate(d, e, name);
	if (d->count == 0 || maildrop_compare(e, &d->last) > 0)
		d->last = *e;
	d->count++;
	d->octets += e->octets;
	d->sum += maildrop_hash(e);
}

/* A large mailbox will need more of the work memory, if there is much of it. */
static void
expect_more(const struct maildrops *m, uint32_t loaded)
{
	uint32_t n = m->batch - loaded;

	if (MAILDROP_BATCH > EXPECTED && m->expect != NULL
	    && loaded % EXPECTED == EXPECTED / 4)
		m->expect(&m->work->entry[loaded],
		    (n < EXPECTED ? n : EXPECTED) * sizeof(m->work->entry[0]));
}

static int
add(struct maildrop *d, const struct fs_entry *file)
{
	struct maildrop_work *w = d->owner->work;
	struct span name = span_of(file->name, file->len);
	struct maildrop_entry *e = &w->entry[d->loaded];

	if (!file->is_file || maildrop_record(d->folder_now, name, e))
		return ERR_OK;
	if (d->bare) {
		add_bare(d, e, name);
		return ERR_OK;
	}
	w->time_us[d->loaded++] = e->time_us;
	maildrop_add_up(d, e);
	expect_more(d->owner, d->loaded);
	return d->loaded == d->owner->batch ? maildrop_table_run(d) : ERR_OK;
}

static int
open_folder(struct maildrop *d)
{
	struct fs *fs = d->owner->fs;
	char path[FS_PATH_MAX];
	int err = mailbox_path(path, d->maildir,
	    maildrop_folder_name[d->folder_now], span_of(NULL, 0));

	if (err)
		return err;
	d->dir = fs->dir_open(fs, path);
	return d->dir < 0 ? d->dir : ERR_OK;
}

/* All names have been seen. */
static int
settle(struct maildrop *d)
{
	int err = ERR_OK;

	if (d->runs == 0 && !d->bare) {
		maildrop_table_keep(d);
	} else if (!d->bare) {
		if (d->loaded > 0)
			err = maildrop_table_run(d);
		if (!err && d->runs > 1)
			err = maildrop_table_merge(d);
	} else {
		memset(d->marks, 0, sizeof(d->marks));
	}
	d->cursor = 1;
	if (!err)
		d->phase =
		    d->unmeasured > 0 ? MAILDROP_MEASURE : MAILDROP_READY;
	return err;
}

static int
next_folder(struct maildrop *d)
{
	struct fs *fs = d->owner->fs;

	(void)fs->dir_close(fs, d->dir);
	d->dir = -1;
	return ++d->folder_now < MAILDROP_FOLDERS ? ERR_OK : settle(d);
}

static int
walk_one(struct maildrop *d)
{
	struct fs *fs = d->owner->fs;
	struct fs_entry file;
	int more;

	more = fs->dir_next(fs, d->dir, &file);
	if (more < 0)
		return more;
	return more > 0 ? add(d, &file) : next_folder(d);
}

/* A folder that does not exist is an empty one. */
static int
walk_into(struct maildrop *d)
{
	int err = open_folder(d);

	if (err != ERR_MISSING)
		return err;
	return ++d->folder_now < MAILDROP_FOLDERS ? ERR_OK : settle(d);
}

/*
 * A failure while there is a table to write is most likely the table's; the
 * walk without one tells whether the folders can be read.
 */
static int
walk(struct maildrop *d)
{
	unsigned n;
	int err = ERR_OK;

	for (n = 0; !err && n < WALK_SLICE && d->phase == MAILDROP_WALK; n++)
		err = d->dir < 0 ? walk_into(d) : walk_one(d);
	if (err && !d->bare) {
		restart(d, true);
		err = ERR_OK;
	}
	return err;
}

/* --- measuring -------------------------------------------------------------
 */

static void
measure_end(struct maildrop *d, struct maildrop_entry *e)
{
	struct fs *fs = d->owner->fs;
	struct dot_out dot = { d->measure_state };

	if (d->measuring >= 0)
		(void)fs->close(fs, d->measuring);
	d->measuring = -1;
	e->octets = d->measured + dot_out_missing(&dot);
	e->has_octets = true;
	d->octets += e->octets;
	d->unmeasured--;
}

/* Read on in the file of message `cursor`; 0 at its end. */
static int
measure_some(struct maildrop *d)
{
	struct maildrops *m = d->owner;
	struct dot_out dot = { d->measure_state };
	int got = m->fs->read(
	    m->fs, d->measuring, m->work->io, MAILDROP_IO, d->measured_at);

	if (got <= 0)
		return 0;
	d->measured += dot_out_count(&dot, span_of(m->work->io, (size_t)got));
	d->measured_at += (unsigned)got;
	d->measure_state = dot.state;
	return got;
}

static void
measure_begin(struct maildrop *d)
{
	struct dot_out dot;

	dot_out_init(&dot);
	d->measure_state = dot.state;
	d->measured = d->measured_at = 0;
	/* what can't be opened has no octets; RETR will say why */
	d->measuring = maildrop_message(d, d->cursor);
}

/* One step: look at a record, or read a piece; the cost in octets. */
static int
measure_step(struct maildrop *d, int *cost)
{
	struct maildrop_entry *e;
	int err = maildrop_fetch(d, d->cursor, &e);

	*cost = MEASURE_SLICE / SKIP_SLICE;
	if (err || e->has_octets) {
		d->cursor++;
		return err;
	}
	if (d->measuring < 0)
		measure_begin(d);
	if (d->measuring >= 0) {
		*cost = measure_some(d);
		if (*cost > 0)
			return ERR_OK;
	}
	err = maildrop_fetch(d, d->cursor, &e);
	if (err)
		return err;
	*cost = MEASURE_SLICE / SKIP_SLICE;
	measure_end(d, e);
	return maildrop_table_store(d, d->cursor++, e);
}

static int
measure(struct maildrop *d)
{
	int left = MEASURE_SLICE, cost, err = ERR_OK;

	while (!err && left > 0 && d->unmeasured > 0) {
		err = measure_step(d, &cost);
		left -= cost;
	}
	if (d->unmeasured == 0)
		d->phase = MAILDROP_READY;
	return err;
}

int
maildrop_load(struct maildrop *d)
{
	int err = ERR_OK;

	if (d->phase == MAILDROP_START) {
		if (!maildrop_work_take(d))
			return ERR_AGAIN;
		maildrop_table_clear(d->owner);
		restart(d, false);
	}
	if (d->phase == MAILDROP_WALK)
		err = walk(d);
	else if (d->phase == MAILDROP_MEASURE)
		err = measure(d);
	if (err || d->phase != MAILDROP_WALK)
		maildrop_work_give(d);
	if (err)
		return err;
	return d->phase == MAILDROP_READY ? ERR_OK : ERR_AGAIN;
}
