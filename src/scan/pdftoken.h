/*
 * pdftoken: the words of a PDF: names, strings, numbers, brackets.
 *
 * Read as the most forgiving viewer would; what stands in no token of ours is
 * skipped.
 *
 * Bounds: each call reads forward; a string without an end has none behind it.
 * Tested: test_scan_documents, fuzz_pdf.
 */
#ifndef SCAN_PDFTOKEN_H
#define SCAN_PDFTOKEN_H

#include "core/err.h"
#include "core/span.h"

#define PDFTOKEN_NAME 32 /* longer names are cut */

enum pdftoken {
	PDFTOKEN_END,
	PDFTOKEN_NAMED, /* text: from behind the slash on */
	PDFTOKEN_TEXT,	/* (...); text: what is within */
	PDFTOKEN_HEX,	/* <...>; the same */
	PDFTOKEN_WORD,	/* number or key word */
	PDFTOKEN_OPEN,	/* << */
	PDFTOKEN_CLOSE, /* >> */
	PDFTOKEN_OTHER, /* any other single character */
};

/* Take the next token off `*s`; comments are none. */
enum pdftoken pdftoken_next(struct span *s, struct span *text);

/* A string's octets, to `out`, which has text.len; returns how many. */
size_t pdftoken_string(enum pdftoken kind, struct span text, uint8_t *out);

/*
 * Cut the name off that follows the slash at the start of `*s`: its first
 * octets, to `mem`, "#41" read as "A".
 */
struct span pdftoken_name(struct span *s, uint8_t mem[PDFTOKEN_NAME]);

struct span pdftoken_skip_white(struct span s);

/* The number at the start of `s`; UINT64_MAX: none, or it stands elsewhere. */
uint64_t pdftoken_number(struct span s);

static inline bool
pdftoken_is_white(uint8_t c)
{
	return c <= ' ';
}

/* May it stand in a name? */
bool pdftoken_is_regular(uint8_t c);

/*
 * Does "NUMBER GENERATION obj" end at `end`, with its "obj"?  ERR_SYNTAX: no.
 */
int pdftoken_object(struct span s, size_t end, uint32_t *number,
    uint32_t *generation) MUST_CHECK;

#endif
