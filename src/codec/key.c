/*
 * key: private keys out of their DER forms.  Every number's length is checked
 * before it is copied; whether a key is a good one is for whoever uses it
 * (service/tls_identity makes it sign and verifies that).
 */
#include "codec/key.h"

#include "codec/der.h"
#include "core/secret.h"

#define OID(literal) SPAN(literal)

static const char damaged[] = "not a private key, or a damaged one";

/* Named curves and key types; BearSSL's constants, without the OID header. */
static const struct {
	struct span oid;
	int curve;
	const char *refusal;
} curves[] = {
	{ { (const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8 },
	    BR_EC_secp256r1, NULL },
	{ { (const uint8_t *)"\x2b\x81\x04\x00\x22", 5 }, BR_EC_secp384r1,
	    NULL },
	{ { (const uint8_t *)"\x2b\x81\x04\x00\x23", 5 }, 0,
	    "an EC key on curve P-521" },
	{ { (const uint8_t *)"\x2b\x81\x04\x00\x0a", 5 }, 0,
	    "an EC key on curve secp256k1" },
};

static int
refuse(int err, const char **why, const char *words)
{
	*why = words;
	return err;
}

static int
curve_of(struct span oid, const char **why)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (!span_is(oid, curves[i].oid))
			continue;
		if (curves[i].refusal == NULL)
			return curves[i].curve;
		return refuse(ERR_UNSUPPORTED, why, curves[i].refusal);
	}
	return refuse(ERR_UNSUPPORTED, why, "an EC key on an unusual curve");
}

/* The curve's name inside an ECPrivateKey, which stands behind the number. */
static int
inner_curve(struct span rest, int outer, const char **why)
{
	struct span value, oid;
	uint8_t tag;

	while (rest.len > 0) {
		if (der_next(&rest, &tag, &value) < 0)
			return refuse(ERR_SYNTAX, why, damaged);
		if (tag != 0xa0)
			continue;
		if (der_expect(&value, DER_OID, &oid) < 0)
			return refuse(ERR_UNSUPPORTED, why,
			    "an EC key with explicit curve parameters");
		int curve = curve_of(oid, why);
		if (curve > 0 && outer > 0 && curve != outer)
			return refuse(ERR_SYNTAX, why, damaged);
		return curve;
	}
	if (outer > 0)
		return outer;
	return refuse(ERR_UNSUPPORTED, why, "an EC key that names no curve");
}

static int
read_ec(struct key *k, struct span in, int curve, const char **why)
{
	struct span version, x;
	size_t octets;

	if (der_integer(&in, &version) < 0 || !span_is(version, SPAN("\x01"))
	    || der_expect(&in, DER_OCTETS, &x) < 0)
		return refuse(ERR_SYNTAX, why, damaged);
	curve = inner_curve(in, curve, why);
	if (curve < 0)
		return curve;
	octets = curve == BR_EC_secp256r1 ? 32 : 48;
	if (x.len != octets)
		return refuse(ERR_SYNTAX, why, damaged);
	memcpy(k->mem, x.p, octets);
	k->type = BR_KEYTYPE_EC;
	k->u.ec = (br_ec_private_key) { curve, k->mem, octets };
	return ERR_OK;
}

