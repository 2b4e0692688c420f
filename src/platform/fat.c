/*
 * fat: two syncs, of the new name's file and the old name's folder, in the
 * order that the header gives reasons for.
 */
#include "platform/fat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "platform/oserr.h"
#include "platform/syncs.h"

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

static size_t
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path) + (slash == path);
}

static int
sync_folder_of(int root, const char *path)
{
	char folder[FS_PATH_MAX];
	size_t len = folder_len(path);

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)len, path);
	return syncs_path(root, len == 0 ? "." : folder);
}

static bool
is_one_folder(const char *a, const char *b)
{
	size_t len = folder_len(a);

	return len == folder_len(b) && !memcmp(a, b, len);
}

int
fat_renamed(int root, const char *from, const char *to)
{
	bool both = is_one_folder(from, to);
	int err = both ? syncs_path(root, to) : sync_folder_of(root, from);

	if (!err)
		err = both ? sync_folder_of(root, from) : syncs_path(root, to);
	if (err)
		(void)renameat(root, to, root, from);
	return err;
}
