/*
 * unmail: what the two halves of the mail reader share.
 *
 * unmail.c finds the parts, unmail_files.c the files within the text.
 *
 * Memory: none.
 * Tested: tests/e2e/test_scan_mime.py, fuzz_scan.
 */
#ifndef SCAN_UNMAIL_H
#define SCAN_UNMAIL_H

#include "core/span.h"

struct scan;
struct scan_frame;

/* The line at the start of `s`, without its end; `*used` with it. */
struct span unmail_line(struct span s, size_t *used);

/*
 * Does a line begin with Content-Transfer-Encoding?  The text is a mail for
 * those who pass over what stands before its fields.
 */
bool unmail_has_encoding(struct span s);

/*
 * Take the next file out of the text that `f` holds, from f->at on: 1, or 0
 * when there is no other.
 */
int unmail_file(struct scan *sc, struct scan_frame *f, struct span *member);

#endif
