/* curve: nettle's multiplications with BearSSL's handles. */
#include "service/curve.h"

#if ENABLE_HOGWEED

#include <assert.h>
#include <gmp.h>
#include <nettle/curve25519.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

#include "core/secret.h"
#include "platform/entropy.h"

#define OCTETS 32 /* of a coordinate or a scalar */
#define POINT  (1 + 2 * OCTETS)
#define PLAIN  4 /* a point's first octet: both coordinates follow */

/* ---- GMP's memory: until the end of a multiplication ----------------------
 */

static struct {
	_Alignas(max_align_t) uint8_t mem[CURVE_ROOM];
	size_t used;
	size_t peak;
} room;

static void *
take(size_t octets)
{
	void *p = room.mem + room.used;

	octets =
	    (octets + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	assert(octets <= sizeof(room.mem) - room.used);
	room.used += octets;
	return p;
}

static void *
take_more(void *old, size_t had, size_t octets)
{
	return memcpy(take(octets), old, had < octets ? had : octets);
}

static void
give_back(void *p, size_t octets)
{
	(void)p;
	(void)octets;
}

static void
begin(void)
{
	mp_set_memory_functions(take, take_more, give_back);
}

static void
end(void)
{
	if (room.used > room.peak)
		room.peak = room.used;
	secret_wipe(room.mem, room.used);
	room.used = 0;
}

size_t
curve_peak(void)
{
	return room.peak;
}

/* ---- X25519 ---------------------------------------------------------------
 */

/* On this curve BearSSL's scalars are little-endian, as RFC 7748's. */
static void
x25519(uint8_t *out, const uint8_t *point, const uint8_t *x, size_t len)
{
	uint8_t scalar[OCTETS] = { 0 };

	memcpy(scalar, x, len);
	if (point != NULL)
		curve25519_mul(out, scalar, point);
	else
		curve25519_mul_g(out, scalar);
	secret_wipe(scalar, sizeof(scalar));
}

/* ---- P-256 ----------------------------------------------------------------
 */

/* All octets alike, whatever their values are. */
static void
put(uint8_t out[OCTETS], const mpz_t z)
{
	for (size_t i = 0; i < OCTETS; i++) {
		mp_limb_t limb = mpz_getlimbn(z, (mp_size_t)(i / sizeof(limb)));

		out[OCTETS - 1 - i] = (uint8_t)(limb >> 8 * (i % sizeof(limb)));
	}
}

static bool
set_scalar(struct ecc_scalar *s, const uint8_t *x, size_t len)
{
	mpz_t z;

	ecc_scalar_init(s, nettle_get_secp_256r1());
	mpz_init(z);
	mpz_import(z, len, 1, 1, 1, 0, x);
	return ecc_scalar_set(s, z) != 0;
}

static bool
set_point(struct ecc_point *p, const uint8_t octets[POINT])
{
	mpz_t x, y;

	ecc_point_init(p, nettle_get_secp_256r1());
	mpz_init(x);
	mpz_init(y);
	mpz_import(x, OCTETS, 1, 1, 1, 0, octets + 1);
	mpz_import(y, OCTETS, 1, 1, 1, 0, octets + 1 + OCTETS);
	return octets[0] == PLAIN && ecc_point_set(p, x, y) != 0;
}

static void
put_point(uint8_t out[POINT], const struct ecc_point *p)
{
	mpz_t x, y;

	mpz_init(x);
	mpz_init(y);
	ecc_point_get(p, x, y);
	out[0] = PLAIN;
	put(out + 1, x);
	put(out + 1 + OCTETS, y);
}

/* ---- as BearSSL calls them ------------------------------------------------
 */

/* Both curves here have scalars of so many octets. */
static bool
is_ours(int curve, size_t len)
{
	return len <= OCTETS
	       && (curve == BR_EC_curve25519 || curve == BR_EC_secp256r1);
}

static uint32_t
mul(uint8_t *point, size_t point_len, const uint8_t *x, size_t len, int curve)
{
	struct ecc_scalar s;
	struct ecc_point p;
	uint32_t right = 1;

	if (!is_ours(curve, len))
		return br_ec_get_default()->mul(
		    point, point_len, x, len, curve);
	if (point_len != (curve == BR_EC_curve25519 ? OCTETS : POINT))
		return 0;
	begin();
	if (curve == BR_EC_curve25519) {
		x25519(point, point, x, len);
	} else if (set_point(&p, point) && set_scalar(&s, x, len)) {
		ecc_point_mul(&p, &s, &p);
		put_point(point, &p);
	} else {
		right = 0;
	}
	end();
	return right;
}

static size_t
mulgen(uint8_t *out, const uint8_t *x, size_t len, int curve)
{
	struct ecc_scalar s;
	struct ecc_point p;

	if (!is_ours(curve, len))
		return br_ec_get_default()->mulgen(out, x, len, curve);
	begin();
	if (curve == BR_EC_curve25519) {
		x25519(out, NULL, x, len);
	} else {
		memset(out, 0, POINT);
		ecc_point_init(&p, nettle_get_secp_256r1());
		if (set_scalar(&s, x, len)) {
			ecc_point_mul_g(&p, &s);
			put_point(out, &p);
		}
	}
	end();
	return curve == BR_EC_curve25519 ? OCTETS : POINT;
}

/* A failure leaves no signature: *ctx is false then. */
static void
fill(void *ctx, size_t len, uint8_t *to)
{
	bool *ok = ctx;

	memset(to, 1, len);
	*ok = entropy_fill(to, len) == ERR_OK && *ok;
}

static size_t
sign(const br_ec_impl *impl, const br_hash_class *hash, const void *digest,
    const br_ec_private_key *key, void *out)
{
	struct dsa_signature sig;
	struct ecc_scalar s;
	bool ok;

	if (key->curve != BR_EC_secp256r1 || key->xlen > OCTETS)
		return br_ecdsa_sign_asn1_get_default()(
		    impl, hash, digest, key, out);
	begin();
	ok = set_scalar(&s, key->x, key->xlen);
	if (ok) {
		dsa_signature_init(&sig);
		ecdsa_sign(&s, &ok, fill,
		    hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK,
		    digest, &sig);
		put(out, sig.r);
		put((uint8_t *)out + OCTETS, sig.s);
	}
	end();
	return ok ? br_ecdsa_raw_to_asn1(out, 2 * OCTETS) : 0;
}

br_ecdsa_sign
curve_signer(void)
{
	return sign;
}

void
curve_choose(br_ec_impl *impl)
{
	*impl = *br_ec_get_default();
	impl->mul = mul;
	impl->mulgen = mulgen;
}

#else

br_ecdsa_sign
curve_signer(void)
{
	return br_ecdsa_sign_asn1_get_default();
}

void
curve_choose(br_ec_impl *impl)
{
	*impl = *br_ec_get_default();
}

size_t
curve_peak(void)
{
	return 0;
}

#endif
