/*
 * release: a held message goes to its recipients after all.
 *
 *   release_begin   the message is opened, a spool file begun
 *   release_step    a piece is copied, until it returns 0
 *   release_end     delivered to mailboxes and queue, durably; then taken
 *                   out of the quarantine
 *
 * Malware is never released (R21).  One release at a time; one whose caller
 * has gone away is given up when the next begins.  A power cut between the
 * delivery and the removal leaves the message in both places.
 *
 * Memory: one struct, about 50 KB, its delivery in it.
 * Failure: enum err; the message stays in the quarantine.
 * Tested: tests/e2e/test_quarantine.py.
 */
#ifndef SERVICE_RELEASE_H
#define SERVICE_RELEASE_H

#include "service/deliver.h"

#define RELEASE_PIECE 32768

struct release {
	struct deliver *deliver;
	struct spool spool; /* its batch is only ever one message */
	struct spool_file file;
	struct delivery delivery;
	struct quarantine_entry entry;
	struct quarantine_file source;
	struct queue_strings strings;
	bool busy;
	uint32_t serial; /* of the release under way */
	int64_t moved_ms;
	uint64_t at;
	uint8_t piece[RELEASE_PIECE];
};

/* Prepare; `tmp` as for the main spool. */
int release_init(
    struct release *r, struct deliver *d, const char *tmp) MUST_CHECK;

/*
 * Begin with this message: its serial number (from 1 on), or ERR_BUSY: another
 * is under way; ERR_DENIED: it is malware; others as met.
 */
int release_begin(struct release *r, const struct quarantine_entry *e,
    int64_t now_ms, int64_t now_s) MUST_CHECK;

/* Copy a piece: 1 for more, 0 at the end.  ERR_CLOSED: given up meanwhile. */
int release_step(struct release *r, uint32_t serial, int64_t now_ms) MUST_CHECK;

/*
 * Deliver and remove.  ERR_MISSING: none of its recipients exists any more.
 * Blocks for one barrier and one folder.
 */
int release_end(struct release *r, int64_t now_ms, int64_t now_s) MUST_CHECK;

#endif
