/*
 * syncs: fsyncs of many files under way while the program goes on.
 *
 *	syncs_begin     hand them to threads of the kernel's
 *	   ...          s->fd can be read: the last one has ended
 *	syncs_end       gathers them all
 *
 * They end at nearly the same time, as the device's cache is flushed for all
 * of them together: one waking-up for the set, and a short wait for those that
 * the last one has overtaken, take less than one for each.
 *
 * Memory: one struct, about 7 KiB, untouched until the first use.  Bounds:
 * one set of at most SYNCS_MAX files at a time.  Where the kernel cannot do it
 * (no AIO, or before 4.18) syncs_begin says so, and the caller waits.
 * Tested: tests/unit/test_files.c.
 */
#ifndef PLATFORM_SYNCS_H
#define PLATFORM_SYNCS_H

#include <linux/aio_abi.h>
#include <stdbool.h>

#include "core/err.h"

#define SYNCS_MAX 64

struct syncs {
	aio_context_t context; /* 0: not set up yet */
	int fd;		       /* to be selected for reading; -1: none yet */
	bool missing;	       /* the kernel has none */
	unsigned n;	       /* of this set; 0: nothing is under way */
	unsigned left;
	int err; /* the first one of this set */
	bool failed[SYNCS_MAX];
	struct iocb cb[SYNCS_MAX];
	struct iocb *list[SYNCS_MAX];
	struct io_event done[SYNCS_MAX];
};

void syncs_init(struct syncs *s);

/* Return what the kernel holds for us, after waiting for what is under way. */
void syncs_close(struct syncs *s);

/*
 * Begin syncing descriptors h[0] to h[n - 1], which stay open until the end.
 * ERR_UNSUPPORTED, ERR_BUSY (another set is under way), ERR_RANGE (too many):
 * nothing has begun.
 */
int syncs_begin(struct syncs *s, const int *h, unsigned n) MUST_CHECK;

/*
 * ERR_AGAIN: not yet (never with `wait`).  Else it is over: `failed` is set
 * for each, the result is ERR_OK or the first error.
 */
int syncs_end(struct syncs *s, bool wait, bool *failed) MUST_CHECK;

/* One file or folder, by its path below the folder `root`, at once. */
int syncs_path(int root, const char *path) MUST_CHECK;

#endif
