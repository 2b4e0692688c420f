/* library: dlopen and dlsym. */
#include "platform/library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

void *
library_open(const char *name)
{
	return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

library_function
library_find(void *library, const char *name)
{
	void *found = dlsym(library, name);
	library_function f = NULL;

	/* POSIX says that they have one shape; C has no cast for it */
	_Static_assert(sizeof(f) == sizeof(found), "code and data pointers");
	memcpy(&f, &found, sizeof(f));
	return f;
}
