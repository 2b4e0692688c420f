/*
 * names: the names that a mail's part gives to itself, in every form.
 *
 *	names_init(&n, head);
 *	while (names_next(&n, &name)) ...
 *
 * Every "name=" in the Content- fields counts (so "filename=" does, too),
 * wherever it stands: quoted or not, folded, as RFC 2047's encoded words, as
 * RFC 2231's %xx and pieces (filename*0*=, filename*1*=) in any order.
 *
 * Memory: struct names, in which each name is put together; of a longer one
 * the end is kept, which is what counts.
 * Bounds: 1,000 names, of them 16 in pieces, 4 KiB each, pieces within 64 KiB;
 * so a header costs no more than a few passes over it.
 * Tested: test_names, fuzz_names.
 */
#ifndef SCAN_NAMES_H
#define SCAN_NAMES_H

#include "core/span.h"

#define NAMES_LONGEST 512

struct names {
	struct span rest;  /* of the header */
	struct span field; /* that is being read */
	size_t at;	   /* in it */
	bool quoted;	   /* the last name was */
	unsigned left;	   /* names */
	unsigned joins;	   /* names in pieces that are still put together */
	size_t len;
	uint8_t mem[NAMES_LONGEST];
};

void names_init(struct names *n, struct span head);

/* The next one; valid until the next call.  False: there is no other. */
bool names_next(struct names *n, struct span *name);

/* Does a Content- field mention the word (in small letters), in any case? */
bool names_mention(struct span head, struct span word);

/* The last part of a path, of either kind of slash. */
struct span names_base(struct span path);

#endif
