/*
 * japanese: the character sets of Japanese mail, read into UTF-8.
 *
 * ISO-2022-JP and what grew out of it, Shift_JIS, EUC-JP; with the characters
 * of NEC and IBM, as Windows knows them.  Of JIS X 0212 and 0213, and of what
 * is broken, there is a '?' for each character.
 *
 * By tables of our own: libc's iconv loads code when it is asked, which a
 * server that has started may not do, and is not there in static programs.
 *
 * What comes out is foreign text: it may hold controls.
 *
 * Memory: the caller's; tables of 17 KB.
 * Tested: tests/unit/test_japanese.c, fuzz_subject.
 */
#ifndef CODEC_JAPANESE_H
#define CODEC_JAPANESE_H

#include "core/text.h"

/*
 * Append `in`, that is in this character set (by its name in mail, in any
 * case).  False: it is none of these, and nothing is appended.
 */
bool japanese_decode(struct span charset, struct span in, struct text *to);

#endif
