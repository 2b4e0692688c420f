/*
 * child: processes that we fork and keep.
 *
 * A child is never executed anew: it goes on in a function of ours, without
 * what it does not need (sandbox.h), until it calls child_exit.
 */
#ifndef PLATFORM_CHILD_H
#define PLATFORM_CHILD_H

#include <stdbool.h>

#include "core/err.h"

/* As fork(): 0 in the child, its number in the parent; ERR_FULL. */
int child_fork(void) MUST_CHECK;

/*
 * In the child: a name for `ps`; signals meant for the parent are ignored, a
 * child ends when its channel does.  `deadly`: at once with its parent, too.
 */
void child_begin(const char *name, bool deadly);

/* In the child: the end, with nothing of the parent's run. */
_Noreturn void child_exit(void);

/* Kill a child at once and wait for its end; nothing for numbers < 1. */
void child_kill(int pid);

/*
 * In the parent: children's children whose parent has ended are its own, and
 * nobody's end has to be asked for.
 */
void child_adopt(void);

/* In the child: rather this one than others, where memory is short. */
void child_is_expendable(void);

#endif
