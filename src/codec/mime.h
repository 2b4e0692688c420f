/*
 * mime: mail's transfer encodings, read as the most forgiving client would.
 *
 * For looking into mail, not for passing it on: what a strict reader refuses
 * is decoded as far as it goes, because some other program will do so.
 * Memory: the caller's; the result is never longer than the input, but of
 * uuencode up to 63 octets for each line, however short.
 * Tested: tests/e2e/test_scan.py, fuzz_mime.
 */
#ifndef CODEC_MIME_H
#define CODEC_MIME_H

#include "core/span.h"

/*
 * Decode base64 to `out` (`cap` bytes): foreign characters are skipped, and
 * padding in the middle only ends its group.  Returns the number of bytes.
 */
size_t mime_base64(struct span in, uint8_t *out, size_t cap);

/* The same where padding is a foreign character like others. */
size_t mime_base64_unpadded(struct span in, uint8_t *out, size_t cap);

/* Does padding stand before other characters, so that the two may differ? */
bool mime_has_inner_padding(struct span in);

/*
 * Cut the line at the start of `*rest` off, that ends with LF, CR LF, CR or
 * (which comes of careless programs) CR CR LF; `*line` is without its end.
 * False: nothing is left.
 */
bool mime_line(struct span *rest, struct span *line);

/* The same for quoted-printable; a wrong escape is kept as it stands. */
size_t mime_qp(struct span in, uint8_t *out, size_t cap);

/*
 * The same for the lines behind a uuencode "begin"; `*used` is set to what
 * was read, up to "end" or lines of which none can be one for long.
 */
size_t mime_uu(struct span in, uint8_t *out, size_t cap, size_t *used);

/*
 * The same for xxencode, uuencode's sibling: 0 octets where the first line is
 * none of its own.
 */
size_t mime_xx(struct span in, uint8_t *out, size_t cap, size_t *used);

/* The same for the lines behind yEnc's "=ybegin", up to "=yend". */
size_t mime_yenc(struct span in, uint8_t *out, size_t cap, size_t *used);

#endif
