/*
 * smtp_client_auth: logging in at the far end (RFC 4954).  A password goes in
 * plain text only under TLS, or where the owner allowed it for this route;
 * without TLS only the mechanisms that do not show it are left.
 */
#include "proto/smtp_client_int.h"

#include <bearssl.h>

#include "codec/base64.h"
#include "core/secret.h"
#include "core/text.h"

/* A name, a password and the NULs between them. */
#define SECRET_MAX 700

enum mech {
	MECH_PLAIN = 1,
	MECH_LOGIN = 2,
	MECH_CRAM_MD5 = 4,
	MECH_SCRAM_SHA_256 = 8,
};

/* Rounds that a server may ask of us: they are done at one go. */
#define ROUNDS_MAX 50000

#define HASH br_sha256_SIZE

void
client_auth_offer(struct smtp_client *c, struct span mechanisms)
{
	static const struct {
		const char *name;
		unsigned mech;
	} names[] = {
		{ "PLAIN", MECH_PLAIN },
		{ "LOGIN", MECH_LOGIN },
		{ "CRAM-MD5", MECH_CRAM_MD5 },
		{ "SCRAM-SHA-256", MECH_SCRAM_SHA_256 },
	};
	struct span word;

	while (span_next(&mechanisms, ' ', &word))
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (span_is_nocase(word, span_str(names[i].name)))
				c->mechs |= names[i].mech;
}

/* Send `raw` in base64 as the rest of a line. */
static void
put_base64(struct buf *out, struct span raw)
{
	uint8_t coded[BASE64_LEN(48)];
	struct span part;

	for (size_t at = 0; at < raw.len; at += 48) {
		part = span_first(span_from(raw, at), 48);
		client_put_span(
		    out, span_of(coded, base64_encode(part, coded)));
	}
	client_put(out, "\r\n");
	secret_wipe(coded, sizeof(coded));
}

static void
send_plain(struct smtp_client *c, struct buf *out)
{
	char mem[SECRET_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_chr(&t, '\0');
	text_span(&t, c->config.user);
	text_chr(&t, '\0');
	text_span(&t, c->config.secret);
	client_put(out, "AUTH PLAIN ");
	put_base64(out, text_data(&t));
	secret_wipe(mem, sizeof(mem));
}

/* ---- CRAM-MD5 (RFC 2195) ---- */

static void
send_cram(struct smtp_client *c, struct span challenge, struct buf *out)
{
	char mem[300]; /* a name and 32 digits */
	uint8_t digest[br_md5_SIZE];
	br_hmac_key_context kc;
	br_hmac_context hc;
	struct text t;

	br_hmac_key_init(
	    &kc, &br_md5_vtable, c->config.secret.p, c->config.secret.len);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, challenge.p, challenge.len);
	br_hmac_out(&hc, digest);
	text_init(&t, mem, sizeof(mem));
	text_span(&t, c->config.user);
	text_chr(&t, ' ');
	text_hex(&t, span_of(digest, sizeof(digest)));
	put_base64(out, text_data(&t));
}

/* ---- SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding ---- */

static void
hmac(struct span key, struct span a, struct span b, uint8_t out[HASH])
{
	br_hmac_key_context kc;
	br_hmac_context hc;

	br_hmac_key_init(&kc, &br_sha256_vtable, key.p, key.len);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, a.p, a.len);
	br_hmac_update(&hc, b.p, b.len);
	br_hmac_out(&hc, out);
}

/* Hi() of RFC 5802: PBKDF2 of one block. */
static void
stretch(
    struct span password, struct span salt, uint32_t rounds, uint8_t out[HASH])
{
	uint8_t u[HASH];

	hmac(password, salt, span_of("\0\0\0\1", 4), u);
	memcpy(out, u, HASH);
	for (uint32_t i = 1; i < rounds; i++) {
		hmac(password, span_of(u, HASH), SPAN(""), u);
		for (unsigned k = 0; k < HASH; k++)
			out[k] ^= u[k];
	}
	secret_wipe(u, sizeof(u));
}

