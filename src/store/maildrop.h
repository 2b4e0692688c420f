/*
 * maildrop: an account's Maildir as a POP3 session sees it: numbered, fixed
 * from login to QUIT, locked for everybody else.
 *
 *   maildrop_open -> maildrop_load ... -> maildrop_entry, _mark, _reset,
 *                                         maildrop_message
 *                                      -> maildrop_commit ... (QUIT)
 *                 at any time            -> maildrop_close (removes nothing)
 *
 * Opening is one walk through new/ and cur/; sizes come from the names (W=),
 * so that no file is looked at.  Files of other programs without W= are read
 * once, to be measured.  Messages are numbered by the time in their names,
 * then by the names.  Their records, if more than MAILDROP_WINDOW, stay in
 * the work memory when they fit, until another session wants it; then, or
 * when there are more than MAILDROP_BATCH, they lie in a nameless file beside
 * the mail: the memory of a session is the same whatever the mailbox holds.
 *
 * Where no such file can be written (disk full), nothing is kept instead:
 * records are found again by walking the folders, MAILDROP_BATCH at a time.
 * That is slow but needs no room.  If another program changes the mailbox
 * then, numbers would shift: the session gets ERR_BUSY and must end.  Sizes
 * of files without W= are estimates in that mode.
 *
 * A message that another program moves from new/ to cur/, or flags, is found
 * again by its base name.
 *
 * Memory: struct maildrop (about 3.5 KB) per session; struct maildrop_work
 * (170 octets for each of MAILDROP_BATCH records, and 64 KB) shared by all.
 * Bounds: MAILDROP_MARKS_MAX marks without a table file; UINT32_MAX messages.
 * Failure: enum err; nothing but maildrop_commit removes a message.
 * Tested: test_maildrop.
 */
#ifndef STORE_MAILDROP_H
#define STORE_MAILDROP_H

#include "config.h"

#include "core/pool.h"
#include "platform/fs.h"

#define MAILDROP_NAME	     128 /* of a file name, kept in a record */
#define MAILDROP_WINDOW	     16
#define MAILDROP_RUNS	     31
#define MAILDROP_IO	     65536
#define MAILDROP_FOLDER_MAX  224
#define MAILDROP_ACCOUNT_MAX 64
#define MAILDROP_UID_MAX     70

/* One message.  Records also lie in the table file, in native byte order. */
struct maildrop_entry {
	uint64_t time_us; /* as its name says; 0: it does not */
	uint64_t octets;  /* with CR LF line ends; see has_octets */
	uint64_t hash;	  /* of the base name, if that is cut */
	uint32_t mark;	  /* the session's epoch at the time of DELE */
	bool has_octets;  /* false: not measured yet */
	uint8_t folder;	  /* of enum maildrop_folder */
	uint8_t len;	  /* of the whole file name */
	uint8_t base_len; /* without flags */
	uint8_t id_len;	  /* without sizes */
	char name[MAILDROP_NAME - 1]; /* longer ones are cut */
};

#define MAILDROP_MARKS                                                         \
	(MAILDROP_WINDOW * sizeof(struct maildrop_entry)) /* bytes of bits */
#define MAILDROP_MARKS_MAX (MAILDROP_MARKS * 8)

struct maildrop_run {
	uint64_t at; /* in the table file */
	uint32_t n;
};

/* What opening and the life without a table need; shared by all sessions. */
struct maildrop_work {
	struct maildrop_entry entry[MAILDROP_BATCH];
	uint64_t time_us[MAILDROP_BATCH]; /* of each, close together */
	uint16_t order[MAILDROP_BATCH];
	struct maildrop_run run[MAILDROP_RUNS];
	union {					/* within one call */
		uint8_t io[MAILDROP_IO];	/* for reading messages */
		uint16_t other[MAILDROP_BATCH]; /* for sorting */
		struct maildrop_entry
		    out[MAILDROP_IO
			/ sizeof(struct maildrop_entry)]; /* merged */
	};
};

