/*
 * directory_find: aliases, lists, accounts and special names; for directory.c
 * only.
 */
#ifndef SERVICE_DIRECTORY_FIND_H
#define SERVICE_DIRECTORY_FIND_H

#include "service/directory.h"

enum directory_found {
	DIRECTORY_FOUND_NOTHING,
	DIRECTORY_FOUND_ALIAS,
	DIRECTORY_FOUND_LIST,
	DIRECTORY_FOUND_BOX,
	DIRECTORY_FOUND_BACK, /* a rewritten sender */
};

struct directory_finding {
	enum directory_found what;
	const struct account *account;
	struct span name; /* of a list */
	int len;	  /* of an alias's text, in `into` */
};

/*
 * Read the text PREFIX NAME, or PREFIX NAME@DOMAIN where `domain` is given:
 * its length, or ERR_MISSING.
 */
int directory_text(const struct directory *d, const char *prefix,
    struct span name, struct span domain, struct span into) MUST_CHECK;

/* Quotes around a plain name mean nothing: "joe" is joe. */
struct span directory_unquoted(const struct addr *a);

/* What the local part of an address of ours names; texts go to `into`. */
struct directory_finding directory_find(
    const struct directory *d, const struct addr *a, struct span into);

#endif
