/*
 * text: building short texts in a fixed buffer, without stdio.
 *
 *	char mem[64];
 *	struct text t;
 *	text_init(&t, mem, sizeof(mem));
 *	text_str(&t, "size="); text_u64(&t, n);
 *	text_cstr(&t)  ->  "size=17"
 *
 * Bounds: what does not fit is cut off, `cut` is set and stays set, and the
 * text stays terminated.  The caller looks at `cut` once, at the end.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/span.h"

struct text {
	char *mem;
	size_t cap; /* without the terminator */
	size_t len;
	bool cut;
};

/* `size` bytes at `mem`, at least 1; the terminator takes one of them. */
void text_init(struct text *t, char *mem, size_t size);

void text_span(struct text *t, struct span s);
void text_str(struct text *t, const char *s);
void text_chr(struct text *t, char c);
void text_u64(struct text *t, uint64_t n);
void text_i64(struct text *t, int64_t n);

/* Decimal with leading zeros up to `width` digits (1 to 20). */
void text_u64_pad(struct text *t, uint64_t n, unsigned width);

/* Lower-case hexadecimal, two digits a byte. */
void text_hex(struct text *t, struct span s);

/*
 * Foreign bytes for a log line or a terminal: printable ASCII except `"` and
 * `\` as it is, everything else as \xHH.
 */
void text_escaped(struct text *t, struct span s);

static inline const char *
text_cstr(const struct text *t)
{
	return t->mem;
}

static inline struct span
text_data(const struct text *t)
{
	return span_of(t->mem, t->len);
}

#endif
