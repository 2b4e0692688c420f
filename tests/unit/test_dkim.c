/*
 * test_dkim: canonicalisation by the RFCs' examples, whose From it is, and
 * signatures that BearSSL's verifier finds right.
 */
#include "support/test.h"

#include "codec/base64.h"
#include "codec/dkim.h"
#include "codec/key.h"

static struct key key;
static struct dkim dkim;

static int
make_key(void **state)
{
	static const char seed[] = "the same key in every run";
	br_hmac_drbg_context rng;

	(void)state;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof(seed));
	return key_make_rsa(&key, &rng.vtable);
}

static void
feed(const char *message, size_t step)
{
	struct span rest = span_str(message);

	dkim_init(&dkim);
	while (rest.len > 0) {
		dkim_feed(&dkim, span_first(rest, step));
		rest = span_from(rest, step);
	}
	dkim_end(&dkim);
}

static void
sha256(const char *text, uint8_t out[32])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, text, strlen(text));
	br_sha256_out(&c, out);
}

/* ---- the body ---- */

static void
check_body(const char *body, const char *canonical)
{
	uint8_t want[32], got[32];

	sha256(canonical, want);
	for (size_t step = 1; step <= strlen(body) + 1; step++) {
		char message[512] = "\n";

		strcat(message, body);
		feed(message, step);
		br_sha256_out(&dkim.body.sha, got);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void
body_is_canonical_as_in_rfc_6376(void **state)
{
	(void)state;
	check_body(" C \nD \t E\n\n\n", " C\r\nD E\r\n"); /* 3.4.5 */
	check_body("", "");				  /* 3.4.4 */
	check_body("\n\n \t\n", "");
	check_body("no end", "no end\r\n");
	check_body("\n\n\ttab  ends \t", "\r\n\r\n tab ends\r\n");
	check_body("a\n \n\nb\n", "a\r\n\r\n\r\nb\r\n");
	check_body("crlf\r\nbare\rcr\n", "crlf\r\nbarecr\r\n");
	check_body("\xe3\x83\xa1 \xff\n", "\xe3\x83\xa1 \xff\r\n");
}

static const char football[] =
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner ready?\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
    "\n"
    "Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n";

static void
body_hash_is_that_of_rfc_8463(void **state)
{
	uint8_t digest[32], text[BASE64_LEN(32)];

	(void)state;
	feed(football, 7);
	br_sha256_out(&dkim.body.sha, digest);
	(void)base64_encode(span_of(digest, sizeof(digest)), text);
	assert_span(span_of(text, sizeof(text)),
	    "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

/* ---- the header ---- */

static void
check_head(const char *head, const char *canonical)
{
	uint8_t want[32], got[32];

	sha256(canonical, want);
	for (size_t step = 1; step <= strlen(head) + 1; step++) {
		br_sha256_context c;

		feed(head, step);
		c = dkim.head.sha;
		br_sha256_update(&c, dkim.head.mem, dkim.head.have);
		br_sha256_out(&c, got);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void
header_is_canonical_as_in_rfc_6376(void **state)
{
	(void)state;
	/* 3.4.5, with names that are signed: "A: X", "B : Y\t\r\n\tZ  " */
	check_head(
	    "TO: X\nSubject : Y\t\n\tZ  \n\n", "to:X\r\nsubject:Y Z\r\n");
	check_head("X-Other: a\n b\nFrom:a@b\nReceived: c\n\nTo: body\n",
	    "from:a@b\r\n");
	check_head("Subject:\nTo: \t \n", "subject:\r\nto:\r\n");
	check_head("From: a\n \n b", "from:a b\r\n");
}

static void
check_flaw(const char *message, const char *words)
{
	struct dkim_walk w;
	struct span domain;

	feed(message, 5);
	dkim_walk(&w, &dkim);
	assert_int_equal(dkim_next(&w, &domain), ERR_SYNTAX);
	assert_string_equal(w.why, words);
}

static void
what_can_be_read_in_two_ways_is_not_signed(void **state)
{
	static const char no_field[] = "a line of its header is no field";
	static const char twice[] = "a field stands there twice";

	(void)state;
	check_flaw("From: a@x.example\nFrom: b@x.example\n\n", twice);
	check_flaw("From: a@x.example\nSubject: a\nSUBJECT : b\n\n", twice);
	check_flaw("From: a@x.example\nno field\n\n", no_field);
	check_flaw("From a@x.example Mon\nFrom: a@x.example\n\n", no_field);
	check_flaw(" folded: nothing\nFrom: a@x.example\n\n", no_field);
	check_flaw("From: a@x.example\nend", no_field);
	check_flaw("no\n field: x\nFrom: a@x.example\n\n", no_field);
}

/* All domains with a blank between them; "-" last where it is not signed. */
static const char *
domains_of(const char *fields)
{
	static char message[1200], mem[800];
	struct dkim_walk w;
	struct span domain;
	struct text t;
	int got;

	text_init(&t, message, sizeof(message));
	text_str(&t, fields);
	text_str(&t, "\n\nbody\n");
	feed(message, 9);
	text_init(&t, mem, sizeof(mem));
	dkim_walk(&w, &dkim);
	while ((got = dkim_next(&w, &domain)) == 1) {
		text_str(&t, t.len > 0 ? " " : "");
		text_span(&t, domain);
	}
	text_str(&t, got < 0 ? "-" : "");
	assert_int_equal(got < 0, w.why != NULL);
	return mem;
}

static void
the_domains_are_those_of_the_addresses(void **state)
{
	static const char *const cases[][2] = {
		{ "a@x.example", "x.example" },
		{ "Anna <a@X.example>", "X.example" },
		{ "\"<b@y.example>\" <a@x.example>", "x.example" },
		{ "\"b@y.example, \\\"\" <a@x.example> (c@z.example)",
		    "x.example" },
		{ "a@x.example (Anna \\) (b@y.example))", "x.example" },
		{ "(b@y.example) a @\n x.example", "x.example" },
		{ "a@x.example, b@y.example", "x.example y.example" },
		{ "Anna <a@x.example>,\n\t\"B, C\" <b@y.example>",
		    "x.example y.example" },
		{ "us: a@x.example, B <b@y.example>;", "x.example y.example" },
		{ ", a@x.example,, ", "x.example" },
		{ "<a@x.example> <b@y.example>", "-" },
		{ "<a@x.example> b@y.example", "-" },
		{ "a@x.example, b", "x.example-" },
		{ "a@x.example, <b@y.example", "x.example-" },
		{ "<a@x.example, b@y.example>", "-" },
		{ "<@y.example:a@x.example>", "-" },
		{ "a@x.example, \"b@y.example", "x.example-" },
		{ "a@x.example, <>", "x.example-" },
		{ "<a@x.example", "-" },
		{ "\"a@x.example", "-" },
		{ "a@[192.0.2.1]", "-" },
		{ "a", "-" },
		{ "us:;", "-" },
		{ "", "-" },
		{ "a@x.example\nSender: B <b@y.example>",
		    "x.example y.example" },
		{ "a@x.example\nSender: b", "x.example-" },
		{ "a@x.example\nSender:", "x.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char fields[400] = "From: ";

		strcat(fields, cases[i][0]);
		assert_string_equal(domains_of(fields), cases[i][1]);
	}
	assert_string_equal(
	    domains_of("Sender: b@y.example\nTo: a@x.example"), "-");
}

static void
a_from_of_any_length_does_no_harm(void **state)
{
	static char message[2000];

	(void)state;
	memset(message, 'a', sizeof(message) - 1);
	memcpy(message, "From: ", 6);
	check_flaw(message, "its From is very long");
	memcpy(message, "Sender: ", 8);
	check_flaw(message, "its Sender is very long");
	/* one that is longer than any address is cut nowhere */
	memset(message, 'a', sizeof(message) - 1);
	memcpy(message, "From: ", 6);
	memcpy(message + 500, "@x.example", 11);
	assert_string_equal(domains_of(message), "-");
}

/* ---- the signature ---- */

/* The octets of b=, out of the field's last lines. */
static int
signature_of(struct span field, uint8_t *out, size_t cap)
{
	char text[512];
	size_t n = 0, at = field.len;

	while (at > 2 && memcmp(field.p + at - 2, "b=", 2) != 0)
		at--;
	for (; at < field.len; at++)
		if (field.p[at] != '\n' && field.p[at] != '\t')
			text[n++] = (char)field.p[at];
	return base64_decode(span_of(text, n), out, cap);
}

/* The field in relaxed form, without its signature. */
static size_t
canonical_field(struct span field, char *out)
{
	size_t n = 0, i;

	for (i = 0; field.p[i] != ':'; i++)
		out[n++] =
		    (char)(field.p[i]
			   | ('A' <= field.p[i] && field.p[i] <= 'Z' ? 32 : 0));
	out[n++] = ':';
	for (i += 2; memcmp(field.p + i, "\tb=", 3) != 0; i++)
		if (field.p[i] != '\n')
			out[n++] = field.p[i] == '\t' ? ' ' : (char)field.p[i];
	memcpy(out + n, " b=", 3);
	return n + 3;
}

static bool
verifies(struct span field, const char *head)
{
	static uint8_t n[512], signature[512];
	uint8_t e[3] = { 1, 0, 1 }, digest[32], got[32];
	br_rsa_public_key pk = { n, 0, e, sizeof(e) };
	static char canonical[2048];
	br_sha256_context c;
	int len = signature_of(field, signature, sizeof(signature));

	if (len != 256)
		return false;
	br_sha256_init(&c);
	br_sha256_update(&c, head, strlen(head));
	br_sha256_update(&c, canonical, canonical_field(field, canonical));
	br_sha256_out(&c, digest);
	pk.nlen = br_rsa_compute_modulus_get_default()(n, &key.u.rsa);
	return br_rsa_pkcs1_vrfy_get_default()(
		   signature, 256, BR_HASH_OID_SHA256, 32, &pk, got)
	       && memcmp(got, digest, 32) == 0;
}

static void
signature_is_over_header_and_field(void **state)
{
	static const char head[] =
	    "from:Joe SixPack <joe@football.example.com>\r\n"
	    "to:Suzie Q <suzie@shopping.example.net>\r\n"
	    "subject:Is dinner ready?\r\n"
	    "date:Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
	    "message-id:<20030712040037.46341.5F8J@football.example.com>\r\n";
	static char mem[DKIM_TEXT];
	struct text field;

	(void)state;
	text_init(&field, mem, sizeof(mem));
	feed(football, 11);
	assert_int_equal(
	    dkim_sign(&dkim, &key.u.rsa, SPAN("football.example.com"),
		SPAN("test"), &field),
	    ERR_OK);
	assert_true(verifies(text_data(&field), head));
	assert_false(verifies(text_data(&field), head + 1));
}

static void
signature_field_is_folded_and_names_from_once_more(void **state)
{
	static char mem[DKIM_TEXT];
	struct span rest, line;
	struct text field;

	(void)state;
	text_init(&field, mem, sizeof(mem));
	feed(football, 64);
	assert_int_equal(
	    dkim_sign(&dkim, &key.u.rsa, SPAN("x.example"), SPAN("s"), &field),
	    ERR_OK);
	assert_non_null(strstr(mem, "h=from:to:subject:date:message-id:from:"));
	assert_null(strstr(mem, "l="));
	rest = text_data(&field);
	while (span_next(&rest, '\n', &line))
		assert_true(line.len <= 76);
	text_init(&field, mem, 600);
	feed(football, 64);
	assert_int_equal(
	    dkim_sign(&dkim, &key.u.rsa, SPAN("x.example"), SPAN("s"), &field),
	    ERR_RANGE);
}

static void
rsa_key_comes_back_from_its_file_form(void **state)
{
	static uint8_t der[KEY_RSA_DER], public[KEY_RSA_PUBLIC_DER];
	static struct key other;
	const char *why;
	int n;

	(void)state;
	n = key_rsa_private(&key, der, sizeof(der));
	assert_true(n > 1000);
	assert_int_equal(
	    key_read(&other, span_of(der, (size_t)n), &why), ERR_OK);
	assert_int_equal(other.u.rsa.n_bitlen, 2048);
	assert_memory_equal(other.u.rsa.p, key.u.rsa.p, other.u.rsa.plen);
	assert_int_equal(key_rsa_public(&key, public, sizeof(public)), 294);
	assert_int_equal(key_rsa_public(&key, public, 293), ERR_RANGE);
	assert_int_equal(key_rsa_private(&key, der, 1000), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_is_canonical_as_in_rfc_6376),
		cmocka_unit_test(body_hash_is_that_of_rfc_8463),
		cmocka_unit_test(header_is_canonical_as_in_rfc_6376),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_not_signed),
		cmocka_unit_test(the_domains_are_those_of_the_addresses),
		cmocka_unit_test(a_from_of_any_length_does_no_harm),
		cmocka_unit_test(signature_is_over_header_and_field),
		cmocka_unit_test(
		    signature_field_is_folded_and_names_from_once_more),
		cmocka_unit_test(rsa_key_comes_back_from_its_file_form),
	};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
