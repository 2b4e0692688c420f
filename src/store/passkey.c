/* passkey: see the header; the calculation is policy/kdf's. */
#include "store/passkey.h"

#include "core/secret.h"

void
passkey_begin(struct passkey *k, struct span passphrase,
    const uint8_t salt[PASSKEY_SALT], uint32_t rounds)
{
	memset(k, 0, sizeof(*k));
	k->done =
	    passphrase.len == 0 || rounds == 0 || rounds > PASSKEY_ROUNDS_MAX;
	if (k->done)
		return;
	k->rounds = rounds;
	memcpy(k->salt, salt, PASSKEY_SALT);
	kdf_begin(&k->kdf, passphrase, span_of(salt, PASSKEY_SALT), rounds);
}

int
passkey_new(struct passkey *k, struct span passphrase, seal_random fill)
{
	uint8_t salt[PASSKEY_SALT] = { 0 };
	int err = passphrase.len > 0 ? fill(salt, sizeof(salt)) : ERR_OK;

	passkey_begin(k, err ? SPAN("") : passphrase, salt, PASSKEY_ROUNDS);
	return err;
}

static void
end_slices(struct passkey *k)
{
	_Static_assert(SEAL_KEY == KDF_HASH, "one block of PBKDF2 is a key");
	kdf_done(&k->kdf, k->key);
	secret_wipe(&k->kdf, sizeof(k->kdf));
	k->done = true;
}

bool
passkey_run(struct passkey *k, int64_t (*now_us)(void), int64_t until_us)
{
	if (!k->done && kdf_until(&k->kdf, now_us, until_us))
		end_slices(k);
	return k->done;
}

void
passkey_finish(struct passkey *k)
{
	if (!k->done && kdf_run(&k->kdf, k->rounds))
		end_slices(k);
}

bool
passkey_is(
    const struct passkey *k, const uint8_t salt[PASSKEY_SALT], uint32_t rounds)
{
	return k->done && k->rounds > 0 && k->rounds == rounds
	       && memcmp(k->salt, salt, PASSKEY_SALT) == 0;
}

void
passkey_end(struct passkey *k)
{
	secret_wipe(k, sizeof(*k));
}
