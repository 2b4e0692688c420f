/*
 * test_tls_identity: keys and certificates out of files made by openssl, and
 * all that can be wrong with them.
 */
#include "support/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "codec/cert.h"
#include "codec/ip.h"
#include "codec/pem.h"
#include "platform/files.h"
#include "service/tls_identity.h"
#include "service/tls_peer.h"

#define V "tests/vectors/tls/"

static struct files files;

/* The identity lies in front of a canary: nothing may be written past it. */
static struct {
	struct tls_identity id;
	uint8_t canary[64];
} guarded;
static char why_mem[300];
static struct text why;

static int
setup(void **state)
{
	(void)state;
	memset(guarded.canary, 0xa5, sizeof(guarded.canary));
	return files_open(&files, ".") < 0 ? -1 : 0;
}

static int
load(const char *cert, const char *key)
{
	int err;

	text_init(&why, why_mem, sizeof(why_mem));
	err = tls_identity_load(&guarded.id, &files.fs, cert, key, &why);
	for (size_t i = 0; i < sizeof(guarded.canary); i++)
		assert_int_equal(guarded.canary[i], 0xa5);
	if (err < 0) {
		assert_int_equal(guarded.id.chain_n, 0);
		assert_int_equal(guarded.id.key.type, 0);
	}
	return err;
}

static void
assert_refused(const char *cert, const char *key, int err, const char *words)
{
	int got = load(cert, key);

	if (got != err || strstr(why_mem, words) == NULL)
		fail_msg("%s %s: %d, %s", cert, key, got, why_mem);
}

