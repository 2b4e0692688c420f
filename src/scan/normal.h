/*
 * normal: text and HTML in the forms that signatures for them are written for.
 *
 * ClamAV searches texts (target 7) with small letters and blanks folded, and
 * HTML (target 3) in two forms: with its tags, made even, without comments and
 * declarations ("nocomment"), and its text alone ("notags").  The same is made
 * here.  Not made: the third form, its scripts with their names replaced; the
 * named characters beyond those of XML and &nbsp;.
 *
 * Memory: struct normal, and a window of the caller's.
 * Bounds: each octet is read once.
 * Tested: test_sig_texts (clamscan's verdicts), fuzz_normal.
 */
#ifndef SCAN_NORMAL_H
#define SCAN_NORMAL_H

#include "core/span.h"

#define NORMAL_LEAST 32 /* room that a window must have */

enum normal_form { NORMAL_TEXT, NORMAL_HTML, NORMAL_NO_TAGS };

struct normal {
	uint8_t form;  /* enum normal_form */
	uint8_t state; /* where in HTML */
	uint8_t back;  /* the state around a named character */
	bool blank;    /* one is written, or none is wanted here */
	bool shown;    /* the value is an address that is kept without tags */
	uint8_t quote; /* of the value; 0: none */
	uint8_t word_len, attribute_len, entity_len, matched, wide_len;
	uint8_t wide[3];   /* octets of a character beyond ASCII */
	char word[8];	   /* begin of the tag's name */
	char attribute[8]; /* the same of the attribute's */
	char entity[12];   /* behind "&" */
	uint8_t *out;
	size_t len, cap;
};

void normal_init(struct normal *n, enum normal_form form);

/*
 * Read on from the start of `in` and write to n->out, n->cap octets, of which
 * n->len are taken; returns how much was read: less than all when there may
 * be no more room, and the window has to be searched and made free.
 */
size_t normal_feed(struct normal *n, struct span in);

/* ---- for normal.c ---- */

static inline bool
normal_is_white(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* normal_feed of plain text. */
size_t normal_text(struct normal *n, struct span in);

/* The number in "#65" or "#x41". */
uint32_t normal_code(struct span s);

#endif
