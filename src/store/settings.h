/*
 * settings: what the owner has chosen, as typed values in RAM.
 *
 *   schema's default  <  stored (kv)  <  --set for this run
 *
 * The values of all settings stand in one struct; asking for one costs an
 * array access.  A change goes through settings_begin, _set, _commit: all of
 * it or nothing, on flash before it counts.  Whoever keeps something derived
 * from a setting compares `generation` once per loop turn and derives anew.
 *
 * Secrets lie sealed in the log (ChaCha20-Poly1305 under a master key, which
 * is itself sealed with the device's key file) and are not kept in RAM: ask
 * for one with settings_secret when it is needed, and wipe it.
 *
 * Memory: struct settings and a text area, the caller's.  A text's span is
 * valid until the next change but one: look it up again when the generation
 * has changed, or copy it.
 *
 * Bounds: the texts of all settings together take at most half the text area
 * (the other half takes the next ones); more is refused before it is stored.
 *
 * Failure: messages are one line that names the key, what is wrong and what
 * would be right; they hold no secret.  ERR_MISSING: no such key; ERR_SYNTAX,
 * ERR_RANGE: not a right value; ERR_FULL: no room; ERR_IO.
 *
 * Tested: tests/unit/test_settings.c, tests/powerloss.
 */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "core/text.h"
#include "store/kv.h"
#include "store/seal.h"
#include "store/settings_schema.h"

#define SETTINGS_MESSAGE_MAX 400

enum setting_source {
	SETTING_DEFAULT,
	SETTING_STORED,
	SETTING_RUN, /* by --set, for this run only */
};

struct setting_value {
	uint32_t number; /* bool, number, choice; flags as bits */
	uint32_t at;	 /* offset of the text; unused for a default */
	uint16_t len;
	uint8_t source;
};

/*
 * Is this right in a language that only the value's user knows?  `value` is
 * canonical; when not, an error, and `why` says what is wrong.
 */
typedef int (*settings_judge)(void *user, enum setting id, struct span label,
    struct span value, struct text *why);

struct settings_view;

/*
 * Do all settings fit together as they will be stored?  When not, an error,
 * and `why` names the key and what is too much.
 */
typedef int (*settings_weigh)(
    void *user, const struct settings_view *coming, struct text *why);

struct settings {
	struct kv *kv;
	settings_judge judge; /* may be NULL */
	settings_weigh weigh; /* may be NULL */
	void *judge_user;
	struct seal seal;
	bool has_seal;	     /* false: secrets can't be read or set */
	uint32_t generation; /* grows when any value may have changed */
	char *area;	     /* two halves; values point into one of them */
	size_t half_cap;
	size_t used;	  /* octets of the half in use */
	size_t spare_len; /* of the other, while it is being filled */
	size_t grown;	  /* octets that the open change may add */
	unsigned now;	  /* which half, and which values, are in use */
	struct setting_value value[2][SETTING_N];
	char scratch[SETTING_TEXT_MAX + 1];
	uint8_t raw[SETTING_TEXT_MAX + SEAL_OVER];
};

/*
 * Begin with all defaults; `area_cap` octets at `area`.  `kv` is open, or
 * NULL: nothing is stored and nothing can be.
 */
void settings_init(
    struct settings *s, struct kv *kv, char *area, size_t area_cap);

/*
 * Unlock secrets: read the master key with the device's key, or make one
 * where there is none.  `random` fills memory (entropy_fill).  ERR_DENIED:
 * the settings were sealed on another device; all but secrets works.
 */
int settings_unlock(struct settings *s, const uint8_t device_key[SEAL_KEY],
    seal_random random) MUST_CHECK;

/*
 * Read all values anew from the log.  A stored value that is not valid
 * (written by a later version) counts as not stored; `*bad` (may be NULL) is
 * their number.  ERR_IO, ERR_FULL.
 */
int settings_load(struct settings *s, unsigned *bad) MUST_CHECK;

/* Reading.  The type must fit the schema's: an assert sees to it. */

bool settings_bool(const struct settings *s, enum setting id);

/* A number, or a choice's place in its words. */
uint32_t settings_number(const struct settings *s, enum setting id);

/* Flags: bit i is the word at place i. */
uint32_t settings_flags(const struct settings *s, enum setting id);

/* The value as text, of any type but a secret (empty there). */
struct span settings_text(const struct settings *s, enum setting id);

enum setting_source settings_source(const struct settings *s, enum setting id);

/* Is a secret stored?  Costs a look into the index. */
bool settings_has_secret(struct settings *s, enum setting id);

/*
 * A secret in the clear; its length, ERR_MISSING when none is stored,
 * ERR_DENIED when the key does not fit.  The caller wipes it after use.
 */
int settings_secret(
    struct settings *s, enum setting id, void *to, size_t cap) MUST_CHECK;

/* Is anything stored under this key, of whatever kind? */
bool settings_is_stored(struct settings *s, struct span key);

/* A secret by its key, a family's member too; else as settings_secret. */
int settings_open_secret(
    struct settings *s, struct span key, void *to, size_t cap) MUST_CHECK;

/* Members of a family. */

struct settings_member {
	struct kv_entry entry; /* the whole key */
	struct span label;     /* into entry.key */
};

/*
 * Walk a family in the order of the last change: 1 and `*m`, 0 at the end,
 * ERR_AGAIN when a change came in between: start over.
 */
int settings_member_next(struct settings *s, enum setting family,
    struct kv_cursor *c, struct settings_member *m) MUST_CHECK;

/* The value of one member: its length, ERR_MISSING, ERR_RANGE, ERR_IO. */
int settings_member(struct settings *s, enum setting family, struct span label,
    void *to, size_t cap) MUST_CHECK;

/* The same for a family of secrets. */
int settings_member_secret(struct settings *s, enum setting family,
    struct span label, void *to, size_t cap) MUST_CHECK;

/* Changing. */

/*
 * Have every new value judged, beyond what the schema says of it, and all of
 * them weighed together before a change is stored.  What is stored already is
 * neither: its user copes with it, and a change may leave it as it is.
 */
void settings_judge_by(
    struct settings *s, settings_judge judge, settings_weigh weigh, void *user);

/*
 * Would `coming` fit together?  Errors of what is stored now are forgiven
 * where `coming` is a change of it.
 */
int settings_fit(struct settings *s, const struct settings_view *coming,
    struct text *message) MUST_CHECK;

/*
 * Is this a right value for this key?  ERR_OK, or a `message` that says what
 * is wrong with an example of what is right.
 */
int settings_check(struct settings *s, struct span key, struct span value,
    struct text *message) MUST_CHECK;

/*
 * Let a value hold for this run, above what is stored.  After settings_load;
 * secrets can't be given so (a command line is no place for them).
 */
int settings_override(struct settings *s, struct span key, struct span value,
    struct text *message) MUST_CHECK;

/* Open a change; ERR_BUSY when one is open. */
int settings_begin(struct settings *s, struct text *message) MUST_CHECK;

/* Add one new value; checks it first.  After an error: settings_abort. */
int settings_set(struct settings *s, struct span key, struct span value,
    struct text *message) MUST_CHECK;

/* Back to the default. */
int settings_unset(
    struct settings *s, struct span key, struct text *message) MUST_CHECK;

/* Store the change and let it count, or change nothing and say why. */
int settings_commit(struct settings *s, struct text *message) MUST_CHECK;

void settings_abort(struct settings *s);

#endif
