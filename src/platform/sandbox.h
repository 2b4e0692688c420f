/*
 * sandbox: giving up what a process does not need, for good.
 *
 *   sandbox_keep_only    every other descriptor is closed
 *   sandbox_limit        memory, descriptors, files, core dumps
 *   sandbox_enter        no new privileges; from here on the system calls of a
 *                        calculator: memory, its channel, its end
 *   sandbox_shield       for main: no new privileges, no program, no child, no
 *                        new code, and none of the calls that manage the
 *                        machine; files and sockets stay what they were
 *
 * After sandbox_enter opening a file or a socket is denied by number, whatever
 * the arguments: calls that libraries make to look for files fail with "not
 * permitted", every other call that is not on the list in sandbox.c ends the
 * process.  Mapping is possible for reading, or privately; nothing becomes
 * executable.
 *
 * Sanitized builds need more of the system than that: there, only descriptors
 * are closed.
 */
#ifndef PLATFORM_SANDBOX_H
#define PLATFORM_SANDBOX_H

#include <stddef.h>

#include "core/err.h"

/*
 * Move descriptors `fds` (n, at most 4) to 0, 1 ... n - 1 and close all
 * others; `fds` then has the new numbers.
 */
void sandbox_keep_only(int *fds, unsigned n);

/*
 * Memory of its own: what it has now and `octets` more; `descriptors` open at
 * once; no files written, no core dump, no children.
 */
void sandbox_limit(size_t octets, unsigned descriptors);

/*
 * What main gives up once its ports are open and its child is there; those
 * calls fail with "not permitted".  ERR_UNSUPPORTED as below.
 */
int sandbox_shield(void) MUST_CHECK;

/*
 * Install the filter.  ERR_UNSUPPORTED: the kernel, or this kind of processor,
 * has none; all else is done.
 */
int sandbox_enter(void) MUST_CHECK;

#endif
