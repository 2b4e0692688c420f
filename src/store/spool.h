/*
 * spool: the way of a message from first byte to "250".
 *
 *	spool_begin    tmp/ID is created
 *	spool_append   bytes stream into it, never whole in memory
 *	spool_commit   the message is complete: it joins the batch
 *	   ...         (other messages join, too)
 *	spool_run      the batch becomes durable and gets its places, while
 *	               others are served (spool_barrier: while waiting)
 *	spool_next     each message of it with its result: now answer
 *
 * A place is a path such as "mail/bob/Maildir/new/NAME" or "queue/ID".  The
 * message is renamed to its first place; further ones are links, or copies
 * where the file system has no links (FAT).  All or nothing: either every
 * place of a message holds it durably (result ERR_OK: say 250), or it was
 * taken away again from all (say 4xx).  One message's failure is not
 * another's.  tests/powerloss cuts the power after every single operation.
 *
 * All places must be on the file system that the tmp folder is on.  A folder
 * that is taken away while we run is made again, on that file system only.
 *
 * Memory: one struct spool (about 4 KiB), one struct spool_file per message
 * under way, both the caller's; a batch is a list through the latter, so it
 * has no bound of its own.  Handles: one per message that is being received
 * or waits in the batch, and up to SPOOL_SYNC_MAX during the barrier.
 * Cost: receiving takes a system call for creation and one per append; the
 * barrier takes the device's time (see README.md for measured times).
 * Failure: enum err.  After a failed append the message only can be aborted.
 * Tested: tests/unit/test_spool.c, tests/powerloss, tests/e2e/test_killnine.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include "store/mailbox.h"

#define SPOOL_SYNC_MAX 64  /* files, or folders, made durable together */
#define SPOOL_TMP_MAX  256 /* the tmp folder's path with terminator */
#define SPOOL_ID_TRIES 3

struct spool_file;

/*
 * Write the path of place `i` (0 to places - 1) of a message; called by the
 * barrier, several times for the same place, always with the same result.
 * An error refuses the message.
 */
typedef int (*spool_place)(
    const struct spool_file *f, unsigned i, char out[FS_PATH_MAX]);

struct spool_file {
	/* For the owner to read. */
	char id[MAILBOX_ID_MAX];
	uint64_t octets; /* appended so far */
	int h;	    /* the open file, for reading back; -1 when there is none */
	int result; /* of the commit, once spool_next has returned the file */
	void *owner; /* as given to spool_commit */

	/* The spool's own. */
	struct spool_file *next;
	struct spool_file *mate;
	spool_place place;
	unsigned places;
	unsigned placed; /* further places that hold it already */
	bool waiting;	 /* in the batch */
	bool in_barrier; /* from then on until spool_next */
	bool renamed;	 /* no longer in tmp */
};

struct spool_list {
	struct spool_file *first;
	struct spool_file **end;
};

/* A folder to sync, and a place that lies in it. */
struct spool_folder {
	const struct spool_file *file;
	unsigned place;
	uint32_t hash;
};

enum spool_phase { SPOOL_IDLE, SPOOL_SETTLING, SPOOL_NAMING };

struct spool {
	struct fs *fs;
	struct mailbox_ids *ids;
	uint64_t reserve_octets;
	uint64_t device; /* that tmp is on */
	bool knows_device;
	struct fs_space space;	  /* what was free when last asked */
	unsigned room_asks;	  /* to be answered from `space` yet */
	struct spool_list batch;  /* complete, not yet begun */
	struct spool_list flight; /* in the barrier */
	struct spool_list done;
	enum spool_phase phase;
	bool under_way; /* the file system is at it */
	int err;	/* the first one of this phase's sync */
	unsigned n_h;
	int h[SPOOL_SYNC_MAX]; /* that sync's files or folders */
	bool failed[SPOOL_SYNC_MAX];
	struct spool_folder folders[SPOOL_SYNC_MAX];
	char tmp[SPOOL_TMP_MAX];
	char from[FS_PATH_MAX];
	char to[FS_PATH_MAX];

	/* Counters since start, for status. */
	uint64_t accepted;
	uint64_t refused;
	uint64_t barriers; /* that had anything to do */
	uint64_t file_syncs;
	uint64_t folder_syncs;
	uint64_t folders_made; /* again, since somebody took them away */
};

