/* test_curve: the curves and the signer beside BearSSL's. */
#include "support/test.h"

#include "service/curve.h"

#define ROUNDS 150
#define FEW    8 /* on P-384, which is BearSSL's */
#define POINT  BR_EC_KBUF_PUB_MAX_SIZE

static const int curves[] = { BR_EC_curve25519, BR_EC_secp256r1,
	BR_EC_secp384r1 };

/* The order of P-256's group, less one. */
static const uint8_t last[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00,
	0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
	0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25,
	0x50 };

static br_ec_impl ours;
static const br_ec_impl *theirs;
static br_hmac_drbg_context dice;

static int
set_up(void **state)
{
	(void)state;
	curve_choose(&ours);
	theirs = br_ec_get_default();
	br_hmac_drbg_init(&dice, &br_sha256_vtable, "curve", 5);
	return 0;
}

static size_t
random_scalar(uint8_t x[48], int curve)
{
	size_t len = curve == BR_EC_secp384r1 ? 48 : 32;

	br_hmac_drbg_generate(&dice, x, len);
	x[0] &= 0x7f;
	return len;
}

/* Our own point of the other's scalar, and the shared point, twice. */
static void
compare(int curve, const uint8_t *x, size_t len)
{
	uint8_t a[POINT] = { 0 }, b[POINT] = { 0 };
	size_t n = ours.mulgen(a, x, len, curve);

	assert_int_equal(n, theirs->mulgen(b, x, len, curve));
	assert_memory_equal(a, b, n);
	assert_int_equal(ours.mul(a, n, x, len, curve), 1);
	assert_int_equal(theirs->mul(b, n, x, len, curve), 1);
	assert_memory_equal(a, b, n);
}

static void
multiplies_as_bearssl_does(void **state)
{
	uint8_t x[48];

	(void)state;
	for (size_t c = 0; c < sizeof(curves) / sizeof(curves[0]); c++) {
		unsigned n = curves[c] == BR_EC_secp384r1 ? FEW : ROUNDS;

		for (unsigned i = 0; i < n; i++) {
			size_t len = random_scalar(x, curves[c]);

			compare(curves[c], x, len);
		}
	}
}

static void
takes_the_smallest_and_the_largest_scalar(void **state)
{
	static const uint8_t one[] = { 1 }, two[] = { 0, 2 };

	(void)state;
	compare(BR_EC_secp256r1, one, sizeof(one));
	compare(BR_EC_secp256r1, two, sizeof(two));
	compare(BR_EC_secp256r1, last, sizeof(last));
	compare(BR_EC_curve25519, two, sizeof(two));
}

/* RFC 7748 5.2, the first example. */
static void
gives_the_standards_example(void **state)
{
	static const uint8_t scalar[32] = { 0xa5, 0x46, 0xe3, 0x6b, 0xf0, 0x52,
		0x7c, 0x9d, 0x3b, 0x16, 0x15, 0x4b, 0x82, 0x46, 0x5e, 0xdd,
		0x62, 0x14, 0x4c, 0x0a, 0xc1, 0xfc, 0x5a, 0x18, 0x50, 0x6a,
		0x22, 0x44, 0xba, 0x44, 0x9a, 0xc4 };
	static const uint8_t product[32] = { 0xc3, 0xda, 0x55, 0x37, 0x9d, 0xe9,
		0xc6, 0x90, 0x8e, 0x94, 0xea, 0x4d, 0xf2, 0x8d, 0x08, 0x4f,
		0x32, 0xec, 0xcf, 0x03, 0x49, 0x1c, 0x71, 0xf7, 0x54, 0xb4,
		0x07, 0x55, 0x77, 0xa2, 0x85, 0x52 };
	uint8_t point[32] = { 0xe6, 0xdb, 0x68, 0x67, 0x58, 0x30, 0x30, 0xdb,
		0x35, 0x94, 0xc1, 0xa4, 0x24, 0xb1, 0x5f, 0x7c, 0x72, 0x66,
		0x24, 0xec, 0x26, 0xb3, 0x35, 0x3b, 0x10, 0xa9, 0x03, 0xa6,
		0xd0, 0xab, 0x1c, 0x4c };

	(void)state;
	assert_int_equal(
	    ours.mul(point, sizeof(point), scalar, 32, BR_EC_curve25519), 1);
	assert_memory_equal(point, product, sizeof(product));
}

