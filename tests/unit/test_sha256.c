/* test_sha256: the hash class beside BearSSL's, and FIPS 180-4's examples. */
#include "support/test.h"

#include "policy/sha256.h"

#define LENGTH_MAX 200

static uint8_t bytes[LENGTH_MAX];

static void
fill(void)
{
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
}

static void
digest_of(const char *s, uint8_t out[32])
{
	br_hash_compat_context c;

	sha256_class.init(&c.vtable);
	sha256_class.update(&c.vtable, s, strlen(s));
	sha256_class.out(&c.vtable, out);
}

static void
gives_the_standards_examples(void **state)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf,
		0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
		0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff,
		0x61, 0xf2, 0x00, 0x15, 0xad };
	static const uint8_t two_blocks[] = { 0x24, 0x8d, 0x6a, 0x61, 0xd2,
		0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60,
		0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6,
		0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1 };
	uint8_t out[32];

	(void)state;
	digest_of("abc", out);
	assert_memory_equal(out, abc, sizeof(abc));
	digest_of(
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", out);
	assert_memory_equal(out, two_blocks, sizeof(two_blocks));
}

/* Hash `len` bytes in two pieces; looking at the digest changes nothing. */
static void
compare_cut(size_t len, size_t cut)
{
	br_hash_compat_context c;
	br_sha256_context theirs;
	uint8_t out[32], expected[32];

	br_sha256_init(&theirs);
	br_sha256_update(&theirs, bytes, len);
	br_sha256_out(&theirs, expected);
	sha256_class.init(&c.vtable);
	sha256_class.update(&c.vtable, bytes, cut);
	sha256_class.out(&c.vtable, out);
	sha256_class.update(&c.vtable, bytes + cut, len - cut);
	sha256_class.out(&c.vtable, out);
	assert_memory_equal(out, expected, sizeof(out));
}

static void
hashes_every_length_in_every_two_pieces(void **state)
{
	(void)state;
	fill();
	for (size_t len = 0; len <= LENGTH_MAX; len++)
		for (size_t cut = 0; cut <= len; cut++)
			compare_cut(len, cut);
}

/* What HMAC and TLS do: take the state after whole blocks, and go on there. */
static void
goes_on_from_a_state(void **state)
{
	br_hash_compat_context c, later;
	br_sha256_context theirs;
	uint8_t out[32], expected[32], mid[32], their_mid[32];

	(void)state;
	fill();
	for (size_t len = 0; len <= LENGTH_MAX - 64; len++) {
		sha256_class.init(&c.vtable);
		sha256_class.update(&c.vtable, bytes, 64);
		assert_int_equal(sha256_class.state(&c.vtable, mid), 64);
		br_sha256_init(&theirs);
		br_sha256_update(&theirs, bytes, 64);
		assert_int_equal(br_sha256_state(&theirs, their_mid), 64);
		assert_memory_equal(mid, their_mid, sizeof(mid));

		sha256_class.set_state(&later.vtable, their_mid, 64);
		sha256_class.update(&later.vtable, bytes + 64, len);
		sha256_class.out(&later.vtable, out);
		br_sha256_update(&theirs, bytes + 64, len);
		br_sha256_out(&theirs, expected);
		assert_memory_equal(out, expected, sizeof(out));
		assert_int_equal(
		    sha256_class.state(&later.vtable, mid), 64 + len);
	}
}

static void
describes_itself_as_bearssl_does(void **state)
{
	(void)state;
	assert_int_equal(sha256_class.desc, br_sha256_vtable.desc);
	assert_in_range(
	    sha256_class.context_size, 1, sizeof(br_hash_compat_context));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_standards_examples),
		cmocka_unit_test(hashes_every_length_in_every_two_pieces),
		cmocka_unit_test(goes_on_from_a_state),
		cmocka_unit_test(describes_itself_as_bearssl_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
