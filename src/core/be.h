/* be: numbers in memory, most significant byte first, at any alignment. */
#ifndef CORE_BE_H
#define CORE_BE_H

#include <stdint.h>

static inline uint32_t
be32_get(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8
	       | p[3];
}

static inline void
be32_put(uint8_t *p, uint32_t n)
{
	p[0] = (uint8_t)(n >> 24);
	p[1] = (uint8_t)(n >> 16);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
}

static inline void
be64_put(uint8_t *p, uint64_t n)
{
	be32_put(p, (uint32_t)(n >> 32));
	be32_put(p + 4, (uint32_t)n);
}

#endif
