/*
 * quarantine: the stopped messages, and which of them must go.
 *
 *   quarantine_add --> index (a nameless file: 96 octets a message)
 *                        |  quarantine_sweep, in slices:
 *                        |    older than the limit, over the size: oldest out
 *                        |    not told of yet: quarantine_next_unwarned
 *   quarantine_remove <--'
 *
 * What is in FOLDER is the truth; the index is made anew from it at every
 * start (quarantine_recover_step).  RAM does not grow with the number.  A
 * message gets here through the spool: its place is quarantine_path, and the
 * barrier that makes it durable is the one before its "250".
 *
 * A clock that was not set yet when a message came (a router without a
 * battery) ages nothing: such a message counts from when the clock was right.
 *
 * Memory: struct quarantine (about 8 KiB).  Bounds: none on the number.
 * Failure: enum err of the file port.  A file that cannot be read as a stopped
 * message is counted and left for a person to look at.
 * Cost: adding is one write of 96 octets; a sweep reads QUARANTINE_SLICE
 * entries a call, and removes up to QUARANTINE_OLD files at the end of a walk.
 * Tested: tests/unit/test_quarantine.c, tests/powerloss, e2e/test_quarantine.
 */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "store/quarantine_file.h"

#define QUARANTINE_SLICE      2048u
#define QUARANTINE_READ	      32u /* entries in one read */
#define QUARANTINE_OLD	      16u
#define QUARANTINE_FOLDER_MAX 128
#define QUARANTINE_ENTRY      96u

struct quarantine_entry {
	char id[MAILBOX_ID_MAX];
	bool warned;
	uint32_t slot;	 /* its place in the index */
	uint64_t octets; /* on the disk */
	int64_t since_s; /* wall clock; small: it was not set */
};

struct quarantine_limits {
	uint64_t octets;
	int64_t age_s;
};

struct quarantine {
	struct fs *fs;
	int index;
	int walk;	/* the folder, while it is being recovered; else -1 */
	uint32_t slots; /* entries in the index, free ones included */
	uint32_t spare; /* first free one; slots: none */
	uint32_t n;	/* messages here */
	uint32_t unwarned;
	uint64_t octets; /* of all of them */
	uint32_t ghosts; /* removed, but the index could not be written */
	uint64_t damaged;
	uint64_t newer;	  /* files of a later version, left as they are */
	uint64_t expired; /* removed by a limit since the start */
	struct quarantine_limits limits;

	uint32_t warn_at; /* where the next unwarned is looked for */
	bool sweeping;
	uint32_t sweep_at;
	int64_t sweep_next_s; /* when age makes the next one worth while */
	uint32_t old_n;
	struct quarantine_entry old[QUARANTINE_OLD]; /* oldest first */

	char own[48]; /* what our ids end with since this start */
	char folder[QUARANTINE_FOLDER_MAX];
	uint32_t page_at, page_n; /* entries that the page holds */
	uint8_t page[QUARANTINE_READ * QUARANTINE_ENTRY];
};

/*
 * Open the quarantine in `folder`, made if there is none; nothing is in it
 * yet.  `ids` as for queue_open.  ERR_RANGE: the folder's name is too long.
 */
int quarantine_open(struct quarantine *q, struct fs *fs, const char *folder,
    const struct mailbox_ids *ids) MUST_CHECK;
void quarantine_close(struct quarantine *q);

/*
 * Look at up to `most` files that were there before the start: 1 while there
 * may be more, 0 when all are in the index, or an error of the folder.
 */
int quarantine_recover_step(struct quarantine *q, unsigned most) MUST_CHECK;

/* For a spool_place: "FOLDER/ID". */
int quarantine_path(
    const struct quarantine *q, const char *id, char out[FS_PATH_MAX]);

/*
 * A message has become durable as FOLDER/ID.  On an error it is safe but is
 * not listed before the next start; say so in the log.
 */
int quarantine_add(struct quarantine *q, const char *id, uint64_t octets,
    int64_t now_s) MUST_CHECK;

/* Walk: give *slot = 0 first.  1, or 0 at the end.  Reads the index only. */
int quarantine_next(struct quarantine *q, uint32_t *slot,
    struct quarantine_entry *e) MUST_CHECK;

/* The message with this id, or ERR_MISSING.  Reads the whole index. */
int quarantine_find(struct quarantine *q, struct span id,
    struct quarantine_entry *e) MUST_CHECK;

/*
 * Take a message off the disk; durable after the next quarantine_sync.
 * ERR_MISSING: somebody has done so already.
 */
int quarantine_remove(
    struct quarantine *q, const struct quarantine_entry *e) MUST_CHECK;

static inline int
quarantine_sync(struct quarantine *q)
{
	return q->fs->sync_dir(q->fs, q->folder);
}

/* It counts as kept since `s`; for the sweep. */
int quarantine_since(
    struct quarantine *q, struct quarantine_entry *e, int64_t s) MUST_CHECK;

/* New limits; the next sweeps keep them.  One message stays however large. */
void quarantine_limit(struct quarantine *q, const struct quarantine_limits *l);

/*
 * Keep the limits; bounded work.  True while it wants to be called again in
 * this turn's successor.  `now_s` is the wall clock, right or wrong.
 */
bool quarantine_sweep(struct quarantine *q, int64_t now_s);

/*
 * Find a message that nobody has been told of: 1, 0 when there is none within
 * this call's slice (q->unwarned says whether to call again), or an error.
 */
int quarantine_next_unwarned(
    struct quarantine *q, struct quarantine_entry *e) MUST_CHECK;

/* Its people have been told (the file's own mark: quarantine_file_warned). */
int quarantine_warned(
    struct quarantine *q, struct quarantine_entry *e) MUST_CHECK;

#endif
