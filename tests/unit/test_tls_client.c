/*
 * test_tls_client: what our client believes of a server, level by level.
 */
#include "support/test.h"

#include "platform/files.h"
#include "service/tls_identity.h"
#include "service/tls_peer.h"

#define V   "tests/vectors/tls/"
#define NOW ((int64_t)1900000000) /* March 2030: after expired.cert.pem */

static struct files files;
static struct tls_identity id;
static struct tls_config serving, calling;
static struct tls_roots roots;
static struct tls server, client;
static struct tls_peer peer;
static char why_mem[300];

static void
load(const char *cert, const char *key)
{
	struct text why;

	text_init(&why, why_mem, sizeof(why_mem));
	if (tls_identity_load(&id, &files.fs, cert, key, &why) < 0)
		fail_msg("%s", why_mem);
}

static int
load_roots(const char *path)
{
	struct text why;

	text_init(&why, why_mem, sizeof(why_mem));
	return tls_roots_load(&roots, &files.fs, path, &why);
}

static int
setup(void **state)
{
	(void)state;
	if (files_open(&files, ".") < 0)
		return -1;
	tls_config_init(&serving, false);
	tls_config_init(&calling, false);
	serving.main = &id;
	return load_roots(V "root.cert.pem") < 0 ? -1 : 0;
}

static bool
carry(struct tls *a, struct tls *b)
{
	size_t room;
	uint8_t *to = tls_room(b, &room);
	struct span data = span_first(tls_data(a), to == NULL ? 0 : room);

	if (data.len == 0)
		return false;
	memcpy(to, data.p, data.len);
	tls_drop(a, data.len);
	tls_commit(b, data.len);
	return true;
}

/* The client's words after a handshake; "" when it succeeded. */
static const char *
call(void)
{
	assert_int_equal(tls_serve(&server, &serving, 0), ERR_OK);
	assert_int_equal(tls_connect(&client, &calling, &peer), ERR_OK);
	while (carry(&client, &server) || carry(&server, &client))
		;
	const char *words =
	    tls_state(&client) == TLS_UP ? "" : tls_error_text(&client);
	tls_end(&server);
	return words;
}

static void
expect(enum tls_level level, const char *name, int64_t now_s)
{
	assert_int_equal(
	    tls_peer_init(&peer, level, span_str(name), &roots, now_s), ERR_OK);
}

static void
any_certificate_is_taken_at_the_lowest_level(void **state)
{
	static const char *const pairs[][2] = {
		{ V "p256.cert.pem", V "p256.key.pem" },
		{ V "p384.cert.pem", V "p384.key.pem" },
		{ V "rsa4096.cert.pem", V "rsa4096.key.pem" },
		{ V "chain.pem", V "p256.key.pem" },
		{ V "expired.cert.pem", V "p384.key.pem" },
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		load(pairs[i][0], pairs[i][1]);
		expect(TLS_ANY, "whatever.example", 0);
		assert_string_equal(call(), "");
		assert_true(peer.seen);
		assert_false(peer.verified);
		assert_memory_equal(peer.found, id.fingerprint, 32);
	}
}

static void
chain_to_a_root_with_the_right_name_is_verified(void **state)
{
	struct tls_info info;

	(void)state;
	load(V "chain.pem", V "p256.key.pem");
	expect(TLS_VERIFIED, "mail.example", NOW);
	assert_string_equal(call(), "");
	assert_true(peer.verified);
	tls_info(&client, &info);
	assert_true(info.verified);
	assert_memory_equal(info.fingerprint, id.fingerprint, 32);
	expect(TLS_VERIFIED, "MAIL.Example", NOW);
	assert_string_equal(call(), "");
	expect(TLS_VERIFIED, "any.wild.example", NOW);
	assert_string_equal(call(), "");
}

static void
every_failure_has_its_words(void **state)
{
	(void)state;
	load(V "chain.pem", V "p256.key.pem");
	expect(TLS_VERIFIED, "other.example", NOW);
	assert_string_equal(call(), "the certificate is for another host name");
	assert_false(peer.verified);
	expect(TLS_VERIFIED, "a.b.wild.example", NOW);
	assert_string_equal(call(), "the certificate is for another host name");
	expect(TLS_VERIFIED, "192.0.2.1", NOW);
	assert_string_equal(call(), "the certificate is for another host name");
	expect(TLS_VERIFIED, "mail.example", 0);
	assert_non_null(strstr(call(), "not valid yet"));
	load(V "expired.cert.pem", V "p384.key.pem");
	expect(TLS_VERIFIED, "mail.example", NOW);
	assert_non_null(strstr(call(), "has expired"));
	load(V "leaf.cert.pem", V "p256.key.pem"); /* no intermediate */
	expect(TLS_VERIFIED, "mail.example", NOW);
	assert_string_equal(
	    call(), "the certificate is not issued by any trusted root");
	load(V "p256.cert.pem", V "p256.key.pem");
	expect(TLS_VERIFIED, "box.example", NOW);
	assert_string_equal(
	    call(), "the certificate is not issued by any trusted root");
}

