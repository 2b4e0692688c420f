/*
 * smtp: verbs, what follows from each answer, and the session's face.
 *
 * Deliberately not here: any opinion about addresses or people, and the words
 * of the replies (smtp_words.c).
 */
#include "proto/smtp_state.h"

#include <assert.h>

#include "core/chr.h"
#include "core/text.h"

#define ERRORS_MAX    20
#define FRUITLESS_MAX 100
#define COMMAND_S     300
#define BODY_S	      600

void
smtp_say(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	bool fits = smtp_words_put(out, r);

	assert(fits);
	(void)fits;
	s->want = s->state == OVER ? WANT_CLOSE : WANT_LINE;
}

void
smtp_put(struct buf *out, struct span text)
{
	bool fits = buf_put(out, text);

	assert(fits);
	(void)fits;
}

/* Our name in its own words: the greeting and the goodbye. */
void
smtp_say_host(
    struct smtp *s, const char *code, const char *words, struct buf *out)
{
	smtp_put(out, span_str(code));
	smtp_put(out, span_str(s->config->host));
	smtp_put(out, span_str(words));
	smtp_put(out, SPAN("\r\n"));
	s->want = s->state == OVER ? WANT_CLOSE : WANT_LINE;
}

void
smtp_say_last(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	s->state = OVER;
	smtp_say(s, r, out);
}

/* A mistake of the client: answered, and counted. */
void
smtp_mistake(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (++s->errors > ERRORS_MAX) {
		smtp_say_last(s, SMTP_TOO_MANY_ERRORS, out);
		return;
	}
	smtp_say(s, r, out);
}

void
smtp_ask(struct smtp *s, enum smtp_ask what)
{
	s->req.ask = what;
	s->want = WANT_ANSWER;
}

void
smtp_transaction_over(struct smtp *s)
{
	s->mail = s->body_open = s->utf8 = false;
	s->recipients = 0;
	s->failed = SMTP_OK;
}

/* Let the service forget the transaction, then say `r`. */
void
smtp_reset_then(struct smtp *s, enum smtp_reply r)
{
	smtp_transaction_over(s);
	s->after = (uint8_t)r;
	smtp_ask(s, SMTP_ASK_RESET);
}

void
smtp_put_number(struct buf *out, uint64_t n)
{
	char mem[24];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	smtp_put(out, text_data(&t));
}

void
smtp_init(struct smtp *s, const struct smtp_config *c, struct buf *out)
{
	memset(s, 0, offsetof(struct smtp, helo));
	s->config = c;
	smtp_say_host(s, "220 ", " ESMTP gatepost", out);
}

static void
verb_rset(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0)
		smtp_mistake(s, SMTP_SYNTAX, out);
	else
		smtp_reset_then(s, SMTP_OK);
}

static void
verb_noop(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	smtp_say(s, SMTP_OK, out);
}

static void
verb_quit(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0) {
		smtp_mistake(s, SMTP_SYNTAX, out);
		return;
	}
	s->state = OVER;
	smtp_say_host(s, "221 2.0.0 ", " closing", out);
}

static void
verb_vrfy(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len == 0) {
		smtp_mistake(s, SMTP_SYNTAX, out);
		return;
	}
	smtp_put(out, SPAN("252 2.1.5 send mail and see\r\n"));
	s->want = WANT_LINE;
}

static void
verb_expn(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	smtp_mistake(s, SMTP_NOT_IMPLEMENTED, out);
}

static void
verb_help(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	smtp_put(out,
	    SPAN("214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY "
		 "HELP AUTH STARTTLS\r\n"));
	s->want = WANT_LINE;
}

static void
verb_starttls(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0) {
		smtp_mistake(s, SMTP_SYNTAX, out);
	} else if (!s->greeted) {
		smtp_mistake(s, SMTP_HELLO_FIRST, out);
	} else if (s->config->tls_on) {
		smtp_mistake(s, SMTP_SEQUENCE, out);
	} else if (!s->config->offer_tls) {
		smtp_mistake(s, SMTP_TLS_UNAVAILABLE, out);
	} else {
		smtp_put(out, SPAN("220 2.0.0 ready for TLS\r\n"));
		s->want = WANT_TLS;
	}
}

/* A web page in somebody's browser: no reply, no further line. */
static void
verb_http(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	(void)out;
	s->state = OVER;
	s->want = WANT_CLOSE;
}

struct verb {
	const char *name;
	void (*run)(struct smtp *s, struct span args, struct buf *out);
	bool fruitful; /* does not count as leading nowhere */
};

static const struct verb verbs[] = {
	{ "MAIL", smtp_verb_mail, false },
	{ "RCPT", smtp_verb_rcpt, true },
	{ "DATA", smtp_verb_data, true },
	{ "BDAT", smtp_verb_bdat, true },
	{ "EHLO", smtp_verb_ehlo, false },
	{ "HELO", smtp_verb_helo, false },
	{ "RSET", verb_rset, false },
	{ "NOOP", verb_noop, false },
	{ "QUIT", verb_quit, true },
	{ "AUTH", smtp_verb_auth, false },
	{ "STARTTLS", verb_starttls, false },
	{ "VRFY", verb_vrfy, false },
	{ "EXPN", verb_expn, false },
	{ "HELP", verb_help, false },
	{ "GET", verb_http, true },
	{ "POST", verb_http, true },
	{ "PUT", verb_http, true },
	{ "HEAD", verb_http, true },
	{ "OPTIONS", verb_http, true },
	{ "DELETE", verb_http, true },
	{ "PATCH", verb_http, true },
	{ "TRACE", verb_http, true },
	{ "CONNECT", verb_http, true },
};

