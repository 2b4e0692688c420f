/* key_rsa: making RSA keys, and writing them.  Reading them is key.c's. */
#include "codec/key.h"

#include "codec/der.h"
#include "core/be.h"
#include "core/secret.h"

#define EXPONENT 65537
#define OCTETS	 (KEY_RSA_MAX / 8)

int
key_make_rsa(struct key *k, const br_prng_class **rng)
{
	uint32_t done;

	_Static_assert(BR_RSA_KBUF_PRIV_SIZE(KEY_RSA_MIN) <= KEY_OCTETS,
	    "the key's numbers fit");
	done = br_rsa_keygen_get_default()(
	    rng, &k->u.rsa, k->mem, NULL, NULL, KEY_RSA_MIN, EXPONENT);
	if (done == 0)
		return ERR_IO;
	k->type = BR_KEYTYPE_RSA;
	return ERR_OK;
}

/* The public numbers, out of the private ones. */
static bool
find_public(
    const struct key *k, br_rsa_public_key *pk, uint8_t n[OCTETS], uint8_t e[4])
{
	uint32_t exponent = br_rsa_compute_pubexp_get_default()(&k->u.rsa);
	size_t len = br_rsa_compute_modulus_get_default()(NULL, &k->u.rsa);

	if (k->type != BR_KEYTYPE_RSA || exponent == 0 || len == 0
	    || len > OCTETS)
		return false;
	(void)br_rsa_compute_modulus_get_default()(n, &k->u.rsa);
	be32_put(e, exponent);
	*pk = (br_rsa_public_key) { n, len, e, 4 };
	return true;
}

int
key_rsa_private(const struct key *k, uint8_t *to, size_t cap)
{
	uint8_t n[OCTETS], e[4];
	static uint8_t d[OCTETS];
	br_rsa_public_key pk;
	size_t d_len, len;

	if (!find_public(k, &pk, n, e))
		return ERR_RANGE;
	d_len = br_rsa_compute_privexp_get_default()(
	    d, &k->u.rsa, br_rsa_compute_pubexp_get_default()(&k->u.rsa));
	len = d_len == 0
		  ? 0
		  : br_encode_rsa_pkcs8_der(NULL, &k->u.rsa, &pk, d, d_len);
	if (len > 0 && len <= cap)
		(void)br_encode_rsa_pkcs8_der(to, &k->u.rsa, &pk, d, d_len);
	secret_wipe(d, sizeof(d));
	return len == 0 || len > cap ? ERR_RANGE : (int)len;
}

/* A number that is not negative: a zero octet where its first bit is set. */
static void
put_number(struct der_writer *w, struct span v)
{
	size_t mark = der_mark(w);

	while (v.len > 1 && v.p[0] == 0)
		v = span_from(v, 1);
	der_put_bytes(w, v);
	if (v.p[0] >= 0x80)
		der_put_bytes(w, SPAN("\0"));
	der_put_head(w, DER_INTEGER, mark);
}

int
key_rsa_public(const struct key *k, uint8_t *to, size_t cap)
{
	uint8_t n[OCTETS], e[4];
	br_rsa_public_key pk;
	struct der_writer w;
	struct span all;
	size_t mark;

	if (!find_public(k, &pk, n, e))
		return ERR_RANGE;
	der_writer_init(&w, to, cap);
	mark = der_mark(&w);
	put_number(&w, span_of(e, sizeof(e)));
	put_number(&w, span_of(n, pk.nlen));
	der_put_head(&w, DER_SEQUENCE, mark);
	der_put_bytes(&w, SPAN("\0")); /* no unused bits */
	der_put_head(&w, DER_BITS, mark);
	/* rsaEncryption, with NULL parameters */
	der_put_bytes(&w, SPAN("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
			       "\x01\x01\x05\x00"));
	der_put_head(&w, DER_SEQUENCE, mark);
	all = der_written(&w);
	if (w.full)
		return ERR_RANGE;
	memmove(to, all.p, all.len);
	return (int)all.len;
}