static void
keys_of_all_good_kinds_are_loaded(void **state)
{
	static const char *const good[][2] = {
		{ V "p256.cert.pem", V "p256.key.pem" },
		{ V "p256.cert.pem", V "p256.sec1.pem" },
		{ V "p384.cert.pem", V "p384.key.pem" },
		{ V "rsa2048.cert.pem", V "rsa2048.key.pem" },
		{ V "rsa2048.cert.pem", V "rsa2048.pkcs1.pem" },
		{ V "rsa3072.cert.pem", V "rsa3072.key.pem" },
		{ V "rsa4096.cert.pem", V "rsa4096.key.pem" },
		{ V "both.pem", V "both.pem" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (load(good[i][0], good[i][1]) < 0)
			fail_msg("%s", why_mem);
		assert_int_equal(guarded.id.chain_n, 1);
	}
}

static void
chain_is_loaded_in_order(void **state)
{
	(void)state;
	assert_int_equal(load(V "chain.pem", V "p256.key.pem"), ERR_OK);
	assert_int_equal(guarded.id.chain_n, 2);
	assert_true(guarded.id.chain[1].data
		    == guarded.id.chain[0].data + guarded.id.chain[0].data_len);
}

/* RSA-5120 is the one that BearSSL's own decoder writes past its buffer. */
static void
keys_of_other_kinds_are_refused_in_words(void **state)
{
	(void)state;
	assert_refused(V "rsa2048.cert.pem", V "rsa5120.key.pem", ERR_RANGE,
	    "more than 4096 bits");
	assert_refused(V "rsa2048.cert.pem", V "rsa5120.pkcs1.pem", ERR_RANGE,
	    "more than 4096 bits");
	/* its 4679 octets are more than the least room that can be had */
	assert_refused(V "rsa2048.cert.pem", V "rsa8192.key.pem", ERR_RANGE,
	    TLS_CHAIN_OCTETS >= 4679 ? "more than 4096 bits"
				     : "too large for a key");
	assert_refused(V "rsa2048.cert.pem", V "rsa1024.key.pem", ERR_RANGE,
	    "less than 2048 bits");
	assert_refused(V "rsa2048.cert.pem", V "prime3.key.pem",
	    ERR_UNSUPPORTED, "more than two primes");
	assert_refused(V "p256.cert.pem", V "p521.key.pem", ERR_UNSUPPORTED,
	    "P-521: use an EC key (P-256");
	assert_refused(
	    V "p256.cert.pem", V "k256.key.pem", ERR_UNSUPPORTED, "secp256k1");
	assert_refused(V "p256.cert.pem", V "explicit.key.pem", ERR_UNSUPPORTED,
	    "explicit curve parameters");
	assert_refused(V "ed25519.cert.pem", V "ed25519.key.pem",
	    ERR_UNSUPPORTED, "an Ed25519 key");
	assert_refused(V "p256.cert.pem", V "ed448.key.pem", ERR_UNSUPPORTED,
	    "an Ed448 key");
	assert_refused(V "p256.cert.pem", V "pss.key.pem", ERR_UNSUPPORTED,
	    "an RSA key for PSS only");
}

static void
encrypted_keys_are_refused_with_the_way_out(void **state)
{
	(void)state;
	assert_refused(V "p256.cert.pem", V "locked8.key.pem", ERR_UNSUPPORTED,
	    "encrypted: write it without pass phrase");
	assert_refused(V "rsa2048.cert.pem", V "locked1.key.pem",
	    ERR_UNSUPPORTED, "openssl pkey");
}

static void
wrong_files_are_told_apart(void **state)
{
	(void)state;
	assert_refused(V "p256.cert.pem", V "p256.key.der", ERR_MISSING,
	    "this is DER, not PEM");
	assert_refused(V "p256.cert.pem", V "p256.cert.pem", ERR_MISSING,
	    "p256.cert.pem: there is no private key in it");
	assert_refused(V "p256.key.pem", V "p256.key.pem", ERR_MISSING,
	    "there is no certificate in it");
	assert_refused(V "make.sh", V "p256.key.pem", ERR_MISSING,
	    "make.sh: there is no certificate in it");
	assert_refused(V "garbage.pem", V "p256.key.pem", ERR_SYNTAX,
	    "garbage.pem: damaged PEM text");
	assert_refused(
	    V "none.pem", V "p256.key.pem", ERR_MISSING, "none.pem: ");
	assert_refused(
	    V "p256.cert.pem", V "none.pem", ERR_MISSING, "none.pem: ");
}

static void
certificate_of_another_key_is_refused(void **state)
{
	(void)state;
	assert_refused(V "p256.cert.pem", V "root.key.pem", ERR_RANGE,
	    "does not belong to the key in " V "root.key.pem");
	assert_refused(
	    V "p384.cert.pem", V "root.key.pem", ERR_RANGE, "does not belong");
	assert_refused(V "rsa2048.cert.pem", V "inter.key.pem", ERR_RANGE,
	    "does not belong");
	assert_refused(V "rsa2048.cert.pem", V "p256.key.pem", ERR_RANGE,
	    "does not belong");
	assert_refused(
	    V "inter.cert.pem", V "p256.key.pem", ERR_RANGE, "does not belong");
}

static size_t
read_object(const char *path, uint8_t *to, size_t cap)
{
	struct span text;
	struct pem p;
	size_t len = 0;
	int h = files.fs.open(&files.fs, path, FS_READ);

	assert_true(h >= 0);
	assert_int_equal(files.fs.map(&files.fs, h, &text), ERR_OK);
	pem_init(&p, text);
	assert_int_equal(pem_next(&p, to, cap, &len), 1);
	files.fs.unmap(&files.fs, text);
	assert_int_equal(files.fs.close(&files.fs, h), ERR_OK);
	return len;
}

/* Every prefix, and every byte changed, of each form of key. */
static void
damaged_keys_are_refused_or_harmless(void **state)
{
	static const char *const forms[] = { V "p256.key.pem",
		V "rsa2048.key.pem", V "rsa2048.pkcs1.pem" };
	static uint8_t der[4096], copy[4096];
	static struct key k;
	const char *words;

	(void)state;
	for (size_t f = 0; f < 3; f++) {
		size_t len = read_object(forms[f], der, sizeof(der));

		assert_int_equal(key_read(&k, span_of(der, len), &words), 0);
		for (size_t n = 0; n < len; n++)
			assert_true(key_read(&k, span_of(der, n), &words) < 0);
		for (size_t i = 0; i < len; i++) {
			memcpy(copy, der, len);
			copy[i] ^= 0x40;
			if (key_read(&k, span_of(copy, len), &words) < 0)
				assert_int_equal(k.type, 0);
			copy[i] ^= 0xc0;
			(void)!key_read(&k, span_of(copy, len), &words);
		}
	}
}

static void
damaged_certificates_are_refused_or_harmless(void **state)
{
	static uint8_t der[4096];
	struct cert c;

	(void)state;
	size_t len = read_object(V "p256.cert.pem", der, sizeof(der));
	assert_int_equal(cert_read(&c, span_of(der, len)), ERR_OK);
	for (size_t n = 0; n < len; n++)
		assert_true(cert_read(&c, span_of(der, n)) < 0);
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 0xff;
		(void)!cert_read(&c, span_of(der, len));
		der[i] ^= 0xff;
	}
}

