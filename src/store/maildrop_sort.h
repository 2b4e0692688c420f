/*
 * maildrop_sort: records in delivery order, in fixed memory; for maildrop*.c.
 */
#ifndef STORE_MAILDROP_SORT_H
#define STORE_MAILDROP_SORT_H

#include "store/maildrop.h"

/* Below, equal or above zero: by time, then name, then hash. */
int maildrop_compare(
    const struct maildrop_entry *a, const struct maildrop_entry *b);

/* Sort the first `n` records of the work memory; they stay where they are. */
void maildrop_sort(struct maildrop_work *w, uint32_t n);

/* Record `i` of those sorted, from 0. */
static inline struct maildrop_entry *
maildrop_sorted(struct maildrop_work *w, uint32_t i)
{
	return &w->entry[w->order[i]];
}

/*
 * Keep the lowest `most` records: put `e` among the `n` ones that there are;
 * returns the new n.  Then maildrop_sort.
 */
uint32_t maildrop_keep_lowest(struct maildrop_work *w, uint32_t most,
    uint32_t n, const struct maildrop_entry *e);

#endif
