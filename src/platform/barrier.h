/*
 * barrier: how platform/files makes many files durable at once.
 *
 * Memory: one struct in the caller's memory, about 7 KiB, which is not touched
 * by single syncs.  Bounds: BARRIER_MAX at once; more go in rounds.
 * Blocks for the device.  Not for several threads; after a fork only one of
 * the two may go on using it.
 * Tested: tests/unit/test_files.c; measured by tools/bench/barrier.c.
 */
#ifndef PLATFORM_BARRIER_H
#define PLATFORM_BARRIER_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define BARRIER_MAX 64

struct barrier {
	aio_context_t context; /* 0: not set up yet */
	bool missing;	       /* the kernel has none: one after the other */
	bool is_ordered;       /* of `device`, the one last asked about */
	uint64_t device;
	struct iocb cb[BARRIER_MAX];
	struct iocb *list[BARRIER_MAX];
	struct io_event done[BARRIER_MAX];
};

void barrier_init(struct barrier *b);

/* Return what the kernel holds for us. */
void barrier_end(struct barrier *b);

/* As `sync` and `settle` of platform/fs.h; `h` are descriptors. */
int barrier_sync(
    struct barrier *b, const int *h, unsigned n, bool *failed) MUST_CHECK;
int barrier_settle(
    struct barrier *b, const int *h, unsigned n, bool *failed) MUST_CHECK;

#endif
