/* test_auth: exchanges as SMTP and POP3 see them, with real accounts. */
#include "support/test.h"

#include "platform/clock.h"
#include "platform/entropy.h"
#include "policy/kdf.h"
#include "service/auth.h"

#define ACCOUNTS 8

static struct account table[ACCOUNTS];
static uint16_t places[ACCOUNTS_INDEX(ACCOUNTS)];
static struct accounts accounts;
static struct pool pool;
static struct users_seen seen[16];
static struct auth_service service;
static struct poller poller;
static unsigned woken;

POOL_MEMORY(auth_memory, uint8_t[AUTH_SIZE], 4);

static const struct seal seal = { .key = { 1, 2, 3 }, .random = entropy_fill };

static void
wake(void *waker)
{
	(void)waker;
	woken++;
}

static const struct auth_peer secure = {
	.addr = { .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 } },
	.tls = true,
	.wake = wake,
};

static const struct auth_peer clear = {
	.addr = { .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 } },
};

static void
add(const char *name, const char *password, bool legacy)
{
	struct users_verifier v = { .iterations = USERS_ITERATIONS_MIN,
		.salt = "0123456789abcde" };
	uint8_t salted[USERS_HASH], sealed[ACCOUNT_SEALED_MAX];
	struct kdf kdf;
	int n = 0;

	kdf_begin(&kdf, span_str(password), span_of(v.salt, USERS_SALT),
	    v.iterations);
	assert_true(kdf_run(&kdf, UINT32_MAX));
	kdf_done(&kdf, salted);
	users_verifier_set(&v, salted);
	if (legacy)
		n = account_seal(
		    span_str(name), span_str(password), &seal, sealed);
	assert_true(n >= 0);
	assert_int_equal(accounts_add(&accounts, span_str(name), &v,
			     span_of(sealed, (size_t)n)),
	    0);
}

static int
setup(void **state)
{
	static const struct auth_config config = {
		.plaintext = AUTH_PLAIN_LEGACY,
		.iterations = USERS_ITERATIONS_MIN,
		.cache_seconds = 600,
		.domains = { (const uint8_t *)"home.example, lan.example", 25 },
		.host = { (const uint8_t *)"gate.home.example", 17 },
	};

	(void)state;
	accounts_init(&accounts, table, ACCOUNTS, places);
	pool_init(&pool, "auth", auth_memory, AUTH_SIZE, 4);
	assert_int_equal(
	    auth_init(&service, &accounts, &pool, seen, 16, &seal), 0);
	auth_configure(&service, &config);
	add("anna", "correct horse", false);
	add("old", "battery", true);
	woken = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(pool.used, 0);
	assert_null(service.first);
	return 0;
}

static enum auth_result
wait_for(struct auth *a)
{
	for (unsigned i = 0; auth_poll(a) == AUTH_PENDING; i++) {
		assert_true(i < 100000);
		service.base.run(&service.base, &poller);
	}
	return auth_poll(a);
}

static enum auth_result
try_password(const char *name, const char *password)
{
	struct auth *a = auth_password(
	    &service, &secure, span_str(name), span_str(password));
	enum auth_result r;

	assert_non_null(a);
	r = wait_for(a);
	if (r == AUTH_OK)
		assert_non_null(auth_account(a));
	else
		assert_null(auth_account(a));
	auth_end(a);
	return r;
}

static void
right_password_gets_in_under_every_form_of_the_name(void **state)
{
	(void)state;
	assert_int_equal(try_password("anna", "correct horse"), AUTH_OK);
	assert_int_equal(
	    try_password("Anna@LAN.example", "correct horse"), AUTH_OK);
	assert_int_equal(
	    try_password("ANNA%home.example", "correct horse"), AUTH_OK);
	assert_int_equal(
	    try_password("anna@elsewhere.example", "correct horse"),
	    AUTH_FAILED);
}

static void
wrong_password_and_unknown_name_fail_alike(void **state)
{
	(void)state;
	assert_int_equal(try_password("anna", "Correct horse"), AUTH_FAILED);
	assert_int_equal(try_password("nobody", "correct horse"), AUTH_FAILED);
	assert_int_equal(try_password("../etc", "correct horse"), AUTH_FAILED);
}

static void
plain_with_initial_response_is_pending_then_wakes(void **state)
{
	struct auth *a;

	(void)state;
	a = auth_begin(&service, SPAN("plain"), &secure,
	    SPAN("\0anna\0correct horse"), true);
	assert_int_equal(auth_poll(a), AUTH_PENDING);
	assert_int_equal(woken, 0);
	assert_int_equal(wait_for(a), AUTH_OK);
	assert_int_equal(woken, 1);
	assert_span(account_name(auth_account(a)), "anna");
	auth_end(a);
}

