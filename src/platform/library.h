/*
 * library: a shared library that is loaded when it is first needed.
 *
 * For large libraries that a running server must not carry: neither their
 * memory nor their start-up time, nor their absence, concerns who does not
 * use them.
 */
#ifndef PLATFORM_LIBRARY_H
#define PLATFORM_LIBRARY_H

#include "core/err.h"

/* A function of any type; cast it to what it is. */
typedef void (*library_function)(void);

/* Load `name` ("libarchive.so.13") for good; NULL: not on this machine. */
void *library_open(const char *name);

/* The function of this name, or NULL. */
library_function library_find(void *library, const char *name);

#endif
