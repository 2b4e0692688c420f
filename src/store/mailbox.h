/*
 * mailbox: an account's Maildir, and the names of messages in it.
 *
 *	Maildir/tmp   of other Maildir programs; our own messages are received
 *	              in the spool's folder and renamed to
 *	Maildir/new   messages that no mail reader has seen
 *	Maildir/cur   messages that one has; it may add flags to their names
 *
 *	1763826000.M512345P812Q41R0c9d51e27ab3.nas,S=2048,W=2101:2,RS
 *	|------------------ id ------------------|                 flags
 *	|------------------------ base --------------------------|
 *
 * S= is the file's size, W= its size when every line end is CRLF: what POP3
 * must announce, so that a listing needs no stat.  The id is at most
 * MAILBOX_ID_MAX - 1 octets of letters, digits, '.', '-' and '_': it is a
 * UIDL as it stands, and a file name on every file system, FAT included.
 *
 * Memory: the caller's; spans point into the name that was parsed.
 * Failure: enum err; a name that is not a message's is ERR_SYNTAX.
 * Tested: tests/unit/test_mailbox.c, tests/powerloss.
 */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include "platform/fs.h"

#define MAILBOX_ID_MAX	 71  /* with the terminator: 70 is POP3's limit */
#define MAILBOX_NAME_MAX 128 /* id, sizes and terminator */
#define MAILBOX_BOOT_LEN 6

/* The source of ids; one per process. */
struct mailbox_ids {
	uint64_t seq;
	char tail[48]; /* the part that stays the same while we run */
	char pid[12];
};

/*
 * Prepare ids that nobody else makes: `boot` are random bytes, new at every
 * start, so that neither a clock set back nor a reused process number brings
 * an old id again.  `host` may hold any characters; what a file name cannot
 * hold becomes '-', and it is cut so that an id fits a UIDL.
 */
void mailbox_ids_init(struct mailbox_ids *ids, uint32_t pid,
    const uint8_t boot[MAILBOX_BOOT_LEN], struct span host);

/* Make the next id; `wall_us` as platform/clock tells it, right or wrong. */
void mailbox_id(
    struct mailbox_ids *ids, int64_t wall_us, char out[MAILBOX_ID_MAX]);

/* The name of a message in new/: the id and its two sizes. */
void mailbox_name(char out[MAILBOX_NAME_MAX], const char *id, uint64_t octets,
    uint64_t wire_octets);

struct mailbox_entry {
	struct span base;  /* without flags: stays the same for ever */
	struct span id;	   /* base up to its first ',' */
	struct span flags; /* letters after ":2,", in any order; may be empty */
	uint64_t octets;
	uint64_t wire_octets;
	bool has_octets; /* false: the name does not say; ask stat */
	bool has_wire;	 /* false: the name does not say; count */
};

/*
 * Take a file name in new/ or cur/ apart, our own or any other Maildir
 * program's.  The flags may also follow "!2," or ";2,", which programs write
 * where a file system forbids ':'.  ERR_SYNTAX: hidden or empty, so by
 * Maildir's rules not a message.
 */
int mailbox_parse(struct span name, struct mailbox_entry *e) MUST_CHECK;

/*
 * Write "MAILDIR/folder/name"; `folder` is "new", "cur" or "tmp".
 * ERR_RANGE: longer than a path may be.
 */
int mailbox_path(char out[FS_PATH_MAX], const char *maildir, const char *folder,
    struct span name) MUST_CHECK;

/*
 * Write the path of an account's Maildir: "ROOT/ACCOUNT/Maildir".  ERR_RANGE:
 * longer than a path may be.
 */
int mailbox_folder(
    char out[FS_PATH_MAX], const char *root, struct span account) MUST_CHECK;

/*
 * Make the folder `path`, and what is missing on the way to it, durably; one
 * that is there stays.  For whatever holds mail: a name that is synced in a
 * folder is lost with it when the folder's own name was not.
 */
int mailbox_make_folder(struct fs *fs, const char *path) MUST_CHECK;

/*
 * The same for a folder with one message a file, as the queue: also a nameless
 * file in it, and a walk over it.  What could not be opened is an error there.
 */
int mailbox_open_folder(
    struct fs *fs, const char *path, int *index, int *walk) MUST_CHECK;

/*
 * Create `maildir` with tmp, new and cur, and every missing folder on the way,
 * durably.  What is there already stays; so this may also be used to repair.
 * Not to be called from the loop for many accounts at once: it syncs.
 * On an error the same call may be made again.
 */
int mailbox_create(struct fs *fs, const char *maildir) MUST_CHECK;

#endif
