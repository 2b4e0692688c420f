/*
 * addr: mail addresses as they stand in MAIL FROM and RCPT TO.
 *
 *   "<Joe.Doe@Example.ORG> SIZE=100"
 *      |       |            `- rest: " SIZE=100"
 *      |       `- domain "Example.ORG"
 *      `- local "Joe.Doe"
 *
 * An address is parsed once; every later decision is about the parsed parts
 * (RFC 5321 section 4.1.2; RFC 6531 for 8-bit ones).
 *
 * Memory: the parts point into the input.  Bounds: local part ADDR_LOCAL_MAX,
 * domain ADDR_DOMAIN_MAX octets.
 * Failure: one of enum addr_flaw; the flaw says which reply is due.
 */
#ifndef CODEC_ADDR_H
#define CODEC_ADDR_H

#include "core/err.h"
#include "core/log.h"
#include "core/span.h"
#include "core/text.h"

#define ADDR_LOCAL_MAX	128 /* RFC: 64; rewritten senders are longer */
#define ADDR_DOMAIN_MAX 253
#define ADDR_TEXT_MAX	(ADDR_LOCAL_MAX + 1 + ADDR_DOMAIN_MAX)

struct addr {
	struct span local;  /* as written; with its quotes if it has any */
	struct span domain; /* as written; empty for the null path */
	bool null;	    /* "<>" */
	bool bare;	    /* "<postmaster>": no domain */
	bool quoted;
	bool literal;	/* the domain is "[...]" */
	bool eight_bit; /* not all ASCII: needs SMTPUTF8 */
};

enum addr_flaw {
	ADDR_OK,
	ADDR_SYNTAX, /* not an address: 501 */
	ADDR_ROUTE,  /* a source route "<@a,@b:c@d>": refused */
	ADDR_LONG,   /* a part is over its bound */
	ADDR_UTF8,   /* 8-bit where SMTPUTF8 was not asked for */
};

enum addr_allow {
	ADDR_ALLOW_NULL = 1, /* MAIL FROM:<> */
	ADDR_ALLOW_BARE = 2, /* RCPT TO:<postmaster> */
	ADDR_ALLOW_UTF8 = 4,
	ADDR_ALLOW_NAKED = 8, /* without <>, as old devices send it */
};

/*
 * Parse a path at the start of `*rest` (spaces before it are skipped) and
 * move `*rest` behind it.
 */
enum addr_flaw addr_path(
    struct span *rest, unsigned allow, struct addr *out) MUST_CHECK;

/* Parse a whole text "local@domain" without brackets. */
enum addr_flaw addr_parse(
    struct span text, unsigned allow, struct addr *out) MUST_CHECK;

/*
 * May the local part send mail on another way than it seems (T8)?  True for
 * "%", "!", ":" , "@" or a blank inside, quoted or not.
 */
bool addr_is_tricky(const struct addr *a);

/* Write it as it was parsed: local part, and "@domain" where there is one. */
void addr_put(struct text *t, const struct addr *a);

/* The same as one field of a log line. */
void addr_log(struct log_line *l, const char *key, const struct addr *a);

/* Is this a syntactically good host or domain name? */
bool addr_is_domain(struct span s, bool eight_bit);

#endif
