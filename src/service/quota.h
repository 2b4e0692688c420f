/*
 * quota: how full each mailbox is, and who may have more.
 *
 *   RCPT for ann --quota_is_known--> no: she is counted, the answer waits
 *                --quota_is_over---> 452 4.2.2
 *   delivered    --quota_stored----> counted on; over 90 %: she is to be told,
 *                                    once (service/custody does it)
 *
 * A mailbox is counted from the names in new/ and cur/, which say the sizes
 * (,S=), some at a time.  A count holds for QUOTA_FRESH_MS while less than
 * half is used, else for QUOTA_DOUBT_MS: other programs and POP3 take messages
 * out meanwhile.  Without a limit nothing is ever counted.
 *
 * The limit is quota.NAME, or mail.quota_mib for all; 0: none.  Messages that
 * come through a list, and our own, are kept even over the limit.
 *
 * Memory: one struct and 24 octets an account, the caller's.
 * Failure: a folder that cannot be read counts as empty, and a line is logged.
 * Tested: tests/e2e/test_quota.py.
 */
#ifndef SERVICE_QUOTA_H
#define SERVICE_QUOTA_H

#include "service/loop.h"
#include "store/accounts.h"
#include "store/mailbox.h"
#include "store/settings.h"

#define QUOTA_FRESH_MS 300000
#define QUOTA_DOUBT_MS 2000
#define QUOTA_PERCENT  90 /* from here on it is nearly full */
#define QUOTA_SLICE    512

enum quota_flag {
	QUOTA_KNOWN = 1,
	QUOTA_WANTED = 2, /* to be counted */
	QUOTA_TELL = 4,	  /* to be told that it is nearly full */
};

struct quota_use {
	uint64_t octets;
	int64_t counted_ms;
	uint8_t flags;
};

struct quota {
	struct participant base; /* joins behind the barrier */
	struct fs *fs;
	struct settings *settings;
	const struct accounts *accounts;
	const char *mail_root;
	struct quota_use *use; /* by account id */
	uint32_t wanted;       /* how many have that flag */
	uint32_t told;	       /* the same of QUOTA_TELL */

	uint16_t account; /* being counted; 0: none */
	int walk;	  /* its folder, or -1 */
	bool in_cur;
	uint64_t sum;
	uint64_t added; /* stored since the count began */
	char maildir[FS_PATH_MAX];
	struct fs_entry entry;
};

struct quota_parts {
	struct fs *fs;
	struct settings *settings;
	const struct accounts *accounts;
	const char *mail_root;
	struct quota_use *use; /* MAX_ACCOUNTS + 1 */
};

void quota_init(struct quota *q, const struct quota_parts *p);

/*
 * Is it known well enough whether `octets` more fit?  If not it will be
 * counted: ask again in a later turn.
 */
bool quota_is_known(
    struct quota *q, uint16_t account, uint64_t octets, int64_t now_ms);

/* Would `octets` more be too much, as far as is known? */
bool quota_is_over(struct quota *q, uint16_t account, uint64_t octets);

/* A message has come into this mailbox. */
void quota_stored(struct quota *q, uint16_t account, uint64_t octets);

/*
 * Somebody whose mailbox has become nearly full, and how full of how much, or
 * NULL; and that he has been told.
 */
const struct account *quota_next_told(
    struct quota *q, unsigned *percent, uint64_t *mib);
void quota_told(struct quota *q, uint16_t account);

#endif
