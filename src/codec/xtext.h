/*
 * xtext: the "+2B" form of ENVID and ORCPT (RFC 3461 section 4), and the
 * "\x{FC}" form of addresses that are not ASCII (RFC 6533 section 3).
 *
 * Memory, Failure: none; a "+" without two digits stands for itself, as in
 * what old clients send.
 * Tested: tests/unit/test_xtext.c.
 */
#ifndef CODEC_XTEXT_H
#define CODEC_XTEXT_H

#include "core/span.h"
#include "core/text.h"

/* Append what `s` stands for; other than printable ASCII becomes "?". */
void xtext_decode(struct span s, struct text *to);

/* Does it hold octets beyond ASCII? */
bool xtext_is_utf8(struct span s);

/*
 * Append an address in UTF-8 as ASCII, "\x{FC}" for what is not; an octet that
 * is no UTF-8, or a control, becomes "?".  `coded`: it is an ORCPT's, whose
 * backslashes and "+" already stand for something; else they are coded, too.
 */
void xtext_from_utf8(struct span s, bool coded, struct text *to);

#endif
