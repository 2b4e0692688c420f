/*
 * der: reading and writing ASN.1 in its distinguished encoding (X.690).
 *
 * Reading walks forward through a span; writing builds from the end of a
 * buffer to its front, so that each length is known when its header is put:
 *
 *	der_put_bytes(&w, value); der_put_head(&w, DER_OID, mark); ...
 *
 * Bounds: tags of one byte, lengths below 64 KiB.  Failure: a reader returns
 * ERR_SYNTAX for anything that is not minimal DER; a writer that runs out of
 * room sets `full` and writes no more.
 */
#ifndef CODEC_DER_H
#define CODEC_DER_H

#include "core/err.h"
#include "core/span.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_UTCTIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* Cut the next element off `*in`; its content is set in `*value`. */
int der_next(struct span *in, uint8_t *tag, struct span *value) MUST_CHECK;

/* The same where only one tag is right; ERR_SYNTAX for another. */
int der_expect(struct span *in, uint8_t tag, struct span *value) MUST_CHECK;

/*
 * Cut a non-negative INTEGER off `*in`, without leading zero bytes; empty for
 * 0.  ERR_SYNTAX for a negative one.
 */
int der_integer(struct span *in, struct span *value) MUST_CHECK;

/* Backwards writer; the result is der_written. */
struct der_writer {
	uint8_t *mem;
	size_t cap;
	size_t at; /* the first byte written */
	bool full;
};

void der_writer_init(struct der_writer *w, uint8_t *mem, size_t cap);

/* Where the writer stands, to measure what is put from now on. */
static inline size_t
der_mark(const struct der_writer *w)
{
	return w->at;
}

void der_put_bytes(struct der_writer *w, struct span s);

/* Put tag and length of all that was put since `mark`. */
void der_put_head(struct der_writer *w, uint8_t tag, size_t mark);

/* A whole element with this content. */
void der_put(struct der_writer *w, uint8_t tag, struct span content);

static inline struct span
der_written(const struct der_writer *w)
{
	return span_of(w->mem + w->at, w->cap - w->at);
}

#endif
