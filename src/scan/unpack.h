/*
 * unpack: looks for signatures in bytes, and in all that is packed in them.
 *
 *   bytes -> examine: hashes, bodies; what kind?  --a container--> push
 *              ^                                                    |
 *              +---- the next member, unpacked to scratch <---------+
 *
 * A stack of open containers, no recursion; each step takes one member out of
 * the top one.  Members that lie unpacked in their container (tar, stored) are
 * looked at in place; the others go to scratch memory above what the open
 * containers hold, and give way to the next member.
 *
 * Memory: struct scan and the caller's scratch.
 * Bounds: depth, members, octets looked at, and work for each; whatever is
 * over a bound sets a flaw, and a message with a flaw is not clean.
 * Tested: tests/e2e/test_scan.py, fuzz_scan.
 */
#ifndef SCAN_UNPACK_H
#define SCAN_UNPACK_H

#include "scan/match.h"
#include "scan/normal.h"
#include "scan/readers.h"

#define SCAN_FRAMES 40	  /* containers open at once, mails in mails too */
#define SCAN_WHERE  512	  /* a path of members, as text */
#define SCAN_ZLIB   49152 /* inflate's state and window */

/* Why something is not clean although nothing was found. */
enum scan_flaw {
	SCAN_ENCRYPTED = 1, /* behind a password */
	SCAN_DEEP = 2,	    /* nested deeper than allowed */
	SCAN_DAMAGED = 4,   /* cut off or contradictory */
	SCAN_LIMITS = 8,    /* more octets, members or work than allowed */
	SCAN_UNOPENED = 16, /* of a kind, or packed in a way, not opened here */
};

/*
 * What the rules beside the signatures have found; bits beside the flaws'.
 * Looked for only where sc->rules wants it.
 */
enum scan_rule {
	SCAN_SCRIPTS = 256,  /* HTML with scripts or ActiveX */
	SCAN_PROGRAMS = 512, /* a program, by content or by name */
	SCAN_MACROS = 1024,  /* a document with macros */
	SCAN_ALL_RULES = 1792,
};

#define SCAN_RULES 3

struct scan_limits {
	unsigned depth;	 /* archives in archives */
	uint64_t octets; /* looked at, all members together */
	uint32_t members;
};

struct scan;
struct scan_frame;

/* Take the container's next member: 1, or 0 at its end; see scan_flaw. */
typedef int (*scan_next)(
    struct scan *sc, struct scan_frame *f, struct span *member);

struct scan_frame {
	struct span bytes;
	scan_next next;
	size_t mark;	  /* scratch in use below its members */
	struct span name; /* of the member given last, "": it has none */
	bool is_header;	  /* the name is to be looked for in a mail's header */
	uint32_t count;	  /* members given */
	size_t at;	  /* how far it has been read */
	unsigned phase;	  /* the reader's own */
	size_t from, to;  /* the same */
	size_t kept, used, parted; /* the same */
	uint64_t told;		   /* the same */
	bool within;	   /* found within other bytes, which go on behind it */
	bool stray;	   /* in what has been read as a file of its kind */
	unsigned hints;	   /* enum scan_hint: about the member given last */
	void *handle;	   /* the same; given to sc->close */
	uint32_t searched; /* see struct scan */
};

/* Where sc->inflate puts what it unpacks. */
struct scan_out {
	uint8_t *to;
	size_t room;
	size_t used, len; /* of the input; of the output */
};

struct scan {
	const struct sigdb *db[2]; /* built in, and one more or NULL */
	struct scan_limits limits;
	unsigned rules;	   /* enum scan_rule: which are wanted */
	struct span file;  /* the name of the outermost bytes; may be empty */
	bool is_mail;	   /* they are a mail, whatever they look like */
	scan_next archive; /* opens what SCAN_BY_ARCHIVE says; or NULL */
	void (*close)(struct scan_frame *f); /* lets go of a handle */
	/* Unpack the one entry of a zip file, of any packing; or NULL. */
	struct span (*unzip)(struct scan *sc, struct span zip);
	/*
	 * Inflate all of a stream (raw, or one member of gzip); false: it is
	 * not sound, or does not fit, and zlib is asked.  Or NULL: zlib only.
	 */
	bool (*inflate)(struct span in, bool gzip, struct scan_out *out);
	uint32_t (*crc32)(struct span s); /* or NULL: zlib's */
	uint8_t *scratch;
	size_t scratch_cap, scratch_len;

	struct span name;	      /* of what was found */
	char where[SCAN_WHERE];	      /* and in which member of which, or "" */
	unsigned flaws;		      /* enum scan_flaw and scan_rule, or-ed */
	const char *rule[SCAN_RULES]; /* see scan_rule_name */
	/*
	 * Of the bytes examined last: for which targets they, or bytes that
	 * they lie in, have been searched to the end.
	 */
	uint32_t searched;
	bool stray;    /* what is looked at now: see struct scan_frame */
	uint64_t left; /* octets */
	uint32_t members;
	unsigned n;
	struct scan_frame stack[SCAN_FRAMES];
	struct match match;
	struct normal normal;
	size_t zlib_used;
	_Alignas(16) uint8_t zlib[SCAN_ZLIB];
};

