/*
 * subject: a header field's value as a person reads it.
 *
 * Finds a field in a message's header and decodes its encoded words (RFC
 * 2047) in UTF-8, US-ASCII, ISO-8859-1 and windows-1252, and in what the
 * caller can decode.  For words in other character sets, which nobody could
 * read undecoded, the set's name stands in brackets, once for words in a row:
 * "[Big5]".  Bare ISO-2022-JP, as old programs write it, counts as a word.
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

/*
 * Append `text`, that is in this character set; false: it is not known, and
 * nothing is appended.
 */
typedef bool (*subject_decoder)(
    struct span charset, struct span text, struct text *to);

/*
 * Append the value with folds taken away and words decoded; `other` is asked
 * about other character sets (NULL: there are none).
 */
void subject_decode(struct span value, subject_decoder other, struct text *to);

#endif
