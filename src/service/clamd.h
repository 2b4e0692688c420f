/*
 * clamd: messages handed to a clamd as well (setting scan.clamd).
 *
 *   clamd_ask --> waiting --> slot: connect, INSTREAM, the file in pieces,
 *                                   "stream: NAME FOUND" --> done, wake
 *
 * One connection for each message, several at a time; the protocol is that of
 * clamd(8), "zINSTREAM".  Nothing blocks but the reading of a piece of a file
 * that was written just now.
 *
 * Memory: one struct, 17 KB; a job is part of what it belongs to.
 * Bounds: CLAMD_SLOTS connections; each message has `max_seconds`, waiting
 * included.  Failure: a clamd that is away, slow, or does not want a message
 * (its StreamMaxLength) has not inspected it: `failed`, with the reason.
 * Tested: tests/e2e/test_clamd.py, against Debian's clamd and a false one;
 * fuzz_clamd.
 */
#ifndef SERVICE_CLAMD_H
#define SERVICE_CLAMD_H

#include "core/text.h"
#include "platform/fs.h"
#include "platform/net.h"
#include "service/loop.h"
#include "service/scan_talk.h"

#define CLAMD_SLOTS 8
#define CLAMD_PIECE 16384
#define CLAMD_REPLY 256
#define CLAMD_PATH  108 /* of a socket, with a terminator */

/* A message to be handed over.  The caller sets the first four. */
struct clamd_job {
	int h; /* the file, open until done */
	uint64_t octets;
	void (*wake)(void *);
	void *waker;
	bool done;
	bool found;
	bool failed;
	char name[TALK_NAME]; /* of the find; why it failed */

	/* clamd's own. */
	struct clamd_job *next;
	bool asked;
	int64_t until_ms;
};

struct clamd_slot {
	struct clamd_job *job; /* NULL: free */
	int fd;
	bool connected;
	uint8_t stage; /* of the stream: clamd.c */
	uint64_t at;   /* of the file, where the present piece begins */
	size_t sent;   /* of the present piece */
	unsigned got;  /* of the reply */
	char reply[CLAMD_REPLY];
};

struct clamd {
	struct participant base;
	struct fs *fs;
	bool on;
	bool is_path;
	struct net_addr addr;
	char path[CLAMD_PATH];
	uint32_t max_seconds;
	struct clamd_job *waiting, **end;
	struct clamd_slot slots[CLAMD_SLOTS];
	int64_t now_ms;
	uint8_t piece[4 + CLAMD_PIECE];

	/* Counters since start, for status. */
	uint64_t asked, found, failed;
};

void clamd_init(struct clamd *cl, struct fs *fs);

/*
 * "ADDR:PORT", "localhost:PORT" or a socket's path, "" for none.  Anything
 * else is ERR_SYNTAX, or ERR_RANGE for a path that is too long.
 */
int clamd_judge(struct span where) MUST_CHECK;

/* New settings; an address that clamd_judge does not like turns it off. */
void clamd_configure(struct clamd *cl, struct span where, uint32_t max_seconds);

/* Ask; the job stays where it is until it is done, or forgotten. */
void clamd_ask(struct clamd *cl, struct clamd_job *job, int64_t now_ms);

/* Give a job up; harmless on one that was never asked for, or is done. */
void clamd_forget(struct clamd *cl, struct clamd_job *job);

/* Close all connections. */
void clamd_close(struct clamd *cl);

#endif
