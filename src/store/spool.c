/*
 * spool: messages under way, and the barrier that makes a turn's batch
 * durable.  It does not know whose places it fills, and answers nobody.
 */
#include "store/spool.h"

#include <assert.h>

#include "core/text.h"

#define LOW_INODES 16 /* fewer free: as good as none */
#define ROOM_ASKS  16 /* answered from memory before asking again */

static void
list_init(struct spool_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void
list_add(struct spool_list *l, struct spool_file *f)
{
	f->next = NULL;
	*l->end = f;
	l->end = &f->next;
}

static struct spool_file *
list_take(struct spool_list *l)
{
	struct spool_file *f = l->first;

	if (f == NULL)
		return NULL;
	l->first = f->next;
	if (l->first == NULL)
		l->end = &l->first;
	return f;
}

static void
list_remove(struct spool_list *l, struct spool_file *f)
{
	struct spool_file **at = &l->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (*at == NULL)
		l->end = at;
}

int
spool_init(struct spool *sp, struct fs *fs, struct mailbox_ids *ids,
    const char *tmp, uint64_t reserve_octets)
{
	struct text t;

	memset(sp, 0, sizeof(*sp));
	sp->fs = fs;
	sp->ids = ids;
	sp->reserve_octets = reserve_octets;
	list_init(&sp->batch);
	list_init(&sp->done);
	text_init(&t, sp->tmp, sizeof(sp->tmp));
	text_str(&t, tmp);
	return t.cut ? ERR_RANGE : ERR_OK;
}

/* "TMP/name" in `out`; always fits, as both parts are bounded. */
static void
tmp_path(const struct spool *sp, const char *name, char out[FS_PATH_MAX])
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
		tmp_path(sp, e.name, sp->from);
		err = sp->fs->unlink(sp->fs, sp->from);
		*removed += !err;
	}
	return err;
}

int
spool_recover(struct spool *sp)
{
	unsigned removed = 0;
	int err = sp->fs->mkdir(sp->fs, sp->tmp);
	int dir;

	if (err && err != ERR_EXISTS)
		return err;
	dir = sp->fs->dir_open(sp->fs, sp->tmp);
	if (dir < 0)
		return dir;
	err = empty_tmp(sp, dir, &removed);
	(void)sp->fs->dir_close(sp->fs, dir);
	return err ? err : (int)removed;
}

int
spool_room(struct spool *sp, uint64_t octets)
{
	uint64_t free;
	int err;

	if (sp->room_asks == 0) {
		err = sp->fs->space(sp->fs, sp->tmp, &sp->space);
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
		tmp_path(sp, f->id, sp->from);
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

/* Close the file if it is open; the first error counts. */
static void
close_file(struct spool *sp, struct spool_file *f)
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
	if (f->waiting) {
		list_remove(&sp->batch, f);
		f->waiting = false;
		if (f->mate != NULL) {
			f->mate->result = ERR_CLOSED;
			f->mate->mate = NULL;
		}
	}
	if (f->h < 0)
		return;
	close_file(sp, f);
	tmp_path(sp, f->id, sp->from);
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
	list_add(&sp->batch, f);
}

void
spool_tie(struct spool_file *a, struct spool_file *b)
{
	assert(a->waiting && b->waiting && a->mate == NULL && b->mate == NULL);
	a->mate = b;
	b->mate = a;
}

/* Settle one group of at most SPOOL_SYNC_MAX files; the first not taken. */
static struct spool_file *
settle_group(struct spool *sp, struct spool_file *f)
{
	struct spool_file *first = f;
	bool failed[SPOOL_SYNC_MAX];
	int h[SPOOL_SYNC_MAX];
	unsigned n = 0, i = 0;
	int err;

	for (; f != NULL && n < SPOOL_SYNC_MAX; f = f->next)
		if (!f->result)
			h[n++] = f->h;
	if (n == 0)
		return f;
	err = sp->fs->settle(sp->fs, h, n, failed);
	sp->file_syncs += n;
	for (; first != f; first = first->next) {
		if (!first->result && failed[i++])
			first->result = err ? err : ERR_IO;
	}
	return f;
}

/* Bytes first: no name in a mailbox ever stands for bytes not yet there. */
static void
settle_files(struct spool *sp)
{
	struct spool_file *f = sp->batch.first;

	while (f != NULL)
		f = settle_group(sp, f);
	for (f = sp->batch.first; f != NULL; f = f->next)
		close_file(sp, f);
}

/* Where one of a pair has failed, so has the other. */
static void
join_results(struct spool *sp)
{
	for (struct spool_file *f = sp->batch.first; f != NULL; f = f->next)
		if (f->mate != NULL && f->mate->result && !f->result)
			f->result = f->mate->result;
}

/* Write the bytes of sp->from to a new synced file, tmp/ID.copy. */
static int
write_copy(struct spool *sp, struct span bytes)
{
	struct fs *fs = sp->fs;
	bool failed;
	int err, closed, h = fs->open(fs, sp->from, FS_CREATE);

	if (h < 0)
		return h;
	err = fs->write(fs, h, &bytes, 1, 0);
	if (!err)
		err = fs->sync(fs, &h, 1, &failed);
	closed = fs->close(fs, h);
	sp->file_syncs++;
	return err ? err : closed;
}

/* For file systems without links: sp->to gets its own copy. */
static int
place_copy(struct spool *sp, const struct spool_file *f)
{
	char name[MAILBOX_ID_MAX + sizeof(".copy")];
	struct span bytes;
	struct text t;
	int err, h;

	tmp_path(sp, f->id, sp->from);
	h = sp->fs->open(sp->fs, sp->from, FS_READ);
	if (h < 0)
		return h;
	err = sp->fs->map(sp->fs, h, &bytes);
	if (!err) {
		text_init(&t, name, sizeof(name));
		text_str(&t, f->id);
		text_str(&t, ".copy");
		tmp_path(sp, name, sp->from);
		err = write_copy(sp, bytes);
		if (!err)
			err = sp->fs->rename(sp->fs, sp->from, sp->to);
		if (err)
			(void)sp->fs->unlink(sp->fs, sp->from);
		sp->fs->unmap(sp->fs, bytes);
	}
	(void)sp->fs->close(sp->fs, h);
	return err;
}

/* Further places first; the rename, which takes tmp/ID away, comes last. */
static int
place_file(struct spool *sp, struct spool_file *f)
{
	int err;

	for (unsigned i = f->places - 1; i > 0; i--) {
		err = f->place(f, i, sp->to);
		if (err)
			return err;
		tmp_path(sp, f->id, sp->from);
		err = sp->fs->link(sp->fs, sp->from, sp->to);
		if (err == ERR_UNSUPPORTED)
			err = place_copy(sp, f);
		if (err)
			return err;
		f->placed++;
	}
	err = f->place(f, 0, sp->to);
	if (err)
		return err;
	tmp_path(sp, f->id, sp->from);
	err = sp->fs->rename(sp->fs, sp->from, sp->to);
	f->renamed = !err;
	return err;
}

/* Cut the last name off a path, leaving the folder. */
static void
folder_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		memcpy(path, ".", 2);
	else
		slash[slash == path] = '\0';
}

