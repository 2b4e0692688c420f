/*
 * fat: what a rename needs on FAT before it can become durable.
 *
 * There the place and length of a file stand in the folder entry.  A rename
 * makes a new entry for an empty file, and only the next write-back of the
 * file fills it in; syncing the folder is not one.  And should the old entry
 * outlive a power cut beside the new one, removing it gives away the clusters
 * that both name.
 *
 * Memory: FS_PATH_MAX octets of stack.  Blocks for two or three flushes.
 * Tested: tests/unit/test_files.c; on vfat: tests/router/run.py, Sticks.
 */
#ifndef PLATFORM_FAT_H
#define PLATFORM_FAT_H

#include "platform/fs.h"

/* Is the open file or folder on FAT? */
bool fat_has(int fd);

/* The same of an existing path, one that begins with '/' or is relative to
 * the working folder. */
bool fat_has_path(const char *path);

/*
 * `from` has just been renamed to `to` (below folder `root`): make the old
 * name's end durable, then the entry's place and length; the sync of the new
 * folder remains to be done.  On an error the rename is undone.
 *
 * Within one folder, where nobody removes old names at boot, in the other
 * order: a cut may leave both names, never an empty file.
 */
int fat_renamed(int root, const char *from, const char *to) MUST_CHECK;

#endif
