/*
 * date: times as they stand in mail headers (RFC 5322 section 3.3).
 */
#ifndef CODEC_DATE_H
#define CODEC_DATE_H

#include "core/text.h"

struct date {
	int64_t year;
	unsigned month;	  /* 1 to 12 */
	unsigned day;	  /* 1 to 31 */
	unsigned weekday; /* 0 is Sunday */
	unsigned hour, minute, second;
};

/* Split seconds since 1970-01-01 UTC into calendar parts, in UTC. */
struct date date_split(int64_t wall_s);

/*
 * Append "Sun, 22 Nov 2026 16:14:08 +0900"; `zone_minutes` is the local
 * zone's distance from UTC, -1439 to 1439.
 */
void date_put(struct text *t, int64_t wall_s, int zone_minutes);

#endif
