/*
 * scanner: who asks gets a verdict about a message, and nobody waits for it.
 *
 *   scanner_ask --> [quick lane: waiting, in flight] <--> worker
 *                         | takes long, and others wait
 *                         v
 *                   [slow lane:  waiting, in flight] <--> worker
 *
 * Every message begins in the quick lane, several at a time with its worker.
 * One that takes longer than SCANNER_QUICK_MS while another waits is taken away
 * from it (the worker is killed) and begins anew in the slow lane, where it
 * has all the time that scan.max_seconds gives.  So bombs, however many, only
 * hold up each other.
 *
 * Memory: struct scanner; a job is part of what it belongs to (submit_txn), so
 * that as many can wait as there are transactions.
 * Failure: a worker that ends in the middle of a message is started again with
 * growing pauses, and gets that message once more; the second time it is
 * SCAN_FAILED, as is what takes too long, or what nobody could be started for.
 * Tested: tests/e2e/test_scanner.py, test_scanworker.py; fuzz_scanner.
 */
#ifndef SERVICE_SCANNER_H
#define SERVICE_SCANNER_H

#include "platform/fs.h"
#include "service/loop.h"
#include "service/scan_talk.h"

#define SCANNER_FLIGHT	 32  /* with the quick worker at once */
#define SCANNER_QUICK_MS 100 /* while one other waits; for n: the nth part */
#define SCANNER_LEAST_MS 20

enum scanner_lane_name { SCANNER_QUICK, SCANNER_SLOW, SCANNER_LANES };

/* A message to be looked into.  The caller sets the first four. */
struct scan_job {
	int fd; /* readable from its start; open until done */
	uint64_t octets;
	void (*wake)(void *); /* the verdict is there */
	void *waker;
	struct scan_verdict verdict; /* once done */
	bool done;

	/* The scanner's own. */
	struct scan_job *next;
	bool asked;
	uint8_t lane;
	uint8_t tries; /* workers that ended while at it */
	int64_t asked_ms;
};

struct scanner_config {
	bool enabled;
	uint64_t max_octets;
	uint32_t depth, members, max_seconds;
	uint32_t rules;		/* enum scan_rule: which are wanted */
	struct span signatures; /* path, or empty */
};

struct scanner_lane {
	struct scan_job *waiting, **end;
	struct scan_job *flight[SCANNER_FLIGHT]; /* NULL: given up meanwhile */
	uint32_t serial[SCANNER_FLIGHT];
	unsigned first, n; /* of flight, a ring */
	int fd;		   /* the channel; -1: no worker */
	bool greeted;
	bool stuck;	   /* the channel is full */
	bool stale;	   /* to be restarted when nothing is in flight */
	unsigned failures; /* since the last verdict */
	int64_t since_ms;  /* the first in flight is being scanned since */
	int64_t start_ms;  /* not to be started before */
};

struct scanner {
	struct participant base;
	struct fs *fs;
	int keeper;	/* channel; -1: none */
	int signatures; /* the file in force, or -1 */
	int tried;	/* one that no worker has greeted yet, or -1 */
	struct scanner_config config;
	char path[FS_PATH_MAX];
	struct scanner_lane lanes[SCANNER_LANES];
	int64_t now_ms;
	uint32_t serial;
	bool said_unfiltered;
	struct scan_verdict heard;

	/* Counters since start, for status. */
	uint64_t scanned, found, flawed, failed;
	uint64_t workers; /* started */
	uint64_t keepers; /* that followed one that was killed */
	uint64_t moved;	  /* to the slow lane */
	uint64_t waiting; /* now */
};

/* `keeper`: as scan_keeper_start gave it; < 0: there is none. */
void scanner_init(struct scanner *sc, struct fs *fs, int keeper);

/*
 * New settings; workers are changed for new ones that have them.  A signature
 * file that is none leaves the one before in force (an event says so).
 */
void scanner_configure(struct scanner *sc, const struct scanner_config *c);

/* Are messages to be looked into, and can they be in this build? */
bool scanner_is_on(const struct scanner *sc);

/*
 * Ask for a verdict; `done` may be set on return already.  The job must stay
 * where it is until then, or until scanner_forget.
 */
void scanner_ask(struct scanner *sc, struct scan_job *job, int64_t now_ms);

/* Give a job up; harmless on one that was never asked for, or is done. */
void scanner_forget(struct scanner *sc, struct scan_job *job);

/* Let the keeper and its workers end. */
void scanner_close(struct scanner *sc);

#endif
