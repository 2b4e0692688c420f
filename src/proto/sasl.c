/*
 * sasl: mechanisms as plain functions of bytes.  Who has an account, how long
 * a wrong guess waits and what may go without TLS is service/auth's affair.
 */
#include "proto/sasl.h"

#include "proto/sasl_int.h"

#include <bearssl.h>

#include "core/chr.h"
#include "core/secret.h"

static const char *const mech_names[SASL_MECHS] = {
	[SASL_PLAIN] = "PLAIN",
	[SASL_LOGIN] = "LOGIN",
	[SASL_CRAM_MD5] = "CRAM-MD5",
	[SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
};

enum sasl_mech
sasl_mech_find(struct span name)
{
	unsigned mech = 0;

	while (mech < SASL_MECHS
	       && !span_is_nocase(name, span_str(mech_names[mech])))
		mech++;
	return (enum sasl_mech)mech;
}

const char *
sasl_mech_name(enum sasl_mech mech)
{
	return mech_names[mech];
}

bool
sasl_has_initial(enum sasl_mech mech)
{
	return mech != SASL_CRAM_MD5;
}

struct span
sasl_challenge(const struct sasl *s)
{
	return s->challenge;
}

struct span
sasl_name(const struct sasl *s)
{
	return span_of(s->name, s->name_len);
}

struct span
sasl_password(const struct sasl *s)
{
	return span_of(s->text, s->password_len);
}

void
sasl_end(struct sasl *s)
{
	secret_wipe(s, sizeof(*s));
}

void
sasl_take_name(struct sasl *s, struct span name)
{
	if (name.len == 0 || name.len > SASL_NAME_MAX) {
		s->state = SASL_SYNTAX;
		return;
	}
	memcpy(s->name, name.p, name.len);
	s->name[name.len] = '\0';
	s->name_len = (uint8_t)name.len;
}

static void
take_password(struct sasl *s, struct span password)
{
	if (password.len == 0 || password.len > SASL_PASSWORD_MAX) {
		s->state = SASL_SYNTAX;
		return;
	}
	memcpy(s->text, password.p, password.len);
	s->password_len = (uint8_t)password.len;
}

bool
sasl_put(struct sasl *s, struct span piece)
{
	if (piece.len > sizeof(s->text) - s->text_len) {
		s->state = SASL_SYNTAX;
		return false;
	}
	if (piece.len > 0)
		memcpy(s->text + s->text_len, piece.p, piece.len);
	s->text_len = (uint16_t)(s->text_len + piece.len);
	return true;
}

void
sasl_begin(struct sasl *s, enum sasl_mech mech, struct span nonce)
{
	memset(s, 0, sizeof(*s));
	s->mech = mech;
	s->state = SASL_CHALLENGE;
	s->challenge = SPAN("");
	if (mech == SASL_LOGIN)
		s->challenge = SPAN("Username:");
	s->nonce_len = (uint8_t)span_first(nonce, SASL_NONCE_MAX).len;
	memcpy(s->nonce, nonce.p, s->nonce_len);
	if (mech == SASL_CRAM_MD5 && sasl_put(s, SPAN("<"))
	    && sasl_put(s, nonce) && sasl_put(s, SPAN(">")))
		s->challenge = span_of(s->text, s->text_len);
}

static bool
is_hex(struct span digest)
{
	for (size_t i = 0; i < digest.len; i++) {
		if (chr_hex(digest.p[i]) < 0)
			return false;
	}
	return digest.len == 32;
}

/* RFC 2195: name SP digest; the name may hold blanks */
static void
feed_cram(struct sasl *s, struct span response)
{
	size_t blank = span_rfind(response, ' ');
	struct span digest = span_from(response, blank + 1);

	s->state = SASL_SYNTAX;
	if (!is_hex(digest) || !sasl_put(s, digest))
		return;
	s->state = SASL_SECRET;
	sasl_take_name(s, span_first(response, blank));
}

/* The bytes in lower-case hexadecimal, against what the client said. */
static bool
is_digest(const uint8_t md5[16], struct span said)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t ours[32], theirs[32];

	if (!is_hex(said))
		return false;
	for (unsigned i = 0; i < 16; i++) {
		ours[2 * i] = (uint8_t)hex[md5[i] >> 4];
		ours[2 * i + 1] = (uint8_t)hex[md5[i] & 15];
	}
	for (unsigned i = 0; i < 32; i++)
		theirs[i] = chr_lower(said.p[i]);
	return secret_is(span_of(ours, 32), span_of(theirs, 32));
}

void
sasl_secret(struct sasl *s, struct span secret, bool known)
{
	br_hmac_key_context kc;
	br_hmac_context hc;
	uint8_t md5[16];
	bool same;

	br_hmac_key_init(&kc, &br_md5_vtable, secret.p, secret.len);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, s->challenge.p, s->challenge.len);
	br_hmac_out(&hc, md5);
	same = is_digest(md5, span_of(s->text + s->challenge.len, 32));
	s->state = same && known ? SASL_RIGHT : SASL_WRONG;
	secret_wipe(&kc, sizeof(kc));
	secret_wipe(&hc, sizeof(hc));
}

bool
sasl_is_apop(struct span stamp, struct span secret, struct span digest)
{
	br_md5_context mc;
	uint8_t md5[16];

	br_md5_init(&mc);
	br_md5_update(&mc, stamp.p, stamp.len);
	br_md5_update(&mc, secret.p, secret.len);
	br_md5_out(&mc, md5);
	secret_wipe(&mc, sizeof(mc));
	return is_digest(md5, digest);
}

/* RFC 4616: [authzid] NUL authcid NUL passwd */
static void
feed_plain(struct sasl *s, struct span response)
{
	struct span authzid, name;

	if (!span_next(&response, '\0', &authzid)
	    || !span_next(&response, '\0', &name) || response.p == NULL
	    || span_find(response, '\0') < response.len
	    || (authzid.len > 0 && !span_is_nocase(authzid, name))) {
		s->state = SASL_SYNTAX;
		return;
	}
	s->state = SASL_PASSWORD;
	sasl_take_name(s, name);
	take_password(s, response);
}

static void
feed_login(struct sasl *s, struct span response)
{
	if (s->step == 1) {
		sasl_take_name(s, response);
		s->challenge = SPAN("Password:");
	} else {
		s->state = SASL_PASSWORD;
		take_password(s, response);
	}
}

void
sasl_feed(struct sasl *s, struct span response)
{
	s->step++;
	switch (s->mech) {
	case SASL_PLAIN:
		feed_plain(s, response);
		break;
	case SASL_LOGIN:
		feed_login(s, response);
		break;
	case SASL_CRAM_MD5:
		feed_cram(s, response);
		break;
	case SASL_SCRAM_SHA_256:
		sasl_feed_scram(s, response);
		break;
	case SASL_MECHS:
		s->state = SASL_SYNTAX;
		break;
	}
}

void
sasl_verdict(struct sasl *s, bool right)
{
	s->state = right ? SASL_RIGHT : SASL_WRONG;
}
