/*
 * dispatch: a queued message in the form in which it leaves.
 *
 *   queue file -> refrom -> sevenbit -> text -> wire
 *                                        `---> dkim, whose field goes first
 *
 *   dispatch_init    what is to be done: another From, 7-bit only (all of it,
 * or the header fields), a signature dispatch_step    passes over the message,
 * in slices, until it is ready dispatch_read    the octets that leave, again
 * and again until the end
 *
 * The signature is made over exactly what dispatch_read gives.  Where nothing
 * is to be done there is no pass, and dispatch_read reads the file.
 *
 * Memory: struct dispatch, about 7 KB; struct dispatch_work is shared by all.
 * Bounds: one slice reads DISPATCH_SLICE octets; one slice of a message that is
 * signed is the RSA operation.
 * Failure: ERR_UNSUPPORTED: this server can't have it, `why` says why; others
 * as met on the disk.
 * Tested: tests/e2e/test_dkim.py, test_sevenbit.py, test_route.py.
 */
#ifndef SERVICE_DISPATCH_H
#define SERVICE_DISPATCH_H

#include "codec/refrom.h"
#include "codec/sevenbit.h"
#include "service/signer.h"
#include "store/queue_file.h"

#define DISPATCH_SLICE 4096
/* While parts are encoded: so much may each read become. */
#define DISPATCH_SMALL 256
#define DISPATCH_OUT                                                           \
	(SEVENBIT_GROWTH * DISPATCH_SMALL + REFROM_OUT + SEVENBIT_OUT + 1)

_Static_assert(
    DISPATCH_SLICE + REFROM_OUT < DISPATCH_OUT + 1, "either way fits");

enum dispatch_phase {
	DISPATCH_SURVEY,  /* which parts hold octets above 127? */
	DISPATCH_MEASURE, /* how long, and which hashes? */
	DISPATCH_SIGN,
	DISPATCH_READY,
};

/* What is to be done with it on this way. */
struct dispatch_wish {
	struct span send_as;	     /* empty: From stays; outlives this */
	struct span add;	     /* fields to go in; outlives this */
	bool seven_bit;		     /* the far end takes no more */
	bool plain_head;	     /* ... in header fields */
	const struct signer *signer; /* NULL: not to be signed */
};

struct dispatch {
	struct queue_file *file;
	struct dispatch_wish wish;
	enum dispatch_phase phase;
	const char *why; /* after ERR_UNSUPPORTED */
	bool over;	 /* the pass, or the reading, is at its end */
	bool eight_bit;	 /* what leaves may hold octets above 127 */
	uint64_t at;	 /* read from the file so far */
	uint64_t wire_octets;
	size_t skip;   /* octets of the file that stay here */
	size_t add_at; /* where in the file the fields go in */
	size_t field_len, field_used, add_used;
	struct refrom refrom;
	struct sevenbit seven;
	struct dkim dkim;
	char field[DKIM_TEXT];
};

struct dispatch_work {
	uint8_t raw[DISPATCH_SLICE];
	char mid[DISPATCH_SLICE + REFROM_OUT + 1];
	char out[DISPATCH_OUT];
};

/* Begin; the file stays open as long as this is used. */
void dispatch_init(struct dispatch *l, struct queue_file *file,
    const struct dispatch_wish *wish);

/* The next slice: 1: there is more, 0: it is ready to be read. */
int dispatch_step(struct dispatch *l, struct dispatch_work *w) MUST_CHECK;

/* Is the next slice the RSA operation? */
static inline bool
dispatch_is_signing(const struct dispatch *l)
{
	return l->phase == DISPATCH_SIGN;
}

/*
 * Read on into `to`, which has at least DISPATCH_OUT bytes: octets, or 0 at the
 * end.  l->over is set with the last ones.
 */
int dispatch_read(struct dispatch *l, struct dispatch_work *w, void *to,
    size_t cap) MUST_CHECK;

#endif
