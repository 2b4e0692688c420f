/*
 * letter: one message of our own, written piece by piece into the spool.
 *
 *	letter_begin    a spool file
 *	letter_header   From, To, Subject, Date, Message-ID, Auto-Submitted
 *	letter_put ...  the rest of the header, an empty line, the body
 *	letter_to       who gets it, at any time in between
 *	letter_send     into mailboxes and queue, durable on return
 *
 * Its sender is always <>, and what fails about it is told to nobody.
 * What others said comes in by letter_ascii, letter_address or letter_text,
 * which let no control character through (T11); they write bodies only, but
 * for the address of the To line.
 *
 * Memory: one struct, about 19 KB; one letter at a time.
 * Failure: an error sticks and is letter_send's; then nothing was sent.
 * Cost: one barrier of its own a letter.
 * Tested: tests/e2e/test_relay.py (notice), test_quarantine.py (warning).
 */
#ifndef SERVICE_LETTER_H
#define SERVICE_LETTER_H

#include "service/deliver.h"

#define LETTER_TEXT 4096
#define LETTER_LINE 600 /* octets of foreign text in one go */

enum letter_language {
	LETTER_ENGLISH, /* the order of the setting's words */
	LETTER_JAPANESE,
	LETTER_LANGUAGES
};

struct letter {
	struct deliver *deliver;
	struct span host;
	enum letter_language language;

	struct spool spool; /* its batch is only ever one message */
	struct spool_file file;
	struct delivery delivery;
	uint64_t wire_octets;
	int err; /* of letter_to */
	struct text out;
	char mem[LETTER_TEXT];
};

struct letter_time {
	int64_t now_ms;
	int64_t now_s;
	int zone_minutes;
};

/* Prepare; `tmp` as for the main spool. */
int letter_init(
    struct letter *l, struct deliver *d, const char *tmp) MUST_CHECK;

/* On an error there is nothing to send or drop. */
int letter_begin(struct letter *l, int64_t now_s) MUST_CHECK;

/*
 * `to`: an address; empty for several people who need not know of each other.
 * `subject`: as it goes on the wire.  The header is not ended yet.
 */
void letter_header(struct letter *l, struct span to, const char *subject,
    const struct letter_time *t);

/* Our own words. */
void letter_put(struct letter *l, const char *s);

/* Foreign text: printable ASCII, anything else is '?'. */
void letter_ascii(struct letter *l, struct span s);

/* An address: UTF-8 as it is (RFC 6533 has a type for it), no controls. */
void letter_address(struct letter *l, struct span s);

/*
 * Foreign text as well-formed UTF-8 on one line: controls, what turns the
 * direction of writing, and what is not UTF-8 become '?'.
 */
void letter_text(struct letter *l, struct span s);

void letter_date(struct letter *l, int64_t wall_s, int zone_minutes);

/* Room for 1,200 octets: then l->out may be written to directly. */
void letter_room(struct letter *l);

/* One more who gets it: an account's name or an address. */
void letter_to(struct letter *l, struct span address);

/* Deliver it.  ERR_MISSING: there is nobody of these names. */
int letter_send(struct letter *l, const struct letter_time *t) MUST_CHECK;

#endif
