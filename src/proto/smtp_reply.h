/*
 * smtp_reply: reading one reply of an SMTP or LMTP server (RFC 5321, 4.2).
 *
 *	250-mx.example.org          each line is shown once, as it completes:
 *	250-SIZE 10240000           SMTP_REPLY_LINE; after the last one
 *	250 8BITMIME                SMTP_REPLY_DONE.
 *
 * Memory: all of it in the struct; the words of the whole reply are kept up
 * to SMTP_REPLY_TEXT bytes with control and 8-bit bytes replaced by '?', so
 * that they can stand in a log, a bounce or a page.
 * Bounds: SMTP_REPLY_LINE_MAX octets a line and SMTP_REPLY_LINES lines; what
 * is over, a code that is no code and codes that change from line to line are
 * SMTP_REPLY_BAD, after which nothing more is read.
 * Tested: test_smtp_client (split at every byte), fuzz_smtp_client.
 */
#ifndef PROTO_SMTP_REPLY_H
#define PROTO_SMTP_REPLY_H

#include "core/span.h"

#define SMTP_REPLY_LINE_MAX 1000
#define SMTP_REPLY_LINES    128
#define SMTP_REPLY_TEXT	    240

struct smtp_reply {
	uint16_t code;	      /* 200 to 599; 0 where no server spoke */
	uint16_t enhanced[3]; /* RFC 3463; the first is 0 where there is none */
	uint16_t text_len;
	uint16_t lines; /* complete lines of this reply so far */
	uint16_t line_len;
	bool line_done;
	bool done;
	bool bad;
	char text[SMTP_REPLY_TEXT];
	uint8_t line[SMTP_REPLY_LINE_MAX];
};

enum smtp_reply_event {
	SMTP_REPLY_MORE, /* all bytes used, no line complete */
	SMTP_REPLY_LINE, /* a line that is not the last: smtp_reply_line */
	SMTP_REPLY_DONE, /* the last line: the reply is complete */
	SMTP_REPLY_BAD,	 /* not a reply: the connection is useless */
};

/* Forget the reply; the next byte begins a new one. */
void smtp_reply_begin(struct smtp_reply *r);

/*
 * Read from `*bytes` and move it on, up to the end of one line.  A reply that
 * is done is begun anew by the next call.
 */
enum smtp_reply_event smtp_reply_feed(struct smtp_reply *r, struct span *bytes);

/* The line just completed, without code, separator and line end. */
struct span smtp_reply_line(const struct smtp_reply *r);

/* The kept words of all lines, without the codes; printable ASCII only. */
struct span smtp_reply_words(const struct smtp_reply *r);

/* Put own words in the place of a reply: `code` may be 0. */
void smtp_reply_set(struct smtp_reply *r, unsigned code, unsigned subject,
    unsigned detail, const char *words);

#endif
