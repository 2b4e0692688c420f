/*
 * header: watching a message's header go by, without keeping it.
 *
 * Fed with decoded text (LF line ends) as it streams to the disk, it counts
 * the trace fields that tell a loop, and notes which fields a well-formed
 * message must have.  It keeps only the first bytes of each line.
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

struct header {
	unsigned fields;   /* of enum header_field, or-ed */
	unsigned received; /* how many Received fields */
	bool ours;	   /* Delivered-To with our mark was among them */
	bool over;	   /* the empty line has been seen */
	uint8_t have;	   /* bytes of this line in `line` */
	uint8_t line[80];
};

void header_init(struct header *h);

/*
 * Look at the next piece.  `mark` is the value that our own Delivered-To
 * fields begin with ("user@host"), empty for none.
 */
void header_feed(struct header *h, struct span text, struct span mark);

#endif