static void
refuses_points_that_are_not_on_the_curve(void **state)
{
	static const uint8_t zero[32] = { 0 };
	uint8_t p[POINT], x[48];
	size_t n, len = random_scalar(x, BR_EC_secp256r1);

	(void)state;
	n = ours.mulgen(p, x, len, BR_EC_secp256r1);
	for (size_t i = 0; i < n; i++) {
		uint8_t bad[POINT];

		memcpy(bad, p, n);
		bad[i] ^= 1;
		assert_int_equal(ours.mul(bad, n, x, len, BR_EC_secp256r1), 0);
	}
	assert_int_equal(ours.mul(p, n - 1, x, len, BR_EC_secp256r1), 0);
	/* BearSSL does not say what it does with a scalar that is none */
	if (ENABLE_HOGWEED)
		assert_int_equal(ours.mul(p, n, zero, 32, BR_EC_secp256r1), 0);
	assert_int_equal(ours.mul(p, 31, x, len, BR_EC_curve25519), 0);
	memset(p + 1, 0, n - 1);
	assert_int_equal(ours.mul(p, n, x, len, BR_EC_secp256r1), 0);
	memset(p + 1, 0xff, n - 1);
	assert_int_equal(ours.mul(p, n, x, len, BR_EC_secp256r1), 0);
}

/* A signature of ours is right for BearSSL, and for nothing else. */
static void
sign_and_check(const br_ec_private_key *key, const br_hash_class *hash)
{
	uint8_t digest[64], sig[160], mem[POINT];
	br_ec_public_key pub;
	size_t len = hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
	size_t n;
	br_ecdsa_vrfy verify = br_ecdsa_vrfy_asn1_get_default();

	br_hmac_drbg_generate(&dice, digest, sizeof(digest));
	br_ec_compute_pub(theirs, &pub, mem, key);
	n = curve_signer()(&ours, hash, digest, key, sig);
	assert_true(n > 60 && n <= 2 * key->xlen + 9);
	assert_int_equal(verify(theirs, digest, len, &pub, sig, n), 1);
	digest[len / 2] ^= 1;
	assert_int_equal(verify(theirs, digest, len, &pub, sig, n), 0);
}

static void
signs_what_bearssl_can_check(void **state)
{
	static const br_hash_class *const hashes[] = { &br_sha256_vtable,
		&br_sha384_vtable, &br_sha1_vtable };
	uint8_t x[48];
	br_ec_private_key key = { .x = x };

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		key.curve = i < FEW ? BR_EC_secp384r1 : BR_EC_secp256r1;
		key.xlen = random_scalar(x, key.curve);
		sign_and_check(&key, hashes[i % 3]);
	}
}

static void
makes_no_signature_with_a_key_that_is_none(void **state)
{
	uint8_t zero[32] = { 0 }, sig[160];
	br_ec_private_key key = { BR_EC_secp256r1, zero, sizeof(zero) };

	(void)state;
	assert_int_equal(
	    curve_signer()(&ours, &br_sha256_vtable, zero, &key, sig), 0);
}

/* After all that: GMP has asked for less than half of what there is. */
static void
keeps_within_its_memory(void **state)
{
	(void)state;
	assert_true(curve_peak() * 2 <= CURVE_ROOM);
	assert_int_equal(curve_peak() > 0, ENABLE_HOGWEED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multiplies_as_bearssl_does),
		cmocka_unit_test(takes_the_smallest_and_the_largest_scalar),
		cmocka_unit_test(gives_the_standards_example),
		cmocka_unit_test(refuses_points_that_are_not_on_the_curve),
		cmocka_unit_test(signs_what_bearssl_can_check),
		cmocka_unit_test(makes_no_signature_with_a_key_that_is_none),
		cmocka_unit_test(keeps_within_its_memory),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
