/*
 * settings_text: all settings as lines of text, out and in again.
 *
 *	# gatepost settings 1
 *	# left out: route.password (secret)
 *	host.name=mail.example.org
 *
 * Only what differs from the defaults is written.  Secrets are left out, each
 * named in a comment, unless a passphrase is given: then they stand sealed
 * under a key stretched from it (PBKDF2-HMAC-SHA-256), and the file says so:
 *
 *	# secrets: pbkdf2-sha256 50000 6f1c...
 *	route.password=sealed:01ab...
 *
 * Memory: struct settings_export, the caller's (wiped at the end).
 * Blocks: a passphrase costs SETTINGS_TEXT_ROUNDS rounds, about 20 ms on a PC
 * and half a second on a small router.
 * Tested: tests/unit/test_settings_text.c, fuzz_settings_text.
 */
#ifndef STORE_SETTINGS_TEXT_H
#define STORE_SETTINGS_TEXT_H

#include "store/passkey.h"
#include "store/settings.h"

#define SETTINGS_TEXT_VERSION 1
/* Octets that one line takes at most, with its end. */
#define SETTINGS_TEXT_LINE                                                     \
	(KV_KEY_MAX + 9 + 2 * (SETTING_TEXT_MAX + SEAL_OVER) + 2)

struct settings_export {
	struct settings *s;
	struct seal seal; /* under the passphrase */
	bool with_secrets;
	unsigned line; /* of the heading */
	int id;
	struct kv_cursor member;
	uint32_t rounds;
	uint8_t salt[PASSKEY_SALT];
};

/*
 * Begin; `k` is done, and is not needed afterwards: without a passphrase the
 * secrets are left out.  ERR_DENIED when they are wanted but can't be opened
 * on this device.
 */
int settings_export_begin(struct settings_export *x, struct settings *s,
    const struct passkey *k) MUST_CHECK;

/*
 * Write the next line, with its line end, to `out` (SETTINGS_TEXT_LINE octets
 * of room, empty): 1, or 0 at the end, ERR_AGAIN when a change came in
 * between, ERR_IO.
 */
int settings_export_next(
    struct settings_export *x, struct text *out) MUST_CHECK;

/* Wipe the keys; at the end and when giving up. */
void settings_export_end(struct settings_export *x);

/*
 * Let the lines of `file` be the settings: all of them at once, or none and a
 * `message` with the line's number.  What is not in the file goes back to its
 * default, but secrets stay when the file has none.  CR LF and blank lines
 * are fine.  `k` is done: settings_import_key's.  ERR_DENIED: the passphrase is
 * missing or wrong.
 */
int settings_import(struct settings *s, struct span file,
    const struct passkey *k, struct text *message) MUST_CHECK;

/* Begin the key that settings_import needs for this file. */
void settings_import_key(
    struct passkey *k, struct span file, struct span passphrase);

/* Everything back to its default: families and secrets, too. */
int settings_reset(struct settings *s, struct text *message) MUST_CHECK;

#endif
