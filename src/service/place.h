/*
 * place: where mail was received when the server last ran, so that the bare
 * mount point of a disk that is not there is never taken for its disk.
 *
 * Only what lies outside the state folder is remembered, in STATE/mail.place.
 *
 * Failure: errors of the file port.
 * Tested: tests/e2e/test_taken_away.py, tests/router/sticks.py.
 */
#ifndef SERVICE_PLACE_H
#define SERVICE_PLACE_H

#include "platform/fs.h"

/* May mail be received in folder `tmp`, which may have to be made?
 * ERR_MISSING: it was there once and is not now: its disk is not mounted. */
int place_check(struct fs *fs, const char *tmp) MUST_CHECK;

/* `tmp` is there, and mail is received in it from now on.  Two syncs when it
 * is another than before. */
int place_keep(struct fs *fs, const char *tmp) MUST_CHECK;

#endif
