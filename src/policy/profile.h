/*
 * profile: devices that can neither log in nor write a proper message.
 *
 *   device.scanner = client=192.168.1.50 from=scanner@example.org to=own
 *                    per_hour=60 max_octets=20000000
 *
 * One line of words, each KEY=VALUE:
 *
 *   client=NETWORKS    which addresses it has (needed)
 *   from=ADDRESS       its envelope sender and its From, whatever it says
 *   to=own | any | D,.D   whom it may reach besides our own people (any)
 *   per_hour=N per_day=N  messages; 0 or absent: the general limits
 *   max_octets=N       of one message; absent: the general limit
 *   repair=on | off    add Date, Message-ID, From, MIME-Version (on)
 *
 * Memory: the caller's table; each profile keeps its line.
 * Bounds: PROFILE_TEXT octets a line.  Failure: profile_parse says what is
 * wrong.  Tested: tests/unit/test_profile.c, tests/e2e/test_access.py.
 */
#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

#include "codec/addr.h"
#include "core/text.h"

#define PROFILE_TEXT 500
#define PROFILE_NAME 48

struct profile {
	char name[PROFILE_NAME]; /* the setting's label */
	char text[PROFILE_TEXT]; /* what the spans point into */
	size_t text_len;
	struct span clients;
	struct span from; /* empty: as the device says */
	struct span to;	  /* empty: anybody */
	uint32_t per_hour, per_day;
	uint64_t max_octets; /* 0: the general limit */
	bool repair;
};

/*
 * Read a device's line into `out`; it must not be moved afterwards.
 * ERR_SYNTAX, ERR_RANGE (too long); `why` then says what is wrong.
 */
int profile_parse(struct span name, struct span line, struct profile *out,
    struct text *why) MUST_CHECK;

/* The first of `n` profiles that this client has, or NULL. */
const struct profile *profile_find(
    const struct profile *table, unsigned n, const uint8_t ip[16]);

/* May the device send there?  `own`: the recipient is local. */
bool profile_may_reach(
    const struct profile *p, const struct addr *to, bool own);

#endif
