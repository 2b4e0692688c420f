/*
 * directory: what an address means.
 *
 *   RCPT TO:<Joe+shop@our.example>
 *      directory_lookup  ->  local, unknown, or foreign: answer RCPT
 *   end of data
 *      directory_expand  ->  directory_next ...: boxes and remote addresses
 *
 * Looked up in this order: a rewritten sender coming back (SRS), an alias,
 * a mailing list, an account, the same three without what follows the suffix
 * mark, the catch-all.  An account may forward its mail on; the sender is then
 * rewritten (SRS), so that the next server's sender checks pass and bounces
 * find their way back through us.
 *
 * Aliases, forwards and lists are texts that a book reads by key:
 *   alias.NAME, alias.NAME@DOMAIN   addresses and account names, by commas
 *   forward.ACCOUNT                 the same; "keep" keeps a copy here
 *   list.NAME                       see service/lists
 * Names in keys are in lower case.
 *
 * One walk serves one message: whatever several recipients or aliases lead
 * to twice comes out once; circles of aliases end by the same means.
 *
 * Memory: the structs; a target's spans are valid until the next call.
 * Bounds: DIRECTORY_TEXT octets a book's text, DIRECTORY_OPEN texts being
 * read at once, DIRECTORY_SEEN different targets; more end the walk with
 * ERR_FULL.
 * Tested: tests/unit/test_directory.c, tests/e2e/test_relay.py, fuzz_directory.
 */
#ifndef SERVICE_DIRECTORY_H
#define SERVICE_DIRECTORY_H

#include "codec/addr.h"
#include "policy/srs.h"
#include "store/accounts.h"

#define DIRECTORY_TEXT	     2048
#define DIRECTORY_OPEN	     12
#define DIRECTORY_SEEN	     1024
#define DIRECTORY_KEY	     (ADDR_TEXT_MAX + 16)
#define DIRECTORY_LIST_PARTS 6

/* Reads a text by key: its length, ERR_MISSING, or ERR_RANGE over `cap`. */
struct directory_book {
	int (*read)(void *ctx, const char *key, char *out, size_t cap);
	void *ctx;
};

struct directory {
	const struct accounts *accounts;
	struct directory_book book; /* read NULL: no aliases and lists */
	struct span host;	    /* our name; its mail is ours too */
	struct span domains;	    /* further ones, comma separated */
	struct span catch_all;	    /* account or address; empty: none */
	struct span postmaster;	    /* account or address */
	char suffix;		    /* '+'; 0: none */
	const struct srs *srs;	    /* NULL: forwards keep their sender */
};

enum directory_kind {
	DIRECTORY_FOREIGN, /* not our domain: relaying */
	DIRECTORY_UNKNOWN, /* our domain, but nobody there: 550 5.1.1 */
	DIRECTORY_LOCAL,   /* ours: directory_expand knows where to */
};

struct directory_hit {
	enum directory_kind kind;
	uint16_t account; /* the id, where it is simply one; else 0 */
	bool is_list;
	struct span list; /* then: its name, within the address */
};

/* Is the domain one of ours? */
bool directory_is_ours(const struct directory *d, struct span domain);

/*
 * The text of list `name` into `out`: its length, or ERR_MISSING.  Part 0 is
 * list.NAME; the next ones, list.NAME:2 and so on, hold more members, and any
 * of them may be left out: its text is empty.
 */
int directory_list(const struct directory *d, struct span name, unsigned part,
    char *out, size_t cap) MUST_CHECK;

/*
 * The text of alias `name`, which may be one at `domain` only: its length, or
 * ERR_MISSING.
 */
int directory_alias(const struct directory *d, struct span name,
    struct span domain, struct span into) MUST_CHECK;

/* The value of "word=value" in a list's text; empty where there is none. */
struct span directory_list_word(struct span text, const char *word);

/* What is this recipient? */
struct directory_hit directory_lookup(
    const struct directory *d, const struct addr *a);

enum directory_target_kind {
	DIRECTORY_BOX,	  /* `account` gets it */
	DIRECTORY_REMOTE, /* to be queued for `path` */
	DIRECTORY_LIST,	  /* the list `path` (its name) gets it as a posting */
};

struct directory_target {
	enum directory_target_kind kind;
	uint16_t account;
	struct span path;
	struct span sender; /* rewritten reverse-path, or empty: as it was */
	bool forwarded;	    /* not the recipient that the client named */
};

struct directory_open {
	uint16_t at, len;
	bool forward;	  /* its remote addresses get a rewritten sender */
	uint16_t account; /* whose forward it is */
	char text[DIRECTORY_TEXT];
};

struct directory_walk {
	const struct directory *d;
	struct span sender;
	unsigned depth; /* texts open */
	unsigned seen_n;
	bool pending; /* `first` waits */
	bool tell;    /* log the names that lead nowhere */
	struct addr first;
	char key[DIRECTORY_KEY];
	char sender_mem[ADDR_TEXT_MAX + 1];
	uint64_t seen[DIRECTORY_SEEN];
	struct directory_open open[DIRECTORY_OPEN];
};

/* Begin the walk for one message; `sender` outlives it. */
void directory_begin(
    struct directory_walk *w, const struct directory *d, struct span sender);

/* Does the address lead to a box, a list or another server at all? */
bool directory_leads_on(
    struct directory_walk *w, const struct directory *d, const struct addr *a);

/* The next recipient of the message; then call directory_next until 0. */
void directory_expand(struct directory_walk *w, const struct addr *a);

/*
 * The next target: 1, 0 when there are no more of this recipient, ERR_FULL
 * when a bound was met (the message is to be refused for now).
 */
int directory_next(
    struct directory_walk *w, struct directory_target *t) MUST_CHECK;

#endif