/*
 * Look through `bytes`: 1 when something was found (sc->name), else 0, and
 * sc->flaws says whether that means clean.  db, limits and scratch are set.
 * sc->where is the place of what was found, or of what a rule found first:
 * "invoice.zip > a/b.exe"; printable UTF-8, no control or direction signs; a
 * member without a name is told by its number, "#2".
 */
int scan_bytes(struct scan *sc, struct span bytes) MUST_CHECK;

/* Flaws in a few words, the gravest one: "behind a password". */
const char *scan_flaw_text(unsigned flaws);

/* What a rule found first, as a name: "Program.PE"; NULL: nothing. */
const char *scan_rule_name(const struct scan *sc, enum scan_rule rule);

/* The name of the first rule, of those above, that has found something. */
const char *scan_first_rule(const struct scan *sc);

/* "scripts,programs,macros" or some of them, as bits; ERR_SYNTAX. */
int scan_rules_read(struct span words, unsigned *rules) MUST_CHECK;

/* ---- for the readers ---- */

static inline void
scan_flaw(struct scan *sc, enum scan_flaw flaw)
{
	sc->flaws |= flaw;
}

/* What is known about a member beside its bytes. */
enum scan_hint {
	SCAN_AS_HTML = 1,  /* declared or named as HTML, SVG or the like */
	SCAN_AS_TYPES = 2, /* an Office document's list of its parts' types */
	SCAN_AS_UTF7 = 4,  /* declared as being in UTF-7 */
	SCAN_AS_MAIL = 16, /* declared as one, or as parts */
	SCAN_SEEN = 8,	   /* searched already, as a part of its container */
	SCAN_CODED = 32,   /* base64 as it lies, to be decoded elsewhere */
};

/* The rule has found something of this name, which lives for ever. */
void scan_note(struct scan *sc, enum scan_rule rule, const char *name);

/* Tell the name of the member that `f` gives next, as it stands. */
void scan_named(struct scan *sc, struct scan_frame *f, struct span name);

/* The same for a part of a mail, whose header is `head`. */
void scan_headed(struct scan *sc, struct scan_frame *f, struct span head);

/* Room for a member of at most `want` bytes; sets a flaw where it is less. */
uint8_t *scan_room(struct scan *sc, size_t want, size_t *room);

/* The same for a member of unknown size: up to `most`, and no flaw. */
uint8_t *scan_most(struct scan *sc, size_t most, size_t *room);

/* The first `len` bytes of the room are the member. */
struct span scan_take(struct scan *sc, size_t len);

/*
 * Inflate from the start of `in`: `window` as zlib's windowBits (raw: -15,
 * gzip: 31).  Returns what came out, in scratch; `*used`: of the input.
 */
struct span scan_inflate(
    struct scan *sc, struct span in, int window, size_t *used);

/*
 * What stands behind a container that ends at `end`, as its last member; not
 * the zeros that fill it up.  False: nothing, or the container lies within
 * other bytes, which go on there.
 */
bool scan_behind(struct scan_frame *f, size_t end, struct span *member);

/* Write the path of the members that are open now to sc->where. */
void scan_note_where(struct scan *sc);

/* ---- kind.c: what is it? ---- */

enum scan_how {
	SCAN_BY_US,	 /* by `next`, if there is anything to open */
	SCAN_BY_ARCHIVE, /* by sc->archive, where there is one */
	SCAN_BY_NOBODY,
};

/* Those of ClamAV's targets that are searched in a form of their own. */
enum { SCAN_TARGET_HTML = 3, SCAN_TARGET_TEXT = 7 };

struct scan_kind {
	uint32_t targets; /* for match_bodies */
	scan_next next;	  /* NULL: not a container */
	uint8_t how;	  /* enum scan_how */
	bool is_zip_too;  /* by its end, whatever it begins with */
	bool is_pdf_too;  /* by a header that does not stand at its start */
	bool is_binhex_too, is_blob_too, is_warc_too, is_program_too;
	bool is_stray_too; /* archives where its reader looks for none */
	bool has_more;	   /* than what `next` opens */
	bool is_mail, is_mail_too; /* by its header; by fields further on */
};

/* `seen`: what it is beside an archive does not matter. */
struct scan_kind scan_kind_of(struct span bytes, bool seen);

/*
 * Search a text or a page in the forms of its own; 1 when something was
 * found.  `targets` as match_bodies'; texts.c.
 */
int scan_texts(
    struct scan *sc, struct span s, uint32_t targets, unsigned hints);

/* How much work a search of it may be. */
static inline uint64_t
scan_work(struct span s)
{
	return (uint64_t)s.len * 8 + (1u << 22);
}

/* Look at a member with the rules that are wanted; rules.c. */
void scan_rules(struct scan *sc, struct span member,
    const struct scan_kind *kind, unsigned hints);

/* The first place from `from` on where `what` stands; s.len: nowhere. */
size_t scan_find(struct span s, size_t from, struct span what);

#endif
