/* sha256: nettle's function with BearSSL's handles. */
#include "policy/sha256.h"

#if ENABLE_NETTLE

#include <nettle/sha2.h>

#include "core/be.h"

#define BLOCK SHA256_BLOCK_SIZE

/* In the place of a br_hash_compat_context. */
struct context {
	const br_hash_class *vtable;
	struct sha256_ctx sha;
};

_Static_assert(sizeof(struct context) <= sizeof(br_hash_compat_context),
    "BearSSL has room for it wherever a hash is chosen when running");

static struct context *
of(const br_hash_class **c)
{
	return (struct context *)(void *)c;
}

static const struct context *
of_const(const br_hash_class *const *c)
{
	return (const struct context *)(const void *)c;
}

static void
init(const br_hash_class **c)
{
	*c = &sha256_class;
	sha256_init(&of(c)->sha);
}

static void
update(const br_hash_class **c, const void *data, size_t len)
{
	sha256_update(&of(c)->sha, len, data);
}

/* The context stays as it is: more may follow. */
static void
out(const br_hash_class *const *c, void *digest)
{
	struct sha256_ctx sha = of_const(c)->sha;

	sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}

static uint64_t
get_state(const br_hash_class *const *c, void *bytes)
{
	const struct sha256_ctx *sha = &of_const(c)->sha;
	uint8_t *p = bytes;

	for (unsigned i = 0; i < 8; i++, p += 4)
		be32_put(p, sha->state[i]);
	return sha->count * BLOCK + sha->index;
}

/* BearSSL does so at the borders of blocks only. */
static void
set_state(const br_hash_class **c, const void *bytes, uint64_t count)
{
	struct sha256_ctx *sha = &of(c)->sha;
	const uint8_t *p = bytes;

	*c = &sha256_class;
	for (unsigned i = 0; i < 8; i++, p += 4)
		sha->state[i] = be32_get(p);
	sha->count = count / BLOCK;
	sha->index = 0;
}

const br_hash_class sha256_class = {
	.context_size = sizeof(struct context),
	.desc = BR_HASHDESC_ID(br_sha256_ID)
		| BR_HASHDESC_OUT(SHA256_DIGEST_SIZE) | BR_HASHDESC_STATE(32)
		| BR_HASHDESC_LBLEN(6) | BR_HASHDESC_MD_PADDING
		| BR_HASHDESC_MD_PADDING_BE,
	.init = init,
	.update = update,
	.out = out,
	.state = get_state,
	.set_state = set_state,
};

#endif
