/*
 * line: complete lines out of a byte window.
 *
 * A line ends at LF.  It is sound when a CR stands right before that LF and no
 * other CR and no NUL stands in it (RFC 5321 section 2.3.8).  Everything else
 * is still taken as one line, with its flaw, so that each wrong line gets one
 * reply and nothing behind it is executed by accident.
 *
 *   window: "NOOP\r\nQU"   ->  "NOOP", used 6;  then: need more
 *
 * Memory: lines stay in the window.  Bounds: a line longer than `max` is
 * reported once (LINE_LONG, only its first octets); its tail is swallowed by
 * later calls.
 */
#ifndef CODEC_LINE_H
#define CODEC_LINE_H

#include "core/span.h"

#define LINE_HEAD 8 /* octets that are left of a line over the limit */

/* What was wrong with a line; each such line gets exactly one reply. */
enum line_flaw {
	LINE_OK,
	LINE_LONG, /* over the limit: only its head, the tail is skipped */
	LINE_BARE, /* ended by LF without CR, or holds a CR without LF */
	LINE_NUL,  /* holds a NUL byte */
};

struct line {
	struct span text; /* without its line end */
	enum line_flaw flaw;
	size_t used; /* bytes of the window to drop after use */
};

/*
 * Look for the next line at the start of `window`.  Returns true with `*l`
 * set; or false: more bytes are needed, and `l->used` bytes (the swallowed
 * tail of a long line) can be dropped already.  `*skip` is the caller's one
 * bit of memory between calls, false at first.
 */
bool line_next(struct span window, size_t max, bool *skip, struct line *l);

#endif
