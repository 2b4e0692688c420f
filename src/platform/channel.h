/*
 * channel: messages between processes of ours, with descriptors in them.
 *
 *   main <==== channel ====> worker      whole messages, in order, or nothing
 *
 * A pair of Unix sockets of the kind that keeps message borders; what was sent
 * in one call comes out in one call.  Both ends are close-on-exec; the first
 * does not block, the second, the child's, does.
 *
 * Failure: ERR_AGAIN as in net.h; ERR_EOF: the other process has ended; any
 * other error is this one call's: the channel is as good as before.
 */
#ifndef PLATFORM_CHANNEL_H
#define PLATFORM_CHANNEL_H

#include "core/err.h"
#include "core/span.h"

#define CHANNEL_FDS 2 /* descriptors in one message at most */

/* Make a pair: ends[0] is ours, ends[1] the child's.  ERR_FULL. */
int channel_open(int ends[2]) MUST_CHECK;

/* Send one message with `n` descriptors, which stay open here as well. */
int channel_send(
    int fd, struct span message, const int *fds, unsigned n) MUST_CHECK;

/*
 * Receive one message of exactly `len` bytes: ERR_OK, ERR_AGAIN, ERR_EOF, or
 * ERR_SYNTAX for one of another length.  `fds` has CHANNEL_FDS places, those
 * that did not come are -1; what came is the caller's to close.
 */
int channel_receive(int fd, void *to, size_t len, int *fds) MUST_CHECK;

/* Close what came. */
void channel_drop(const int *fds);

/* Wait until there is something at one of the two, or it has ended: which. */
int channel_wait(int a, int b);

#endif
