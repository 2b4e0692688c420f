/*
 * test_tls_server: which clients get in, with which suites, and which
 * sessions come back.
 */
#include "support/test.h"
#include "support/tls_client.h"
#include "support/tls_pairs.h"

#define V "tests/vectors/tls/"

static struct tls_pairs pairs;
static struct tls_identity ec384, rsa4096;
static struct tls server;
static struct tls_client client;
static struct tls_info info;

static int
setup(void **state)
{
	(void)state;
	tls_pairs_open(&pairs);
	tls_pairs_load(&pairs, &ec384, "p384");
	tls_pairs_load(&pairs, &rsa4096, "rsa4096");
	return 0;
}

static int
fresh(void **state)
{
	(void)state;
	tls_pairs_fresh(&pairs);
	return 0;
}

static int
no_users_are_left(void **state)
{
	(void)state;
	assert_int_equal(pairs.ec.users + ec384.users, 0);
	assert_int_equal(pairs.rsa.users + rsa4096.users, 0);
	return 0;
}

/* Whether the handshake succeeds; `info` says how. */
static bool
greet(const struct tls_config *c, unsigned version, uint16_t suite,
    const br_ssl_session_parameters *resume, int64_t now_ms)
{
	bool up;

	tls_client_start(&client, version, suite, resume);
	assert_int_equal(tls_serve(&server, c, now_ms), ERR_OK);
	tls_client_settle(&client, &server);
	up = tls_state(&server) == TLS_UP;
	if (up)
		tls_info(&server, &info);
	tls_end(&server);
	return up;
}

static const struct {
	uint16_t id;
	unsigned bits;
	bool modern;
	bool old_too; /* also before TLS 1.2 */
} suites[] = {
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 128, true, false },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 128, true, false },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 256, true, false },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 256, true, false },
	{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 256, true, false },
	{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 256, true, false },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 128, false, true },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, 128, false, true },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, 256, false, true },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, 256, false, true },
	{ BR_TLS_RSA_WITH_AES_128_GCM_SHA256, 128, false, false },
	{ BR_TLS_RSA_WITH_AES_256_GCM_SHA384, 256, false, false },
	{ BR_TLS_RSA_WITH_AES_128_CBC_SHA256, 128, false, false },
	{ BR_TLS_RSA_WITH_AES_256_CBC_SHA256, 256, false, false },
	{ BR_TLS_RSA_WITH_AES_128_CBC_SHA, 128, false, true },
	{ BR_TLS_RSA_WITH_AES_256_CBC_SHA, 256, false, true },
	{ BR_TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA, 168, false, true },
	{ BR_TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, 168, false, true },
	{ BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA, 168, false, true },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, 0, false, false },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, 0, false, false },
	{ BR_TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256, 0, false, false },
	{ BR_TLS_RSA_WITH_AES_128_CCM, 0, false, false },
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static void
modern_profile_takes_only_ecdhe_with_aead(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITES; i++) {
		assert_int_equal(
		    greet(&pairs.modern, BR_TLS12, suites[i].id, NULL, 0),
		    suites[i].modern);
		if (suites[i].modern)
			assert_int_equal(info.bits, suites[i].bits);
	}
}

static void
modern_profile_refuses_old_versions(void **state)
{
	(void)state;
	assert_false(greet(&pairs.modern, BR_TLS11, 0, NULL, 0));
	assert_int_equal(br_ssl_engine_last_error(&client.br.eng), 256 + 70);
	assert_false(greet(&pairs.modern, BR_TLS10, 0, NULL, 0));
	assert_int_equal(br_ssl_engine_last_error(&client.br.eng), 256 + 70);
}

static void
legacy_profile_takes_old_versions_and_suites(void **state)
{
	static const unsigned versions[] = { BR_TLS10, BR_TLS11, BR_TLS12 };

	(void)state;
	for (size_t i = 0; i < SUITES; i++) {
		for (size_t v = 0; v < 3; v++) {
			/* built without it, legacy is modern by another name */
			bool wanted =
			    TLS_LEGACY
				? suites[i].bits > 0
				      && (suites[i].old_too
					  || versions[v] == BR_TLS12)
				: suites[i].modern && versions[v] == BR_TLS12;

			assert_int_equal(greet(&pairs.legacy, versions[v],
					     suites[i].id, NULL, 0),
			    wanted);
			if (wanted)
				assert_int_equal(info.bits, suites[i].bits);
		}
	}
	assert_int_equal(
	    greet(&pairs.legacy, BR_TLS10, 0, NULL, 0), TLS_LEGACY);
	if (TLS_LEGACY)
		assert_string_equal(info.version, "TLS1.0");
}

static void
each_kind_of_key_signs(void **state)
{
	struct tls_identity *one[] = { &pairs.ec, &ec384, &pairs.rsa,
		&rsa4096 };

	(void)state;
	pairs.modern.other = NULL;
	for (size_t i = 0; i < 4; i++) {
		pairs.modern.main = one[i];
		assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 0));
		assert_memory_equal(client.peer.found, one[i]->fingerprint, 32);
		assert_int_equal(strstr(info.suite, "RSA") == NULL, i < 2);
	}
}

static void
ec_key_is_preferred_wherever_it_stands(void **state)
{
	(void)state;
	pairs.modern.main = &pairs.rsa;
	pairs.modern.other = &pairs.ec;
	assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 0));
	assert_memory_equal(client.peer.found, pairs.ec.fingerprint, 32);
}

static void
session_is_resumed_and_said_to_be(void **state)
{
	br_ssl_session_parameters s;

	(void)state;
	assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 5000));
	assert_false(info.resumed);
	br_ssl_engine_get_session_parameters(&client.br.eng, &s);
	assert_true(greet(&pairs.modern, BR_TLS12, 0, &s, 6000));
	assert_true(info.resumed);
	assert_false(client.peer.seen); /* no certificate was sent */
	assert_int_equal(pairs.cache.resumed, 1);
	assert_int_equal(pairs.cache.full, 1);
}

