/*
 * state: the state folder of one gatepost, opened by one process at a time.
 *
 *   STATE/                 0700, owner: the user that gatepost runs as
 *     settings.kv          settings, accounts and other small things (kv)
 *     device.key           32 random octets; seals secrets in settings.kv
 *     signatures           what `gatepost sig install` has put in force
 *     mail.place           where mail.path was when the server last ran
 *     tls.pem              key and self-signed certificate made by init
 *     control              the API's socket while a server runs
 *     mail/ queue/ ...     made by those who use them
 *
 * Server and command line open it the same way; the lock on the folder lets
 * one in.  A folder is "set up" once init (or the page's wizard) has run.
 *
 * Memory: struct state and the areas of struct state_memory, the caller's.
 * Failure: `why` gets one line that names the file, what is wrong and what to
 * do; nothing stays open.
 * Tested: tests/e2e/test_cli.py, test_backup.py.
 */
#ifndef SERVICE_STATE_H
#define SERVICE_STATE_H

#include "core/text.h"
#include "platform/files.h"
#include "service/medium.h"
#include "store/accounts.h"
#include "store/kv.h"
#include "store/settings.h"

#define STATE_SETTINGS	 "settings.kv"
#define STATE_SIGNATURES "signatures"
#define STATE_KEY	 "device.key"
#define STATE_PAIR	 "tls.pem"
#define STATE_CONTROL	 "control"
#define STATE_PLACE	 "mail.place"

#define STATE_WHY 600 /* bytes for `why` */

struct state_memory {
	struct kv_memory kv;
	char *settings;
	size_t settings_cap;
	struct account *accounts;
	uint16_t *accounts_index; /* ACCOUNTS_INDEX(accounts_cap) */
	uint32_t accounts_cap;
	const char *mtd;      /* name of a flash partition; "": none */
	uint32_t bank_octets; /* of a fresh settings.kv, which has two */
};

struct state {
	struct files files;
	struct medium medium;
	struct kv kv;
	struct settings settings;
	struct accounts accounts;
	uint8_t device_key[SEAL_KEY];
	const char *folder; /* as it was named */
	bool is_set_up;
	bool fresh;	       /* settings.kv was made by this opening */
	unsigned bad_accounts; /* records that can't be read */
	unsigned bad; /* stored settings that this version does not take */
};

/*
 * Open the folder, lock it, and load what is in it; settings and device key
 * are made where they are missing (a factory-fresh device).  ERR_BUSY: another
 * gatepost is at work there; ERR_MISSING: no such folder; others as met.
 */
int state_open(struct state *s, const struct state_memory *m,
    const char *folder, struct text *why) MUST_CHECK;

/* Remember that the owner has set the device up; durable on return. */
int state_set_up(struct state *s) MUST_CHECK;

/*
 * Make the mailbox of an account: without one its mail would be deferred.
 * Blocks for a few syncs.  ERR_RANGE: mail.path is too long.
 */
int state_mailbox(struct state *s, struct span name) MUST_CHECK;

/*
 * The path of a folder that must be on the mailboxes' file system: `plain` in
 * the state folder, or `hidden` in mail.path where that is set.  ERR_RANGE.
 */
int state_beside(const struct state *s, const char *plain, const char *hidden,
    char out[FS_PATH_MAX / 2]) MUST_CHECK;

/* Read settings and accounts anew, after everything was replaced. */
int state_reload(struct state *s) MUST_CHECK;

/* Write what is open to an end and unlock. */
void state_close(struct state *s);

#endif
