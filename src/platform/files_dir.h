/*
 * files_dir: the part of files that walks folders; for files.c only.
 * Bounds, failure: as platform/fs.h says of dir_open, dir_next, dir_close.
 */
#ifndef PLATFORM_FILES_DIR_H
#define PLATFORM_FILES_DIR_H

#include "platform/files.h"

int files_dir_open(struct fs *fs, const char *path) MUST_CHECK;
int files_dir_next(struct fs *fs, int h, struct fs_entry *e) MUST_CHECK;
int files_dir_close(struct fs *fs, int h) MUST_CHECK;

#endif
