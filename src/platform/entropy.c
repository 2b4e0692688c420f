/* entropy: getrandom, with nothing to fall back to on purpose. */
#include "platform/entropy.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

int
entropy_fill(void *to, size_t len)
{
	ssize_t n;

	assert(len <= 256);
	do
		n = getrandom(to, len, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? ERR_OK : ERR_IO;
}
