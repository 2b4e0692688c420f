/*
 * le: numbers in memory, least significant byte first, at any alignment.
 *
 * What is kept on a disk or a flash is written with these, so that an image
 * moves between machines of either byte order.
 */
#ifndef CORE_LE_H
#define CORE_LE_H

#include <stdint.h>

/* One load where the machine has one; compilers that save room count four. */
#define LE_INLINE static inline __attribute__((always_inline))

LE_INLINE uint16_t
le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

LE_INLINE uint32_t
le32_get(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16
	       | (uint32_t)p[3] << 24;
}

static inline void
le16_put(uint8_t *p, uint16_t n)
{
	p[0] = (uint8_t)n;
	p[1] = (uint8_t)(n >> 8);
}

static inline void
le32_put(uint8_t *p, uint32_t n)
{
	le16_put(p, (uint16_t)n);
	le16_put(p + 2, (uint16_t)(n >> 16));
}

static inline uint64_t
le64_get(const uint8_t *p)
{
	return le32_get(p) | (uint64_t)le32_get(p + 4) << 32;
}

static inline void
le64_put(uint8_t *p, uint64_t n)
{
	le32_put(p, (uint32_t)n);
	le32_put(p + 4, (uint32_t)(n >> 32));
}

#endif
