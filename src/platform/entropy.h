/*
 * entropy: random bytes from the kernel.
 */
#ifndef PLATFORM_ENTROPY_H
#define PLATFORM_ENTROPY_H

#include <stddef.h>

#include "core/err.h"

/*
 * Fill `len` bytes, at most 256.  Blocks only until the kernel's generator is
 * seeded, once after boot.  ERR_IO where the kernel has none: the caller must
 * not go on.
 */
int entropy_fill(void *to, size_t len) MUST_CHECK;

#endif
