/* test_sasl: mechanisms against their RFCs' examples, and password forms. */
#include "support/test.h"

#include "codec/base64.h"
#include "policy/kdf.h"
#include "proto/sasl.h"

static struct sasl s;

static struct users_verifier
verifier(const char *password, const char *salt_base64, uint32_t iterations)
{
	struct users_verifier v = { .iterations = iterations };
	uint8_t salted[USERS_HASH];
	struct kdf k;

	assert_int_equal(
	    base64_decode(span_str(salt_base64), v.salt, sizeof(v.salt)),
	    USERS_SALT);
	kdf_begin(
	    &k, span_str(password), span_of(v.salt, USERS_SALT), iterations);
	while (!kdf_run(&k, 100))
		continue;
	kdf_done(&k, salted);
	users_verifier_set(&v, salted);
	assert_true(users_verifier_is(&v, salted));
	salted[31] ^= 1;
	assert_false(users_verifier_is(&v, salted));
	return v;
}

/* RFC 7677 section 3 */
static void
scram_plays_the_rfc_example(void **state)
{
	struct users_verifier v =
	    verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096);

	(void)state;
	sasl_begin(
	    &s, SASL_SCRAM_SHA_256, SPAN("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"));
	assert_span(sasl_challenge(&s), "");
	sasl_feed(&s, SPAN("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
	assert_int_equal(s.state, SASL_VERIFIER);
	assert_span(sasl_name(&s), "user");
	sasl_verifier(&s, &v, true);
	assert_int_equal(s.state, SASL_CHALLENGE);
	assert_span(sasl_challenge(&s),
	    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
	sasl_feed(&s,
	    SPAN("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		 "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
	assert_int_equal(s.state, SASL_CHALLENGE);
	assert_span(sasl_challenge(&s),
	    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	sasl_feed(&s, SPAN(""));
	assert_int_equal(s.state, SASL_RIGHT);
}

static enum sasl_state
scram(const char *first, const char *final, bool known)
{
	struct users_verifier v =
	    verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096);

	sasl_begin(
	    &s, SASL_SCRAM_SHA_256, SPAN("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"));
	sasl_feed(&s, span_str(first));
	if (s.state != SASL_VERIFIER)
		return s.state;
	sasl_verifier(&s, &v, known);
	if (final != NULL && s.state == SASL_CHALLENGE)
		sasl_feed(&s, span_str(final));
	return s.state;
}

#define FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void
scram_refuses_what_is_not_this_exchange(void **state)
{
	(void)state;
	assert_int_equal(
	    scram(FIRST, "c=biws,r=" NONCE ",p=" PROOF, false), SASL_WRONG);
	assert_int_equal(
	    scram(FIRST, "c=biws,r=" NONCE ",x=1,p=" PROOF, true), SASL_WRONG);
	assert_int_equal(
	    scram(FIRST, "c=biws,r=" NONCE "0,p=" PROOF, true), SASL_SYNTAX);
	assert_int_equal(
	    scram(FIRST, "c=eSws,r=" NONCE ",p=" PROOF, true), SASL_SYNTAX);
	assert_int_equal(
	    scram(FIRST, "c=biws,r=" NONCE ",p=AAAA", true), SASL_SYNTAX);
	assert_int_equal(scram(FIRST, "c=biws,r=" NONCE, true), SASL_SYNTAX);
	assert_int_equal(scram(FIRST, "", true), SASL_SYNTAX);
}

static void
scram_refuses_broken_first_messages(void **state)
{
	static const char *const broken[] = { "", "n", "n,,", "n,,n=user",
		"n,,r=abc,n=user", "p=tls-unique,,n=user,r=abc",
		"n,a=other,n=user,r=abc", "n,,m=ext,n=user,r=abc",
		"n,,n=us=er,r=abc", "n,,n=user,r=", "n,,n=,r=abc",
		"n,,n=user,r=a\x01", "x,,n=user,r=abc" };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(scram(broken[i], NULL, true), SASL_SYNTAX);
	assert_int_equal(
	    scram("y,a=user,n=user,r=abc", NULL, true), SASL_CHALLENGE);
	assert_int_equal(
	    scram("n,,n=a=2Cb=3Dc,r=abc", NULL, true), SASL_CHALLENGE);
	assert_span(sasl_name(&s), "a,b=c");
}

static void
scram_refuses_what_does_not_fit(void **state)
{
	char first[900];
	size_t n = sizeof(FIRST) - 1;

	(void)state;
	memcpy(first, FIRST, n);
	memset(first + n, 'x', sizeof(first) - n - 1);
	for (; n < sizeof(first); n++) {
		first[n] = '\0';
		assert_in_range(
		    scram(first, "c=biws,r=x,p=" PROOF, true), 0, SASL_SYNTAX);
		first[n] = 'x';
	}
	assert_int_equal(s.state, SASL_SYNTAX);
}

/* RFC 2195 section 2 */
static void
cram_md5_plays_the_rfc_example(void **state)
{
	static const char answer[] = "tim b913a602c7eda7a495b4e6e7334d3890";

	(void)state;
	sasl_begin(&s, SASL_CRAM_MD5,
	    SPAN("1896.697170952@postoffice.reston.mci.net"));
	assert_span(
	    sasl_challenge(&s), "<1896.697170952@postoffice.reston.mci.net>");
	sasl_feed(&s, SPAN(answer));
	assert_int_equal(s.state, SASL_SECRET);
	assert_span(sasl_name(&s), "tim");
	sasl_secret(&s, SPAN("tanstaaftanstaaf"), true);
	assert_int_equal(s.state, SASL_RIGHT);

	sasl_begin(&s, SASL_CRAM_MD5,
	    SPAN("1896.697170952@postoffice.reston.mci.net"));
	sasl_feed(&s, SPAN(answer));
	sasl_secret(&s, SPAN("tanstaaftanstaaf"), false);
	assert_int_equal(s.state, SASL_WRONG);

	sasl_begin(&s, SASL_CRAM_MD5, SPAN("1897@x"));
	sasl_feed(&s, SPAN(answer));
	sasl_secret(&s, SPAN("tanstaaftanstaaf"), true);
	assert_int_equal(s.state, SASL_WRONG);

	sasl_begin(&s, SASL_CRAM_MD5, SPAN("1897@x"));
	sasl_feed(&s, SPAN("tim b913"));
	assert_int_equal(s.state, SASL_SYNTAX);
}

/* RFC 1939 section 7 */
static void
apop_plays_the_rfc_example(void **state)
{
	static const struct span stamp = {
		(const uint8_t *)"<1896.697170952@dbc.mtview.ca.us>", 33
	};

	(void)state;
	assert_true(sasl_is_apop(
	    stamp, SPAN("tanstaaf"), SPAN("c4c9334bac560ecc979e58001b3e22fb")));
	assert_true(sasl_is_apop(
	    stamp, SPAN("tanstaaf"), SPAN("C4C9334BAC560ECC979E58001B3E22FB")));
	assert_false(sasl_is_apop(
	    stamp, SPAN("tanstaaf"), SPAN("c4c9334bac560ecc979e58001b3e22fc")));
	assert_false(
	    sasl_is_apop(stamp, SPAN("tanstaaf"), SPAN("c4c9334bac560ecc")));
}

/* RFC 4616 section 4, and what is not PLAIN */
static void
plain_takes_three_parts(void **state)
{
	static const struct {
		struct span response;
		enum sasl_state state;
	} cases[] = {
		{ { (const uint8_t *)"\0tim\0tanstaaftanstaaf", 21 },
		    SASL_PASSWORD },
		{ { (const uint8_t *)"tim\0tim\0pw", 10 }, SASL_PASSWORD },
		{ { (const uint8_t *)"Ursel\0Kurt\0pw", 13 }, SASL_SYNTAX },
		{ { (const uint8_t *)"\0tim", 4 }, SASL_SYNTAX },
		{ { (const uint8_t *)"\0tim\0", 5 }, SASL_SYNTAX },
		{ { (const uint8_t *)"\0\0pw", 4 }, SASL_SYNTAX },
		{ { (const uint8_t *)"\0tim\0p\0w", 8 }, SASL_SYNTAX },
		{ { (const uint8_t *)"", 0 }, SASL_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sasl_begin(&s, SASL_PLAIN, SPAN(""));
		sasl_feed(&s, cases[i].response);
		assert_int_equal(s.state, cases[i].state);
	}
	sasl_begin(&s, SASL_PLAIN, SPAN(""));
	sasl_feed(&s, cases[0].response);
	assert_span(sasl_name(&s), "tim");
	assert_span(sasl_password(&s), "tanstaaftanstaaf");
}

static void
mechanisms_are_found_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(sasl_mech_find(SPAN("Cram-md5")), SASL_CRAM_MD5);
	assert_int_equal(sasl_mech_find(SPAN("SCRAM-SHA-1")), SASL_MECHS);
	assert_int_equal(sasl_mech_find(SPAN("")), SASL_MECHS);
}

/* RFC 7914 section 11: the first 32 octets */
static void
pbkdf2_gives_the_rfc_vectors(void **state)
{
	static const uint8_t one[] = { 0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08,
		0x9f, 0xec, 0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9,
		0x41, 0x85, 0x21, 0x6d, 0xde, 0x04, 0x65, 0xe6, 0x8b, 0x9d,
		0x57, 0xc2, 0x0d, 0xac, 0xbc };
	static const uint8_t many[] = { 0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98,
		0xbe, 0x21, 0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9,
		0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14, 0xae, 0xff,
		0x08, 0x87, 0x6b, 0x34, 0xab, 0x56 };
	uint8_t out[USERS_HASH];
	struct kdf k;

	(void)state;
	kdf_begin(&k, SPAN("passwd"), SPAN("salt"), 1);
	assert_true(kdf_run(&k, 1));
	kdf_done(&k, out);
	assert_memory_equal(out, one, USERS_HASH);
	kdf_begin(&k, SPAN("Password"), SPAN("NaCl"), 80000);
	assert_false(kdf_run(&k, 79998));
	assert_true(kdf_run(&k, 1));
	kdf_done(&k, out);
	assert_memory_equal(out, many, USERS_HASH);
}

static void
passwords_are_prepared_as_far_as_promised(void **state)
{
	uint8_t out[USERS_PASSWORD_MAX];
	int n;

	(void)state;
	n = users_prep(SPAN("I\xc2\xadX"), out); /* RFC 4013's first example */
	assert_span(span_of(out, (size_t)n), "IX");
	n = users_prep(SPAN("a\xc2\xa0\xe3\x80\x80z"), out);
	assert_span(span_of(out, (size_t)n), "a  z");
	n = users_prep(SPAN("p\xc3\xa4ss\xf0\x9f\x94\x91"), out);
	assert_span(span_of(out, (size_t)n), "p\xc3\xa4ss\xf0\x9f\x94\x91");
	n = users_prep(SPAN("\x83\x70\x83\x58\xe3\x80"), out);
	assert_span(span_of(out, (size_t)n), "\x83\x70\x83\x58\xe3\x80");
	assert_int_equal(users_prep(SPAN("a\x07"), out), ERR_SYNTAX);
	assert_int_equal(users_prep(SPAN("\xc2\xad"), out), ERR_SYNTAX);
	assert_int_equal(users_prep(SPAN(""), out), ERR_SYNTAX);
}

static void
verifier_survives_its_record(void **state)
{
	struct users_verifier v = verifier(
				  "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096),
			      w;
	uint8_t record[USERS_RECORD];

	(void)state;
	users_verifier_write(&v, record);
	assert_int_equal(
	    users_verifier_read(span_of(record, USERS_RECORD), &w), 0);
	assert_memory_equal(&v, &w, sizeof(v));
	assert_int_equal(
	    users_verifier_read(span_of(record, USERS_RECORD - 1), &w),
	    ERR_SYNTAX);
	record[0] = 0x7f;
	assert_int_equal(
	    users_verifier_read(span_of(record, USERS_RECORD), &w), ERR_RANGE);
}

static void
dummy_is_the_same_at_every_try_and_fits_nothing(void **state)
{
	static const uint8_t key[USERS_KEY] = { 4 };
	struct users_verifier a, b;
	uint8_t salted[USERS_HASH] = { 0 };

	(void)state;
	users_verifier_dummy(&a, SPAN("nobody"), key, 4096);
	users_verifier_dummy(&b, SPAN("nobody"), key, 4096);
	assert_memory_equal(&a, &b, sizeof(a));
	users_verifier_dummy(&b, SPAN("somebody"), key, 4096);
	assert_memory_not_equal(a.salt, b.salt, USERS_SALT);
	assert_false(users_verifier_is(&a, salted));
}

static void
cache_knows_right_passwords_for_their_time_only(void **state)
{
	static const uint8_t key[USERS_KEY] = { 9 };
	struct users_verifier v =
	    verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096);
	struct users_seen slots[4];
	struct users_cache c;

	(void)state;
	users_cache_init(&c, slots, 4, 1000, key);
	assert_false(users_cache_has(&c, &v, SPAN("pencil"), 5));
	users_cache_put(&c, &v, SPAN("pencil"), 5);
	assert_true(users_cache_has(&c, &v, SPAN("pencil"), 1004));
	assert_false(users_cache_has(&c, &v, SPAN("pencil"), 1005));
	assert_false(users_cache_has(&c, &v, SPAN("Pencil"), 6));
	v.stored_key[0] ^= 1; /* the password was changed */
	assert_false(users_cache_has(&c, &v, SPAN("pencil"), 6));
}

static void
login_names_lose_their_suffix_only_if_it_is_ours(void **state)
{
	static const struct {
		const char *login;
		int err;
		const char *name;
	} cases[] = {
		{ "Anna", 0, "anna" },
		{ "anna@Home.example", 0, "anna" },
		{ "anna%lan.example", 0, "anna" },
		{ "anna@far.example", ERR_MISSING, NULL },
		{ "anna@home.example@lan.example", ERR_MISSING, NULL },
		{ "anna@", ERR_MISSING, NULL },
		{ "@home.example", ERR_SYNTAX, NULL },
		{ "../x", ERR_SYNTAX, NULL },
		{ "", ERR_SYNTAX, NULL },
	};
	char out[USERS_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(users_name(span_str(cases[i].login),
				     SPAN("home.example, lan.example"), out),
		    cases[i].err);
		if (cases[i].err == 0)
			assert_string_equal(out, cases[i].name);
	}
}

/* A slow board's clock: a look at it, and what was done before, takes 1.3 ms.
 */
static int64_t fake_us;

static int64_t
slow_clock(void)
{
	return fake_us += 1300;
}

static void
stretching_stops_when_its_time_is_over(void **state)
{
	struct kdf k;
	unsigned turns = 0;
	bool done;

	(void)state;
	fake_us = 0;
	kdf_begin(&k, SPAN("passwd"), SPAN("salt"), 4096);
	do {
		int64_t begun = fake_us;

		done = kdf_until(&k, slow_clock, begun + 10000);
		assert_true(fake_us - begun < 10000 + 1300);
		turns++;
	} while (!done);
	/* 4095 iterations, 8 chunks a turn */
	assert_int_equal(turns, (4095 + 8 * 64 - 1) / (8 * 64));
}

static void
stretching_with_no_time_left_still_comes_nearer(void **state)
{
	struct kdf k;

	(void)state;
	kdf_begin(&k, SPAN("passwd"), SPAN("salt"), 2 * 64 + 1);
	assert_false(kdf_until(&k, slow_clock, 0));
	assert_int_equal(k.left, 64);
	assert_true(kdf_until(&k, slow_clock, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scram_plays_the_rfc_example),
		cmocka_unit_test(scram_refuses_what_is_not_this_exchange),
		cmocka_unit_test(scram_refuses_broken_first_messages),
		cmocka_unit_test(scram_refuses_what_does_not_fit),
		cmocka_unit_test(cram_md5_plays_the_rfc_example),
		cmocka_unit_test(apop_plays_the_rfc_example),
		cmocka_unit_test(plain_takes_three_parts),
		cmocka_unit_test(mechanisms_are_found_in_any_case),
		cmocka_unit_test(pbkdf2_gives_the_rfc_vectors),
		cmocka_unit_test(passwords_are_prepared_as_far_as_promised),
		cmocka_unit_test(verifier_survives_its_record),
		cmocka_unit_test(
		    dummy_is_the_same_at_every_try_and_fits_nothing),
		cmocka_unit_test(
		    cache_knows_right_passwords_for_their_time_only),
		cmocka_unit_test(
		    login_names_lose_their_suffix_only_if_it_is_ours),
		cmocka_unit_test(stretching_stops_when_its_time_is_over),
		cmocka_unit_test(
		    stretching_with_no_time_left_still_comes_nearer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
