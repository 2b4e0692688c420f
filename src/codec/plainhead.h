/*
 * plainhead: header fields for a server that takes only ASCII in them.
 *
 *   Subject: größer           Subject: =?utf-8?Q?gr=C3=B6=C3=9Fer?=
 *   From: Jörg <j@x.example>  From: =?utf-8?Q?J=C3=B6rg?= <j@x.example>
 *   ...; filename="ä.txt"     ...; filename*=utf-8''%C3%A4.txt
 *
 * Words and the names of people become encoded words (RFC 2047), values behind
 * "=" the form of RFC 2231; in Received, Message-ID and the like, which no
 * person reads, such an octet is a "?".  What is ASCII stays octet for octet,
 * folds included.  An address of which a part is not ASCII has no other form:
 * that is a flaw, as is what is too long to be understood.
 *
 *   survey:   plainhead_init, plainhead_line ..., plainhead_end per header
 *   convert:  plainhead_rewind, the same with an output
 *
 * The survey also finds out the character set: UTF-8 if all such octets are,
 * else the one that the message names, else "unknown-8bit" (RFC 1428).
 *
 * Memory: struct plainhead, about 800 octets.
 * Bounds: PLAINHEAD_ELEMENT octets of an address with its name, or of a value.
 * Failure: `flaw`.
 * Tested: tests/unit/test_plainhead.c (every split), tests/e2e/test_sevenbit.py
 * (Python's parser reads the same), fuzz_sevenbit.
 */
#ifndef CODEC_PLAINHEAD_H
#define CODEC_PLAINHEAD_H

#include "codec/encword.h"
#include "codec/pieces.h"

#define PLAINHEAD_ELEMENT 400
#define PLAINHEAD_VALUE	  256
#define PLAINHEAD_GROWTH  16 /* times its input, and an element's form */
#define PLAINHEAD_OUT	  1300

enum plainhead_kind {
	PLAINHEAD_WORDS, /* unstructured, and all fields that we don't know */
	PLAINHEAD_ADDRESSES, /* From, To, ... */
	PLAINHEAD_VALUES,    /* Content-Type, Content-Disposition */
	PLAINHEAD_MARKS,     /* Received, Message-ID ...: read by programs */
};

struct plainhead {
	bool needed;	 /* some field holds octets above 127 */
	bool not_utf8;	 /* ... and they are not UTF-8 */
	bool is_address; /* the flaw is an address that is not ASCII */
	const char *flaw;
	uint8_t more; /* octets of a UTF-8 character still to come */
	char charset[ENCWORD_CHARSET + 1];
	struct text *out; /* NULL: survey */

	/* the field */
	enum plainhead_kind kind;
	bool open;    /* there is one */
	bool end_due; /* its line's end is due: a fold, or its end */

	/* words */
	bool running;	  /* encoding */
	bool blank;	  /* the last octet was a blank */
	bool was_encoded; /* so was the word before, when it came */
	bool maybe;	  /* a "=" that may begin an encoded word */
	struct encword enc;

	/* elements */
	bool quoted, escaped, angle;
	bool first; /* of VALUES, the type itself */
	bool raw;   /* too long: passed on as it comes */
	bool high;  /* holds octets above 127 */
	unsigned comment;
	uint16_t len;
	char mem[PLAINHEAD_ELEMENT];
};

/* Begin the survey of a message. */
void plainhead_init(struct plainhead *h);

/* The second pass begins. */
void plainhead_rewind(struct plainhead *h);

/* A value of "charset=" was seen in the survey: the first one counts. */
void plainhead_charset(struct plainhead *h, struct span name);

/*
 * A piece of a header's line.  `out`: NULL in the survey; else it has
 * PLAINHEAD_GROWTH times the piece, and PLAINHEAD_OUT, free.
 */
void plainhead_line(
    struct plainhead *h, const struct piece *p, struct text *out);

/* The header is over. */
void plainhead_end(struct plainhead *h, struct text *out);

/* ---- between plainhead's own files ---- */

struct span plainhead_set(const struct plainhead *h);
void plainhead_put(struct plainhead *h, struct span v);

/* plainhead_words.c: an octet of unstructured text, and its end. */
void plainhead_word(struct plainhead *h, uint8_t c);
void plainhead_words_end(struct plainhead *h);

/* plainhead_address.c, plainhead_value.c: an element that is not ASCII. */
void plainhead_address(struct plainhead *h);
void plainhead_value(struct plainhead *h);

#endif
