/*
 * within: archives within other bytes, by a sound header.
 *
 * It may be cut off further on: that is for who opens it.
 *
 * Bounds: each octet is read once, or where a sign stands.
 * Tested: test_scan_formats, fuzz_program.
 */
#ifndef SCAN_WITHIN_H
#define SCAN_WITHIN_H

#include "core/span.h"

/*
 * The next archive whose sign stands in *at .. to of `s`: from where it begins
 * to the end of `s`; *at goes behind the sign.  `all`: bzip2, XZ, lzip, LZ4,
 * Zstandard, XAR, RPM, cpio, ar, tar, and disks, too, which nobody looks for in
 * a program.  A gzip may be chance.
 */
bool within_next(
    struct span s, size_t *at, size_t to, bool all, struct span *archive);

/* Where the frame of LZ4 ends that begins here; 0: it is none, or cut off. */
size_t within_lz4_end(struct span s);

#endif
