/* pool: a free list threaded through the objects themselves. */
#include "core/pool.h"

#include <assert.h>
#include <string.h>

void
pool_init(
    struct pool *p, const char *name, void *mem, size_t size, uint32_t cap)
{
	size = (size + 15) / 16 * 16;
	*p = (struct pool) { .name = name, .mem = mem, .size = size };
	p->cap = cap;
}

void *
pool_take(struct pool *p)
{
	void *object = p->free;

	if (object != NULL) {
		memcpy(&p->free, object, sizeof(p->free));
	} else if (p->fresh < p->cap) {
		object = p->mem + p->size * p->fresh++;
	} else {
		p->refused++;
		return NULL;
	}
	if (++p->used > p->high)
		p->high = p->used;
	return object;
}

void
pool_give(struct pool *p, void *object)
{
	if (object == NULL)
		return;
	assert(pool_index(p, object) < p->fresh);
	assert(p->used > 0);
	memcpy(object, &p->free, sizeof(p->free));
	p->free = object;
	p->used--;
}

uint32_t
pool_index(const struct pool *p, const void *object)
{
	size_t at = (size_t)((const uint8_t *)object - p->mem);

	assert(at % p->size == 0);
	return (uint32_t)(at / p->size);
}
