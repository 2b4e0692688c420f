/*
 * pool: a fixed number of equal objects in static memory.
 *
 * Memory: an array declared with POOL_MEMORY (all of them stand in memory.c),
 * zero at start and not touched before an object is first taken: pages of
 * objects never used cost no RAM.  Taking and giving are O(1); the object
 * given last is taken first, so that few pages stay warm.
 * Failure: an empty pool refuses; the caller answers "try again later".
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
	const char *name; /* for status and logs */
	uint8_t *mem;
	size_t size; /* bytes per object, a multiple of 16 */
	uint32_t cap;
	uint32_t used;
	uint32_t fresh; /* objects from this index on were never taken */
	uint32_t high;	/* most in use at once */
	uint64_t refused;
	void *free;
};

/* Bytes per object in a pool, and a static array for `n` of them. */
#define POOL_SIZE(type) ((sizeof(type) + 15) / 16 * 16)
#define POOL_MEMORY(name, type, n)                                             \
	static _Alignas(16) uint8_t name[(n)*POOL_SIZE(type)]

void pool_init(
    struct pool *p, const char *name, void *mem, size_t size, uint32_t cap);

/* An object with unspecified content, or NULL (counted in `refused`). */
void *pool_take(struct pool *p);

/* Return an object that was taken from this pool; NULL is ignored. */
void pool_give(struct pool *p, void *object);

/* How many more objects there are to take. */
static inline uint32_t
pool_left(const struct pool *p)
{
	return p->cap - p->used;
}

/* The place of a taken object in its pool, 0 to cap - 1. */
uint32_t pool_index(const struct pool *p, const void *object);

#endif
