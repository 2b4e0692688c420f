/* relayd_clock: see the header. */
#include "service/relayd_clock.h"

#include "platform/clock.h"

#define JUMP_S 300 /* it was set, it did not just drift */

int64_t
relayd_clock_now(struct relayd_clock *c, int64_t now_ms)
{
	int64_t now_s = clock_wall_us() / 1000000;
	int64_t by = now_s - c->start_s - (now_ms - c->start_ms) / 1000;

	if (c->start_s != 0 && by > -JUMP_S && by < JUMP_S)
		return now_s;
	/* set by less than it has run, it may have been right */
	if (c->start_s != 0 && by > now_s - by - c->start_s) {
		c->from_s = c->start_s;
		c->until_s = now_s - by;
		c->by_s = by;
	}
	c->start_s = now_s;
	c->start_ms = now_ms;
	return now_s;
}

int64_t
relayd_clock_true(const struct relayd_clock *c, int64_t s)
{
	return s >= c->from_s && s <= c->until_s ? s + c->by_s : s;
}
