/*
 * pdfpredict: undoes the predictors of PDF (ISO 32000-1, 7.4.4.4): PNG's row
 * filters and TIFF's differences, which viewers undo behind Flate and LZW
 * whatever is packed.
 *
 * Memory: the caller's; in place.
 * Bounds: each octet is read once; a last row that is cut short is read as far
 * as it goes.
 * Tested: test_scan_documents, fuzz_pdfcode.
 */
#ifndef CODEC_PDFPREDICT_H
#define CODEC_PDFPREDICT_H

#include "core/span.h"

struct pdfpredict {
	uint32_t predictor; /* 2: TIFF; from 10 on: PNG; else none */
	uint32_t colors, bits, columns;
};

/* Are these parameters that viewers heed? */
bool pdfpredict_is_sound(const struct pdfpredict *t);

/*
 * Undo it in the `len` octets at `p`; `t` is sound.  Returns how many there are
 * now, never more.
 */
size_t pdfpredict_undo(const struct pdfpredict *t, uint8_t *p, size_t len);

#endif
