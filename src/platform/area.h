/*
 * area: address space for a command's one-off work, taken from the system.
 *
 * The command line compiles and scans files of sizes that no static array
 * should be made for.  The server takes nothing.  Pages that are never
 * touched cost nothing, however large the area is.
 */
#ifndef PLATFORM_AREA_H
#define PLATFORM_AREA_H

#include <stddef.h>

#include "core/err.h"

/* Take `octets` of zeroed memory; ERR_FULL.  Give it back with area_close. */
int area_open(void **mem, size_t octets) MUST_CHECK;

void area_close(void *mem, size_t octets);

/* Give the pages back to the system, and keep the addresses; zeroed again. */
void area_forget(void *mem, size_t octets);

#endif
