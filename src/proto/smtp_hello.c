/* smtp_hello: who the client says it is, and AUTH (RFC 4954). */
#include "proto/smtp_state.h"

#include <assert.h>

#include "codec/base64.h"
#include "core/chr.h"

#define CHALLENGE_MAX 768

static void
verb_hello(struct smtp *s, struct span args, bool extended, struct buf *out)
{
	struct span name = span_trim(args);

	if (name.len == 0 && s->config->naked_paths)
		name = SPAN("?"); /* a printer that was given no name */
	if (name.len == 0) {
		smtp_mistake(s, SMTP_SYNTAX, out);
		return;
	}
	s->extended = extended;
	s->helo_len = 0;
	for (size_t i = 0; i < name.len && i < SMTP_HELO_MAX; i++) {
		uint8_t c = name.p[i];
		bool plain = chr_is(c, CHR_NAME) || c == '.' || c == ':'
			     || c == '[' || c == ']';

		s->helo[s->helo_len++] = (char)(plain ? c : '?');
	}
	smtp_transaction_over(s);
	s->req.text = name;
	smtp_ask(s, SMTP_ASK_HELLO);
}

void
smtp_verb_ehlo(struct smtp *s, struct span args, struct buf *out)
{
	verb_hello(s, args, true, out);
}

void
smtp_verb_helo(struct smtp *s, struct span args, struct buf *out)
{
	verb_hello(s, args, false, out);
}

static void
put_auth(const struct smtp_config *c, struct buf *out)
{
	if (c->mechanisms.len == 0)
		return;
	smtp_put(out, SPAN("250-AUTH "));
	smtp_put(out, c->mechanisms);
	smtp_put(out, SPAN("\r\n"));
	if (!c->legacy_auth)
		return;
	/* in this order: Outlook Express takes the first it knows */
	smtp_put(out, SPAN("250-AUTH=LOGIN PLAIN\r\n"));
}

void
smtp_hello_done(struct smtp *s, struct buf *out)
{
	const struct smtp_config *c = s->config;

	s->greeted = true;
	s->want = WANT_LINE;
	if (!s->extended) {
		smtp_say_host(s, "250 ", "", out);
		return;
	}
	smtp_say_host(s, "250-", "", out);
	smtp_put(out, SPAN("250-PIPELINING\r\n250-SIZE "));
	smtp_put_number(out, c->max_octets);
	smtp_put(out, SPAN("\r\n250-8BITMIME\r\n"));
	if (!c->no_utf8)
		smtp_put(out, SPAN("250-SMTPUTF8\r\n"));
	smtp_put(out, SPAN("250-ENHANCEDSTATUSCODES\r\n"));
	if (!c->no_notices)
		smtp_put(out, SPAN("250-DSN\r\n"));
	smtp_put(out, SPAN("250-CHUNKING\r\n"));
	if (c->offer_tls)
		smtp_put(out, SPAN("250-STARTTLS\r\n"));
	put_auth(c, out);
	smtp_put(out, SPAN("250 LIMITS RCPTMAX="));
	smtp_put_number(out, c->max_recipients);
	smtp_put(out, SPAN("\r\n"));
}

/* Decode a response in place; the line's memory is the conn's window. */
static bool
take_response(struct smtp *s, struct span text)
{
	uint8_t *mem = (uint8_t *)(uintptr_t)text.p;
	int n;

	if (span_is(text, SPAN("=")))
		text.len = 0;
	n = base64_decode(text, mem, text.len);
	if (n < 0)
		return false;
	s->req.response = span_of(mem, (size_t)n);
	s->req.has_response = true;
	return true;
}

void
smtp_verb_auth(struct smtp *s, struct span args, struct buf *out)
{
	struct span mechanism;

	args = span_trim(args);
	s->req.has_response = false;
	if (!s->greeted)
		smtp_mistake(s, SMTP_HELLO_FIRST, out);
	else if (s->authed)
		smtp_mistake(s, SMTP_AUTH_TWICE, out);
	else if (s->mail)
		smtp_mistake(s, SMTP_SEQUENCE, out);
	else if (args.len == 0)
		smtp_mistake(s, SMTP_SYNTAX, out);
	else if (span_next(&args, ' ', &mechanism) && args.p != NULL
		 && !take_response(s, span_trim(args)))
		smtp_mistake(s, SMTP_AUTH_BASE64, out);
	else {
		s->req.text = mechanism;
		smtp_ask(s, SMTP_ASK_AUTH);
	}
}

void
smtp_auth_line(struct smtp *s, struct span line, enum line_flaw flaw)
{
	s->state = COMMAND;
	s->after = SMTP_AUTH_CANCELLED;
	if (flaw != LINE_OK)
		s->after = flaw == LINE_LONG ? SMTP_AUTH_LONG : SMTP_LINE_BARE;
	else if (span_is(line, SPAN("*")))
		s->after = SMTP_AUTH_CANCELLED;
	else if (!take_response(s, line))
		s->after = SMTP_AUTH_BASE64;
	else {
		smtp_ask(s, SMTP_ASK_AUTH_NEXT);
		return;
	}
	smtp_ask(s, SMTP_ASK_AUTH_CANCEL);
}

void
smtp_challenge(struct smtp *s, struct span challenge, struct buf *out)
{
	size_t room;
	uint8_t *to;

	assert(challenge.len <= CHALLENGE_MAX);
	smtp_put(out, SPAN("334 "));
	to = buf_room(out, &room);
	assert(room >= BASE64_LEN(challenge.len) + 2);
	buf_commit(out, base64_encode(challenge, to));
	smtp_put(out, SPAN("\r\n"));
	s->state = AUTHENTICATING;
	s->req.ask = SMTP_ASK_NONE;
	s->want = WANT_LINE;
}

void
smtp_auth_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r == SMTP_BANNED) {
		smtp_say_last(s, r, out);
		return;
	}
	if (r != SMTP_OK) {
		smtp_mistake(s, r, out);
		return;
	}
	s->authed = true;
	s->progress++;
	smtp_put(out, SPAN("235 2.7.0 welcome\r\n"));
	s->want = WANT_LINE;
}
