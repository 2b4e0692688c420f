/*
 * signals: what the outside tells the process, as something to poll.
 *
 * SIGTERM and SIGINT mean "end cleanly", SIGHUP "read the settings again".
 * A signal becomes a byte in a pipe, so that it can't slip in between a look
 * and select().  SIGPIPE is ignored for good.
 */
#ifndef PLATFORM_SIGNALS_H
#define PLATFORM_SIGNALS_H

#include "core/err.h"

enum signals_kind {
	SIGNALS_STOP = 1,
	SIGNALS_RELOAD = 2,
};

/* Begin to catch them; the descriptor to poll for reading, or ERR_FULL. */
int signals_open(void) MUST_CHECK;

/* Which came since the last call; enum signals_kind, or-ed. */
unsigned signals_take(void);

#endif
