/*
 * ovba: how Office packs the text of macros, read (MS-OVBA 2.4.1).
 *
 * Memory: the caller's output.
 * Bounds: each octet is read once; it ends with the input or the output.
 * Failure: what came out before the damage is there.
 * Tested: test_scan_documents, fuzz_ovba.
 */
#ifndef CODEC_OVBA_H
#define CODEC_OVBA_H

#include "core/span.h"

/*
 * Unpack the chunks behind the container's sign to `out`, at most `cap`
 * octets; returns how many.
 */
size_t ovba(struct span in, uint8_t *out, size_t cap);

#endif
