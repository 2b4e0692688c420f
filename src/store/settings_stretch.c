/*
 * settings_stretch: the key that a passphrase makes.  It runs to its end at
 * once: exports and backups are rare, and wanted now.
 */
#include "core/secret.h"
#include "policy/users.h"
#include "store/settings_text.h"

void
settings_stretch(struct span passphrase, struct span salt, uint32_t rounds,
    uint8_t key[SEAL_KEY])
{
	struct users_kdf kdf;

	_Static_assert(SEAL_KEY == USERS_HASH, "one block of PBKDF2 is a key");
	users_kdf_begin(&kdf, passphrase, salt, rounds);
	while (!users_kdf_run(&kdf, rounds))
		continue;
	users_kdf_done(&kdf, key);
	secret_wipe(&kdf, sizeof(kdf));
}
