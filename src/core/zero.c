/* zero: piece by piece, each compared with a piece of zeros. */
#include "core/zero.h"

#include <stdint.h>
#include <string.h>

void
zero_fill(void *p, size_t len)
{
	static const uint8_t none[256];
	uint8_t *at = p;

	while (len > 0) {
		size_t n = len < sizeof(none) ? len : sizeof(none);

		if (memcmp(at, none, n))
			memset(at, 0, n);
		at += n;
		len -= n;
	}
}
