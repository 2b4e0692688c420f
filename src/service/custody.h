/*
 * custody: the quarantine of a running server: its start, its limits, and
 * telling people.
 *
 *   each turn   files that were there before the start, some at a time
 *               a slice of the sweep that keeps the limits
 *               one message of which nobody has been told: service/warning
 *               one owner of a nearly full mailbox, likewise
 *
 * Memory: one struct.  Failure: what cannot be read or removed is logged and
 * tried again later.
 * Tested: tests/e2e/test_quarantine.py.
 */
#ifndef SERVICE_CUSTODY_H
#define SERVICE_CUSTODY_H

#include "service/loop.h"
#include "service/quota.h"
#include "service/warning.h"
#include "store/quarantine.h"
#include "store/settings.h"

struct custody {
	struct participant base; /* joins behind the barrier */
	struct quarantine *quarantine;
	struct warning *warning;
	struct quota *quota;
	struct quarantine_file file;
	int64_t warn_at_ms; /* not before: telling has failed */
	bool recovering;
	bool sweeping;
	uint64_t expired; /* of the quarantine's, how many are logged */
};

/* Prepare for an open quarantine. */
void custody_init(struct custody *cu, struct quarantine *q, struct warning *w,
    struct quota *quota);

/* New settings: quarantine.*, scan.warn, scan.warn_per_hour. */
void custody_configure(struct custody *cu, const struct settings *st);

#endif
