/*
 * subject: a header field's value as a person reads it.
 *
 * Finds a field in a message's header and decodes its encoded words (RFC
 * 2047) in UTF-8, US-ASCII, ISO-8859-1 and windows-1252.  For words in other
 * character sets, which nobody could read undecoded, the set's name stands in
 * brackets, once for words in a row: "[ISO-2022-JP]".
 *
 * What comes out is foreign text still: it may hold controls and be no UTF-8.
 *
 * Memory: the caller's.  Tested: tests/unit/test_subject.c, fuzz_subject.
 */
#ifndef CODEC_SUBJECT_H
#define CODEC_SUBJECT_H

#include "core/text.h"

/*
 * The raw value of the first field of this name in a header with LF line
 * ends, its folds included; empty where there is none before the empty line
 * or the end of `head`.
 */
struct span subject_find(struct span head, const char *name);

/* Append the value with folds taken away and words decoded. */
void subject_decode(struct span value, struct text *to);

#endif
