/*
 * session: what every server side of a protocol looks like to service/conn.
 *
 *              line, body bytes                 request (one, open)
 *   conn  ------------------------->  session  -------------------->  service
 *         <-------------------------           <--------------------
 *              replies in a window              its answer
 *
 * A session says what it wants, one thing at a time; the service loop provides
 * it.  A session does no I/O, reads no clock and allocates nothing: its state
 * is one struct in the caller's memory, moved on by the calls below.
 *
 * Replies are appended to the output window that each call gets.  A session is
 * called only while that window has SESSION_REPLY_MAX bytes free, and appends
 * no more than that per call (answers that carry bulk data say so themselves).
 *
 * The order of calls follows `want`:
 *
 *   WANT_LINE    line()     with one line, without its line end
 *   WANT_BODY    body()     with raw bytes; it says how many it used
 *   WANT_ANSWER  -          the protocol's own *_answer(), called by its
 *                           service module when it knows the answer
 *   WANT_TLS     secured()  after the output has left and TLS is up; whatever
 *                           plain text had been received before is discarded
 *   WANT_CLOSE   -          the output is sent, then the connection is closed
 *
 * Nothing is called back into the session from inside a call.
 */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include "codec/line.h"
#include "core/buf.h"
#include "core/span.h"

#define SESSION_REPLY_MAX 1536

enum want {
	WANT_LINE,
	WANT_BODY,
	WANT_ANSWER,
	WANT_TLS,
	WANT_CLOSE,
};

/* Why a session is told to come to an end: `stop` below. */
enum session_stop {
	STOP_SHUTDOWN, /* the program ends: 421 */
	STOP_IDLE,     /* the peer was silent too long */
	STOP_SLOW,     /* the state's total time is used up */
};

struct session_ops {
	const char *name; /* "smtp": for logs */
	size_t line_max;  /* octets in a line without its end */

	enum want (*want)(const void *s);
	void (*line)(
	    void *s, struct span line, enum line_flaw flaw, struct buf *out);

	/* May change the bytes in place; returns how many were used (> 0). */
	size_t (*body)(void *s, uint8_t *bytes, size_t len, struct buf *out);

	void (*secured)(void *s, struct buf *out);

	/* Say goodbye if the protocol has words for it; WANT_CLOSE follows. */
	void (*stop)(void *s, enum session_stop why, struct buf *out);

	/*
	 * Which of its phases the session is in: a number that changes when
	 * the peer has got further.  The service keeps a total deadline per
	 * phase beside the idle one, so that a trickle of bytes gains nothing.
	 */
	unsigned (*phase)(const void *s);

	/* The longest time the present phase may last, in seconds. */
	unsigned (*phase_seconds)(const void *s);
};

#endif
