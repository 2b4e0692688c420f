/*
 * spool_barrier: makes a batch of complete messages durable, in two steps
 * that the caller can wait for or not.  It does not know whose places it
 * fills, and answers nobody.
 *
 *	IDLE --take_flight--> SETTLING --place_files--> NAMING --> IDLE
 *	                  bytes are synced       folders are synced
 *
 * Messages that are committed meanwhile wait for the next round.
 */
#include <assert.h>

#include "core/text.h"
#include "store/spool_int.h"

/* ---- one sync of all files in sp->h ---- */

static void
begin(struct spool *sp, enum fs_barrier which, bool wait)
{
	struct fs *fs = sp->fs;

	sp->under_way = false;
	sp->err = ERR_OK;
	if (sp->n_h == 0)
		return;
	if (!wait && !fs->begin(fs, which, sp->h, sp->n_h))
		sp->under_way = true;
	else if (which == FS_SETTLE)
		sp->err = fs->settle(fs, sp->h, sp->n_h, sp->failed);
	else
		sp->err = fs->sync(fs, sp->h, sp->n_h, sp->failed);
}

static bool
has_ended(struct spool *sp, bool wait)
{
	int err;

	if (!sp->under_way)
		return true;
	err = sp->fs->end(sp->fs, wait, sp->failed);
	if (err == ERR_AGAIN)
		return false;
	sp->err = err;
	sp->under_way = false;
	return true;
}

/* What the i-th file or folder of that sync came to. */
static int
outcome(const struct spool *sp, unsigned i)
{
	if (!sp->failed[i])
		return ERR_OK;
	return sp->err ? sp->err : ERR_IO;
}

/* ---- bytes: no name in a mailbox ever stands for bytes not yet there ---- */

static void
fly(struct spool *sp, struct spool_file *f)
{
	spool_list_remove(&sp->batch, f);
	spool_list_add(&sp->flight, f);
	f->waiting = false;
	f->in_barrier = true;
	if (!f->result)
		sp->h[sp->n_h++] = f->h;
}

/* As many of the batch as go into one sync; pairs stay together. */
static void
take_flight(struct spool *sp)
{
	struct spool_file *f;

	sp->n_h = 0;
	while ((f = sp->batch.first) != NULL) {
		if (sp->n_h + (f->mate != NULL ? 2 : 1) > SPOOL_SYNC_MAX)
			break;
		fly(sp, f);
		if (f->mate != NULL)
			fly(sp, f->mate);
	}
	sp->barriers++;
	sp->file_syncs += sp->n_h;
}

static void
settled(struct spool *sp)
{
	unsigned i = 0;

	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
		if (!f->result)
			f->result = outcome(sp, i++);
	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
		spool_close(sp, f);
}

/* Where one of a pair has failed, so has the other. */
static void
join_results(struct spool *sp)
{
	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
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

	spool_tmp_path(sp, f->id, sp->from);
	h = sp->fs->open(sp->fs, sp->from, FS_READ);
	if (h < 0)
		return h;
	err = sp->fs->map(sp->fs, h, &bytes);
	if (!err) {
		text_init(&t, name, sizeof(name));
		text_str(&t, f->id);
		text_str(&t, ".copy");
		spool_tmp_path(sp, name, sp->from);
		err = write_copy(sp, bytes);
		if (!err)
			err = spool_move(sp, sp->fs->rename);
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
		spool_tmp_path(sp, f->id, sp->from);
		err = spool_move(sp, sp->fs->link);
		if (err == ERR_UNSUPPORTED)
			err = place_copy(sp, f);
		if (err)
			return err;
		f->placed++;
	}
	err = f->place(f, 0, sp->to);
	if (err)
		return err;
	spool_tmp_path(sp, f->id, sp->from);
	err = spool_move(sp, sp->fs->rename);
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
	for (unsigned i = 0; i < sp->n_h; i++) {
		const struct spool_folder *d = &sp->folders[i];

		if (d->hash == hash
		    && !place_folder(d->file, d->place, sp->from)
		    && !strcmp(sp->from, sp->to))
			return true;
	}
	return false;
}

/*
 * Folder sp->to failed: so did every message with a place in it, and every one
 * whose places can no longer be told.
 */
static void
blame_folder(struct spool *sp, int err)
{
	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
		for (unsigned i = 0; !f->result && i < f->places; i++)
			if (place_folder(f, i, sp->from)
			    || !strcmp(sp->from, sp->to))
				f->result = err;
}

/* The names in all gathered folders are durable, or not. */
static void
named(struct spool *sp)
{
	unsigned n = sp->n_h;

	sp->folder_syncs += n;
	for (unsigned i = 0; i < n; i++) {
		const struct spool_folder *d = &sp->folders[i];

		(void)sp->fs->close(sp->fs, sp->h[i]);
		if (!outcome(sp, i))
			continue;
		if (place_folder(d->file, d->place, sp->to))
			sp->to[0] = '\0'; /* its account is gone */
		blame_folder(sp, outcome(sp, i));
	}
	sp->n_h = 0;
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
	sp->h[sp->n_h] = h;
	sp->folders[sp->n_h++] = (struct spool_folder) { f, i, hash };
	if (sp->n_h == SPOOL_SYNC_MAX) { /* no room for more: wait for these */
		begin(sp, FS_SYNC, true);
		named(sp);
	}
	return ERR_OK;
}

static void
gather_folders(struct spool *sp)
{
	int err;

	sp->n_h = 0;
	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
		for (unsigned i = 0; !f->result && i < f->places; i++) {
			err = gather_folder(sp, f, i);
			if (err)
				f->result = err;
		}
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
		spool_tmp_path(sp, f->id, sp->from);
		(void)sp->fs->unlink(sp->fs, sp->from);
	}
}

static void
place_files(struct spool *sp)
{
	for (struct spool_file *f = sp->flight.first; f != NULL; f = f->next)
		if (!f->result)
			f->result = place_file(sp, f);
}

static void
end_flight(struct spool *sp)
{
	struct spool_file *f;

	join_results(sp);
	while ((f = spool_list_take(&sp->flight)) != NULL) {
		if (f->result)
			take_back(sp, f);
		sp->accepted += !f->result;
		sp->refused += f->result != ERR_OK;
		f->in_barrier = false;
		spool_list_add(&sp->done, f);
	}
}

/* One step further; false: it has to be waited for. */
static bool
step(struct spool *sp, bool wait)
{
	switch (sp->phase) {
	case SPOOL_IDLE:
		take_flight(sp);
		begin(sp, FS_SETTLE, wait);
		sp->phase = SPOOL_SETTLING;
		break;
	case SPOOL_SETTLING:
		if (!has_ended(sp, wait))
			return false;
		settled(sp);
		join_results(sp); /* place nothing that is to be taken back */
		place_files(sp);
		gather_folders(sp);
		begin(sp, FS_SYNC, wait);
		sp->phase = SPOOL_NAMING;
		break;
	case SPOOL_NAMING:
		if (!has_ended(sp, wait))
			return false;
		named(sp);
		end_flight(sp);
		sp->phase = SPOOL_IDLE;
		break;
	}
	return true;
}

void
spool_run(struct spool *sp)
{
	while (!spool_is_idle(sp))
		if (!step(sp, false) || sp->under_way)
			return;
}

void
spool_barrier(struct spool *sp)
{
	while (!spool_is_idle(sp))
		(void)step(sp, true);
}
