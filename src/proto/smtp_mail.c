/* smtp_mail: the envelope: MAIL and RCPT. */
#include "proto/smtp_param.h"
#include "proto/smtp_state.h"

static enum smtp_reply
path_reply(enum addr_flaw flaw, bool sender)
{
	switch (flaw) {
	case ADDR_OK:
		return SMTP_OK;
	case ADDR_ROUTE:
		return sender ? SMTP_BAD_SENDER : SMTP_RELAY_DENIED;
	case ADDR_UTF8:
		return SMTP_UTF8_NEEDED;
	case ADDR_LONG:
		return sender ? SMTP_BAD_SENDER : SMTP_BAD_RECIPIENT;
	case ADDR_SYNTAX:
		break;
	}
	return SMTP_SYNTAX;
}

static void
request_clear(struct smtp *s)
{
	memset(&s->req, 0, sizeof(s->req));
}

/* "FROM:" or "TO:" and what follows it; false when it is not there. */
static bool
cut_word(struct span *args, struct span word)
{
	*args = span_trim(*args);
	if (!span_starts_nocase(*args, word))
		return false;
	*args = span_from(*args, word.len);
	return true;
}

/* SMTPUTF8 may stand behind the address that needs it. */
static bool
asks_utf8(struct span args)
{
	struct span word;

	while (span_next(&args, ' ', &word))
		if (span_is_nocase(word, SPAN("SMTPUTF8")))
			return true;
	return false;
}

static unsigned
path_allow(const struct smtp *s, bool utf8)
{
	return (s->config->naked_paths ? ADDR_ALLOW_NAKED : 0u)
	       | (utf8 ? ADDR_ALLOW_UTF8 : 0u);
}

static enum smtp_reply
mail_parse(struct smtp *s, struct span args)
{
	bool utf8 = !s->config->no_utf8 && asks_utf8(args);
	unsigned allow = path_allow(s, utf8) | ADDR_ALLOW_NULL
			 | (s->config->naked_paths ? ADDR_ALLOW_BARE : 0u);
	enum smtp_reply r;

	if (!cut_word(&args, SPAN("FROM:")))
		return SMTP_SYNTAX;
	r = path_reply(addr_path(&args, allow, &s->req.path), true);
	if (r == SMTP_OK)
		r = smtp_param_mail(args, &s->req);
	if (r == SMTP_OK && s->req.utf8 && !utf8)
		r = SMTP_PARAMETER;
	if (r == SMTP_OK && s->req.size > s->config->max_octets)
		r = SMTP_TOO_BIG;
	return r;
}

void
smtp_verb_mail(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r;

	if (!s->greeted || s->mail) {
		smtp_mistake(
		    s, s->mail ? SMTP_SEQUENCE : SMTP_HELLO_FIRST, out);
		return;
	}
	request_clear(s);
	r = mail_parse(s, args);
	if (r == SMTP_TOO_BIG) /* no mistake: the service may note it */
		smtp_reset_then(s, r);
	else if (r != SMTP_OK)
		smtp_mistake(s, r, out);
	else
		smtp_ask(s, SMTP_ASK_MAIL);
}

static enum smtp_reply
rcpt_parse(struct smtp *s, struct span args)
{
	unsigned allow = path_allow(s, s->utf8) | ADDR_ALLOW_BARE;
	enum smtp_reply r;

	if (!cut_word(&args, SPAN("TO:")))
		return SMTP_SYNTAX;
	r = path_reply(addr_path(&args, allow, &s->req.path), false);
	s->req.utf8 = s->utf8;
	return r == SMTP_OK ? smtp_param_rcpt(args, &s->req) : r;
}

void
smtp_verb_rcpt(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r;

	if (!s->mail || s->body_open) {
		smtp_mistake(s, SMTP_SEQUENCE, out);
		return;
	}
	request_clear(s);
	r = rcpt_parse(s, args);
	if (r != SMTP_OK)
		smtp_mistake(s, r, out);
	else if (s->recipients >= s->config->max_recipients)
		smtp_say(s, SMTP_TOO_MANY_RECIPIENTS, out);
	else
		smtp_ask(s, SMTP_ASK_RCPT);
}

void
smtp_mail_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r != SMTP_OK) {
		smtp_mistake(s, r, out);
		return;
	}
	s->mail = true;
	s->utf8 = s->req.utf8;
	s->progress++;
	smtp_put(out, SPAN("250 2.1.0 sender ok\r\n"));
	s->want = WANT_LINE;
}

void
smtp_rcpt_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r == SMTP_TOO_MANY_UNKNOWN || r == SMTP_SHUTDOWN) {
		smtp_say_last(s, r, out);
		return;
	}
	if (r != SMTP_OK) {
		smtp_say(s, r, out);
		return;
	}
	s->recipients++;
	smtp_put(out, SPAN("250 2.1.5 recipient ok\r\n"));
	s->want = WANT_LINE;
}
