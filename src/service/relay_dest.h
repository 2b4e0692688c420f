/*
 * relay_dest: what is known about destinations that were tried lately.
 *
 * A destination is a way (service/route) and has a key.  Here stands how many
 * connections it has, since when it fails and until when it is left alone, and
 * what it said last.
 *
 * Memory: the caller's table.  Bounds: its size; the destination that matters
 * least gives up its place (idle and not failing first, then the one whose
 * rest ends first), which costs no more than trying it early.
 */
#ifndef SERVICE_RELAY_DEST_H
#define SERVICE_RELAY_DEST_H

#include "core/text.h"

#define RELAY_DEST_WORDS 160

struct relay_dest {
	uint32_t key;	     /* 0: free */
	uint32_t active;     /* connections */
	uint32_t failures;   /* in a row */
	uint16_t per_minute; /* 0: no pacing */
	int64_t rest_until_ms;
	int64_t pace_at_ms; /* the next message may begin */
	int64_t used_ms;
	char name[64];
	char words[RELAY_DEST_WORDS]; /* of the last failure */
};

struct relay_dests {
	struct relay_dest *table;
	uint32_t n;
	uint32_t per_dest; /* connections at once */
	int64_t rest_ms;   /* left alone after the first failure; doubles */
	int64_t rest_max_ms;
};

/* The destination with this key, or NULL. */
struct relay_dest *relay_dest_find(const struct relay_dests *ds, uint32_t key);

/* The same, taken into the table; NULL when all others are in use. */
struct relay_dest *relay_dest_take(
    struct relay_dests *ds, uint32_t key, struct span name, int64_t now_ms);

/*
 * When may a message for it begin?  0 or past: now; INT64_MAX: when one of its
 * connections is free.
 */
int64_t relay_dest_when(const struct relay_dests *ds, uint32_t key);

/* Is it left alone now since it fails? */
bool relay_dest_rests(
    const struct relay_dests *ds, uint32_t key, int64_t now_ms);

/* It could not be reached, or refused the whole session; `random` spreads. */
void relay_dest_failed(const struct relay_dests *ds, struct relay_dest *d,
    struct span words, uint32_t random, int64_t now_ms);

/* It has taken or judged a message. */
void relay_dest_works(struct relay_dest *d);

/* A message begins: pacing. */
void relay_dest_pace(struct relay_dest *d, int64_t now_ms);

/* Forget all rests: the owner wants it tried now. */
void relay_dests_retry(struct relay_dests *ds);

#endif
