/*
 * sigdb: a compiled signature file, used as it lies in memory.
 *
 *   .ndb .ldb .hdb .hsb --> sigcomp --> one file --> mapped --> sigdb, match
 *
 * Nothing is loaded: sigdb_open looks at the header only, and everything else
 * is read where a search touches it.  The layout is in scan/README.md.
 *
 * Memory: the mapped file, which must outlive the struct.
 * Failure: a file that is not ours, cut off or of another version is refused
 * by sigdb_open; flipped bits in the body are found by sigdb_is_whole and
 * sigdb_verify, and never lead outside the file, because every offset in it is
 * checked where it is used.
 * Tested: test_sigdb, test_match, fuzz_sigdb.
 */
#ifndef SCAN_SIGDB_H
#define SCAN_SIGDB_H

#include "core/err.h"
#include "core/le.h"
#include "core/span.h"

#define SIGDB_VERSION	  3
#define SIGDB_WITHOUT_CRC 2 /* the version before, which is read, too */
#define SIGDB_HEADER	  256
#define SIGDB_DIGEST	  32  /* SHA-256 of all behind the header */
#define SIGDB_CRC	  56  /* ... and where its CRC-32 is */
#define SIGDB_TARGETS	  224 /* where the header says whose bodies are where */
#define SIGDB_MADE	  240 /* ... when it was made */
#define SIGDB_REACH	  248 /* ... and how far from the start all bodies are */
#define SIGDB_NONE	  0xffffffffu
#define SIGDB_SEGS	  64 /* parts of one body signature */

/* Sections, in this order in header and file. */
enum sigdb_section {
	SIGDB_PATTERNS,
	SIGDB_PARTS,
	SIGDB_DATA,
	SIGDB_NAMES,
	SIGDB_WIDE_BITS, /* grams of patterns with 11 fixed bytes in a row */
	SIGDB_WIDE_START,
	SIGDB_WIDE_GRAMS,
	SIGDB_LONG_BITS, /* ... with 7 to 10 */
	SIGDB_LONG_START,
	SIGDB_LONG_GRAMS,
	SIGDB_SHORT_BITS, /* ... with 4 to 6 */
	SIGDB_SHORT_START,
	SIGDB_SHORT_GRAMS,
	SIGDB_MD5_START,
	SIGDB_MD5,
	SIGDB_SHA1_START,
	SIGDB_SHA1,
	SIGDB_SHA256_START,
	SIGDB_SHA256,
	SIGDB_SIZES, /* a bit for each hash of a size of a hash signature */
	SIGDB_SECTIONS,
};

enum sigdb_place {
	SIGDB_ANYWHERE,
	SIGDB_FROM_START,
	SIGDB_FROM_END,
};

/*
 * The three tables: how many bytes a gram has, and that it is looked for at
 * each 4th, 2nd, 1st byte.  A pattern is entered with as many grams, each one
 * byte further, so that one of them stands where it is looked for.
 */
enum sigdb_width { SIGDB_WIDE, SIGDB_LONG, SIGDB_SHORT, SIGDB_WIDTHS };

#define SIGDB_WIDE_STRIDE  4
#define SIGDB_WIDE_OCTETS  8
#define SIGDB_LONG_STRIDE  2
#define SIGDB_LONG_OCTETS  6
#define SIGDB_SHORT_STRIDE 1
#define SIGDB_SHORT_OCTETS 4

#define SIGDB_MIX 0x9e3779b1u

struct sigdb {
	struct span all;
	struct span section[SIGDB_SECTIONS];
	uint32_t version; /* SIGDB_VERSION or _WITHOUT_CRC */
	uint32_t signatures;
	uint32_t hashes; /* of them, those of whole files */
	uint32_t reach;	 /* all bodies lie in so many first bytes; _NONE: any */
	/* a bit for each target of bodies anywhere, and at some place only */
	uint32_t anywhere, placed;
	uint64_t made_s; /* seconds since 1970 when compiled; 0: not told */
};

