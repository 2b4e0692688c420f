/*
 * reply: reading one reply of an SMTP or LMTP server (RFC 5321, 4.2).
 *
 *	250-mx.example.org          each line is shown once, as it completes:
 *	250-SIZE 10240000           REPLY_LINE; after the last one
 *	250 8BITMIME                REPLY_DONE.
 *
 * Memory: all of it in the struct; the words of the whole reply are kept up
 * to REPLY_TEXT bytes with control and 8-bit bytes replaced by '?', so
 * that they can stand in a log, a bounce or a page.
 * Bounds: of a line the first REPLY_LINE_MAX octets are kept, REPLY_SKIP more
 * are passed over: a consent remains one, whatever is said with it.  Longer
 * lines, more than REPLY_LINES of them, a code that is no code and codes that
 * change from line to line are REPLY_BAD, after which nothing more is read.
 * Tested: test_smtp_client (split at every byte), fuzz_smtp_client.
 */
#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

#include "core/span.h"

#define REPLY_LINE_MAX 1000
#define REPLY_SKIP     60000
#define REPLY_LINES    128
#define REPLY_TEXT     240

struct reply {
	uint16_t code;	      /* 200 to 599; 0 where no server spoke */
	uint16_t enhanced[3]; /* RFC 3463; the first is 0 where there is none */
	uint16_t text_len;
	uint16_t lines; /* complete lines of this reply so far */
	uint16_t line_len;
	uint16_t skipped; /* of this line, behind what is kept */
	bool line_done;
	bool done;
	bool bad;
	char text[REPLY_TEXT];
	uint8_t line[REPLY_LINE_MAX];
};

enum reply_event {
	REPLY_MORE, /* all bytes used, no line complete */
	REPLY_LINE, /* a line that is not the last: reply_line */
	REPLY_DONE, /* the last line: the reply is complete */
	REPLY_BAD,  /* not a reply: the connection is useless */
};

/* Forget the reply; the next byte begins a new one. */
void reply_begin(struct reply *r);

/*
 * Read from `*bytes` and move it on, up to the end of one line.  A reply that
 * is done is begun anew by the next call.
 */
enum reply_event reply_feed(struct reply *r, struct span *bytes);

/* The line just completed, without code, separator and line end. */
struct span reply_line(const struct reply *r);

/* The kept words of all lines, without the codes; printable ASCII only. */
struct span reply_words(const struct reply *r);

/* Put own words in the place of a reply: `code` may be 0. */
void reply_set(struct reply *r, unsigned code, unsigned subject,
    unsigned detail, const char *words);

#endif