struct maildrop {
	struct maildrop *next;
	struct maildrops *owner;
	uint8_t phase; /* private, like all that follows */
	uint8_t folder_now;
	uint8_t measure_state;
	uint8_t account_len;
	bool held;	 /* its table is what lies in the work memory */
	bool bare;	 /* no table at all, and too much for a window */
	bool touched[2]; /* a message was removed from new, cur */
	int table;	 /* handles, or -1 */
	int dir;
	int measuring;
	uint32_t runs;
	uint32_t loaded; /* records in the work memory */
	uint32_t count;
	uint32_t unmeasured;
	uint32_t epoch;
	uint32_t marked;
	uint32_t cursor; /* of measuring and of removing */
	uint32_t kept;
	int kept_for; /* the first error of removing */
	uint32_t removed;
	uint32_t window_first; /* number of its first record; 0: empty */
	uint32_t window_n;
	uint64_t table_end;
	uint64_t table_at; /* of the first record */
	uint64_t octets;
	uint64_t measured;
	uint64_t measured_at;
	uint64_t sum; /* without a table: of all hashes */
	uint64_t removed_sum;
	struct maildrop_entry last; /* without a table: the last message */
	union {
		struct maildrop_entry window[MAILDROP_WINDOW];
		uint8_t marks[MAILDROP_MARKS];
	};
	char account[MAILDROP_ACCOUNT_MAX];
	char maildir[MAILDROP_FOLDER_MAX];
};

/* All maildrops of the program. */
struct maildrops {
	struct fs *fs;
	struct pool *pool; /* struct maildrop */
	struct maildrop_work *work;
	uint32_t batch; /* records of `work` in use: MAILDROP_BATCH */
	/* told what is about to be written; NULL: nobody wants to know */
	void (*expect)(void *mem, size_t octets);
	struct maildrop *list;
	struct maildrop *worker;   /* who has the use of `work` over turns */
	struct maildrop *batch_of; /* whose batch is in `work` */
	uint32_t batch_first;	   /* number of its first record */
	uint32_t batch_n;
};

void maildrops_init(struct maildrops *m, struct fs *fs, struct pool *pool,
    struct maildrop_work *work);

/*
 * Lock the account's maildrop, whose Maildir is at path `maildir`.
 * ERR_BUSY: another session has it; ERR_FULL: no room for one more session;
 * ERR_RANGE: a name or path that is too long.
 */
int maildrop_open(struct maildrops *m, struct span account, const char *maildir,
    struct maildrop **out) MUST_CHECK;

/*
 * Go on with reading the mailbox, for a few milliseconds at most.  ERR_OK:
 * loaded, all other calls are allowed; ERR_AGAIN: call again, in the next
 * turn; otherwise it can't be read: close it.  A Maildir that does not exist
 * is an empty one.
 */
int maildrop_load(struct maildrop *d) MUST_CHECK;

/*
 * Does nobody need what is in the work memory?  Then it may be given back to
 * the system in moments when nothing is to be done for long.
 */
bool maildrops_let_go(struct maildrops *m);

/* Let go of the maildrop, in any state; marks are forgotten. */
void maildrop_close(struct maildrop *d);

static inline uint32_t
maildrop_count(const struct maildrop *d)
{
	return d->count;
}

/* The sum of all octets. */
static inline uint64_t
maildrop_octets(const struct maildrop *d)
{
	return d->octets;
}

/*
 * Look at message `number` (1 to count).  The record is valid until the next
 * call.  ERR_AGAIN: the shared memory is in use, call again in the next turn;
 * ERR_BUSY: numbers are no longer what they were; or ERR_IO.  The calls below
 * that take a number may fail in the same ways.
 */
int maildrop_entry(struct maildrop *d, uint32_t number,
    const struct maildrop_entry **e) MUST_CHECK;

/* Is the message of the record just returned marked as deleted? */
bool maildrop_is_marked(
    const struct maildrop *d, uint32_t number, const struct maildrop_entry *e);

/* Write the unique id: 1 to MAILDROP_UID_MAX characters; returns its length. */
size_t maildrop_uid(const struct maildrop_entry *e, char out[MAILDROP_UID_MAX]);

/*
 * Open the message for reading: a handle of the file port, the caller's to
 * close.  ERR_MISSING: another program has removed it.
 */
int maildrop_message(struct maildrop *d, uint32_t number) MUST_CHECK;

/* Mark for removal.  ERR_FULL: there is no place for so many marks. */
int maildrop_mark(struct maildrop *d, uint32_t number) MUST_CHECK;

/* Forget all marks. */
void maildrop_reset(struct maildrop *d);

/*
 * Remove what is marked, a bounded number in each call, and make that durable
 * at the end.  ERR_AGAIN: call again; ERR_OK: done, `*kept` of the messages
 * are still there, `kept_for` says why.  Blocks for one directory sync per
 * folder at the end.
 */
int maildrop_commit(struct maildrop *d, uint32_t *kept) MUST_CHECK;

#endif