static void
fresh_pair_is_made_kept_and_loaded(void **state)
{
	struct span hosts[] = { SPAN("gatepost.lan"), SPAN("192.168.1.1"),
		SPAN("fe80::1"), SPAN("localhost") };
	struct stat st;

	(void)state;
	(void)unlink("build/made.pem");
	assert_int_equal(tls_identity_make(&guarded.id, &files.fs, "build",
			     "build/made.pem", hosts, 4),
	    ERR_OK);
	assert_int_equal(guarded.id.key.type, 0);
	assert_int_equal(stat("build/made.pem", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access("build/made.pem.new", F_OK), -1);
	assert_int_equal(load("build/made.pem", "build/made.pem"), ERR_OK);
	assert_true(guarded.id.not_before_s == 1546300800);
	assert_true(guarded.id.not_after_s == 2524607999);
}

static void
making_again_replaces_the_pair_in_one_step(void **state)
{
	struct span host = SPAN("gatepost.lan");
	uint8_t before[32];

	(void)state;
	assert_int_equal(load("build/made.pem", "build/made.pem"), ERR_OK);
	memcpy(before, guarded.id.fingerprint, 32);
	/* What a power cut left behind does not matter. */
	assert_int_equal(link("Makefile", "build/made.pem.new"), 0);
	assert_int_equal(tls_identity_make(&guarded.id, &files.fs, "build",
			     "build/made.pem", &host, 1),
	    ERR_OK);
	assert_int_equal(load("build/made.pem", "build/made.pem"), ERR_OK);
	assert_memory_not_equal(before, guarded.id.fingerprint, 32);
}

static void
names_that_cannot_stand_in_a_certificate_are_refused(void **state)
{
	struct span hosts[] = { SPAN("b\xc3\xbc"
				     "cher.example"),
		SPAN("a b"), SPAN("") };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tls_identity_make(&guarded.id, &files.fs,
				     "build", "build/bad.pem", &hosts[i], 1),
		    ERR_SYNTAX);
	assert_int_equal(access("build/bad.pem", F_OK), -1);
}

static void
times_cross_2050_in_the_right_form(void **state)
{
	static const int64_t times[] = { 0, 951782400, 2524607999, 2524608000,
		4102444800, 253402300799 };
	static struct key k;
	static uint8_t der[2048];
	struct cert_host host = { .name = SPAN("x.example") };
	br_hmac_drbg_context rng;
	struct cert c;

	(void)state;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, "test", 4);
	assert_int_equal(key_make_p256(&k, &rng.vtable), ERR_OK);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct cert_wish w = { &host, 1, times[i], times[i],
			(const uint8_t *)"0123456789abcdef" };
		int len = cert_make(&k, &w, der, sizeof(der));

		assert_true(len > 0);
		assert_int_equal(
		    cert_read(&c, span_of(der, (size_t)len)), ERR_OK);
		assert_true(c.not_before_s == times[i]);
		assert_true(c.not_after_s == times[i]);
	}
	for (size_t cap = 0; cap < 700; cap++) {
		struct cert_wish w = { &host, 1, 0, 1,
			(const uint8_t *)"0123456789abcdef" };
		assert_true(cert_make(&k, &w, der, cap) <= (int)cap);
	}
}