/*
 * Prepare a spool that receives in folder `tmp` and leaves `reserve_octets`
 * of the file system to others (POP3 deletions, settings, logs).  ERR_RANGE:
 * `tmp` is longer than SPOOL_TMP_MAX.
 */
int spool_init(struct spool *sp, struct fs *fs, struct mailbox_ids *ids,
    const char *tmp, uint64_t reserve_octets) MUST_CHECK;

/*
 * At start, before anything is received: make the tmp folder if there is
 * none, and remove what a crash has left in it (nobody was told "250" for
 * those).  Returns how many files were removed, or an error.
 */
int spool_recover(struct spool *sp) MUST_CHECK;

/*
 * Is there room for a message of `octets` (0: unknown)?  ERR_FULL: answer 452.
 * What the file system said is good for a few more questions, less what was
 * asked for meanwhile; a refusal is never remembered.  ERR_IO and others:
 * nothing is known; refuse.
 */
int spool_room(struct spool *sp, uint64_t octets) MUST_CHECK;

/* A file in which nothing has begun; spool_abort is harmless then. */
static inline void
spool_file_init(struct spool_file *f)
{
	memset(f, 0, sizeof(*f));
	f->h = -1;
}

/*
 * Start a message: create tmp/ID.  On an error there is nothing to abort.
 * `wall_us` is the wall clock; it need not be right.
 */
int spool_begin(
    struct spool *sp, struct spool_file *f, int64_t wall_us) MUST_CHECK;

/*
 * Append all pieces (1 to 8) with one write.  On an error call spool_abort;
 * ERR_FULL: 452.
 */
int spool_append(struct spool *sp, struct spool_file *f, const struct span *v,
    unsigned n) MUST_CHECK;

/*
 * Write over bytes that were appended before: `at` and the length lie within
 * them.  On an error call spool_abort.
 */
int spool_rewrite(struct spool *sp, struct spool_file *f, uint64_t at,
    struct span text) MUST_CHECK;

/*
 * Give the message up, being received or in the batch (then its mate is
 * refused).  Harmless on a file that was never begun (spool_file_init) or has
 * ended.  Not for a file in the barrier: it stays until spool_next returns it.
 */
void spool_abort(struct spool *sp, struct spool_file *f);

/*
 * The message is complete: let it join the batch.  `places` is at least 1.
 * The file, its owner and what `place` reads stay until spool_next returns it.
 */
void spool_commit(struct spool *sp, struct spool_file *f, spool_place place,
    unsigned places, void *owner);

/*
 * Tie two files of the batch (a queued message and its envelope): either
 * both are placed or none, and they get the same result.  Both have been
 * given to spool_commit since the last barrier.  A power cut can still leave
 * one of the two behind; their reader must be able to tell.
 */
void spool_tie(struct spool_file *a, struct spool_file *b);

/*
 * Move the barrier on as far as it goes without waiting for the device, and
 * begin the next one when messages wait for it.  Call it in every turn, and
 * wake up when spool_busy_fd can be read.  Where the file system cannot sync
 * on the side, it blocks for the device.  Afterwards pull all results.
 */
void spool_run(struct spool *sp);

/* What to select for reading while the device is at it; else -1. */
static inline int
spool_busy_fd(const struct spool *sp)
{
	return sp->under_way ? sp->fs->busy_fd : -1;
}

/*
 * Make all that was committed durable; with nothing to do it costs nothing.
 * Blocks for the device.  Afterwards pull all results.
 */
void spool_barrier(struct spool *sp);

/*
 * The next message whose commit has ended, or NULL.  It is in all its places
 * (result ERR_OK), or nowhere (the error); either way its memory is free for
 * another spool_begin.
 */
struct spool_file *spool_next(struct spool *sp);

/* Has a message been committed that no barrier has begun to serve? */
static inline bool
spool_is_waiting(const struct spool *sp)
{
	return sp->phase == SPOOL_IDLE && sp->batch.first != NULL;
}

/* Has every message that was committed come to its end? */
static inline bool
spool_is_idle(const struct spool *sp)
{
	return sp->phase == SPOOL_IDLE && sp->batch.first == NULL;
}

#endif
