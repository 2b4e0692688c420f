/*
 * dot: decoding message bodies as they come in by DATA or BDAT.
 *
 *   CR LF line ends become LF; with DATA, a leading dot is removed and the
 *   line "." ends the message (RFC 5321 section 4.5.2).
 *
 * Only CR LF . CR LF ends a message.  A CR without LF, an LF without CR, or a
 * NUL is a flaw: it is remembered, decoding goes on to the real end, and the
 * caller then refuses the message (SMTP smuggling, CVE-2023-51764).
 *
 * Memory: works in place: the output is never longer than the input.  At most
 * one byte (a CR whose successor is unknown) is carried over between calls.
 * Cost: about one pass over the bytes; no allocation.
 */
#ifndef CODEC_DOT_H
#define CODEC_DOT_H

#include "core/span.h"

enum dot_flaw {
	DOT_SOUND = 0,
	DOT_BARE_CR = 1,
	DOT_BARE_LF = 2,
	DOT_NUL = 4,
};

struct dot {
	uint8_t state;
	uint8_t flaws;	      /* of enum dot_flaw, or-ed */
	bool chunked;	      /* BDAT: dots mean nothing, the length ends it */
	bool ended;	      /* the final dot line has been seen */
	uint64_t wire_octets; /* message octets before decoding, CRLF and all,
				 with the stuffed dots not counted */
};

/* Begin a message; `chunked` for BDAT. */
void dot_init(struct dot *d, bool chunked);

struct dot_made {
	size_t used; /* bytes taken from the input */
	size_t made; /* bytes of decoded text, at the start of the input */
};

/*
 * Decode `len` bytes in place.  All are used unless the message ends before.
 * Never called again after `ended`.
 */
struct dot_made dot_feed(struct dot *d, uint8_t *bytes, size_t len);

/*
 * The last chunk is over.  A CR still carried over is then a flaw; the line
 * end that the last line lacks is counted, since it is sent to every reader.
 */
void dot_finish(struct dot *d);

#endif
