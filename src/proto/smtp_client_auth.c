/*
 * smtp_client_auth: logging in at the far end (RFC 4954).  A password goes in
 * plain text only under TLS, or where the owner allowed it for this route.
 */
#include "proto/smtp_client_int.h"

#include "codec/base64.h"
#include "core/secret.h"
#include "core/text.h"

/* A name, a password and the NULs between them. */
#define SECRET_MAX 700

enum mech {
	MECH_PLAIN = 1,
	MECH_LOGIN = 2,
};

void
client_auth_offer(struct smtp_client *c, struct span mechanisms)
{
	struct span word;

	while (span_next(&mechanisms, ' ', &word)) {
		if (span_is_nocase(word, SPAN("PLAIN")))
			c->mechs |= MECH_PLAIN;
		else if (span_is_nocase(word, SPAN("LOGIN")))
			c->mechs |= MECH_LOGIN;
	}
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

bool
client_auth_begin(struct smtp_client *c, struct buf *out)
{
	bool may_plain = c->secure || c->config.plain_secret;

	if (!may_plain
	    || c->config.user.len + c->config.secret.len > SECRET_MAX - 2)
		return false;
	c->auth_step = 0;
	if (c->mechs & MECH_PLAIN)
		send_plain(c, out);
	else if (c->mechs & MECH_LOGIN)
		client_put(out, "AUTH LOGIN\r\n");
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

void
client_auth_reply(struct smtp_client *c, struct buf *out)
{
	bool is_login = (c->mechs & MECH_PLAIN) == 0;

	if (c->reply.code / 100 == 2) {
		c->phase = CLIENT_IS_READY;
		return;
	}
	if (c->reply.code != 334 || !is_login || c->auth_step > 1) {
		fail_auth(c, client_outcome_of(&c->reply));
		return;
	}
	put_base64(
	    out, c->auth_step++ == 0 ? c->config.user : c->config.secret);
	c->reply_due = true;
}
