/*
 * relayd_clock: a clock on the wall that is set while mail waits.
 *
 * A router without a battery starts with the time of its newest file, weeks
 * back, until it hears the right one.  What came before that is not weeks old.
 *
 * Memory: one struct, in struct relayd.
 * Tested: tests/e2e/test_faults.py.
 */
#ifndef SERVICE_RELAYD_CLOCK_H
#define SERVICE_RELAYD_CLOCK_H

#include <stdint.h>

struct relayd_clock {
	int64_t start_s, start_ms;     /* both clocks, since it was set */
	int64_t from_s, until_s, by_s; /* what it said then was so late */
};

/* What the clock on the wall says; to be asked once a turn. */
int64_t relayd_clock_now(struct relayd_clock *c, int64_t now_ms);

/* When it was in truth that the clock on the wall said `s`. */
int64_t relayd_clock_true(const struct relayd_clock *c, int64_t s);

#endif
