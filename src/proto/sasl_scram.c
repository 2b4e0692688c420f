/*
 * sasl_scram: SCRAM-SHA-256's server side (RFC 5802, RFC 7677).  No channel
 * binding: a client that asks for it is refused, as we announce no -PLUS.
 *
 *	text:  n,,n=user,r=CNONCE , r=CNONCE+ours,s=SALT,i=N , c=...,r=...
 *	       |  |                 |                         |
 *	       |  bare              first                     final, no proof
 *	       GS2 header           `-- AuthMessage from bare on --'
 */
#include "proto/sasl_int.h"

#include <bearssl.h>

#include "codec/base64.h"
#include "core/secret.h"
#include "core/text.h"

static void
wrong_syntax(struct sasl *s)
{
	s->state = SASL_SYNTAX;
}

/* Cut "x=VALUE" off the front; false when it is not there. */
static bool
attribute(struct span *rest, char name, struct span *value)
{
	struct span piece;

	if (!span_next(rest, ',', &piece) || piece.len < 2
	    || piece.p[0] != (uint8_t)name || piece.p[1] != '=')
		return false;
	*value = span_from(piece, 2);
	return true;
}

/* "=2C" is a comma, "=3D" an equals sign; others are wrong. */
static int
unescape(struct span in, char out[SASL_NAME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = (char)in.p[i];
		struct span code = span_first(span_from(in, i), 3);

		if (n == SASL_NAME_MAX)
			return ERR_RANGE;
		if (c == '=') {
			if (span_is(code, SPAN("=2C")))
				c = ',';
			else if (!span_is(code, SPAN("=3D")))
				return ERR_SYNTAX;
			i += 2;
		}
		out[n++] = c;
	}
	return (int)n;
}

static bool
is_nonce(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	}
	return s.len > 0;
}

/* "n,," or "y,a=NAME,": its length, or 0. */
static size_t
header_end(struct span message, struct span *authzid)
{
	struct span rest = message, flag, who;

	*authzid = SPAN("");
	if (!span_next(&rest, ',', &flag) || !span_next(&rest, ',', &who)
	    || rest.p == NULL)
		return 0;
	if (!span_is(flag, SPAN("n")) && !span_is(flag, SPAN("y")))
		return 0;
	if (who.len > 0 && !span_starts(who, SPAN("a=")))
		return 0;
	*authzid = span_from(who, 2);
	return (size_t)(rest.p - message.p);
}

static void
feed_first(struct sasl *s, struct span message)
{
	struct span authzid, name, nonce;
	size_t header = header_end(message, &authzid);
	struct span rest = span_from(message, header);
	char plain[SASL_NAME_MAX];
	int n;

	if (header == 0 || header > UINT8_MAX || !attribute(&rest, 'n', &name)
	    || !attribute(&rest, 'r', &nonce) || !is_nonce(nonce)
	    || (authzid.len > 0 && !span_is_nocase(authzid, name))) {
		wrong_syntax(s);
		return;
	}
	n = unescape(name, plain);
	if (n < 0 || !sasl_put(s, message)) {
		wrong_syntax(s);
		return;
	}
	s->header_len = (uint8_t)header;
	s->bare_nonce = (uint16_t)(nonce.p - message.p);
	s->first = (uint16_t)nonce.len;
	s->state = SASL_VERIFIER;
	sasl_take_name(s, span_of(plain, (size_t)n));
}

void
sasl_verifier(struct sasl *s, const struct users_verifier *v, bool known)
{
	struct span nonce = span_of(s->text + s->bare_nonce, s->first);
	uint8_t salt[BASE64_LEN(USERS_SALT)];
	char mem[USERS_SALT * 2 + 32];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, ",s=");
	text_span(&t,
	    span_of(salt, base64_encode(span_of(v->salt, USERS_SALT), salt)));
	text_str(&t, ",i=");
	text_u64(&t, v->iterations);
	s->known = known;
	memcpy(s->stored_key, v->stored_key, USERS_HASH);
	memcpy(s->server_key, v->server_key, USERS_HASH);
	s->first = (uint16_t)(s->text_len + 1);
	if (!sasl_put(s, SPAN(",r=")) || !sasl_put(s, nonce)
	    || !sasl_put(s, span_of(s->nonce, s->nonce_len))
	    || !sasl_put(s, text_data(&t)))
		return;
	s->challenge = span_of(s->text + s->first, s->text_len - s->first);
	s->state = SASL_CHALLENGE;
}

