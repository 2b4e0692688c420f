/*
 * poller: one select() for everybody.
 *
 * A turn: poller_begin; each participant declares its descriptors and its
 * next deadline; poller_wait sleeps; each participant asks what is ready.
 *
 * Bounds: descriptors below POLLER_FD_MAX; the sockets and files that the
 * program opens are limited at start so that no greater one appears.
 */
#ifndef PLATFORM_POLLER_H
#define PLATFORM_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define POLLER_FD_MAX 1024

struct poller {
	unsigned long want_read[POLLER_FD_MAX / (8 * sizeof(long))];
	unsigned long want_write[POLLER_FD_MAX / (8 * sizeof(long))];
	unsigned long can_read[POLLER_FD_MAX / (8 * sizeof(long))];
	unsigned long can_write[POLLER_FD_MAX / (8 * sizeof(long))];
	int fd_max;
	int64_t now_ms; /* this turn's time; the same for everybody */
	int64_t deadline_ms;
	bool slept; /* the last wait was one, and only a deadline ended it */
};

/* Forget last turn's wishes; `now_ms` is the monotonic time. */
void poller_begin(struct poller *p, int64_t now_ms);

/* Wake up when `fd` (0 to POLLER_FD_MAX - 1) can be read, or written. */
void poller_read(struct poller *p, int fd);
void poller_write(struct poller *p, int fd);

/* Wake up at this monotonic time at the latest; the earliest wish counts. */
void poller_at(struct poller *p, int64_t when_ms);

/*
 * Sleep until something is ready, a deadline comes, or a signal arrives;
 * `now_ms` is then the time of waking up.  ERR_IO only for our own mistakes
 * (a closed descriptor): nothing is ready then.
 */
int poller_wait(struct poller *p) MUST_CHECK;

bool poller_can_read(const struct poller *p, int fd);
bool poller_can_write(const struct poller *p, int fd);

#endif