/* One body pattern, and one part of it, taken out of the file. */
struct sigdb_pattern {
	uint32_t name;
	uint32_t first; /* its first part */
	uint16_t n;
	uint16_t lead; /* the part that is looked for */
	uint8_t target;
	uint8_t place; /* enum sigdb_place */
	uint32_t offset, shift;
	uint32_t also; /* another pattern that must be there, or SIGDB_NONE */
};

struct sigdb_part {
	struct span data; /* len bytes; with masks or alternatives: more */
	uint16_t len;
	bool masked;	  /* then as many mask bytes follow */
	uint16_t choices; /* alternatives of len bytes each, at least 1 */
	uint32_t gap_min, gap_max; /* to the part before; SIGDB_NONE: any */
};

/*
 * Use the file at `all`.  ERR_SYNTAX: not a signature file; ERR_UNSUPPORTED:
 * of another version; ERR_TORN: cut off, or the header is damaged.
 */
int sigdb_open(struct sigdb *db, struct span all) MUST_CHECK;

/*
 * Has everything behind the header the sum that the header tells, if it tells
 * one?  That finds what rotted on a disk, not what somebody changed.  `crc`: a
 * CRC-32 that is faster than zlib's, or NULL.  Reads the whole file.
 */
bool sigdb_is_whole(const struct sigdb *db, uint32_t (*crc)(struct span));

/*
 * Is every signature that it counts whole, and found wherever it stands?
 * ERR_TORN: no.  What that proves, and what not, is in scan/README.md.  Reads
 * the whole file, 12 ms a MB.
 */
int sigdb_verify(const struct sigdb *db) MUST_CHECK;

/* The name at `at` in the section of names; empty where the file lies. */
struct span sigdb_name(const struct sigdb *db, uint32_t at);

/* Take out pattern or part number `i`; false where the file lies. */
bool sigdb_pattern(const struct sigdb *db, uint32_t i, struct sigdb_pattern *p);
bool sigdb_part(const struct sigdb *db, uint32_t i, struct sigdb_part *s);

/*
 * The records of `size` bytes whose first four bytes mix to the same place as
 * `key`; `start` is the section that leads to section start + 1.
 */
struct span sigdb_bucket(const struct sigdb *db, enum sigdb_section start,
    uint32_t key, size_t size);

/* The key of the gram of `width` bytes at `p`. */
static inline uint32_t
sigdb_key(const uint8_t *p, unsigned width)
{
	uint32_t low = le32_get(p);

	if (width == 4)
		return low;
	return low
	       ^ (width == 6 ? le16_get(p + 4) : le32_get(p + 4)) * 0x85ebca6bu;
}

/*
 * Can any body be in bytes that are of these targets, and lie within bytes
 * that have been searched for `seen`?
 */
static inline bool
sigdb_has_body(const struct sigdb *db, uint32_t targets, uint32_t seen)
{
	return ((targets & ~seen & db->anywhere) | (targets & db->placed)) != 0;
}

/* Can there be a hash signature for a file of so many bytes? */
bool sigdb_has_size(const struct sigdb *db, uint64_t octets);

/* ---- for sigdb_verify.c ---- */

size_t sigdb_count_bits(struct span map);

/* A map of `n` grams, of a size that a search takes, with no bits beyond? */
bool sigdb_is_map(struct span map, size_t n);

/*
 * Is the pattern met wherever its lead stands?  Then the table, and how many
 * grams it has there; 0: no.
 */
unsigned sigdb_met(const struct sigdb *db, uint32_t pattern,
    const struct sigdb_part *lead, enum sigdb_width *width);

#define SIGDB_PATTERN_SIZE 32
#define SIGDB_PART_SIZE	   16
#define SIGDB_GRAM_SIZE	   12
#define SIGDB_MASKED	   0x8000u

#endif
