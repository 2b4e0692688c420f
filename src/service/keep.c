/* keep: beside the old file first, then in its place. */
#include "service/keep.h"

#include "core/text.h"

int
keep_file(struct fs *fs, const char *folder, const char *path, struct span text)
{
	char mem[FS_PATH_MAX];
	struct text part;
	bool failed = false;
	int h, err;

	text_init(&part, mem, sizeof(mem));
	text_str(&part, path);
	text_str(&part, ".new");
	if (part.cut)
		return ERR_RANGE;
	(void)fs->unlink(fs, mem); /* left over from a power cut */
	h = fs->open(fs, mem, FS_CREATE);
	if (h < 0)
		return h;
	err = fs->write(fs, h, &text, 1, 0);
	if (err >= 0)
		err = fs->sync(fs, &h, 1, &failed);
	(void)fs->close(fs, h);
	if (err >= 0)
		err = fs->rename(fs, mem, path);
	return err < 0 ? err : fs->sync_dir(fs, folder);
}
