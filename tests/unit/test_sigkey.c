/* test_sigkey: keys in both forms, right and wrong signatures. */
#include "support/test.h"

#include <bearssl.h>

#include "core/text.h"
#include "scan/sigkey.h"

static const char head[] =
    "3059301306072a8648ce3d020106082a8648ce3d030107034200";

static uint8_t mem[BR_EC_KBUF_PRIV_MAX_SIZE];
static br_ec_private_key key;
static char hex[2 * SIGKEY_POINT + 1];

/* A key made from `seed`; its point in hexadecimal. */
static void
make_key(uint8_t seed)
{
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	struct text t;

	memset(mem, seed, 32);
	key = (br_ec_private_key) { BR_EC_secp256r1, mem, 32 };
	assert_int_equal(
	    br_ec_compute_pub(br_ec_get_default(), NULL, point, &key),
	    SIGKEY_POINT);
	text_init(&t, hex, sizeof(hex));
	text_hex(&t, span_of(point, SIGKEY_POINT));
}

static struct span
sign(struct span file)
{
	static uint8_t signature[80];
	uint8_t hash[br_sha256_SIZE];
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, file.p, file.len);
	br_sha256_out(&c, hash);
	return span_of(
	    signature, br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
			   &br_sha256_vtable, hash, &key, signature));
}

static void
only_the_right_signature_fits(void **state)
{
	static uint8_t file[1000];
	uint8_t point[SIGKEY_POINT], other[SIGKEY_POINT];
	uint8_t broken[80];
	struct span s;

	(void)state;
	make_key(9);
	assert_int_equal(sigkey_read(span_str(hex), other), ERR_OK);
	make_key(7);
	assert_int_equal(sigkey_read(span_str(hex), point), ERR_OK);
	s = sign(span_of(file, sizeof(file)));
	assert_int_equal(
	    sigkey_check(point, span_of(file, sizeof(file)), s), ERR_OK);
	assert_int_equal(
	    sigkey_check(other, span_of(file, sizeof(file)), s), ERR_DENIED);
	assert_int_equal(
	    sigkey_check(point, span_of(file, 999), s), ERR_DENIED);
	for (size_t i = 0; i < s.len; i++) {
		memcpy(broken, s.p, s.len);
		broken[i] ^= 1;
		assert_int_equal(
		    sigkey_check(point, span_of(file, sizeof(file)),
			span_of(broken, s.len)),
		    ERR_DENIED);
		assert_int_equal(
		    sigkey_check(
			point, span_of(file, sizeof(file)), span_first(s, i)),
		    ERR_DENIED);
	}
}

static void
a_key_is_a_point_or_its_der(void **state)
{
	uint8_t point[SIGKEY_POINT], same[SIGKEY_POINT];
	char der[2 * 91 + 1];
	struct text t;

	(void)state;
	make_key(5);
	text_init(&t, der, sizeof(der));
	text_str(&t, head);
	text_str(&t, hex);
	assert_int_equal(sigkey_read(span_str(hex), point), ERR_OK);
	assert_int_equal(sigkey_read(span_str(der), same), ERR_OK);
	assert_memory_equal(point, same, sizeof(same));
	for (size_t i = 0; i < 2 * 91; i++)
		assert_int_equal(
		    sigkey_read(span_of(der, i), same), ERR_SYNTAX);
	der[9] = '1'; /* another kind of key */
	assert_int_equal(sigkey_read(span_str(der), same), ERR_SYNTAX);
	hex[1] = '3'; /* not a plain point */
	assert_int_equal(sigkey_read(span_str(hex), same), ERR_SYNTAX);
	hex[1] = 'x';
	assert_int_equal(sigkey_read(span_str(hex), same), ERR_SYNTAX);
}

/* A point that is not on the curve must not be used. */
static void
a_point_off_the_curve_fits_nothing(void **state)
{
	uint8_t point[SIGKEY_POINT] = { 4, 1, 2, 3 };
	struct span s;

	(void)state;
	make_key(7);
	s = sign(SPAN("abc"));
	assert_int_equal(sigkey_check(point, SPAN("abc"), s), ERR_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_right_signature_fits),
		cmocka_unit_test(a_key_is_a_point_or_its_der),
		cmocka_unit_test(a_point_off_the_curve_fits_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
