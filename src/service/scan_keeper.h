/*
 * scan_keeper: a small process that starts scan workers when main asks.
 *
 *   main ---fork, before any key is read---> keeper ---fork---> worker, worker
 *                                              \---fork---> heir
 *
 * Main has keys and passwords in its memory once it runs, so that it can never
 * again fork a process that has none.  The keeper can: it was forked first.
 * It reads nothing but main's orders, has no file, and ends with main.
 *
 * Its heir, forked with the first order (mail will be scanned), does nothing.
 * When the keeper is killed (its workers end with it) the heir is the keeper
 * and forks an heir; when the heir is killed the keeper forks another.  The
 * channel is the same one, so main goes on as before; it is told (an order of
 * no lane), for the log.
 *
 * Failure: without both no worker can be started; messages are then what
 * scan.failed says, and the log says why.
 * Tested: tests/e2e/test_scanworker.py.
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
