/*
 * spool: messages while they are received.  The barrier that makes them
 * durable is in spool_barrier.c.
 */
#include "store/spool_int.h"

#include <assert.h>

#include "core/text.h"
#include "core/zero.h"

#define LOW_INODES 16 /* fewer free: as good as none */
#define ROOM_ASKS  16 /* answered from memory before asking again */

int
spool_init(struct spool *sp, struct fs *fs, struct mailbox_ids *ids,
    const char *tmp, uint64_t reserve_octets)
{
	struct text t;

	zero_fill(sp, sizeof(*sp));
	sp->fs = fs;
	sp->ids = ids;
	sp->reserve_octets = reserve_octets;
	spool_list_init(&sp->batch);
	spool_list_init(&sp->flight);
	spool_list_init(&sp->done);
	text_init(&t, sp->tmp, sizeof(sp->tmp));
	text_str(&t, tmp);
	return t.cut ? ERR_RANGE : ERR_OK;
}

void
spool_tmp_path(const struct spool *sp, const char *name, char out[FS_PATH_MAX])
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, sp->tmp);
	text_chr(&t, '/');
	text_str(&t, name);
	assert(!t.cut);
}

static int
empty_tmp(struct spool *sp, int dir, unsigned *removed)
{
	struct fs_entry e;
	int got, err = ERR_OK;

	while (!err && (got = sp->fs->dir_next(sp->fs, dir, &e)) != 0) {
		if (got < 0)
			return got;
		if (e.is_dir)
			continue;
		spool_tmp_path(sp, e.name, sp->from);
		err = sp->fs->unlink(sp->fs, sp->from);
		*removed += !err;
	}
	return err;
}

static int
learn_device(struct spool *sp)
{
	struct fs_stat st;
	int err = sp->fs->stat(sp->fs, sp->tmp, &st);

	sp->device = err ? 0 : st.device;
	sp->knows_device = !err;
	return err;
}

int
spool_recover(struct spool *sp)
{
	unsigned removed = 0;
	int err = sp->fs->mkdir(sp->fs, sp->tmp);
	int dir;

	if (!err || err == ERR_EXISTS)
		err = learn_device(sp);
	if (err)
		return err;
	dir = sp->fs->dir_open(sp->fs, sp->tmp);
	if (dir < 0)
		return dir;
	err = empty_tmp(sp, dir, &removed);
	(void)sp->fs->dir_close(sp->fs, dir);
	return err ? err : (int)removed;
}

static int
ask_space(struct spool *sp)
{
	int err = sp->fs->space(sp->fs, sp->tmp, &sp->space);

	if (err != ERR_MISSING)
		return err;
	spool_tmp_path(sp, "", sp->from);
	err = spool_again(sp, sp->from);
	return err ? err : sp->fs->space(sp->fs, sp->tmp, &sp->space);
}

int
spool_room(struct spool *sp, uint64_t octets)
{
	uint64_t free;
	int err;

	if (sp->room_asks == 0) {
		err = ask_space(sp);
		if (err)
			return err;
		sp->room_asks = ROOM_ASKS;
	}
	sp->room_asks--;
	free = sp->space.octets;
	if (sp->space.inodes >= LOW_INODES && free >= sp->reserve_octets
	    && octets <= free - sp->reserve_octets) {
		sp->space.octets -= octets; /* it may well be sent */
		return ERR_OK;
	}
	sp->room_asks = 0; /* somebody may be making room just now */
	return ERR_FULL;
}

int
spool_begin(struct spool *sp, struct spool_file *f, int64_t wall_us)
{
	spool_file_init(f);
	for (unsigned i = 0; i < SPOOL_ID_TRIES; i++) {
		mailbox_id(sp->ids, wall_us, f->id);
		spool_tmp_path(sp, f->id, sp->from);
		f->h = sp->fs->open(sp->fs, sp->from, FS_CREATE);
		if (f->h == ERR_MISSING && !spool_again(sp, sp->from))
			f->h = sp->fs->open(sp->fs, sp->from, FS_CREATE);
		if (f->h != ERR_EXISTS)
			break;
	}
	if (f->h >= 0)
		return ERR_OK;
	f->result = f->h;
	f->h = -1;
	return f->result;
}

int
spool_append(
    struct spool *sp, struct spool_file *f, const struct span *v, unsigned n)
{
	uint64_t octets = 0;

	assert(f->h >= 0 && !f->waiting);
	if (f->result)
		return f->result;
	for (unsigned i = 0; i < n; i++)
		octets += v[i].len;
	f->result = sp->fs->write(sp->fs, f->h, v, n, f->octets);
	if (!f->result)
		f->octets += octets;
	return f->result;
}

int
spool_rewrite(
    struct spool *sp, struct spool_file *f, uint64_t at, struct span text)
{
	assert(f->h >= 0 && !f->waiting && at + text.len <= f->octets);
	if (!f->result)
		f->result = sp->fs->write(sp->fs, f->h, &text, 1, at);
	return f->result;
}

void
spool_close(struct spool *sp, struct spool_file *f)
{
	int err;

	if (f->h < 0)
		return;
	err = sp->fs->close(sp->fs, f->h);
	f->h = -1;
	if (!f->result)
		f->result = err;
}

void
spool_abort(struct spool *sp, struct spool_file *f)
{
	assert(!f->in_barrier);
	if (f->waiting) {
		spool_list_remove(&sp->batch, f);
		f->waiting = false;
		if (f->mate != NULL) {
			f->mate->result = ERR_CLOSED;
			f->mate->mate = NULL;
		}
	}
	if (f->h < 0)
		return;
	spool_close(sp, f);
	spool_tmp_path(sp, f->id, sp->from);
	(void)sp->fs->unlink(sp->fs, sp->from);
}

void
spool_commit(struct spool *sp, struct spool_file *f, spool_place place,
    unsigned places, void *owner)
{
	assert(f->h >= 0 && !f->waiting && places > 0);
	f->place = place;
	f->places = places;
	f->owner = owner;
	f->waiting = true;
	spool_list_add(&sp->batch, f);
}

void
spool_tie(struct spool_file *a, struct spool_file *b)
{
	assert(a->waiting && b->waiting && a->mate == NULL && b->mate == NULL);
	a->mate = b;
	b->mate = a;
}

struct spool_file *
spool_next(struct spool *sp)
{
	return spool_list_take(&sp->done);
}
