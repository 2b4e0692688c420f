/*
 * keep: a small file that is replaced as a whole: after a power cut at any
 * moment it is the old one or the new one.
 *
 * Failure: errors of the file port; the old file is then still there.
 * Cost: two syncs.
 * Tested: tests/unit/test_tls_identity.c, tests/e2e/test_dkim.py.
 */
#ifndef SERVICE_KEEP_H
#define SERVICE_KEEP_H

#include "platform/fs.h"

/* Write `text` to `path`, which lies in `folder`: owner only, durable. */
int keep_file(struct fs *fs, const char *folder, const char *path,
    struct span text) MUST_CHECK;

#endif
