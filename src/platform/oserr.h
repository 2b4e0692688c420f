/*
 * oserr: errno as enum err, for files.
 */
#ifndef PLATFORM_OSERR_H
#define PLATFORM_OSERR_H

#include "core/err.h"

/* What errno says now; ERR_IO for whatever has no word of its own. */
int oserr_now(void);

#endif
