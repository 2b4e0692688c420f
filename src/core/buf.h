/*
 * buf: a byte window over memory that the caller lends.
 *
 *      mem                head          tail            mem+cap
 *       |      dropped     |    data     |     room       |
 *
 * Bytes enter at the tail (buf_room, buf_commit; or buf_put) and leave at the
 * head (buf_data, buf_drop).  Memory: `cap` bytes belonging to the caller; a
 * window with no memory (cap 0) is empty and full at once.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/span.h"

struct buf {
	uint8_t *mem;
	size_t cap;
	size_t head;
	size_t tail;
};

static inline void
buf_init(struct buf *b, void *mem, size_t cap)
{
	*b = (struct buf) { mem, cap, 0, 0 };
}

/* How many bytes wait to be taken out. */
static inline size_t
buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

/* How many more bytes fit (after moving the data to the front). */
static inline size_t
buf_free(const struct buf *b)
{
	return b->cap - buf_len(b);
}

static inline struct span
buf_data(const struct buf *b)
{
	return span_of(b->mem + b->head, buf_len(b));
}

/* The waiting bytes, for decoders that work in place. */
static inline uint8_t *
buf_bytes(struct buf *b)
{
	return b->mem + b->head;
}

/* Forget the first `len` bytes of the data; len <= buf_len. */
void buf_drop(struct buf *b, size_t len);

/*
 * The free end, made contiguous: `*len` is set to buf_free.  Moves the data
 * to the front; pointers into the window are void afterwards.
 */
uint8_t *buf_room(struct buf *b, size_t *len);

/* Declare the first `len` bytes of the room filled; len <= buf_free. */
void buf_commit(struct buf *b, size_t len);

/* Append all of `s` or nothing; false when it does not fit. */
bool buf_put(struct buf *b, struct span s);

#endif
