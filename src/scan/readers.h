/*
 * readers: one function for each kind of container, and what tells kinds apart
 * that have no sign of their own.  What a reader is, unpack.h says.
 *
 * Memory: the frame, and scratch for members.
 * Bounds: each call reads forward, and ends with the container.
 * Tested: test_scan, test_scan_formats, test_scan_documents; fuzz_NAME.
 */
#ifndef SCAN_READERS_H
#define SCAN_READERS_H

#include "core/span.h"

struct scan;
struct scan_frame;

/* Is it the head of a zip's entry, not chance (as far as it is there)? */
bool scan_is_zip_head(struct span s);

/* Does an LZH, or an ARJ, archive begin here; a tar's header? */
bool scan_is_lzh(struct span s);
bool scan_is_arj(struct span s);
bool scan_is_tar(struct span s);

/* Does an object of OLE 1, or a package of a file, begin here? */
bool scan_is_object(struct span s);
bool scan_is_package(struct span s);

/* Does it look as if it were packed by LZMA, with no container? */
bool scan_is_lzma(struct span s);

/* Is it of a kind that is not opened here, with a sign behind its start? */
bool scan_is_foreign(struct span s);

/* Is there a long run of base64 in it? */
bool scan_has_blob(struct span s);

/* Where a file in BinHex begins, from `from` on; s.len: nowhere. */
size_t scan_binhex(struct span s, size_t from);

/*
 * Where an archive of libarchive's ends (*end; 0: not told).  False: it is cut
 * off, or one of several volumes, or a stored file of RAR has another sum.
 */
bool scan_measure(struct span s, size_t *end);

/*
 * Of what is packed by bzip2 or XZ: where a stream begins, from `from` on;
 * s.len: nowhere.
 */
size_t scan_stream(struct span s, size_t from);

/*
 * So many octets have been read once more, as of data that may begin within
 * other data: they count as if they were searched.
 */
void scan_spend(struct scan *sc, size_t octets);

int scan_next_zip(struct scan *, struct scan_frame *, struct span *);
int scan_next_arj(struct scan *, struct scan_frame *, struct span *);
int scan_next_lzh(struct scan *, struct scan_frame *, struct span *);
int scan_next_tnef(struct scan *, struct scan_frame *, struct span *);
int scan_next_tar(struct scan *, struct scan_frame *, struct span *);
int scan_next_gzip(struct scan *, struct scan_frame *, struct span *);
int scan_next_mail(struct scan *, struct scan_frame *, struct span *);
int scan_next_apple(struct scan *, struct scan_frame *, struct span *);
int scan_next_binhex(struct scan *, struct scan_frame *, struct span *);
int scan_next_cms(struct scan *, struct scan_frame *, struct span *);
int scan_next_pdf(struct scan *, struct scan_frame *, struct span *);
int scan_next_ole(struct scan *, struct scan_frame *, struct span *);
int scan_next_object(struct scan *, struct scan_frame *, struct span *);
int scan_next_package(struct scan *, struct scan_frame *, struct span *);
int scan_next_onenote(struct scan *, struct scan_frame *, struct span *);
int scan_next_mso(struct scan *, struct scan_frame *, struct span *);
int scan_next_rtf(struct scan *, struct scan_frame *, struct span *);
int scan_next_flash(struct scan *, struct scan_frame *, struct span *);
int scan_next_blob(struct scan *, struct scan_frame *, struct span *);
int scan_next_warc(struct scan *, struct scan_frame *, struct span *);
int scan_next_program(struct scan *, struct scan_frame *, struct span *);

#endif
