/* clock: thin covers of clock_gettime and the zone rules of libc. */
#include "platform/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int
clock_zone_minutes(int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm local;

	if (localtime_r(&t, &local) == NULL)
		return 0;
	return (int)(local.tm_gmtoff / 60);
}
