/*
 * spot: could the server use what control.socket or mail.path names?
 *
 * Asked when they are set by hand, so that a place that evidently can't serve
 * is refused then and not at the next start.  It is looked at and left alone:
 * nothing is made.
 *
 * Failure: ERR_RANGE with one line that says what, where and what to do.
 * Tested: tests/e2e/test_cli.py.
 */
#ifndef SERVICE_SPOT_H
#define SERVICE_SPOT_H

#include "service/state.h"

/* Judge a sound value of `id`; settings that name no place are all good. */
int spot_try(struct state *s, enum setting id, struct span value,
    struct text *why) MUST_CHECK;

#endif
