/*
 * repair: the header that an old device should have written.
 *
 *   text as received --repair_feed--> the same text, at the header's end with
 *                                     what was missing
 *
 * Adds Date, Message-ID, From and MIME-Version where they are missing; a
 * forced From takes the place of what the device wrote, which is kept as
 * X-Original-From, and so does our Date where the device's clock was lost: its
 * year is more than one before ours.  A message that begins without any header
 * gets one.  Bcc and Resent-Bcc are taken out; other people's mail that is
 * submitted is not touched otherwise (repair_blind), and mail that comes in not
 * at all, but for the empty line before a body without any header: without it,
 * readers would take its first lines for a part of our own (repair_gap).
 * Text has LF line ends, as stored.
 *
 * Memory: the struct; texts it was given outlive it.  Bounds: fields are
 * recognised by their first bytes, lines of any length pass through.
 * Failure: none.  Tested: tests/unit/test_repair.c.
 */
#ifndef CODEC_REPAIR_H
#define CODEC_REPAIR_H

#include "core/text.h"

#define REPAIR_LINE 40 /* bytes of a line that are looked at */
#define REPAIR_OUT  (REPAIR_LINE + 16 + 1024) /* more than input per feed */

struct repair {
	struct span date; /* "Sun, 22 Nov 2026 16:00:00 +0000" */
	struct span id;	  /* "<ID@host>" */
	struct span from; /* for a missing From; or forced */
	bool force;	  /* `from` replaces the device's */
	bool blind;	  /* no field is added; only Bcc is taken out */
	bool gap;	  /* nor that: only the first line is looked at */
	bool dropping;	  /* such a field is being read */
	bool over;	  /* the header is done: text passes unchanged */
	bool any;	  /* a field has been seen */
	bool mid_line;
	unsigned fields; /* enum header_field, or-ed */
	uint8_t have;
	uint8_t line[REPAIR_LINE]; /* a line's beginning, while unclear */
};

/* The four texts must not hold line ends.  `from` empty: none is known. */
void repair_init(struct repair *r, struct span date, struct span id,
    struct span from, bool force);

/* Take out blind recipients, and do what repair_gap does. */
void repair_blind(struct repair *r);

/* Set a text that begins without a header apart from what stands before. */
void repair_gap(struct repair *r);

/*
 * Take some of `*in` (moved on) and append the result to `out`, which has
 * at least REPAIR_OUT bytes free; call again until `*in` is empty.
 */
void repair_feed(struct repair *r, struct span *in, struct text *out);

/* The message is over: what is still due, as above. */
void repair_end(struct repair *r, struct text *out);

#endif
