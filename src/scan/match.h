/*
 * match: is one of many signatures in these bytes?
 *
 *   bytes --(every 4th position: 8 bytes mixed, one bit looked up)--> nothing
 *                                   |
 *                     bucket of grams -> pattern -> all its parts in place?
 *
 * A pattern with eleven fixed bytes in a row is entered with the four grams
 * from its best place on; one of them stands at a position divisible by four.
 * Those with seven are looked for at every second position, those with four
 * at every one.
 * The parts of a pattern are then tried in place, from the one found to the
 * right and from it to the left, going back where a gap leaves a choice.
 *
 * Memory: struct match, for one search; none that grows with the signatures.
 * Bounds: `work` units (a position tried) for one search; whoever exceeds
 * them gets ERR_RANGE: that is not "clean".
 * Tested: test_match (also against a plain search), fuzz_match.
 */
#ifndef SCAN_MATCH_H
#define SCAN_MATCH_H

#include "scan/sigdb.h"

#define MATCH_MEMO 32

struct match_memo {
	uint32_t pattern; /* number + 1; 0: none */
	size_t from; /* from here on its rest, behind an open gap, is absent */
};

/* A pattern being tried: one level for each part, the lead first. */
struct match_level {
	size_t at, last; /* positions still to try; none when at > last */
	uint16_t part;
};

struct match {
	const struct sigdb *db;
	struct span bytes;
	uint32_t targets; /* bit t: signatures of target t are wanted */
	uint64_t work;	  /* what is left of it */
	struct span name; /* of what was found */

	struct sigdb_pattern pattern;
	struct sigdb_part parts[SIGDB_SEGS];
	struct match_level level[SIGDB_SEGS];
	size_t found[SIGDB_SEGS]; /* where each part lies */
	struct match_memo memo[MATCH_MEMO];
};

/*
 * Look for body signatures: 1 with m->name set, 0, or ERR_RANGE.  `targets`:
 * one bit for each of ClamAV's target numbers that the bytes are.
 */
int match_bodies(struct match *m, const struct sigdb *db, struct span bytes,
    uint32_t targets, uint64_t work) MUST_CHECK;

/* Is it a file with a known hash?  1 with m->name set, or 0. */
int match_hashes(
    struct match *m, const struct sigdb *db, struct span bytes) MUST_CHECK;

#endif