static void
session_is_forgotten_after_eight_hours(void **state)
{
	const int64_t age = (int64_t)8 * 3600 * 1000;
	br_ssl_session_parameters s;

	(void)state;
	assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 5000));
	br_ssl_engine_get_session_parameters(&client.br.eng, &s);
	assert_true(greet(&pairs.modern, BR_TLS12, 0, &s, 5000 + age - 1));
	assert_true(info.resumed);
	assert_true(greet(&pairs.modern, BR_TLS12, 0, &s, 5000 + age));
	assert_false(info.resumed);
}

static void
session_pushed_out_of_the_cache_gets_a_full_handshake(void **state)
{
	br_ssl_session_parameters s;

	(void)state;
	assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 0));
	br_ssl_engine_get_session_parameters(&client.br.eng, &s);
	for (int i = 0; i < 8; i++)
		assert_true(greet(&pairs.modern, BR_TLS12, 0, NULL, 0));
	assert_true(greet(&pairs.modern, BR_TLS12, 0, &s, 0));
	assert_false(info.resumed);
}

static void
session_whose_suite_is_no_longer_offered_is_not_resumed(void **state)
{
	br_ssl_session_parameters s;

	(void)state;
	assert_true(greet(&pairs.modern, BR_TLS12,
	    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, NULL, 0));
	br_ssl_engine_get_session_parameters(&client.br.eng, &s);
	assert_true(greet(&pairs.modern, BR_TLS12,
	    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, &s, 0));
	assert_false(info.resumed);
}

/* The engine itself would resume it: see tls_server.c. */
static void
legacy_session_means_nothing_to_a_modern_listener(void **state)
{
	br_ssl_session_parameters s;

	(void)state;
	assert_int_equal(greet(&pairs.legacy, BR_TLS12,
			     BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA, NULL, 0),
	    TLS_LEGACY);
	br_ssl_engine_get_session_parameters(&client.br.eng, &s);
	assert_false(greet(
	    &pairs.modern, BR_TLS12, BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA, &s, 0));
}

static void
renegotiation_is_declined(void **state)
{
	(void)state;
	tls_client_start(&client, BR_TLS12, 0, NULL);
	assert_int_equal(tls_serve(&server, &pairs.modern, 0), ERR_OK);
	tls_client_settle(&client, &server);
	assert_int_equal(tls_state(&server), TLS_UP);
	assert_int_equal(br_ssl_engine_renegotiate(&client.br.eng), 1);
	tls_client_settle(&client, &server);
	/* Our no_renegotiation; BearSSL's client takes it as the end. */
	assert_int_equal(br_ssl_engine_last_error(&client.br.eng), 256 + 100);
	tls_end(&server);
}

static void
identity_in_use_is_not_loaded_over(void **state)
{
	char mem[256];
	struct text why;
	size_t len, room;

	(void)state;
	tls_client_start(&client, BR_TLS12, 0, NULL);
	assert_int_equal(tls_serve(&server, &pairs.modern, 0), ERR_OK);
	uint8_t *p = br_ssl_engine_sendrec_buf(&client.br.eng, &len);
	memcpy(tls_room(&server, &room), p, len);
	tls_commit(&server, len);
	br_ssl_engine_sendrec_ack(&client.br.eng, len);
	text_init(&why, mem, sizeof(mem));
	assert_int_equal(tls_identity_load(&pairs.ec, &pairs.files.fs,
			     V "p256.cert.pem", V "p256.key.pem", &why),
	    ERR_BUSY);
	tls_client_settle(&client, &server);
	assert_int_equal(tls_state(&server), TLS_UP);
	assert_int_equal(tls_identity_load(&pairs.ec, &pairs.files.fs,
			     V "p256.cert.pem", V "p256.key.pem", &why),
	    ERR_OK);
	tls_end(&server);
}

/* A handshake cut off after each of its steps leaves nothing in use. */
static void
half_handshakes_let_the_identity_go(void **state)
{
	size_t len, room;

	(void)state;
	tls_client_start(&client, BR_TLS12, 0, NULL);
	uint8_t *p = br_ssl_engine_sendrec_buf(&client.br.eng, &len);
	for (size_t at = 0; at <= len; at++) {
		assert_int_equal(tls_serve(&server, &pairs.modern, 0), ERR_OK);
		memcpy(tls_room(&server, &room), p, at);
		tls_commit(&server, at);
		assert_int_equal(tls_state(&server), TLS_HANDSHAKING);
		assert_int_equal(pairs.ec.users, at == len);
		tls_end(&server);
		assert_int_equal(pairs.ec.users, 0);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, no_users_are_left)
	const struct CMUnitTest tests[] = {
		T(modern_profile_takes_only_ecdhe_with_aead),
		T(modern_profile_refuses_old_versions),
		T(legacy_profile_takes_old_versions_and_suites),
		T(each_kind_of_key_signs),
		T(ec_key_is_preferred_wherever_it_stands),
		T(session_is_resumed_and_said_to_be),
		T(session_is_forgotten_after_eight_hours),
		T(session_pushed_out_of_the_cache_gets_a_full_handshake),
		T(session_whose_suite_is_no_longer_offered_is_not_resumed),
		T(legacy_session_means_nothing_to_a_modern_listener),
		T(renegotiation_is_declined),
		T(identity_in_use_is_not_loaded_over),
		T(half_handshakes_let_the_identity_go),
	};

	return cmocka_run_group_tests_name("tls_server", tests, setup, NULL);
}