static void
sign(const uint8_t key[USERS_HASH], const struct sasl *s,
    uint8_t out[USERS_HASH])
{
	br_hmac_key_context kc;
	br_hmac_context hc;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, USERS_HASH);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(
	    &hc, s->text + s->header_len, s->text_len - s->header_len);
	br_hmac_out(&hc, out);
	secret_wipe(&kc, sizeof(kc));
	secret_wipe(&hc, sizeof(hc));
}

/* Does the proof show that the client has the key behind stored_key? */
static bool
is_proof(const struct sasl *s, uint8_t proof[USERS_HASH])
{
	uint8_t signature[USERS_HASH];
	br_sha256_context sha;

	sign(s->stored_key, s, signature);
	for (unsigned i = 0; i < USERS_HASH; i++)
		proof[i] ^= signature[i];
	br_sha256_init(&sha);
	br_sha256_update(&sha, proof, USERS_HASH);
	br_sha256_out(&sha, signature);
	return secret_is(
	    span_of(signature, USERS_HASH), span_of(s->stored_key, USERS_HASH));
}

/* c= must repeat the header, r= the whole nonce. */
static bool
is_same_exchange(const struct sasl *s, struct span binding, struct span nonce)
{
	uint8_t header[UINT8_MAX];
	struct span ours = span_of(s->text + s->first + 2, 0);
	int n = base64_decode(binding, header, sizeof(header));

	ours.len = span_find(
	    span_of(ours.p, (size_t)(s->text + s->text_len - ours.p)), ',');
	return n >= 0 && span_is(nonce, ours)
	       && span_is(
		   span_of(header, (size_t)n), span_of(s->text, s->header_len));
}

static void
answer_with_signature(struct sasl *s)
{
	uint8_t signature[USERS_HASH], coded[BASE64_LEN(USERS_HASH)];
	uint16_t at = s->text_len;

	sign(s->server_key, s, signature);
	if (!sasl_put(s, SPAN("v="))
	    || !sasl_put(
		s, span_of(coded,
		       base64_encode(span_of(signature, USERS_HASH), coded))))
		return;
	s->challenge = span_of(s->text + at, s->text_len - at);
}

static void
feed_final(struct sasl *s, struct span message)
{
	struct span rest = message, binding, nonce, coded;
	size_t comma = span_rfind(message, ',');
	uint8_t proof[USERS_HASH];

	if (!attribute(&rest, 'c', &binding) || !attribute(&rest, 'r', &nonce)
	    || !span_starts(span_from(message, comma), SPAN(",p="))
	    || !is_same_exchange(s, binding, nonce)) {
		wrong_syntax(s);
		return;
	}
	coded = span_from(message, comma + 3);
	if (base64_decode(coded, proof, sizeof(proof)) != USERS_HASH) {
		wrong_syntax(s);
		return;
	}
	if (!sasl_put(s, SPAN(",")) || !sasl_put(s, span_first(message, comma)))
		return;
	if (is_proof(s, proof) && s->known)
		answer_with_signature(s);
	else
		s->state = SASL_WRONG;
	secret_wipe(proof, sizeof(proof));
}

void
sasl_feed_scram(struct sasl *s, struct span response)
{
	if (s->step == 1)
		feed_first(s, response);
	else if (s->step == 2)
		feed_final(s, response);
	else
		s->state = response.len == 0 ? SASL_RIGHT : SASL_SYNTAX;
}
