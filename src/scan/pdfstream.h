/*
 * pdfstream: where the streams of a PDF are, and what is packed in them.
 *
 * No table of objects is believed: see pdfstream.c.
 *
 * Memory: struct pdfstream; what comes out is in the scan's scratch.
 * Bounds: each call reads forward.
 * Tested: test_scan_documents, fuzz_pdf.
 */
#ifndef SCAN_PDFSTREAM_H
#define SCAN_PDFSTREAM_H

#include "codec/pdfpredict.h"

#define PDFSTREAM_FILTERS 8

struct scan;
struct scan_frame;

enum pdfstream_filter {
	PDFSTREAM_NONE,
	PDFSTREAM_FLATE,
	PDFSTREAM_HEX,
	PDFSTREAM_A85,
	PDFSTREAM_RUNS,
	PDFSTREAM_LZW,
	PDFSTREAM_PASS,
};

struct pdfstream {
	unsigned n;
	uint8_t filters[PDFSTREAM_FILTERS]; /* enum pdfstream_filter */
	unsigned early;
	bool is_file;	 /* embedded, or a row of objects: all of it counts */
	bool is_behind;	 /* "stream" stands behind a dictionary */
	uint64_t length; /* UINT64_MAX: not told */
	struct span data;
	struct pdfpredict predict; /* of Flate and LZW; 1: none */
	unsigned params;	   /* how often they are told */
	bool is_elsewhere, is_picture;
	bool is_guessed; /* which ones are meant is not sure */
	bool undo;	 /* for pdfstream_unpack: the caller's */

	/* where the document is encrypted */
	bool is_embedded, is_meta, is_table; /* what type it has */
	bool is_named;			     /* has a crypt filter of its own */
	bool is_plain;			     /* ... that does nothing */
	uint32_t number, generation;	     /* of the object; 0: not seen */
};

/* The next stream, from f->at on; it may begin within another one's data. */
bool pdfstream_next(struct scan *sc, struct scan_frame *f, struct pdfstream *t);

/*
 * Is there another reading of it, with predictors undone (t->undo)?  They may
 * be told where no viewer looks.
 */
bool pdfstream_is_predicted(const struct pdfstream *t);

/* t->data, out of all its packings. */
struct span pdfstream_unpack(struct scan *sc, const struct pdfstream *t);

/* Do the two octets of zlib's header stand there? */
bool pdfstream_is_zlib(struct span s);

/* Does an object begin anywhere?  Texts about PDF have none. */
bool pdfstream_has_object(struct span s);

#endif
