/*
 * span: somebody else's bytes, with a length; never a terminated string.
 *
 * Memory: a span owns nothing; it is valid as long as the bytes it points to.
 * Client input travels as spans, so that a NUL byte is a byte like any other.
 */
#ifndef CORE_SPAN_H
#define CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t len;
};

/* A span over a string literal or a char array that holds one. */
#define SPAN(literal)                                                          \
	((struct span) { (const uint8_t *)(literal), sizeof(literal) - 1 })

static inline struct span
span_of(const void *p, size_t len)
{
	return (struct span) { p, len };
}

/* A span over a terminated string; for our own strings, not a client's. */
static inline struct span
span_str(const char *s)
{
	return (struct span) { (const uint8_t *)s, strlen(s) };
}

/* The part from `from` on; empty when `from` is at or past the end. */
static inline struct span
span_from(struct span s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return (struct span) { s.p + from, s.len - from };
}

/* The first `len` bytes, or all where there are fewer. */
static inline struct span
span_first(struct span s, size_t len)
{
	return (struct span) { s.p, len < s.len ? len : s.len };
}

bool span_is(struct span a, struct span b);

/* Equal but for the case of ASCII letters. */
bool span_is_nocase(struct span a, struct span b);

bool span_starts(struct span s, struct span prefix);
bool span_starts_nocase(struct span s, struct span prefix);
bool span_ends_nocase(struct span s, struct span suffix);

/* Does `word`, in any case, stand anywhere in `s`? */
bool span_has_nocase(struct span s, struct span word);

/* Index of the first byte `c`, or s.len where there is none. */
size_t span_find(struct span s, uint8_t c);

/* Index of the last byte `c`, or s.len where there is none. */
size_t span_rfind(struct span s, uint8_t c);

/* Is any byte above 127?  Looks at eight at a time: bodies pass through it. */
bool span_has_high(struct span s);

/* Without spaces and tabs at both ends. */
struct span span_trim(struct span s);

/*
 * Cut the next piece off `*rest`, up to the separator or the end; the
 * separator is dropped.  Returns false when `*rest` is used up (its p is then
 * NULL); an empty piece between two separators is a piece.
 */
bool span_next(struct span *rest, uint8_t separator, struct span *piece);

/*
 * Read an unsigned decimal number that fills the whole span: digits only.
 * ERR_SYNTAX for anything else or nothing, ERR_RANGE when above `max`.
 */
__attribute__((warn_unused_result)) int span_u64(
    struct span s, uint64_t max, uint64_t *out);

#endif
