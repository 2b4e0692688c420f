/*
 * dot_out: encoding message bodies on their way out (POP3 RETR, SMTP DATA).
 *
 *   stored text            on the wire
 *   "Hi\n.dot\nend"   ->   "Hi\r\n..dot\r\nend\r\n" and then ".\r\n"
 *
 * LF line ends become CR LF (a CR LF that lies in the file stays one), a dot
 * at the start of a line is doubled, and a last line without an end gets one
 * (RFC 1939 section 3, RFC 5321 section 4.5.2).  Bytes are never judged here:
 * a bare CR, a NUL or 8-bit text passes as it is.
 *
 * Memory: one byte of state; can stop and go on at any input byte and with
 * any room for output, one byte included.
 * Cost: a memchr and a memcpy per line.
 * Tested: test_dot_out (every split), fuzz_dot_out (against the decoder).
 */
#ifndef CODEC_DOT_OUT_H
#define CODEC_DOT_OUT_H

#include "core/buf.h"
#include "core/err.h"

struct dot_out {
	uint8_t state;
};

/* What dot_encode_end may add: the missing line end and the dot line. */
#define DOT_OUT_END_MAX 5

/* Begin a message. */
void dot_out_init(struct dot_out *d);

/*
 * Encode the start of `in` into the room of `out`.  Returns how many bytes of
 * `in` are used up: all of them unless the room ran out.
 */
size_t dot_encode(struct dot_out *d, struct span in, struct buf *out);

/*
 * End the message with the dot line.  False, with nothing written, while
 * `out` has fewer than DOT_OUT_END_MAX bytes free.
 */
bool dot_encode_end(struct dot_out *d, struct buf *out) MUST_CHECK;

/*
 * Count what dot_encode and the missing last line end would make of `in`,
 * without the doubled dots and the dot line: the size that POP3 announces.
 * Pieces of one message are counted with the same `d`; add dot_out_missing
 * after the last one.
 */
uint64_t dot_out_count(struct dot_out *d, struct span in);

/* Octets of the line end that the text so far lacks: 0, 1 or 2. */
unsigned dot_out_missing(const struct dot_out *d);

#endif
