/*
 * watch: tells when a name has been removed, moved or replaced.
 *
 * Memory: one descriptor, for select().  Where the kernel has no inotify there
 * is none, and nothing is told.
 * Tested: tests/e2e/test_cli.py (the control socket).
 */
#ifndef PLATFORM_WATCH_H
#define PLATFORM_WATCH_H

#include <stdint.h>

#include "core/err.h"

/* A descriptor that can be read when something has happened; or an error. */
int watch_open(void) MUST_CHECK;

/*
 * Watch what bears this name now; a link itself, not where it leads.  Returns
 * what tells it from others that may bear the name later, 0: nothing does.
 */
uint64_t watch_add(int fd, const char *path);

/* Which one bears this name now? */
uint64_t watch_which(const char *path);

/* Forget what has been told so far. */
void watch_take(int fd);

void watch_close(int fd);

#endif
