/* spool_copy: a further place on a file system without links. */
#include "core/text.h"
#include "store/spool_int.h"

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

int
spool_copy(struct spool *sp, const struct spool_file *f)
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
