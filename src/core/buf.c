/* buf: the few operations that are more than arithmetic. */
#include "core/buf.h"

#include <assert.h>

void
buf_drop(struct buf *b, size_t len)
{
	assert(len <= buf_len(b));
	b->head += len;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

uint8_t *
buf_room(struct buf *b, size_t *len)
{
	if (b->head > 0) {
		memmove(b->mem, b->mem + b->head, buf_len(b));
		b->tail -= b->head;
		b->head = 0;
	}
	*len = b->cap - b->tail;
	return b->mem + b->tail;
}

void
buf_commit(struct buf *b, size_t len)
{
	assert(len <= b->cap - b->tail);
	b->tail += len;
}

bool
buf_put(struct buf *b, struct span s)
{
	size_t room;
	uint8_t *to;

	if (s.len > buf_free(b))
		return false;
	if (s.len == 0)
		return true;
	to = s.len <= b->cap - b->tail ? b->mem + b->tail : buf_room(b, &room);
	memcpy(to, s.p, s.len);
	b->tail += s.len;
	return true;
}
