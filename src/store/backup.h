/*
 * backup: everything that the settings log holds, in one file.
 *
 *   head (152) | item | item | ... | 0 | SHA-256 of all before (32)
 *
 * Settings, accounts, aliases, rules: all keys as they are stored.  Secrets
 * stay sealed; the key that opens them is in the file twice: sealed for this
 * device, and, if a passphrase is given, under that.  So a backup comes back
 * on the same device without further ado, and on another one with the
 * passphrase.  Mail, queue, certificates and the device's key are not in it.
 * The format, bit by bit, is in README.md.
 *
 * Restoring replaces the whole content at once (kv_replace): after a power
 * cut it is the old or the new one.
 *
 * Memory: struct backup, the caller's.  Bounds: the file is as long as the
 * content of the log, at most.  Failure: a message with the exact reason, and
 * nothing is changed.
 * Tested: tests/unit/test_settings_text.c, fuzz_backup.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <bearssl.h>

#include "store/passkey.h"
#include "store/settings.h"

#define BACKUP_VERSION 1
#define BACKUP_HEAD    152
/* Octets that one step writes at most. */
#define BACKUP_PIECE (3 + KV_KEY_MAX + KV_VALUE_MAX)

struct backup {
	struct settings *s;
	struct kv_cursor at;
	br_sha256_context sum;
	int stage;
	uint8_t head[BACKUP_HEAD];
};

/*
 * Begin; `k` is done, and is not needed afterwards: without a passphrase the
 * file is for this device only.  ERR_DENIED: there is one, but the secrets
 * can't be opened here.
 */
int backup_begin(
    struct backup *b, struct settings *s, const struct passkey *k) MUST_CHECK;

/*
 * Write the next piece to `out`, which has BACKUP_PIECE octets: its length,
 * 0 at the end, ERR_AGAIN when a change came in between, ERR_IO.
 */
int backup_next(struct backup *b, uint8_t *out) MUST_CHECK;

/*
 * Replace everything by what the file holds; then unlock and load the
 * settings anew.  Whoever keeps other things from the log reads them again.
 * `k` is done: backup_restore_key's.  `device_key` is this device's.
 * ERR_SYNTAX: no backup; ERR_UNSUPPORTED: newer; ERR_TORN: damaged; ERR_DENIED:
 * another device's, and no or the wrong passphrase; ERR_FULL; ERR_IO.
 */
int backup_restore(struct settings *s, struct span file,
    const struct passkey *k, const uint8_t device_key[SEAL_KEY],
    struct text *message) MUST_CHECK;

/* Begin the key that backup_restore may need for this file. */
void backup_restore_key(
    struct passkey *k, struct span file, struct span passphrase);

#endif
