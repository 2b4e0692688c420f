/*
 * header: watching a message's header go by, without keeping it.
 *
 * Fed with decoded text (LF line ends) as it streams to the disk, it counts
 * the trace fields that tell a loop, and notes which fields a well-formed
 * message must have, and where somebody else has set the scanner's mark.  It
 * keeps only the first bytes of each line.
 */
#ifndef CODEC_HEADER_H
#define CODEC_HEADER_H

#include "core/span.h"

enum header_field {
	HEADER_DATE = 1,
	HEADER_FROM = 2,
	HEADER_MESSAGE_ID = 4,
	HEADER_MIME_VERSION = 8,
	HEADER_SUBJECT = 16,
};

#define HEADER_MARKS 8

struct header {
	unsigned fields;	      /* of enum header_field, or-ed */
	unsigned received;	      /* how many Received fields */
	uint64_t fed;		      /* octets before the present line */
	uint64_t line_octets;	      /* of the present line so far */
	uint64_t marks[HEADER_MARKS]; /* where fields named as our mark begin */
	uint8_t n_marks; /* more than HEADER_MARKS: there are too many */
	bool ours;	 /* Delivered-To with our mark was among them */
	bool over;	 /* the empty line has been seen */
	uint8_t have;	 /* bytes of this line in `line` */
	uint8_t line[80];
};

void header_init(struct header *h);

/*
 * Look at the next piece.  `mark` is the value that our own Delivered-To
 * fields begin with ("user@host"), empty for none.
 */
void header_feed(struct header *h, struct span text, struct span mark);

#endif
