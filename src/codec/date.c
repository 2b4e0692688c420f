/* date: days to a civil date by counting whole eras of 400 years. */
#include "codec/date.h"

#define DAY_S 86400

struct date
date_split(int64_t wall_s)
{
	int64_t days = wall_s / DAY_S, rest = wall_s % DAY_S, era;
	uint32_t day, year, yday, mp;
	struct date d;

	if (rest < 0) {
		rest += DAY_S;
		days--;
	}
	d.weekday = (unsigned)(((days + 4) % 7 + 7) % 7);
	/* count from 0000-03-01, so that a leap day ends its year */
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day = (uint32_t)(days - era * 146097);
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	yday = day - (365 * year + year / 4 - year / 100);
	mp = (5 * yday + 2) / 153;
	d.day = yday - (153 * mp + 2) / 5 + 1;
	d.month = mp < 10 ? mp + 3 : mp - 9;
	d.year = era * 400 + year + (d.month <= 2);
	d.hour = (unsigned)(rest / 3600);
	d.minute = (unsigned)(rest / 60 % 60);
	d.second = (unsigned)(rest % 60);
	return d;
}

void
date_put(struct text *t, int64_t wall_s, int zone_minutes)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct date d = date_split(wall_s + zone_minutes * 60);
	unsigned zone =
	    (unsigned)(zone_minutes < 0 ? -zone_minutes : zone_minutes);

	text_span(t, span_of(days + 3 * d.weekday, 3));
	text_str(t, ", ");
	text_u64(t, d.day);
	text_chr(t, ' ');
	text_span(t, span_of(months + 3 * (d.month - 1), 3));
	text_chr(t, ' ');
	text_i64(t, d.year);
	text_chr(t, ' ');
	text_u64_pad(t, d.hour, 2);
	text_chr(t, ':');
	text_u64_pad(t, d.minute, 2);
	text_chr(t, ':');
	text_u64_pad(t, d.second, 2);
	text_str(t, zone_minutes < 0 ? " -" : " +");
	text_u64_pad(t, zone / 60 * 100 + zone % 60, 4);
}