/* "n=user,r=nonce": the name's '=' and ',' are written otherwise. */
static void
put_first(const struct smtp_client *c, struct text *t)
{
	text_str(t, "n=");
	for (size_t i = 0; i < c->config.user.len; i++) {
		uint8_t ch = c->config.user.p[i];

		if (ch == '=')
			text_str(t, "=3D");
		else if (ch == ',')
			text_str(t, "=2C");
		else
			text_chr(t, (char)ch);
	}
	text_str(t, ",r=");
	text_span(t, c->config.nonce);
}

static void
send_scram(struct smtp_client *c, struct buf *out)
{
	char mem[SECRET_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "n,,");
	put_first(c, &t);
	client_put(out, "AUTH SCRAM-SHA-256 ");
	put_base64(out, text_data(&t));
}

struct scram_challenge {
	struct span nonce; /* theirs behind ours */
	uint8_t salt[64];
	int salt_len;
	uint64_t rounds;
};

/* "r=nonce,s=salt,i=rounds" */
static bool
read_challenge(
    const struct smtp_client *c, struct span s, struct scram_challenge *ch)
{
	struct span word;

	if (!span_next(&s, ',', &word) || !span_starts(word, SPAN("r=")))
		return false;
	ch->nonce = span_from(word, 2);
	if (!span_starts(ch->nonce, c->config.nonce)
	    || ch->nonce.len <= c->config.nonce.len || ch->nonce.len > 200)
		return false;
	if (!span_next(&s, ',', &word) || !span_starts(word, SPAN("s=")))
		return false;
	ch->salt_len =
	    base64_decode(span_from(word, 2), ch->salt, sizeof(ch->salt));
	return ch->salt_len > 0 && span_next(&s, ',', &word)
	       && span_starts(word, SPAN("i="))
	       && span_u64(span_from(word, 2), ROUNDS_MAX, &ch->rounds) == 0
	       && ch->rounds > 0;
}

/* Client proof, and what the server must show in turn (c->expected). */
static void
prove(struct smtp_client *c, const struct scram_challenge *ch,
    struct span message, uint8_t proof[HASH])
{
	uint8_t salted[HASH], key[HASH], stored[HASH];
	br_sha256_context sha;

	stretch(c->config.secret, span_of(ch->salt, (size_t)ch->salt_len),
	    (uint32_t)ch->rounds, salted);
	hmac(span_of(salted, HASH), SPAN("Client Key"), SPAN(""), key);
	br_sha256_init(&sha);
	br_sha256_update(&sha, key, HASH);
	br_sha256_out(&sha, stored);
	hmac(span_of(stored, HASH), message, SPAN(""), proof);
	for (unsigned i = 0; i < HASH; i++)
		proof[i] ^= key[i];
	hmac(span_of(salted, HASH), SPAN("Server Key"), SPAN(""), key);
	hmac(span_of(key, HASH), message, SPAN(""), c->expected);
	secret_wipe(salted, sizeof(salted));
	secret_wipe(key, sizeof(key));
}

static bool
answer_scram(struct smtp_client *c, struct span challenge, struct buf *out)
{
	static char message[SECRET_MAX + 700];
	static struct scram_challenge ch;
	uint8_t proof[HASH], coded[BASE64_LEN(HASH)];
	struct text t, final;
	char mem[400];

	if (!read_challenge(c, challenge, &ch))
		return false;
	text_init(&final, mem, sizeof(mem));
	text_str(&final, "c=biws,r=");
	text_span(&final, ch.nonce);
	text_init(&t, message, sizeof(message));
	put_first(c, &t);
	text_chr(&t, ',');
	text_span(&t, challenge);
	text_chr(&t, ',');
	text_span(&t, text_data(&final));
	if (t.cut || final.cut)
		return false;
	prove(c, &ch, text_data(&t), proof);
	text_str(&final, ",p=");
	text_span(
	    &final, span_of(coded, base64_encode(span_of(proof, HASH), coded)));
	put_base64(out, text_data(&final));
	return !final.cut;
}

