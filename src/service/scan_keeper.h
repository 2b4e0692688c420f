/*
 * scan_keeper: a small process that starts scan workers when main asks.
 *
 *   main ---fork, before any key is read---> keeper ---fork---> worker, worker
 *
 * Main has keys and passwords in its memory once it runs, so that it can never
 * again fork a process that has none.  The keeper can: it was forked first.
 * It reads nothing but main's orders, has no file, and ends with main.
 *
 * Failure: without a keeper no worker can be started; messages are then what
 * scan.failed says, and the log says why.
 */
#ifndef SERVICE_SCAN_KEEPER_H
#define SERVICE_SCAN_KEEPER_H

#include "core/err.h"

/*
 * Fork the keeper, to be called before anything secret is in memory.  It
 * becomes the owner of folder `state`, as main will.  Main's end of its
 * channel, or an error; ERR_UNSUPPORTED without ENABLE_SCAN_WORKER.
 */
int scan_keeper_start(const char *state) MUST_CHECK;

#endif
