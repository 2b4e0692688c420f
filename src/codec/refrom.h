/*
 * refrom: another address in From, for smarthosts that take only their own.
 *
 *   From: "Anna B." <anna@home.lan>  ->  From: "Anna B." <box@isp.example>
 *   To: ...                              To: ...
 *   (end of the header)                  Reply-To: "Anna B." <anna@home.lan>
 *
 * The name in front of the address stays, where there is one.  The old From
 * becomes Reply-To, where the message has none.  The body passes unseen.
 *
 * Memory: struct refrom, about 1.4 KB; the address outlives it.
 * Bounds: a From of REFROM_OLD octets; a longer one is not kept as Reply-To.
 * Failure: none.  Tested: tests/unit/test_refrom.c.
 */
#ifndef CODEC_REFROM_H
#define CODEC_REFROM_H

#include "codec/pieces.h"
#include "core/text.h"

#define REFROM_OLD 998
#define REFROM_OUT 2560 /* what one call may append beyond its input */

struct refrom {
	struct span address;
	struct pieces lines;
	bool over;     /* the header is done */
	bool in_from;  /* what comes belongs to From */
	bool skipping; /* ... to a second one, which is left out */
	bool has_from;
	bool has_reply_to;
	bool cut; /* the old From was too long to be kept */
	uint16_t old_len;
	char old[REFROM_OLD];
};

/* `address` replaces what stands in From. */
void refrom_init(struct refrom *r, struct span address);

/* Append what becomes of `in`; `out` has in.len + REFROM_OUT free. */
void refrom_feed(struct refrom *r, struct span in, struct text *out);

/* The message is over: what is still due, as above. */
void refrom_end(struct refrom *r, struct text *out);

#endif
