/* stats: two lists.  Showing them is api_status's. */
#include "service/stats.h"

#include <assert.h>

void
stats_init(struct stats *st)
{
	st->n_pools = 0;
	st->n_counters = 0;
}

void
stats_pool(struct stats *st, const struct pool *p)
{
	assert(st->n_pools < STATS_POOLS);
	st->pools[st->n_pools++] = p;
}

void
stats_counter(struct stats *st, const char *name, const uint64_t *value)
{
	assert(st->n_counters < STATS_COUNTERS);
	st->counters[st->n_counters++] = (struct stats_counter) { name, value };
}
