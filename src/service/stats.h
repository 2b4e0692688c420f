/*
 * stats: what gatepost counts, for the status answer and the page.
 *
 * Whoever has a pool or a counter worth seeing adds it once at start; the
 * status is read from where it stands.
 *
 *	stats_pool(&stats, &conns_pool);
 *	stats_counter(&stats, "smtp.accepted", &submit->accepted);
 *
 * Memory: struct stats, the caller's.  Bounds: STATS_POOLS, STATS_COUNTERS;
 * what is beyond is not shown (an assert says so in tests).
 */
#ifndef SERVICE_STATS_H
#define SERVICE_STATS_H

#include "core/pool.h"

#define STATS_POOLS    32
#define STATS_COUNTERS 64

struct stats_counter {
	const char *name;
	const uint64_t *value;
};

struct stats {
	const struct pool *pools[STATS_POOLS];
	unsigned n_pools;
	struct stats_counter counters[STATS_COUNTERS];
	unsigned n_counters;
};

void stats_init(struct stats *st);
void stats_pool(struct stats *st, const struct pool *p);
void stats_counter(struct stats *st, const char *name, const uint64_t *value);

#endif
