/*
 * talk: plays written dialogues against a pure session, split everywhere.
 *
 *	# comment
 *	@ words for the service stub, before or between lines
 *	C: one line from the client; CR LF is added
 *	C- bytes from the client, nothing is added
 *	S: exactly this line from the server; CR LF is expected
 *	S* the server's line begins with this
 *	T: the session asks for TLS here and gets it; what the client has sent
 *	   up to here and was not used is thrown away
 *	X: the session closes here
 *
 * In C and S: \r \n \t \\ \xHH, and \{N text} for `text` N times.
 *
 * Every dialogue is played: line by line; byte by byte; all at once; and cut
 * in two at every byte position.  In the first two, replies must come right
 * where they stand; in the others, only their order counts ("@" between lines
 * then holds from its place on, so put what depends on timing into a dialogue
 * marked with the line "@ lockstep").
 * Failure: the cmocka test fails, with file, line, way of playing and texts.
 */
#ifndef SUPPORT_TALK_H
#define SUPPORT_TALK_H

#include "proto/session.h"

struct talk_peer {
	const struct session_ops *ops;
	void *session;
	void *ctx; /* for the calls below */

	/* Begin anew: forget everything, before the first "@". */
	void (*reset)(void *ctx);

	/* The words of one "@" line. */
	void (*setup)(void *ctx, struct span words);

	/* Initialise the session; the greeting goes to `out`. */
	void (*start)(void *ctx, struct buf *out);

	/* The session wants an answer: give it, or a part of it. */
	void (*answer)(void *ctx, struct buf *out);
};

/* Play one file in every way. */
void talk_play(const char *path, const struct talk_peer *peer);

/* Play every *.talk of a folder; fails when there is none. */
void talk_play_folder(const char *path, const struct talk_peer *peer);

#endif