static void
pinned_certificate_is_taken_and_no_other(void **state)
{
	(void)state;
	load(V "p256.cert.pem", V "p256.key.pem");
	expect(TLS_PINNED, "not.its.name", 0);
	memcpy(peer.pin, id.fingerprint, 32);
	assert_string_equal(call(), "");
	assert_true(peer.verified);
	expect(TLS_PINNED, "box.example", NOW);
	memcpy(peer.pin, id.fingerprint, 32);
	peer.pin[31] ^= 1;
	assert_string_equal(call(), "the certificate is not the pinned one");
	assert_false(peer.verified);
}

static void
server_that_lacks_the_key_of_its_certificate_is_caught(void **state)
{
	(void)state;
	load(V "p256.cert.pem", V "p256.key.pem");
	id.key.mem[31] ^= 1; /* another key under the same certificate */
	expect(TLS_PINNED, "", 0);
	memcpy(peer.pin, id.fingerprint, 32);
	assert_string_equal(
	    call(), "the server does not hold the key of its certificate");
}

static void
own_self_signed_certificate_can_be_a_root(void **state)
{
	(void)state;
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(load_roots(V "rsa2048.cert.pem"), ERR_OK);
	load(V "rsa2048.cert.pem", V "rsa2048.key.pem");
	expect(TLS_VERIFIED, "box.example", NOW);
	assert_string_equal(call(), "");
	expect(TLS_VERIFIED, "mail.example", NOW);
	assert_string_not_equal(call(), "");
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(load_roots(V "root.cert.pem"), ERR_OK);
}

static void
roots_are_added_until_there_is_no_room(void **state)
{
	int err = ERR_OK;
	unsigned n = 0;

	(void)state;
	memset(&roots, 0, sizeof(roots));
	while (err == ERR_OK && n < 1000) {
		err = load_roots(V "rsa4096.cert.pem");
		n++;
	}
	assert_true(err == ERR_FULL || err == ERR_RANGE);
	assert_non_null(strstr(why_mem, "more certificates than there is"));
	assert_true(roots.n >= 8 || roots.n == TLS_ROOTS);
	assert_true(roots.used <= sizeof(roots.mem));
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(load_roots(V "root.cert.pem"), ERR_OK);
}

static void
files_without_roots_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(load_roots(V "p256.key.pem"), ERR_MISSING);
	assert_non_null(strstr(why_mem, "there is no certificate in it"));
	assert_int_equal(load_roots(V "garbage.pem"), ERR_SYNTAX);
	assert_int_equal(load_roots(V "nothing.pem"), ERR_MISSING);
	/* A root with a key that no suite of ours can use is passed over. */
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(load_roots(V "ed25519.cert.pem"), ERR_MISSING);
	assert_int_equal(roots.n, 0);
	assert_int_equal(load_roots(V "root.cert.pem"), ERR_OK);
}

static void
the_whole_collection_of_the_system_fits(void **state)
{
	(void)state;
	memset(&roots, 0, sizeof(roots));
	int err = load_roots("/etc/ssl/certs/ca-certificates.crt");
	/* the default sizes take it; smaller ones must say that they do not */
	if (err != ERR_MISSING && TLS_ROOTS >= 200
	    && TLS_ROOTS_OCTETS >= 98304) {
		assert_int_equal(err, ERR_OK);
		assert_true(roots.n > 100);
	} else if (err != ERR_OK && err != ERR_MISSING) {
		assert_non_null(
		    strstr(why_mem, "more certificates than there is"));
	}
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(load_roots(V "root.cert.pem"), ERR_OK);
}

static void
names_too_long_or_with_nul_are_refused(void **state)
{
	static char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_int_equal(
	    tls_peer_init(&peer, TLS_ANY, span_of(name, 256), NULL, 0),
	    ERR_RANGE);
	assert_int_equal(
	    tls_peer_init(&peer, TLS_ANY, SPAN("a\0b"), NULL, 0), ERR_RANGE);
	assert_int_equal(
	    tls_peer_init(&peer, TLS_ANY, span_of(name, 255), NULL, 0), ERR_OK);
	load(V "p256.cert.pem", V "p256.key.pem");
	assert_string_equal(call(), "");
}

static void
plain_text_from_the_server_is_no_tls(void **state)
{
	size_t room;

	(void)state;
	expect(TLS_ANY, "x.example", 0);
	assert_int_equal(tls_connect(&client, &calling, &peer), ERR_OK);
	memcpy(tls_room(&client, &room), "220 hello\r\n", 11);
	tls_commit(&client, 11);
	assert_int_equal(tls_state(&client), TLS_FAILED);
	assert_string_equal(tls_error_text(&client),
	    "the other side does not speak TLS on this port");
	tls_end(&client);
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
		T(any_certificate_is_taken_at_the_lowest_level),
		T(chain_to_a_root_with_the_right_name_is_verified),
		T(every_failure_has_its_words),
		T(pinned_certificate_is_taken_and_no_other),
		T(server_that_lacks_the_key_of_its_certificate_is_caught),
		T(own_self_signed_certificate_can_be_a_root),
		T(roots_are_added_until_there_is_no_room),
		T(files_without_roots_are_told_apart),
		T(the_whole_collection_of_the_system_fits),
		T(names_too_long_or_with_nul_are_refused),
		T(plain_text_from_the_server_is_no_tls),
	};

	return cmocka_run_group_tests_name("tls_client", tests, setup, NULL);
}
