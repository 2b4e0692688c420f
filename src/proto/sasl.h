/*
 * sasl: the server's side of the login mechanisms, without base64, lines or
 * accounts.
 *
 *   bytes from the client --sasl_feed--> struct sasl --sasl_challenge--> bytes
 *                                          |    ^
 *                  state says what is needed    the service's answer:
 *                  SASL_PASSWORD                sasl_verdict
 *                  SASL_VERIFIER                sasl_verifier
 *                  SASL_SECRET                  sasl_secret
 *
 * PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login, the prompts exactly
 * `Username:` and `Password:`), CRAM-MD5 (RFC 2195), SCRAM-SHA-256 (RFC 5802,
 * RFC 7677; without channel binding).
 *
 * Passwords are compared as users_prep leaves them; a SCRAM client prepares
 * its password itself.
 *
 * Memory: one struct of the caller's; wipe it with sasl_end, as it holds a
 * password.  Bounds: names and passwords of SASL_NAME_MAX and
 * SASL_PASSWORD_MAX octets, all that is kept of an exchange in SASL_TEXT_MAX.
 * Failure: SASL_SYNTAX for what does not follow the mechanism's RFC.
 * Tested: tests/unit/test_sasl.c (the RFCs' examples), fuzz_sasl.
 */
#ifndef PROTO_SASL_H
#define PROTO_SASL_H

#include "core/err.h"
#include "core/span.h"
#include "policy/users.h"

#define SASL_NAME_MAX	  191
#define SASL_PASSWORD_MAX USERS_PASSWORD_MAX
#define SASL_NONCE_MAX	  64 /* of ours in SCRAM */
#define SASL_TEXT_MAX	  768

enum sasl_mech {
	SASL_PLAIN,
	SASL_LOGIN,
	SASL_CRAM_MD5,
	SASL_SCRAM_SHA_256,
	SASL_MECHS, /* how many; no mechanism */
};

enum sasl_state {
	SASL_CHALLENGE, /* send sasl_challenge(), feed the response */
	SASL_PASSWORD,	/* name and password are in hand */
	SASL_VERIFIER,	/* the name is in hand; give its verifier */
	SASL_SECRET,	/* the name is in hand; give its legacy secret */
	SASL_RIGHT,
	SASL_WRONG,
	SASL_SYNTAX,
};

struct sasl {
	enum sasl_mech mech;
	enum sasl_state state;
	uint8_t step; /* of the mechanism, how many responses were taken */
	uint8_t name_len;
	uint8_t password_len;
	uint16_t text_len;
	struct span challenge;
	char name[SASL_NAME_MAX + 1];
	uint8_t text[SASL_TEXT_MAX]; /* a password; or SCRAM's messages */
	bool known;		     /* SCRAM: from here on */
	uint8_t header_len; /* of the GS2 header, at the text's start */
	uint8_t nonce_len;
	uint16_t bare_nonce; /* where the client's nonce stands in the text */
	uint16_t first;	     /* where the server's first message stands */
	char nonce[SASL_NONCE_MAX]; /* our part */
	uint8_t stored_key[USERS_HASH];
	uint8_t server_key[USERS_HASH];
};

/* The mechanism of that name (any case), or SASL_MECHS. */
enum sasl_mech sasl_mech_find(struct span name);

/* Its registered name. */
const char *sasl_mech_name(enum sasl_mech mech);

/* Does the mechanism show the password itself to whoever listens? */
static inline bool
sasl_is_plaintext(enum sasl_mech mech)
{
	return mech == SASL_PLAIN || mech == SASL_LOGIN;
}

/*
 * Begin an exchange.  `nonce` is what makes the challenge fresh: for CRAM-MD5
 * "unique@host" without the angle brackets, for SCRAM printable characters
 * without a comma; at most SASL_NONCE_MAX octets, used nowhere else.
 * The state is SASL_CHALLENGE: either send the (perhaps empty) challenge, or
 * feed the client's initial response (RFC 4954: PLAIN, SCRAM and LOGIN only).
 */
void sasl_begin(struct sasl *s, enum sasl_mech mech, struct span nonce);

/* May the client send an initial response?  Not where the server speaks first.
 */
bool sasl_has_initial(enum sasl_mech mech);

/* Take one response while the state is SASL_CHALLENGE. */
void sasl_feed(struct sasl *s, struct span response);

/* What to send, in state SASL_CHALLENGE; valid until the next call. */
struct span sasl_challenge(const struct sasl *s);

/* The name as the client gave it, from SASL_PASSWORD/VERIFIER/SECRET on. */
struct span sasl_name(const struct sasl *s);

/* The password, in state SASL_PASSWORD. */
struct span sasl_password(const struct sasl *s);

/* Settle SASL_PASSWORD: the password was right or wrong. */
void sasl_verdict(struct sasl *s, bool right);

/*
 * Settle SASL_SECRET: the legacy secret of the account of that name; for a
 * name without one give `known` false and any secret, for the time's sake.
 */
void sasl_secret(struct sasl *s, struct span secret, bool known);

/*
 * APOP (RFC 1939 section 7): is `digest` (32 hexadecimal digits) the MD5 of
 * the greeting's stamp, with its <>, and the secret?
 */
bool sasl_is_apop(struct span stamp, struct span secret, struct span digest);

/*
 * Settle SASL_VERIFIER: what is kept of the password of the account of that
 * name; for a name without one give `known` false and a dummy.
 */
void sasl_verifier(struct sasl *s, const struct users_verifier *v, bool known);

/* Forget everything, secrets first. */
void sasl_end(struct sasl *s);

#endif