/* "v=signature": the server knows the password's verifier, too. */
static bool
check_scram(struct smtp_client *c, struct span final, struct buf *out)
{
	uint8_t shown[HASH];

	if (!span_starts(final, SPAN("v="))
	    || base64_decode(span_from(final, 2), shown, HASH) != HASH
	    || !secret_is(span_of(shown, HASH), span_of(c->expected, HASH)))
		return false;
	c->proven = true;
	client_put(out, "\r\n");
	return true;
}

/* ---- the exchange ---- */

/* The best of what is offered: under TLS a plain password works anywhere. */
static unsigned
choose(const struct smtp_client *c)
{
	static const unsigned hidden[] = { MECH_SCRAM_SHA_256, MECH_CRAM_MD5,
		MECH_PLAIN, MECH_LOGIN };
	static const unsigned shown[] = { MECH_SCRAM_SHA_256, MECH_PLAIN,
		MECH_LOGIN, MECH_CRAM_MD5 };
	unsigned may = c->mechs;

	if (!c->secure && !c->config.plain_secret)
		may &= MECH_CRAM_MD5 | MECH_SCRAM_SHA_256;
	if (c->config.nonce.len == 0)
		may &= ~(unsigned)MECH_SCRAM_SHA_256;
	for (unsigned i = 0; i < 4; i++)
		if (may & (c->secure ? shown : hidden)[i])
			return (c->secure ? shown : hidden)[i];
	return 0;
}

bool
client_auth_begin(struct smtp_client *c, struct buf *out)
{
	c->auth_step = 0;
	c->proven = false;
	c->mech = choose(c);
	if (c->config.user.len + c->config.secret.len > SECRET_MAX - 100)
		return false;
	if (c->mech == MECH_PLAIN)
		send_plain(c, out);
	else if (c->mech == MECH_LOGIN)
		client_put(out, "AUTH LOGIN\r\n");
	else if (c->mech == MECH_CRAM_MD5)
		client_put(out, "AUTH CRAM-MD5\r\n");
	else if (c->mech == MECH_SCRAM_SHA_256)
		send_scram(c, out);
	else
		return false;
	c->reply_due = true;
	return true;
}

static void
fail_auth(struct smtp_client *c, enum client_outcome outcome)
{
	client_result(c, SMTP_CLIENT_ALL, CLIENT_AT_AUTH, outcome);
	c->phase = CLIENT_IS_OVER;
}

/* Answer a challenge; false when it makes no sense. */
static bool
answer(struct smtp_client *c, struct buf *out)
{
	static uint8_t raw[REPLY_LINE_MAX];
	unsigned step = c->auth_step++;
	int len =
	    base64_decode(span_trim(reply_line(&c->reply)), raw, sizeof(raw));
	struct span challenge = span_of(raw, len > 0 ? (size_t)len : 0);

	if (c->mech == MECH_LOGIN && step < 2)
		put_base64(out, step == 0 ? c->config.user : c->config.secret);
	else if (c->mech == MECH_CRAM_MD5 && step == 0 && len > 0)
		send_cram(c, challenge, out);
	else if (c->mech == MECH_SCRAM_SHA_256 && step == 0)
		return answer_scram(c, challenge, out);
	else if (c->mech == MECH_SCRAM_SHA_256 && step == 1)
		return check_scram(c, challenge, out);
	else
		return false;
	return true;
}

void
client_auth_reply(struct smtp_client *c, struct buf *out)
{
	bool owes = c->mech == MECH_SCRAM_SHA_256 && !c->proven;

	if (c->reply.code == 334 && answer(c, out)) {
		c->reply_due = true;
	} else if (c->reply.code == 334 || (c->reply.code == 235 && owes)) {
		reply_set(&c->own, 0, 7, 0,
		    "the server's part of the login is wrong");
		client_result_own(
		    c, SMTP_CLIENT_ALL, CLIENT_AT_AUTH, CLIENT_LATER);
		c->phase = CLIENT_IS_OVER;
	} else if (c->reply.code / 100 == 2) {
		c->phase = CLIENT_IS_READY;
	} else {
		fail_auth(c, client_outcome_of(&c->reply));
	}
}