static int
place_folder(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	int err = f->place(f, i, out);

	if (!err)
		folder_of(out);
	return err;
}

static uint32_t
hash_of(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 16777619U;
	return h;
}

/* Is folder sp->to, with this hash, among those to be synced already? */
static bool
is_gathered(struct spool *sp, uint32_t hash)
{
	for (unsigned i = 0; i < sp->n_folders; i++) {
		const struct spool_folder *d = &sp->folders[i];

		if (d->hash == hash
		    && !place_folder(d->file, d->place, sp->from)
		    && !strcmp(sp->from, sp->to))
			return true;
	}
	return false;
}

/* Folder sp->to failed: so did every message with a place in it. */
static void
blame_folder(struct spool *sp, int err)
{
	for (struct spool_file *f = sp->batch.first; f != NULL; f = f->next)
		for (unsigned i = 0; !f->result && i < f->places; i++)
			if (!place_folder(f, i, sp->from)
			    && !strcmp(sp->from, sp->to))
				f->result = err;
}

/* Make the names in all gathered folders durable. */
static void
sync_gathered(struct spool *sp)
{
	bool failed[SPOOL_FOLDERS];
	unsigned n = sp->n_folders;
	int err;

	if (n == 0)
		return;
	err = sp->fs->sync(sp->fs, sp->folder_h, n, failed);
	sp->folder_syncs += n;
	for (unsigned i = 0; i < n; i++) {
		const struct spool_folder *d = &sp->folders[i];

		(void)sp->fs->close(sp->fs, sp->folder_h[i]);
		if (!failed[i])
			continue;
		if (place_folder(d->file, d->place, sp->to))
			assert(false && "a place changed its path");
		blame_folder(sp, err ? err : ERR_IO);
	}
	sp->n_folders = 0;
}

/* Note the folder of one place for syncing, once. */
static int
gather_folder(struct spool *sp, const struct spool_file *f, unsigned i)
{
	uint32_t hash;
	int h, err = place_folder(f, i, sp->to);

	if (err)
		return err;
	hash = hash_of(sp->to);
	if (is_gathered(sp, hash))
		return ERR_OK;
	h = sp->fs->open(sp->fs, sp->to, FS_FOLDER);
	if (h < 0)
		return h;
	sp->folder_h[sp->n_folders] = h;
	sp->folders[sp->n_folders++] = (struct spool_folder) { f, i, hash };
	if (sp->n_folders == SPOOL_FOLDERS)
		sync_gathered(sp);
	return ERR_OK;
}

static void
sync_folders(struct spool *sp)
{
	int err;

	for (struct spool_file *f = sp->batch.first; f != NULL; f = f->next)
		for (unsigned i = 0; !f->result && i < f->places; i++) {
			err = gather_folder(sp, f, i);
			if (err)
				f->result = err;
		}
	sync_gathered(sp);
}

/* Take a refused message away from wherever it has got to. */
static void
take_back(struct spool *sp, struct spool_file *f)
{
	for (unsigned i = f->places; i-- > 0;) {
		if (i == 0 ? !f->renamed : i < f->places - f->placed)
			continue;
		if (!f->place(f, i, sp->to))
			(void)sp->fs->unlink(sp->fs, sp->to);
	}
	if (!f->renamed) {
		tmp_path(sp, f->id, sp->from);
		(void)sp->fs->unlink(sp->fs, sp->from);
	}
}

static void
place_files(struct spool *sp)
{
	for (struct spool_file *f = sp->batch.first; f != NULL; f = f->next)
		if (!f->result)
			f->result = place_file(sp, f);
}

static void
end_batch(struct spool *sp)
{
	struct spool_file *f;

	join_results(sp);
	while ((f = list_take(&sp->batch)) != NULL) {
		if (f->result)
			take_back(sp, f);
		sp->accepted += !f->result;
		sp->refused += f->result != ERR_OK;
		f->waiting = false;
		list_add(&sp->done, f);
	}
}

void
spool_barrier(struct spool *sp)
{
	if (sp->batch.first == NULL)
		return;
	sp->barriers++;
	settle_files(sp);
	join_results(sp); /* place nothing that must be taken back */
	place_files(sp);
	sync_folders(sp);
	end_batch(sp);
}

struct spool_file *
spool_next(struct spool *sp)
{
	return list_take(&sp->done);
}
