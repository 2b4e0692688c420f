/*
 * pop3_login: USER, PASS, APOP and AUTH, and the lines of a SASL exchange.
 */
#include "codec/base64.h"
#include "core/chr.h"
#include "proto/pop3_reply.h"
#include "proto/pop3_state.h"

static bool
may_send_password(const struct pop3 *s)
{
	return s->tls || s->config->plaintext;
}

void
pop3_do_user(struct pop3 *s, struct span arg, struct buf *out)
{
	s->user_len = 0;
	if (!may_send_password(s)) {
		pop3_say_denied(POP3_LOGIN_NEEDS_TLS, out);
		return;
	}
	if (arg.len > POP3_USER_MAX) {
		pop3_wrong(s, "-ERR that name is too long", out);
		return;
	}
	memcpy(s->user, arg.p, arg.len);
	s->user_len = (uint8_t)arg.len;
	pop3_say(out, "+OK");
}

void
pop3_do_pass(struct pop3 *s, struct span arg, struct buf *out)
{
	if (!may_send_password(s)) {
		pop3_say_denied(POP3_LOGIN_NEEDS_TLS, out);
		return;
	}
	if (s->user_len == 0) {
		pop3_wrong(s, "-ERR USER first", out);
		return;
	}
	s->request = (struct pop3_request) { .ask = POP3_ASK_LOGIN,
		.user = span_of(s->user, s->user_len),
		.secret = arg,
		.has_secret = true };
}

static bool
is_digest(struct span s)
{
	size_t i;

	for (i = 0; i < s.len && chr_is(s.p[i], CHR_HEX); i++)
		;
	return s.len == 32 && i == s.len;
}

void
pop3_do_apop(struct pop3 *s, struct span arg, struct buf *out)
{
	size_t space = span_rfind(arg, ' ');
	struct span digest = span_from(arg, space + 1);

	s->user_len = 0;
	if (s->challenge_len == 0) {
		pop3_wrong(s, "-ERR APOP is not offered", out);
		return;
	}
	if (space == 0 || space > POP3_USER_MAX || !is_digest(digest)) {
		pop3_wrong(s, "-ERR usage: APOP name digest", out);
		return;
	}
	s->request = (struct pop3_request) { .ask = POP3_ASK_APOP,
		.user = span_first(arg, space),
		.secret = digest,
		.has_secret = true };
}

/* Decode a base64 argument into the session. */
static int
take_secret(struct pop3 *s, struct span text)
{
	int len = base64_decode(text, s->secret, sizeof(s->secret));

	if (len < 0)
		return len;
	s->request.has_secret = true;
	s->request.secret = span_of(s->secret, (size_t)len);
	return ERR_OK;
}

void
pop3_do_auth(struct pop3 *s, struct span arg, struct buf *out)
{
	size_t space = span_find(arg, ' ');
	struct span initial = span_from(arg, space + 1);
	int err;

	s->user_len = 0;
	if (arg.len == 0) {
		pop3_say_mechanisms(s, out);
		return;
	}
	s->request = (struct pop3_request) { .mech = span_first(arg, space) };
	if (span_is(initial, SPAN("=")))
		initial.len = 0;
	err = space < arg.len ? take_secret(s, initial) : ERR_OK;
	if (err) {
		pop3_wrong(s,
		    err == ERR_RANGE ? "-ERR line too long"
				     : "-ERR that is not base64",
		    out);
		return;
	}
	s->request.ask = POP3_ASK_SASL;
}

/* A line of a SASL exchange that goes on, or why it is given up. */
static enum pop3_login
sasl_flaw(struct pop3 *s, struct span line, enum line_flaw flaw)
{
	int err;

	if (flaw == LINE_LONG)
		return POP3_LOGIN_LONG;
	if (!pop3_is_usable(line, flaw))
		return POP3_LOGIN_MALFORMED;
	if (span_is(line, SPAN("*")))
		return POP3_LOGIN_CANCELLED;
	err = take_secret(s, line);
	if (err)
		return err == ERR_RANGE ? POP3_LOGIN_LONG : POP3_LOGIN_BASE64;
	return POP3_LOGINS;
}

void
pop3_sasl_line(struct pop3 *s, struct span line, enum line_flaw flaw)
{
	s->state = POP3_AUTHORIZATION;
	s->request = (struct pop3_request) { .ask = POP3_ASK_STEP };
	s->flaw = sasl_flaw(s, line, flaw);
	if (s->flaw != POP3_LOGINS)
		s->request.ask = POP3_ASK_CANCEL;
}
