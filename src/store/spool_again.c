/*
 * spool_again: folders that somebody has taken away while we run come back.
 *
 * Only on the file system that we receive on: where a disk is gone, what is
 * left of its mount point is not the place for its mail.
 */
#include "store/spool_int.h"

/* Cut the last name off a path; false when none is left. */
static bool
cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || (slash == path && slash[1] == '\0'))
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* Is the nearest folder on the way to `folder` that is there, one of ours? */
static __attribute__((noinline)) bool
is_ours(struct spool *sp, const char *folder)
{
	char path[FS_PATH_MAX];
	struct fs_stat st;
	int err = ERR_MISSING;

	memcpy(path, folder, sizeof(path));

	while (err == ERR_MISSING && cut_name(path))
		err = sp->fs->stat(sp->fs, path, &st);
	if (err == ERR_MISSING)
		err = sp->fs->stat(sp->fs, ".", &st);
	return !err && st.is_dir && st.device == sp->device;
}

int
spool_again(struct spool *sp, const char *path)
{
	char folder[FS_PATH_MAX] = { 0 };
	size_t len = strlen(path);
	struct fs_stat st;
	int err;

	assert(len < sizeof(folder));
	memcpy(folder, path, len + 1);
	if (!sp->knows_device || !cut_name(folder)
	    || sp->fs->stat(sp->fs, folder, &st) != ERR_MISSING)
		return ERR_MISSING; /* it is something else that is missing */
	if (!is_ours(sp, folder))
		return ERR_MISSING;
	if (span_ends_nocase(span_str(folder), SPAN("/new"))) {
		(void)cut_name(folder);
		err = mailbox_create(sp->fs, folder);
	} else {
		err = mailbox_make_folder(sp->fs, folder);
	}
	sp->folders_made += !err;
	return err;
}

int
spool_move(struct spool *sp, fs_move *how)
{
	int err = how(sp->fs, sp->from, sp->to);

	if (err == ERR_MISSING && !spool_again(sp, sp->to))
		err = how(sp->fs, sp->from, sp->to);
	return err;
}
