/*
 * sigcomp: compiles signatures in ClamAV's text forms into sigdb's file.
 *
 *	sigcomp_init(&sc, mem, octets);
 *	for each line:  err = sigcomp_line(&sc, SIGCOMP_NDB, line, &why);
 *	err = sigcomp_finish(&sc, &file);
 *
 * What is understood:
 *   .hdb .hsb  MD5, SHA-1, SHA-256 of whole files; the size, or *
 *   .ndb       targets; offsets *, N, N,SHIFT, EOF-N, EOF-N,SHIFT; in the body
 *              hex, ??, nibbles, *, {n} {n-m} {-m} {n-}, (aa|bb) of one length
 *   .ldb       all of them (0&1&2) or one of them (0|1|2), no counts
 *   all        those for the level (FLEVEL) of ClamAV 1.4
 * A pattern needs four fixed bytes in a row.  What is not understood gives
 * ERR_UNSUPPORTED with the reason, and the rest is compiled.
 *
 * Memory: `octets` at `mem`, SIGCOMP_NEED(octets of all lines) are enough;
 * pages never used are never touched.  The result lies there, too.
 * Tested: test_sigdb, test_match, fuzz_sigcomp.
 */
#ifndef SCAN_SIGCOMP_H
#define SCAN_SIGCOMP_H

#include "core/buf.h"
#include "scan/sigdb.h"

#define SIGCOMP_NEED(text) (65536 + (size_t)(text)*64)

enum sigcomp_form {
	SIGCOMP_HASH, /* .hdb .hsb: which hash, its length tells */
	SIGCOMP_NDB,
	SIGCOMP_LDB,
};

/* A pattern that is being read; 1024 bytes of a part at once. */
#define SIGCOMP_PART 1024

struct sigcomp_seg {
	uint32_t data;
	uint16_t len, kind;
	uint32_t gap_min, gap_max;
};

struct sigcomp {
	struct buf names, data, parts, patterns;
	struct buf grams[SIGDB_WIDTHS]; /* enum sigdb_width */
	struct buf hashes[3];		/* md5, sha1, sha256 */
	struct buf out;
	uint8_t sizes[8192];
	uint32_t signatures, n_hashes;
	uint32_t formless; /* those for HTML or text in no form of ours */
	uint32_t reach;	   /* see sigdb.h */
	uint32_t anywhere, placed; /* the same */
	uint64_t made_s; /* to be set before sigcomp_finish; 0: not told */

	/* the body that is being read */
	struct sigcomp_seg seg[SIGDB_SEGS];
	unsigned n;
	uint32_t gap_min, gap_max;
	unsigned len;
	bool masked;
	bool is_formless;
	uint8_t value[SIGCOMP_PART];
	uint8_t mask[SIGCOMP_PART];
	const char *why;
};

void sigcomp_init(struct sigcomp *sc, void *mem, size_t octets);

/*
 * Add the signature in `line` (no line end).  An empty line or a comment is
 * fine.  ERR_UNSUPPORTED, ERR_SYNTAX: nothing was added, `*why` says why;
 * ERR_FULL: the memory is too small.
 */
int sigcomp_line(struct sigcomp *sc, enum sigcomp_form form, struct span line,
    const char **why) MUST_CHECK;

/* Put the file together; valid as long as the memory.  ERR_FULL. */
int sigcomp_finish(struct sigcomp *sc, struct span *file) MUST_CHECK;

/* ---- for sigcomp_*.c ---- */

/* Read a body in hex into sc->seg; ERR_SYNTAX, ERR_UNSUPPORTED, ERR_FULL. */
int sigcomp_body(struct sigcomp *sc, struct span hex) MUST_CHECK;

/* Where the best fixed bytes of the read body are. */
struct sigcomp_anchor {
	unsigned seg, at; /* part, and bytes from its start */
	enum sigdb_width width;
};

/* ERR_UNSUPPORTED: there are no four fixed bytes in a row. */
int sigcomp_anchor(struct sigcomp *sc, struct sigcomp_anchor *best) MUST_CHECK;

/* Has the body that was read what no form of HTML or text has here? */
bool sigcomp_is_formless(const struct sigcomp *sc, uint8_t target);

/* Say why and return ERR_UNSUPPORTED, ERR_SYNTAX. */
int sigcomp_unsupported(struct sigcomp *sc, const char *why);
int sigcomp_wrong(struct sigcomp *sc, const char *why);

#endif
