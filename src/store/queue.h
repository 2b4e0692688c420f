/*
 * queue: the messages that wait to be sent on, and whose turn it is.
 *
 *   queue_add --> index (a nameless file: 96 octets a message)
 *                   |  queue_scan: whose time has come
 *                   v
 *                 window (in RAM, bounded) --queue_take--> a delivery
 *                   ^                                        |
 *                   `---- queue_give (later), queue_remove <-'
 *
 * What is on the disk in FOLDER is the truth; the index is made anew from it
 * at every start (queue_recover_step) and may be lost at any time.  RAM does
 * not grow with the queue: 100,000 messages are an index of 9.6 MB, read in
 * slices, and a window of as many entries as the caller gave memory for.
 *
 * Each entry carries a key for its destination.  Whoever takes may say that a
 * destination is not to be tried before some time; one dead destination with
 * any number of messages then neither fills the window nor is asked for again
 * and again.  From its look_ms on a message is given out all the same, when it
 * is due: its sender may have to be told.
 *
 * Memory: struct queue (about 8 KiB) and the caller's window.
 * Failure: enum err of the file port.  A file that cannot be read as a
 * message is counted and left where it is, for a person to look at.
 * Cost: adding, taking and giving back is one read or write of 96 octets;
 * queue_scan reads QUEUE_SLICE entries a call.
 * Tested: tests/unit/test_queue.c, tests/powerloss, tests/e2e/test_relay.py.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/queue_file.h"

#define QUEUE_SLICE	   4096u /* entries looked at in one call of scan */
#define QUEUE_READ	   64u	 /* entries in one read */
#define QUEUE_FOLDER_MAX   128
#define QUEUE_NEVER	   INT64_MAX
#define QUEUE_ENTRY_OCTETS 96u

/* A message whose turn has come, or that a walk has found. */
struct queue_entry {
	char id[MAILBOX_ID_MAX];
	bool held;
	uint32_t slot;	 /* its place in the index */
	uint32_t dest;	 /* key of its destination; 0: not known yet */
	int64_t due_ms;	 /* monotonic */
	int64_t look_ms; /* due then, even if that may not be tried; 0: never */
};

/*
 * When may this destination be tried?  Up to now: at once; QUEUE_NEVER: it
 * is busy, leave its messages where they are; else not before that time.
 */
typedef int64_t (*queue_when)(void *ctx, uint32_t dest);

/* Which destination is it, as far as can be told now?  0: not known. */
typedef uint32_t (*queue_dest)(void *ctx, struct span sender, struct span path);

struct queue {
	struct fs *fs;
	queue_when when; /* set by the owner, as are these; NULL: at once */
	queue_dest dest; /* NULL: not known */
	void *ctx;
	int64_t look_ms; /* from there to a new message's look; 0: none */
	struct queue_entry *window;
	uint32_t window_cap, window_n;
	int index;
	int folder_h;
	bool removed;	/* since the last sync of the folder was begun */
	bool syncing;	/* it goes on while others are served */
	uint64_t syncs; /* good ones */
	int walk;	/* the folder, while it is being recovered; else -1 */
	uint32_t slots; /* entries in the index, free ones included */
	uint32_t spare; /* first free one; slots: none */
	uint32_t scan_at;
	bool scanning;
	bool crowded; /* one waits in the index for its share of the window */
	int64_t scan_due_ms;  /* when the next scan has anything to find */
	int64_t scan_next_ms; /* the same, as far as this scan has got */
	uint32_t n, held;     /* messages in the queue */
	uint64_t damaged;
	uint64_t newer; /* files of a later version, left as they are */
	char own[48];	/* what our ids end with since this start */
	char folder[QUEUE_FOLDER_MAX];
	uint8_t page[QUEUE_READ * QUEUE_ENTRY_OCTETS];
};

/*
 * Open the queue in `folder`, which is made if there is none; nothing is in
 * it yet.  `ids` makes the ids of messages: its tail tells new messages from
 * those of before the start.  ERR_RANGE: the folder's name is too long.
 */
int queue_open(struct queue *q, struct fs *fs, const char *folder,
    const struct mailbox_ids *ids, struct queue_entry *window,
    uint32_t cap) MUST_CHECK;
void queue_close(struct queue *q);

/*
 * Look at up to `most` files that were there before the start: 1 while there
 * may be more, 0 when all are in the index, or an error of the folder.
 * `now_ms` and `now_s` are the two clocks; what is due in over `most_s`
 * seconds is due then (the clock may have been wrong).
 */
struct queue_clock {
	int64_t now_ms, now_s, most_s;
};
int queue_recover_step(
    struct queue *q, unsigned most, const struct queue_clock *c) MUST_CHECK;

/* spool_place for a message of the queue "FOLDER/ID", and for its body. */
int queue_path(const struct queue *q, const char *id, char out[FS_PATH_MAX]);
int queue_body_path(
    const struct queue *q, const char *id, char out[FS_PATH_MAX]);

/*
 * A message has become durable as FOLDER/ID: it is due now.  `dest`: where all
 * its recipients go, else 0.  On an error it is safe but waits for the next
 * start; say so in the log.
 */
int queue_add(
    struct queue *q, const char *id, uint32_t dest, int64_t now_ms) MUST_CHECK;

/* The destination of one recipient; 0: not known. */
uint32_t queue_dest_of(
    const struct queue *q, struct span sender, struct span path);

/*
 * Take a message that is due: one for `dest`, which the caller has a connection
 * to, so that it is not busy for him; or any where `dest` is 0.  1, or 0 when
 * there is none in the window.  It is the caller's until
 * queue_give or queue_remove.
 */
int queue_take(struct queue *q, uint32_t dest, int64_t now_ms,
    struct queue_entry *e) MUST_CHECK;

/* Put it back, due at e->due_ms for e->dest, e->look_ms as it is; held or not.
 */
int queue_give(struct queue *q, const struct queue_entry *e) MUST_CHECK;

/*
 * Take a taken message out of the queue and its file off the disk.  Durable
 * after the next queue_sync, or the steps of queue_sync_step.
 */
int queue_remove(struct queue *q, const struct queue_entry *e) MUST_CHECK;

/* Make all removals durable, and wait for it; one directory sync. */
int queue_sync(struct queue *q) MUST_CHECK;

/*
 * The same without waiting, a step a turn: removals of many turns share a
 * sync.  Call it also when queue_busy_fd (-1: nothing is under way) can be
 * read.  An error is told once; removed messages may then come back.  The
 * queue's file port is its own: a port has one sync on the side.
 */
int queue_sync_step(struct queue *q) MUST_CHECK;
int queue_busy_fd(const struct queue *q);

/*
 * Refill the window from the index; bounded work.  True while it wants to be
 * called again in this turn's successor.
 */
bool queue_scan(struct queue *q, int64_t now_ms);

/* When queue_take may next succeed; QUEUE_NEVER. */
int64_t queue_due_ms(const struct queue *q);

/*
 * Walk the queue: give *slot = 0 first.  1, or 0 at the end.  Messages being
 * delivered now are among them.  Reads the index only.
 */
int queue_next(
    struct queue *q, uint32_t *slot, struct queue_entry *e) MUST_CHECK;

/*
 * Take the message with this id whatever its time: ERR_MISSING, ERR_BUSY
 * (it is being delivered now).  Reads the whole index.
 */
int queue_take_id(
    struct queue *q, struct span id, struct queue_entry *e) MUST_CHECK;

/* Make every message due now that waits and is not held: "queue retry". */
int queue_retry_all(struct queue *q, int64_t now_ms) MUST_CHECK;

#endif
