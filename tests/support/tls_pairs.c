/* tls_pairs: see the header. */
#include "support/tls_pairs.h"

#include "support/test.h"

static void
path_of(struct text *t, const char *name, const char *end)
{
	text_str(t, "tests/vectors/tls/");
	text_str(t, name);
	text_str(t, end);
}

void
tls_pairs_load(struct tls_pairs *p, struct tls_identity *id, const char *name)
{
	char cert_mem[64], key_mem[64], mem[256];
	struct text cert, key, why;

	text_init(&cert, cert_mem, sizeof(cert_mem));
	text_init(&key, key_mem, sizeof(key_mem));
	text_init(&why, mem, sizeof(mem));
	path_of(&cert, name, ".cert.pem");
	path_of(&key, name, ".key.pem");
	if (tls_identity_load(id, &p->files.fs, cert_mem, key_mem, &why) < 0)
		fail_msg("%s", mem);
}

void
tls_pairs_open(struct tls_pairs *p)
{
	assert_int_equal(files_open(&p->files, "."), ERR_OK);
	tls_pairs_load(p, &p->ec, "p256");
	tls_pairs_load(p, &p->rsa, "rsa2048");
}

void
tls_pairs_fresh(struct tls_pairs *p)
{
	tls_config_init(&p->modern, false);
	tls_config_init(&p->legacy, true);
	tls_cache_init(&p->cache, p->cache_mem, sizeof(p->cache_mem));
	tls_cache_init(&p->legacy_cache, p->legacy_mem, sizeof(p->legacy_mem));
	p->modern.main = p->legacy.main = &p->ec;
	p->modern.other = p->legacy.other = &p->rsa;
	p->modern.cache = &p->cache;
	p->legacy.cache = &p->legacy_cache;
}