static uint32_t
bits_of(struct span n)
{
	uint32_t bits = (uint32_t)n.len * 8;

	for (uint8_t top = n.len > 0 ? n.p[0] : 0xff; (top & 0x80) == 0;
	     top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static int
check_rsa_bits(uint32_t bits, const char **why)
{
	if (bits < KEY_RSA_MIN)
		return refuse(
		    ERR_RANGE, why, "an RSA key of less than 2048 bits");
	if (bits > KEY_RSA_MAX)
		return refuse(
		    ERR_RANGE, why, "an RSA key of more than 4096 bits");
	return ERR_OK;
}

/* PKCS#1: RSAPrivateKey (RFC 8017 appendix A.1.2). */
static int
read_rsa(struct key *k, struct span in, const char **why)
{
	struct span version, n, e, d, v[5];
	size_t half, at = 0;

	if (der_integer(&in, &version) < 0 || der_integer(&in, &n) < 0
	    || der_integer(&in, &e) < 0 || der_integer(&in, &d) < 0)
		return refuse(ERR_SYNTAX, why, damaged);
	if (version.len != 0)
		return refuse(ERR_UNSUPPORTED, why,
		    "an RSA key with more than two primes");
	int err = check_rsa_bits(bits_of(n), why);
	if (err < 0)
		return err;
	half = (n.len + 1) / 2;
	for (int i = 0; i < 5; i++) { /* p, q, dp, dq, 1/q mod p */
		if (der_integer(&in, &v[i]) < 0 || v[i].len == 0)
			return refuse(ERR_SYNTAX, why, damaged);
		if (v[i].len > half)
			return refuse(ERR_UNSUPPORTED, why,
			    "an RSA key with primes of unequal size");
	}
	for (int i = 0; i < 5; i++) {
		memcpy(k->mem + at, v[i].p, v[i].len);
		v[i].p = k->mem + at;
		at += half;
	}
	k->type = BR_KEYTYPE_RSA;
	k->u.rsa.n_bitlen = bits_of(n);
#define SET(name, i)                                                           \
	(k->u.rsa.name = k->mem + (i)*half, k->u.rsa.name##len = v[i].len)
	SET(p, 0);
	SET(q, 1);
	SET(dp, 2);
	SET(dq, 3);
	SET(iq, 4);
#undef SET
	return ERR_OK;
}

static const struct {
	struct span oid;
	const char *words;
} foreign[] = {
	{ { (const uint8_t *)"\x2b\x65\x70", 3 }, "an Ed25519 key" },
	{ { (const uint8_t *)"\x2b\x65\x71", 3 }, "an Ed448 key" },
	{ { (const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9 },
	    "an RSA key for PSS only" },
	{ { (const uint8_t *)"\x2a\x86\x48\xce\x38\x04\x01", 7 }, "a DSA key" },
};

/* PKCS#8: PrivateKeyInfo (RFC 5208 section 5), after its version. */
static int
read_pkcs8(
    struct key *k, struct span algorithm, struct span in, const char **why)
{
	struct span oid, curve, inner, body;

	if (der_expect(&algorithm, DER_OID, &oid) < 0
	    || der_expect(&in, DER_OCTETS, &inner) < 0)
		return refuse(ERR_SYNTAX, why, damaged);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (span_is(oid, foreign[i].oid))
			return refuse(ERR_UNSUPPORTED, why, foreign[i].words);
	}
	if (der_expect(&inner, DER_SEQUENCE, &body) < 0)
		return refuse(ERR_SYNTAX, why, damaged);
	if (span_is(oid, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
		return read_rsa(k, body, why);
	if (!span_is(oid, OID("\x2a\x86\x48\xce\x3d\x02\x01")))
		return refuse(ERR_UNSUPPORTED, why, "a key of unknown kind");
	if (der_expect(&algorithm, DER_OID, &curve) < 0)
		return refuse(ERR_UNSUPPORTED, why,
		    "an EC key with explicit curve parameters");
	int id = curve_of(curve, why);
	return id < 0 ? id : read_ec(k, body, id, why);
}

/* The three forms differ in what follows the version. */
static int
read_any(struct key *k, struct span der, const char **why)
{
	struct span body, version, rest, value;
	uint8_t tag;

	if (der_expect(&der, DER_SEQUENCE, &body) < 0 || der.len > 0)
		return refuse(ERR_SYNTAX, why, damaged);
	rest = body;
	if (der_integer(&rest, &version) < 0
	    || der_next(&rest, &tag, &value) < 0)
		return refuse(ERR_SYNTAX, why, damaged);
	if (tag == DER_SEQUENCE)
		return read_pkcs8(k, value, rest, why);
	if (tag == DER_OCTETS)
		return read_ec(k, body, 0, why);
	return read_rsa(k, body, why);
}

int
key_read(struct key *k, struct span der, const char **why)
{
	k->type = 0;
	*why = "";
	int err = read_any(k, der, why);

	if (err < 0)
		key_wipe(k);
	return err;
}

int
key_make_p256(struct key *k, const br_prng_class **rng)
{
	br_ec_private_key *ec = &k->u.ec;

	if (br_ec_keygen(rng, br_ec_get_default(), ec, k->mem, BR_EC_secp256r1)
	    == 0)
		return ERR_IO;
	k->type = BR_KEYTYPE_EC;
	return ERR_OK;
}

void
key_wipe(struct key *k)
{
	secret_wipe(k, sizeof(*k));
}
