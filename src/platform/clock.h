/*
 * clock: time, read once per loop turn and passed on as an argument.
 */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include <stdint.h>

/* Milliseconds that never jump; only differences mean something. */
int64_t clock_mono_ms(void);

/* The same in microseconds, for measuring blockers. */
int64_t clock_mono_us(void);

/* Microseconds since 1970-01-01 UTC; jumps when the clock is set. */
int64_t clock_wall_us(void);

/* The local zone's distance from UTC at that second, in minutes. */
int clock_zone_minutes(int64_t wall_s);

#endif