static const struct verb *
verb_find(struct span name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (span_is_nocase(name, span_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static void
command(struct smtp *s, struct span line, struct buf *out)
{
	size_t at = span_find(line, ' ');
	const struct verb *v = verb_find(span_first(line, at));

	if (v == NULL) {
		smtp_mistake(s, SMTP_UNKNOWN_COMMAND, out);
		return;
	}
	if (!v->fruitful && ++s->fruitless > FRUITLESS_MAX) {
		smtp_say_last(s, SMTP_TOO_MANY_ERRORS, out);
		return;
	}
	/* one blank ends the verb; blanks at the end of a line are harmless */
	line = span_from(line, at + 1);
	while (line.len > 0 && chr_is(line.p[line.len - 1], CHR_SPACE))
		line.len--;
	v->run(s, line, out);
}

static void
smtp_line(void *me, struct span line, enum line_flaw flaw, struct buf *out)
{
	static const enum smtp_reply flaws[] = {
		[LINE_LONG] = SMTP_LINE_LONG,
		[LINE_BARE] = SMTP_LINE_BARE,
		[LINE_NUL] = SMTP_LINE_NUL,
	};
	struct smtp *s = me;

	if (s->state == AUTHENTICATING)
		smtp_auth_line(s, line, flaw);
	else if (flaw == LINE_LONG
		 && span_is_nocase(span_first(line, 5), SPAN("AUTH ")))
		smtp_mistake(s, SMTP_AUTH_LONG, out); /* RFC 4954, 6 */
	else if (flaw != LINE_OK)
		smtp_mistake(s, flaws[flaw], out);
	else
		command(s, line, out);
}

void
smtp_answer(
    struct smtp *s, enum smtp_reply r, struct span detail, struct buf *out)
{
	enum smtp_ask asked = s->req.ask;

	s->req.ask = SMTP_ASK_NONE;
	switch (asked) {
	case SMTP_ASK_HELLO:
		smtp_hello_done(s, out);
		break;
	case SMTP_ASK_AUTH:
	case SMTP_ASK_AUTH_NEXT:
		smtp_auth_done(s, r, out);
		break;
	case SMTP_ASK_AUTH_CANCEL:
		smtp_mistake(s, s->after, out);
		break;
	case SMTP_ASK_MAIL:
		smtp_mail_done(s, r, out);
		break;
	case SMTP_ASK_RCPT:
		smtp_rcpt_done(s, r, out);
		break;
	case SMTP_ASK_BODY:
		smtp_body_ready(s, r, out);
		break;
	case SMTP_ASK_WRITE:
		s->failed = (uint8_t)r;
		smtp_body_next(s, out);
		break;
	case SMTP_ASK_COMMIT:
		smtp_committed(s, r, detail, out);
		break;
	case SMTP_ASK_RESET:
		smtp_say(s, s->after, out);
		break;
	case SMTP_ASK_NONE:
		assert(!"an answer without a question");
	}
}

static enum want
smtp_want(const void *me)
{
	const struct smtp *s = me;

	return s->want;
}

/* TLS is up: nothing said before counts (RFC 3207 section 4.2). */
static void
smtp_secured(void *me, struct buf *out)
{
	struct smtp *s = me;
	uint16_t fruitless = s->fruitless, errors = s->errors;
	unsigned progress = s->progress + 1;

	(void)out;
	memset(&s->req, 0,
	    offsetof(struct smtp, helo) - offsetof(struct smtp, req));
	s->fruitless = fruitless;
	s->errors = errors;
	s->progress = progress;
	s->want = WANT_LINE;
}

static void
smtp_stop(void *me, enum session_stop why, struct buf *out)
{
	static const enum smtp_reply replies[] = {
		[STOP_SHUTDOWN] = SMTP_SHUTDOWN,
		[STOP_IDLE] = SMTP_IDLE,
		[STOP_SLOW] = SMTP_SLOW,
	};

	smtp_say_last(me, replies[why], out);
}

static unsigned
smtp_phase(const void *me)
{
	const struct smtp *s = me;

	return s->progress;
}

static unsigned
smtp_phase_seconds(const void *me)
{
	const struct smtp *s = me;

	return s->body_open ? BODY_S : COMMAND_S;
}

const struct session_ops smtp_ops = {
	.name = "smtp",
	.line_max = SMTP_LINE_MAX,
	.want = smtp_want,
	.line = smtp_line,
	.body = smtp_body,
	.secured = smtp_secured,
	.stop = smtp_stop,
	.phase = smtp_phase,
	.phase_seconds = smtp_phase_seconds,
};
