/*
 * zero: clearing large tables without touching what is clear already.
 *
 * A page of static memory costs no RAM until it is written.  Clearing a whole
 * table at start would write all of them; this looks first.
 */
#ifndef CORE_ZERO_H
#define CORE_ZERO_H

#include <stddef.h>

/* Make `len` bytes zero; only pieces that are not are written. */
void zero_fill(void *p, size_t len);

#endif
