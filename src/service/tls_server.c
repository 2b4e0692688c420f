/*
 * tls_server: the server's side of handshakes: which key signs, and which
 * sessions may be resumed.
 *
 * The engine resumes whatever its cache knows, without asking whether version
 * and suite are still allowed.  So each profile has a cache of its own: a
 * session made on a legacy listener means nothing to a modern one.
 */
#include "service/tls_engine.h"

#include <stddef.h>

#include "core/secret.h"
#include "policy/sha256.h"
#include "service/tls_identity.h"

#define CACHE_AGE_MS ((int64_t)8 * 60 * 60 * 1000)

/* The engine's callbacks get a pointer to a member of struct tls. */
static struct tls *
of_policy(const br_ssl_server_policy_class **p)
{
	return (struct tls *)(void *)((char *)p - offsetof(struct tls, policy));
}

/* Our best of the hashes that the client accepts in signatures, or 0. */
static unsigned
signature_hash(uint32_t offered)
{
	static const uint8_t best[] = { br_sha256_ID, br_sha384_ID,
		TLS_LEGACY ? br_sha1_ID : 0 };

	for (size_t i = 0; i < sizeof(best); i++) {
		if ((offered >> best[i] & 1) != 0)
			return best[i];
	}
	return 0;
}

/*
 * How the handshake would be signed with a key of this type for this kind of
 * key exchange: an algorithm number for the engine, 0 for "not at all".
 */
static unsigned
signing_way(const br_ssl_server_context *cc, int type, unsigned exchange)
{
	uint32_t hashes = br_ssl_server_get_client_hashes(cc);
	unsigned version = br_ssl_engine_get_version(&cc->eng);
	unsigned hash;

	if (type == BR_KEYTYPE_EC && exchange == BR_SSLKEYX_ECDHE_ECDSA) {
		hash = version < BR_TLS12 ? br_sha1_ID
					  : signature_hash(hashes >> 8);
		return hash == 0 ? 0 : 0xff00 + hash;
	}
	if (type == BR_KEYTYPE_RSA && exchange == BR_SSLKEYX_ECDHE_RSA) {
		if (version < BR_TLS12)
			return 0xff00; /* MD5 and SHA-1 together */
		hash = signature_hash(hashes & 0xff);
		return hash == 0 ? 0 : 0xff00 + hash;
	}
	if (type == BR_KEYTYPE_RSA && exchange == BR_SSLKEYX_RSA)
		return 0xff00; /* nothing is signed */
	return 0;
}

static bool
choose_with(
    struct tls *t, struct tls_identity *id, br_ssl_server_choices *choices)
{
	size_t n;
	const br_suite_translated *s =
	    br_ssl_server_get_client_suites(&t->br.server, &n);

	if (id == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned way = signing_way(
		    &t->br.server, id->key.type, (unsigned)s[i][1] >> 12);
		if (way == 0)
			continue;
		choices->cipher_suite = s[i][0];
		choices->algo_id = way;
		choices->chain = id->chain;
		choices->chain_len = id->chain_n;
		t->identity = id;
		id->users++;
		return true;
	}
	return false;
}

/* EC keys are tried first: they sign ten times faster. */
static int
choose(const br_ssl_server_policy_class **p, const br_ssl_server_context *cc,
    br_ssl_server_choices *choices)
{
	struct tls *t = of_policy(p);
	struct tls_identity *a = t->config->main, *b = t->config->other;

	(void)cc;
	if (b != NULL && b->key.type == BR_KEYTYPE_EC) {
		a = b;
		b = t->config->main;
	}
	return choose_with(t, a, choices) || choose_with(t, b, choices);
}

static uint32_t
do_keyx(const br_ssl_server_policy_class **p, unsigned char *data, size_t *len)
{
	struct tls *t = of_policy(p);

	return br_rsa_ssl_decrypt(
	    t->config->kit.rsa_private, &t->identity->key.u.rsa, data, *len);
}

