/*
 * area: address space for a command's one-off work, taken from the system.
 *
 * The command line compiles and scans files of sizes that no static array
 * should be made for; scan workers unpack into one.  The server itself takes
 * nothing.  Pages that are never
 * touched cost nothing, however large the area is.
 */
#ifndef PLATFORM_AREA_H
#define PLATFORM_AREA_H

#include <stddef.h>

#include "core/err.h"
#include "core/span.h"

/* Take `octets` of zeroed memory; ERR_FULL.  Give it back with area_close. */
int area_open(void **mem, size_t octets) MUST_CHECK;

void area_close(void *mem, size_t octets);

/*
 * Give the pages that lie wholly in it back to the system, and keep the
 * addresses; they are zero then.  For static memory, too.
 */
void area_forget(void *mem, size_t octets);

/*
 * They are about to be written for the first time: get all their pages in one
 * call, where the system can (Linux 5.14), instead of one by one.
 */
void area_expect(void *mem, size_t octets);

/*
 * Map the first `octets` of a file for reading; it must have as many, and
 * keep them: reading beyond its end is the process's end.  ERR_FULL, ERR_IO.
 */
int area_map(int fd, uint64_t octets, struct span *out) MUST_CHECK;

/* The same with all that it has now. */
int area_map_all(int fd, struct span *out) MUST_CHECK;

void area_unmap(struct span mapped);

#endif
