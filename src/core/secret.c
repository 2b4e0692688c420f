/* secret: constant time, and wiping through a volatile pointer. */
#include "core/secret.h"

bool
secret_is(struct span a, struct span b)
{
	uint8_t diff = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		diff |= a.p[i] ^ b.p[i];
	return diff == 0;
}

void
secret_wipe(void *p, size_t len)
{
	volatile uint8_t *at = p;

	while (len-- > 0)
		*at++ = 0;
}