static void
second_login_is_answered_from_the_cache_at_once(void **state)
{
	struct auth *a;

	(void)state;
	assert_int_equal(try_password("anna", "correct horse"), AUTH_OK);
	a = auth_password(
	    &service, &secure, SPAN("anna"), SPAN("correct horse"));
	assert_int_equal(auth_poll(a), AUTH_OK);
	auth_end(a);
	assert_int_equal(try_password("anna", "wrong"), AUTH_FAILED);
}

static void
login_prompts_are_exact(void **state)
{
	struct auth *a;

	(void)state;
	a = auth_begin(&service, SPAN("LOGIN"), &secure, SPAN(""), false);
	assert_int_equal(auth_poll(a), AUTH_CHALLENGE);
	assert_span(auth_challenge(a), "Username:");
	assert_int_equal(auth_step(a, SPAN("anna")), AUTH_CHALLENGE);
	assert_span(auth_challenge(a), "Password:");
	assert_int_equal(auth_step(a, SPAN("correct horse")), AUTH_PENDING);
	assert_int_equal(wait_for(a), AUTH_OK);
	auth_end(a);
}

static void
plaintext_without_tls_is_refused_before_the_secret(void **state)
{
	struct auth_peer marked = clear;
	struct auth *a;

	(void)state;
	marked.legacy = true;
	assert_false(auth_is_plaintext_ok(&service, &clear));
	assert_true(auth_is_plaintext_ok(&service, &marked));
	assert_span(
	    auth_mechanisms(&service, &clear), "SCRAM-SHA-256 CRAM-MD5");
	a = auth_begin(&service, SPAN("LOGIN"), &clear, SPAN(""), false);
	assert_int_equal(auth_poll(a), AUTH_NEEDS_TLS);
	auth_end(a);
	a = auth_password(&service, &clear, SPAN("anna"), SPAN("x"));
	assert_int_equal(auth_poll(a), AUTH_NEEDS_TLS);
	auth_end(a);
	a = auth_begin(&service, SPAN("LOGIN"), &marked, SPAN(""), false);
	assert_int_equal(auth_poll(a), AUTH_CHALLENGE);
	auth_end(a);
}

static void
unknown_mechanism_and_broken_response_are_told_apart(void **state)
{
	struct auth *a;

	(void)state;
	a = auth_begin(&service, SPAN("NTLM"), &secure, SPAN(""), false);
	assert_int_equal(auth_poll(a), AUTH_UNKNOWN_MECH);
	auth_end(a);
	a = auth_begin(&service, SPAN("PLAIN"), &secure, SPAN("anna"), true);
	assert_int_equal(auth_poll(a), AUTH_SYNTAX);
	auth_end(a);
	a = auth_begin(&service, SPAN("CRAM-MD5"), &secure, SPAN("x"), true);
	assert_int_equal(auth_poll(a), AUTH_SYNTAX);
	auth_end(a);
}

static void
exchange_given_back_while_pending_leaves_the_queue(void **state)
{
	struct auth *a, *b, *c;

	(void)state;
	a = auth_password(&service, &secure, SPAN("anna"), SPAN("a"));
	b = auth_password(&service, &secure, SPAN("anna"), SPAN("b"));
	c = auth_password(&service, &secure, SPAN("anna"), SPAN("c"));
	auth_end(b);
	auth_end(a);
	assert_int_equal(wait_for(c), AUTH_FAILED);
	auth_end(c);
	assert_int_equal(woken, 1);
}

static void
empty_pool_refuses(void **state)
{
	struct auth *a[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		a[i] =
		    auth_password(&service, &secure, SPAN("anna"), SPAN("x"));
	assert_null(a[4]);
	for (unsigned i = 0; i < 5; i++)
		auth_end(a[i]);
}

/* The digest was computed with an independent implementation. */
static void
apop_works_with_a_legacy_secret_only(void **state)
{
	struct auth *a;

	(void)state;
	assert_true(auth_has_apop(&service));
	a = auth_apop(&service, &clear, SPAN("old"),
	    SPAN("a22617c448516d5d77d5c2e1afdbf0f1"),
	    SPAN("<1896.697170952@dbc.mtview.ca.us>"));
	assert_int_equal(auth_poll(a), AUTH_OK);
	auth_end(a);
	a = auth_apop(&service, &clear, SPAN("anna"),
	    SPAN("a22617c448516d5d77d5c2e1afdbf0f1"),
	    SPAN("<1896.697170952@dbc.mtview.ca.us>"));
	assert_int_equal(auth_poll(a), AUTH_FAILED);
	auth_end(a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(right_password_gets_in_under_every_form_of_the_name),
		T(wrong_password_and_unknown_name_fail_alike),
		T(plain_with_initial_response_is_pending_then_wakes),
		T(second_login_is_answered_from_the_cache_at_once),
		T(login_prompts_are_exact),
		T(plaintext_without_tls_is_refused_before_the_secret),
		T(unknown_mechanism_and_broken_response_are_told_apart),
		T(exchange_given_back_while_pending_leaves_the_queue),
		T(empty_pool_refuses),
		T(apop_works_with_a_legacy_secret_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
