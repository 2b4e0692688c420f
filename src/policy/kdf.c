/* kdf: the loop is ours, to be cut into slices; HMAC is the library's. */
#include "policy/kdf.h"

#include "core/secret.h"

static const uint8_t block_one[4] = { 0, 0, 0, 1 };

static void
add(struct kdf *k)
{
	for (size_t i = 0; i < sizeof(k->sum); i++)
		k->sum[i] ^= k->u[i];
}

#if ENABLE_NETTLE

/* n times: u becomes HMAC(key, u), and is added. */
static void
iterate(struct kdf *k, uint32_t n)
{
	for (; n > 0; n--) {
		hmac_sha256_update(&k->key, sizeof(k->u), k->u);
		hmac_sha256_digest(&k->key, sizeof(k->u), k->u);
		add(k);
	}
}

static void
first(struct kdf *k, struct span password, struct span salt)
{
	hmac_sha256_set_key(&k->key, password.len, password.p);
	hmac_sha256_update(&k->key, salt.len, salt.p);
	hmac_sha256_update(&k->key, sizeof(block_one), block_one);
	hmac_sha256_digest(&k->key, sizeof(k->u), k->u);
}

#else

static void
iterate(struct kdf *k, uint32_t n)
{
	br_hmac_context hc;

	for (; n > 0; n--) {
		br_hmac_init(&hc, &k->key, 0);
		br_hmac_update(&hc, k->u, sizeof(k->u));
		br_hmac_out(&hc, k->u);
		add(k);
	}
	secret_wipe(&hc, sizeof(hc));
}

static void
first(struct kdf *k, struct span password, struct span salt)
{
	br_hmac_context hc;

	br_hmac_key_init(&k->key, &br_sha256_vtable, password.p, password.len);
	br_hmac_init(&hc, &k->key, 0);
	br_hmac_update(&hc, salt.p, salt.len);
	br_hmac_update(&hc, block_one, sizeof(block_one));
	br_hmac_out(&hc, k->u);
	secret_wipe(&hc, sizeof(hc));
}

#endif

void
kdf_begin(
    struct kdf *k, struct span password, struct span salt, uint32_t iterations)
{
	first(k, password, salt);
	memcpy(k->sum, k->u, sizeof(k->sum));
	k->left = iterations - 1;
}

bool
kdf_run(struct kdf *k, uint32_t most)
{
	uint32_t n = most < k->left ? most : k->left;

	iterate(k, n);
	k->left -= n;
	return k->left == 0;
}

bool
kdf_until(struct kdf *k, int64_t (*now_us)(void), int64_t until_us)
{
	bool done;

	do {
		done = kdf_run(k, KDF_CHUNK);
	} while (!done && now_us() < until_us);
	return done;
}

void
kdf_done(const struct kdf *k, uint8_t salted[KDF_HASH])
{
	memcpy(salted, k->sum, KDF_HASH);
}