static void
addresses_of_a_certificate_are_found_and_no_others(void **state)
{
	static struct key k;
	static uint8_t der[2048], ip[16];
	struct cert_host hosts[] = {
		{ .name = SPAN("192.0.2.9") },
		{ .ip = { 192, 0, 2, 7 }, .ip_octets = 4 },
		{ .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .ip_octets = 16 },
	};
	struct cert_wish w = { hosts, 3, 0, 1,
		(const uint8_t *)"0123456789abcdef" };
	br_hmac_drbg_context rng;
	int len;

	(void)state;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, "test", 4);
	assert_int_equal(key_make_p256(&k, &rng.vtable), ERR_OK);
	len = cert_make(&k, &w, der, sizeof(der));
	assert_true(len > 0);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const texts[] = { "192.0.2.7", "2001:db8::1",
			"192.0.2.9", "2001:db8::2" };

		assert_int_equal(ip_parse(span_str(texts[i]), ip), ERR_OK);
		assert_int_equal(
		    cert_has_ip(span_of(der, (size_t)len), ip), i < 2);
	}
	assert_int_equal(ip_parse(SPAN("192.0.2.7"), ip), ERR_OK);
	for (size_t n = 0; n < (size_t)len; n++) {
		assert_false(cert_has_ip(span_of(der, n), ip));
		der[n] ^= 0xff; /* nothing it reads lies outside */
		(void)cert_has_ip(span_of(der, (size_t)len), ip);
		der[n] ^= 0xff;
	}
}

static void
fingerprints_are_read_in_every_usual_form(void **state)
{
	char mem[128], plain[65];
	uint8_t pin[32], again[32];
	struct text t;

	(void)state;
	for (int i = 0; i < 32; i++)
		pin[i] = (uint8_t)(i * 9);
	text_init(&t, mem, sizeof(mem));
	tls_fingerprint_text(&t, pin);
	assert_int_equal(t.len, 95);
	assert_int_equal(tls_fingerprint_read(text_data(&t), again), ERR_OK);
	assert_memory_equal(pin, again, 32);
	text_init(&t, plain, sizeof(plain));
	text_hex(&t, span_of(pin, 32));
	assert_int_equal(tls_fingerprint_read(text_data(&t), again), ERR_OK);
	assert_memory_equal(pin, again, 32);
	assert_int_equal(
	    tls_fingerprint_read(span_of(plain, 63), again), ERR_SYNTAX);
	assert_int_equal(tls_fingerprint_read(SPAN(""), again), ERR_SYNTAX);
	assert_int_equal(tls_fingerprint_read(SPAN("a:b"), again), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_all_good_kinds_are_loaded),
		cmocka_unit_test(chain_is_loaded_in_order),
		cmocka_unit_test(keys_of_other_kinds_are_refused_in_words),
		cmocka_unit_test(encrypted_keys_are_refused_with_the_way_out),
		cmocka_unit_test(wrong_files_are_told_apart),
		cmocka_unit_test(certificate_of_another_key_is_refused),
		cmocka_unit_test(damaged_keys_are_refused_or_harmless),
		cmocka_unit_test(damaged_certificates_are_refused_or_harmless),
		cmocka_unit_test(fresh_pair_is_made_kept_and_loaded),
		cmocka_unit_test(making_again_replaces_the_pair_in_one_step),
		cmocka_unit_test(
		    names_that_cannot_stand_in_a_certificate_are_refused),
		cmocka_unit_test(times_cross_2050_in_the_right_form),
		cmocka_unit_test(
		    addresses_of_a_certificate_are_found_and_no_others),
		cmocka_unit_test(fingerprints_are_read_in_every_usual_form),
	};

	return cmocka_run_group_tests_name("tls_identity", tests, setup, NULL);
}
