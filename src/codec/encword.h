/*
 * encword: octets as encoded words (RFC 2047), for header fields.
 *
 *   "größer" -> "=?utf-8?Q?gr=C3=B6=C3=9Fer?="
 *
 * Each word takes Q or B, whichever suits it, and never cuts a character of
 * UTF-8 in two.  The form is the one that phrases allow, which fits everywhere.
 * Further words stand on further lines.
 *
 * Memory: the struct.  Bounds: an octet adds 5 on an average, a word of one
 * octet ENCWORD_OUT at most.
 * Tested: through tests/unit/test_plainhead.c.
 */
#ifndef CODEC_ENCWORD_H
#define CODEC_ENCWORD_H

#include "core/text.h"

#define ENCWORD_CHARSET 14
#define ENCWORD_LINE	75
#define ENCWORD_RAW	45 /* octets that fit a word at most */
#define ENCWORD_OUT	(ENCWORD_LINE + 2)

struct encword {
	struct span charset; /* up to ENCWORD_CHARSET octets */
	bool any;	     /* a word was put */
	uint8_t have;
	uint8_t mem[ENCWORD_RAW];
};

/* Begin; `charset` outlives this. */
void encword_begin(struct encword *e, struct span charset);

void encword_put(struct encword *e, uint8_t c, struct text *out);

/* The text is over: nothing, if there was none. */
void encword_end(struct encword *e, struct text *out);

#endif