static const br_hash_class *
hash_class(unsigned id)
{
	if (id == br_sha256_ID)
		return &sha256_class;
	if (TLS_LEGACY && id == br_sha1_ID)
		return &br_sha1_vtable;
	return &br_sha384_vtable;
}

static const unsigned char *
hash_oid(unsigned id)
{
	if (id == br_sha256_ID)
		return BR_HASH_OID_SHA256;
	if (id == br_sha384_ID)
		return BR_HASH_OID_SHA384;
	return id == br_sha1_ID ? BR_HASH_OID_SHA1 : NULL;
}

static size_t
do_sign(const br_ssl_server_policy_class **p, unsigned algo_id,
    unsigned char *data, size_t hv_len, size_t len)
{
	struct tls *t = of_policy(p);
	const struct tls_kit *kit = &t->config->kit;
	const struct key *key = &t->identity->key;
	unsigned char hash[64];

	algo_id &= 0xff;
	memcpy(hash, data, hv_len);
	if (key->type == BR_KEYTYPE_EC) {
		if (len < KEY_SIGNATURE_MAX)
			return 0;
		return kit->ecdsa_sign(
		    &kit->ec, hash_class(algo_id), hash, &key->u.ec, data);
	}
	size_t octets = (key->u.rsa.n_bitlen + 7) / 8;
	if (len < octets)
		return 0;
	return kit->rsa_sign(hash_oid(algo_id), hash, hv_len, &key->u.rsa, data)
		   ? octets
		   : 0;
}

static const br_ssl_server_policy_class policy = {
	sizeof(br_ssl_server_policy_class *),
	choose,
	do_keyx,
	do_sign,
};

static void
cache_save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *cc,
    const br_ssl_session_parameters *s)
{
	struct tls_cache *c = (struct tls_cache *)(void *)ctx;
	struct tls *t = (struct tls *)(void *)cc;

	t->resumed = false;
	c->full++;
	c->lru.vtable->save(&c->lru.vtable, cc, s);
}

static int
cache_load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *cc,
    br_ssl_session_parameters *s)
{
	struct tls_cache *c = (struct tls_cache *)(void *)ctx;
	struct tls *t = (struct tls *)(void *)cc;
	int found = c->lru.vtable->load(&c->lru.vtable, cc, s);

	/* A client that no longer offers the suite gets a full handshake,
	 * which ends in cache_save. */
	t->resumed = found != 0;
	c->resumed += t->resumed;
	return found;
}

static const br_ssl_session_cache_class cache_class = {
	sizeof(struct tls_cache),
	cache_save,
	cache_load,
};

void
tls_cache_init(struct tls_cache *c, uint8_t *mem, size_t octets)
{
	*c = (struct tls_cache) { .vtable = &cache_class };
	c->mem = mem;
	c->octets = octets;
	c->began_ms = INT64_MIN / 2;
}

/* Old session keys could open old recordings: forget them all at times. */
static void
cache_forget_old(struct tls_cache *c, int64_t now_ms)
{
	if (now_ms - c->began_ms < CACHE_AGE_MS)
		return;
	c->began_ms = now_ms;
	if (c->full > 0)
		secret_wipe(c->mem, c->octets);
	br_ssl_session_cache_lru_init(&c->lru, c->mem, c->octets);
}

int
tls_serve(struct tls *t, const struct tls_config *c, int64_t now_ms)
{
	int err;

	br_ssl_server_zero(&t->br.server);
	err = tls_begin(t, c);
	if (err < 0)
		return err;
	t->policy = &policy;
	br_ssl_server_set_policy(&t->br.server, &t->policy);
	if (c->cache != NULL) {
		cache_forget_old(c->cache, now_ms);
		br_ssl_server_set_cache(&t->br.server, &c->cache->vtable);
	}
	/* Fails only for a bad configuration; the state tells. */
	(void)br_ssl_server_reset(&t->br.server);
	return ERR_OK;
}
