/*
 * fat: two syncs in the one order that never leaves two names for the same
 * clusters, nor a name for none.
 */
#include "platform/fat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "platform/oserr.h"

#define FAT_MAGIC 0x4D44

bool
fat_has(int fd)
{
	struct statfs v;

	return !fstatfs(fd, &v) && v.f_type == FAT_MAGIC;
}

bool
fat_has_path(const char *path)
{
	struct statfs v;

	return !statfs(path, &v) && v.f_type == FAT_MAGIC;
}

static int
sync_path(int root, const char *path)
{
	int err = ERR_OK;
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return oserr_now();
	if (fsync(fd))
		err = oserr_now();
	(void)close(fd);
	return err;
}

static int
sync_folder_of(int root, const char *path)
{
	char folder[FS_PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 0 : (int)(slash - path) + (slash == path);

	(void)snprintf(folder, sizeof(folder), "%.*s", len, path);
	return sync_path(root, len == 0 ? "." : folder);
}

int
fat_renamed(int root, const char *from, const char *to)
{
	int err = sync_folder_of(root, from);

	if (!err)
		err = sync_path(root, to);
	if (err)
		(void)renameat(root, to, root, from);
	return err;
}
