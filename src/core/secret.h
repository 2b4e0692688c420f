/*
 * secret: handling what must not leak through time or left-over memory.
 */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include "core/span.h"

/* Equal?  In a time that depends on the lengths only. */
bool secret_is(struct span a, struct span b);

/* Overwrite with zeros in a way that no compiler removes. */
void secret_wipe(void *p, size_t len);

#endif
