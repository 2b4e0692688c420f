/*
 * barrier: how platform/files makes many files durable at once.
 *
 * Memory: one struct in the caller's memory, about 7 KiB, which is not touched
 * by single syncs.  Bounds: SYNCS_MAX at once; more go in rounds.
 * Blocks for the device.  Not for several threads; after a fork only one of
 * the two may go on using it.
 * Tested: tests/unit/test_files.c; measured by tools/bench/barrier.c.
 */
#ifndef PLATFORM_BARRIER_H
#define PLATFORM_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/syncs.h"

struct barrier {
	bool is_ordered; /* of `device`, the one last asked about */
	uint64_t device;
	struct syncs syncs;
};

void barrier_init(struct barrier *b);

/* Return what the kernel holds for us. */
void barrier_end(struct barrier *b);

/* As `sync` and `settle` of platform/fs.h; `h` are descriptors. */
int barrier_sync(
    struct barrier *b, const int *h, unsigned n, bool *failed) MUST_CHECK;
int barrier_settle(
    struct barrier *b, const int *h, unsigned n, bool *failed) MUST_CHECK;

/* Is settling cheaper than syncing the file system that `h` is on? */
bool barrier_is_cheap(struct barrier *b, int h);

#endif
