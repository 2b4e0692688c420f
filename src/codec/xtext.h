/*
 * xtext: the "+2B" form of ENVID and ORCPT (RFC 3461 section 4).
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

#endif
