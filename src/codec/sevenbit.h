/*
 * sevenbit: a message for a server that takes only 7-bit text (RFC 6152,
 * section 3): its parts' bodies as quoted-printable or base64, its header
 * fields as codec/plainhead writes them; or only the latter, for a server that
 * takes 8-bit text, but not in header fields (no SMTPUTF8).
 *
 *   survey:   sevenbit_init, sevenbit_look ..., sevenbit_end
 *   convert:  sevenbit_rewind, sevenbit_feed ..., sevenbit_end
 *
 * The first pass finds the parts that hold octets above 127 and chooses for
 * each: quoted-printable for text with few of them, base64 for the rest.  The
 * second writes them so, and says it in their headers.  Everything else stays
 * octet for octet; a preamble or epilogue, which is for nobody, gets "?" for
 * such octets.
 *
 * What must not be touched inside is not: a signed or encrypted part, a
 * message in the message, what is encoded already.  Where one of these holds
 * octets above 127, sevenbit_flaw says so after the survey.
 *
 * Text has LF line ends; base64 encodes them as CR LF.
 *
 * Memory: struct sevenbit, about 3 KB, whatever the message.
 * Bounds: SEVENBIT_PARTS parts, SEVENBIT_DEPTH multiparts in one another.
 * Failure: sevenbit_flaw.
 * Tested: tests/unit/test_sevenbit.c, tests/e2e/test_sevenbit.py (Python's
 * parser reads the same before and after), fuzz_sevenbit.
 */
#ifndef CODEC_SEVENBIT_H
#define CODEC_SEVENBIT_H

#include "codec/pieces.h"
#include "codec/plainhead.h"
#include "core/text.h"

#define SEVENBIT_PARTS	  512
#define SEVENBIT_DEPTH	  10
#define SEVENBIT_BOUNDARY 70
/* What one call may append: so many times its input, and this. */
#define SEVENBIT_GROWTH PLAINHEAD_GROWTH
#define SEVENBIT_OUT	1500

enum sevenbit_where {
	SEVENBIT_HEADER,
	SEVENBIT_BODY,
	SEVENBIT_BETWEEN, /* preamble or epilogue of a multipart */
};

enum sevenbit_kind {
	SEVENBIT_TEXT,
	SEVENBIT_DATA,
	SEVENBIT_MULTIPART,
	SEVENBIT_SEALED, /* not to be touched inside */
};

/* What a part says of its encoding. */
enum sevenbit_label {
	SEVENBIT_SAYS_NOTHING, /* or 7bit */
	SEVENBIT_SAYS_8BIT,
	SEVENBIT_SAYS_BINARY,
	SEVENBIT_SAYS_ENCODED, /* base64, quoted-printable, unknown ones */
};

/* What is done with a part; two bits each. */
enum sevenbit_plan {
	SEVENBIT_LEAVE,
	SEVENBIT_QP,
	SEVENBIT_BASE64,
	SEVENBIT_LABEL, /* 7-bit all the same: only its label is wrong */
};

struct sevenbit {
	struct pieces lines;
	bool converting;
	bool heads_only;
	bool needed; /* some part holds octets above 127 */
	const char *flaw;
	enum sevenbit_where where;
	unsigned part; /* its number, from 0 */
	struct text *out;

	/* the part's header */
	struct plainhead head;
	enum sevenbit_kind kind;
	enum sevenbit_label label;
	bool in_type, in_label; /* the field being read */
	bool dropping;		/* ... is left out */
	bool has_version, has_type;
	uint16_t type_len, label_len;
	const char *sealed; /* why it must not be touched */

	/* the part's body */
	uint64_t octets, high;
	bool end_due;  /* a line's end is due before the next octet */
	bool gap;      /* what is being passed on is between parts */
	uint8_t blank; /* QP: held back, as it may end the line */
	uint8_t group[3], group_n;
	unsigned column;

	unsigned depth;
	struct {
		bool digest; /* parts are messages unless they say else */
		uint8_t len;
		char boundary[SEVENBIT_BOUNDARY];
	} level[SEVENBIT_DEPTH];
	uint8_t plan[SEVENBIT_PARTS / 4];
	char type[512];
	char label_mem[32];
};

/* Begin the survey; `heads_only`: bodies may stay as they are. */
void sevenbit_init(struct sevenbit *s, bool heads_only);

/* The next piece of the message, in the survey. */
void sevenbit_look(struct sevenbit *s, struct span in);

/*
 * The message is over; in the second pass `out` gets what is still due, as
 * in sevenbit_feed.  In the survey it may be NULL.
 */
void sevenbit_end(struct sevenbit *s, struct text *out);

/* After the survey: are there such octets, and why can't they be encoded? */
static inline bool
sevenbit_needed(const struct sevenbit *s)
{
	return s->needed || s->head.needed;
}
static inline const char *
sevenbit_flaw(const struct sevenbit *s)
{
	return s->head.flaw != NULL ? s->head.flaw : s->flaw;
}

/* Is the flaw an address that is not ASCII? */
static inline bool
sevenbit_is_address(const struct sevenbit *s)
{
	return s->head.is_address;
}

/* Begin the second pass, over the same message. */
void sevenbit_rewind(struct sevenbit *s);

/*
 * Append what becomes of `in` to `out`, which has SEVENBIT_GROWTH * in.len +
 * SEVENBIT_OUT octets free.
 */
void sevenbit_feed(struct sevenbit *s, struct span in, struct text *out);

/* ---- between sevenbit's own files ---- */

/* sevenbit_type.c: understand the header that has been read. */
void sevenbit_judge(struct sevenbit *s);

/* sevenbit_body.c: a piece of a part's body, and its end. */
void sevenbit_body(struct sevenbit *s, const struct piece *p);
void sevenbit_body_end(struct sevenbit *s, bool by_boundary);

enum sevenbit_plan sevenbit_plan(const struct sevenbit *s);
void sevenbit_put(struct sevenbit *s, struct span v);

#endif
