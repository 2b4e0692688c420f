/*
 * fuzz_key: any bytes as a private key, as a certificate and as PEM text.
 * What is accepted has its numbers inside its own memory and in bounds.
 */
#include <assert.h>

#include "codec/cert.h"
#include "codec/der.h"
#include "codec/key.h"
#include "codec/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(const struct key *k, const unsigned char *p, size_t len)
{
	assert(len > 0 && p >= k->mem && len <= sizeof(k->mem));
	assert((size_t)(p - k->mem) <= sizeof(k->mem) - len);
}

static void
try_key(struct span der)
{
	static struct key k;
	const char *why = NULL;

	if (key_read(&k, der, &why) < 0) {
		assert(k.type == 0 && why != NULL && *why != '\0');
		return;
	}
	if (k.type == BR_KEYTYPE_EC) {
		check_inside(&k, k.u.ec.x, k.u.ec.xlen);
		return;
	}
	assert(k.u.rsa.n_bitlen >= KEY_RSA_MIN);
	assert(k.u.rsa.n_bitlen <= KEY_RSA_MAX);
	check_inside(&k, k.u.rsa.p, k.u.rsa.plen);
	check_inside(&k, k.u.rsa.q, k.u.rsa.qlen);
	check_inside(&k, k.u.rsa.dp, k.u.rsa.dplen);
	check_inside(&k, k.u.rsa.dq, k.u.rsa.dqlen);
	check_inside(&k, k.u.rsa.iq, k.u.rsa.iqlen);
}

static void
try_cert(struct span der)
{
	struct cert c;

	if (cert_read(&c, der) < 0)
		return;
	assert(c.ec_point.len + c.rsa_n.len + c.rsa_e.len <= der.len);
}

static void
try_pem(struct span text)
{
	static uint8_t der[4096];
	struct pem p;
	size_t len;

	(void)pem_is_encrypted(text);
	pem_init(&p, text);
	while (pem_next(&p, der, sizeof(der), &len) > 0) {
		assert(len <= sizeof(der));
		try_key(span_of(der, len));
		try_cert(span_of(der, len));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_key(span_of(data, size));
	try_cert(span_of(data, size));
	try_pem(span_of(data, size));
	return 0;
}
