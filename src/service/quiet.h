/*
 * quiet: when nothing has been to do for a second, gives back the pages of
 * code and constants that the work before it needed (platform/pages), and asks
 * for what others have to give back.
 *
 * Joins the loop last, so that giving back is the last thing before the sleep
 * and nothing but the sleep's own code comes back.
 *
 * Memory: one struct.  Bounds: once for each time of work, however long the
 * quiet lasts; the next work costs some 20 page faults more.
 * Tested: test_pages.
 */
#ifndef SERVICE_QUIET_H
#define SERVICE_QUIET_H

#include "service/loop.h"

#define QUIET_MS 1000

struct quiet {
	struct participant base;
	int64_t when_ms;	 /* to give back; 0: done since the last work */
	void (*more)(void *ctx); /* gives back what others have */
	void *ctx;
};

void quiet_init(struct quiet *q, void (*more)(void *ctx), void *ctx);

#endif
