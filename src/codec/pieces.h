/*
 * pieces: lines out of a stream of text, long ones in pieces.
 *
 *   "Subject: x\nTo"  "o: y\n"   ->   [Subject: x]  [Too: y]
 *
 * For filters that decide by how a line begins.  A CR is dropped: none leaves
 * us but in a line's end.
 *
 * Memory: PIECE_MAX octets, the struct; a piece lies in it until the next call.
 * Tested: tests/unit/test_dkim.c, test_sevenbit.c (every split).
 */
#ifndef CODEC_PIECES_H
#define CODEC_PIECES_H

#include "core/span.h"

#define PIECE_MAX 160

struct pieces {
	uint8_t have;
	bool mid; /* in a line whose first piece has been given */
	uint8_t mem[PIECE_MAX];
};

struct piece {
	struct span text; /* without the line's end */
	bool first;	  /* a line begins with it */
	bool last;	  /* a line ends with it */
};

void pieces_init(struct pieces *s);

/* Take octets of `*in` until a piece is complete: true, and `*p` is set. */
bool pieces_next(struct pieces *s, struct span *in, struct piece *p);

/* The text is over: the line without an end, where there is one. */
bool pieces_end(struct pieces *s, struct piece *p);

#endif
