/*
 * smtp: states, verbs, and what follows from each answer.
 *
 * Deliberately not here: any opinion about addresses or people, and the words
 * of the replies (smtp_words.c).
 */
#include "proto/smtp.h"

#include <assert.h>

#include "codec/base64.h"
#include "core/chr.h"
#include "core/text.h"
#include "proto/smtp_param.h"

#define ERRORS_MAX    20
#define FRUITLESS_MAX 100
#define COMMAND_S     300
#define BODY_S	      600
#define BODY_STEP     (1u << 20) /* octets that count as progress */
#define CHALLENGE_MAX 768

enum {
	COMMAND,
	AUTHENTICATING, /* the next line is a response */
	DATA,		/* body until the final dot */
	CHUNK,		/* body of a BDAT chunk */
	DISCARD,	/* bytes of a chunk that nobody wants */
	OVER,
};

static void
reply(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	bool fits = smtp_words_put(out, r);

	assert(fits);
	(void)fits;
	s->want = s->state == OVER ? WANT_CLOSE : WANT_LINE;
}

static void
put(struct buf *out, struct span text)
{
	bool fits = buf_put(out, text);

	assert(fits);
	(void)fits;
}

/* Our name in its own words: the greeting and the goodbye. */
static void
reply_host(struct smtp *s, const char *code, const char *words, struct buf *out)
{
	put(out, span_str(code));
	put(out, span_str(s->config->host));
	put(out, span_str(words));
	put(out, SPAN("\r\n"));
	s->want = s->state == OVER ? WANT_CLOSE : WANT_LINE;
}

static void
close_with(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	s->state = OVER;
	reply(s, r, out);
}

/* A mistake of the client: answered, and counted. */
static void
mistake(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (++s->errors > ERRORS_MAX) {
		close_with(s, SMTP_TOO_MANY_ERRORS, out);
		return;
	}
	reply(s, r, out);
}

static void
ask(struct smtp *s, enum smtp_ask what)
{
	s->req.ask = what;
	s->want = WANT_ANSWER;
}

static void
transaction_over(struct smtp *s)
{
	s->mail = s->body_open = s->utf8 = false;
	s->recipients = 0;
	s->failed = SMTP_OK;
}

/* Let the service forget the transaction, then say `r`. */
static void
reset_then(struct smtp *s, enum smtp_reply r)
{
	transaction_over(s);
	s->after = (uint8_t)r;
	ask(s, SMTP_ASK_RESET);
}

void
smtp_init(struct smtp *s, const struct smtp_config *c, struct buf *out)
{
	memset(s, 0, offsetof(struct smtp, helo));
	s->config = c;
	reply_host(s, "220 ", " ESMTP gatepost", out);
}

/* --- EHLO ------------------------------------------------------------- */

static void
verb_hello(struct smtp *s, struct span args, struct buf *out)
{
	struct span name = span_trim(args);

	if (name.len == 0) {
		mistake(s, SMTP_SYNTAX, out);
		return;
	}
	s->helo_len = 0;
	for (size_t i = 0; i < name.len && i < SMTP_HELO_MAX; i++) {
		uint8_t c = name.p[i];
		bool plain = chr_is(c, CHR_NAME) || c == '.' || c == ':'
			     || c == '[' || c == ']';

		s->helo[s->helo_len++] = (char)(plain ? c : '?');
	}
	transaction_over(s);
	s->req.text = name;
	ask(s, SMTP_ASK_HELLO);
}

static void
verb_ehlo(struct smtp *s, struct span args, struct buf *out)
{
	s->extended = true;
	verb_hello(s, args, out);
}

static void
verb_helo(struct smtp *s, struct span args, struct buf *out)
{
	s->extended = false;
	verb_hello(s, args, out);
}

static void
put_number(struct buf *out, uint64_t n)
{
	char mem[24];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	put(out, text_data(&t));
}

static void
put_auth(const struct smtp_config *c, struct buf *out)
{
	if (c->mechanisms.len == 0)
		return;
	put(out, SPAN("250-AUTH "));
	put(out, c->mechanisms);
	put(out, SPAN("\r\n"));
	if (!c->legacy_auth)
		return;
	put(out, SPAN("250-AUTH="));
	put(out, c->mechanisms);
	put(out, SPAN("\r\n"));
}

static void
hello_done(struct smtp *s, struct buf *out)
{
	const struct smtp_config *c = s->config;

	s->greeted = true;
	s->want = WANT_LINE;
	if (!s->extended) {
		reply_host(s, "250 ", "", out);
		return;
	}
	reply_host(s, "250-", "", out);
	put(out, SPAN("250-PIPELINING\r\n250-SIZE "));
	put_number(out, c->max_octets);
	put(out,
	    SPAN("\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
		 "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-CHUNKING\r\n"));
	if (c->offer_tls)
		put(out, SPAN("250-STARTTLS\r\n"));
	put_auth(c, out);
	put(out, SPAN("250 LIMITS RCPTMAX="));
	put_number(out, c->max_recipients);
	put(out, SPAN("\r\n"));
}

/* --- AUTH (RFC 4954) --------------------------------------------------- */

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

static void
verb_auth(struct smtp *s, struct span args, struct buf *out)
{
	struct span mechanism;

	args = span_trim(args);
	s->req.has_response = false;
	if (!s->greeted)
		mistake(s, SMTP_HELLO_FIRST, out);
	else if (s->authed)
		mistake(s, SMTP_AUTH_TWICE, out);
	else if (s->mail)
		mistake(s, SMTP_SEQUENCE, out);
	else if (args.len == 0)
		mistake(s, SMTP_SYNTAX, out);
	else if (span_next(&args, ' ', &mechanism) && args.p != NULL
		 && !take_response(s, span_trim(args)))
		mistake(s, SMTP_AUTH_BASE64, out);
	else {
		s->req.text = mechanism;
		ask(s, SMTP_ASK_AUTH);
	}
}

static void
auth_line(struct smtp *s, struct span line, enum line_flaw flaw)
{
	s->state = COMMAND;
	s->after = SMTP_AUTH_CANCELLED;
	if (flaw != LINE_OK)
		s->after = flaw == LINE_LONG ? SMTP_LINE_LONG : SMTP_LINE_BARE;
	else if (span_is(line, SPAN("*")))
		s->after = SMTP_AUTH_CANCELLED;
	else if (!take_response(s, line))
		s->after = SMTP_AUTH_BASE64;
	else {
		ask(s, SMTP_ASK_AUTH_NEXT);
		return;
	}
	ask(s, SMTP_ASK_AUTH_CANCEL);
}

void
smtp_challenge(struct smtp *s, struct span challenge, struct buf *out)
{
	size_t room;
	uint8_t *to;

	assert(challenge.len <= CHALLENGE_MAX);
	put(out, SPAN("334 "));
	to = buf_room(out, &room);
	assert(room >= BASE64_LEN(challenge.len) + 2);
	buf_commit(out, base64_encode(challenge, to));
	put(out, SPAN("\r\n"));
	s->state = AUTHENTICATING;
	s->req.ask = SMTP_ASK_NONE;
	s->want = WANT_LINE;
}

static void
auth_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r == SMTP_BANNED) {
		close_with(s, r, out);
		return;
	}
	if (r != SMTP_OK) {
		mistake(s, r, out);
		return;
	}
	s->authed = true;
	s->progress++;
	put(out, SPAN("235 2.7.0 welcome\r\n"));
	s->want = WANT_LINE;
}

/* --- MAIL and RCPT ----------------------------------------------------- */

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
	unsigned allow = path_allow(s, asks_utf8(args)) | ADDR_ALLOW_NULL;
	enum smtp_reply r;

	if (!cut_word(&args, SPAN("FROM:")))
		return SMTP_SYNTAX;
	r = path_reply(addr_path(&args, allow, &s->req.path), true);
	if (r == SMTP_OK)
		r = smtp_param_mail(args, &s->req);
	if (r == SMTP_OK && s->req.size > s->config->max_octets)
		r = SMTP_TOO_BIG;
	return r;
}

static void
verb_mail(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r;

	if (!s->greeted || s->mail) {
		mistake(s, s->mail ? SMTP_SEQUENCE : SMTP_HELLO_FIRST, out);
		return;
	}
	request_clear(s);
	r = mail_parse(s, args);
	if (r != SMTP_OK)
		mistake(s, r, out);
	else
		ask(s, SMTP_ASK_MAIL);
}

static enum smtp_reply
rcpt_parse(struct smtp *s, struct span args)
{
	unsigned allow = path_allow(s, s->utf8) | ADDR_ALLOW_BARE;
	enum smtp_reply r;

	if (!cut_word(&args, SPAN("TO:")))
		return SMTP_SYNTAX;
	r = path_reply(addr_path(&args, allow, &s->req.path), false);
	return r == SMTP_OK ? smtp_param_rcpt(args, &s->req) : r;
}

static void
verb_rcpt(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r;

	if (!s->mail || s->body_open) {
		mistake(s, SMTP_SEQUENCE, out);
		return;
	}
	request_clear(s);
	r = rcpt_parse(s, args);
	if (r != SMTP_OK)
		mistake(s, r, out);
	else if (s->recipients >= s->config->max_recipients)
		reply(s, SMTP_TOO_MANY_RECIPIENTS, out);
	else
		ask(s, SMTP_ASK_RCPT);
}

static void
mail_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r != SMTP_OK) {
		mistake(s, r, out);
		return;
	}
	s->mail = true;
	s->utf8 = s->req.utf8;
	s->progress++;
	put(out, SPAN("250 2.1.0 sender ok\r\n"));
	s->want = WANT_LINE;
}

static void
rcpt_done(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (r == SMTP_TOO_MANY_UNKNOWN || r == SMTP_SHUTDOWN) {
		close_with(s, r, out);
		return;
	}
	if (r != SMTP_OK) {
		reply(s, r, out);
		return;
	}
	s->recipients++;
	put(out, SPAN("250 2.1.5 recipient ok\r\n"));
	s->want = WANT_LINE;
}

/* --- DATA and BDAT ----------------------------------------------------- */

static enum smtp_reply
body_flaw(const struct smtp *s)
{
	if (!s->mail)
		return SMTP_SEQUENCE;
	return s->recipients == 0 ? SMTP_NO_RECIPIENTS : SMTP_OK;
}

static void
verb_data(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r = body_flaw(s);

	if (args.len > 0)
		r = SMTP_SYNTAX;
	if (s->body_open)
		r = SMTP_SEQUENCE;
	if (r != SMTP_OK) {
		mistake(s, r, out);
		return;
	}
	dot_init(&s->dot, false);
	s->state = DATA;
	ask(s, SMTP_ASK_BODY);
}

/* The message is complete or has failed: the last request. */
static void
body_over(struct smtp *s)
{
	enum smtp_reply r = s->failed;

	dot_finish(&s->dot);
	s->state = COMMAND;
	if (r == SMTP_OK && s->dot.flaws != DOT_SOUND)
		r = SMTP_BARE_DATA;
	if (r == SMTP_OK)
		ask(s, SMTP_ASK_COMMIT);
	else
		reset_then(s, r);
}

/* A chunk is complete; the message only if it was the last. */
static void
chunk_over(struct smtp *s, struct buf *out)
{
	if (s->chunk_last || s->failed != SMTP_OK) {
		body_over(s);
		return;
	}
	s->state = COMMAND;
	put(out, SPAN("250 2.0.0 "));
	put_number(out, s->chunk_octets);
	put(out, SPAN(" octets received\r\n"));
	s->want = WANT_LINE;
}

static bool
chunk_parse(struct span args, uint64_t *octets, bool *last)
{
	struct span size, word;

	args = span_trim(args);
	*last = false;
	if (!span_next(&args, ' ', &size)
	    || span_u64(size, UINT64_MAX / 2, octets))
		return false;
	if (args.p == NULL)
		return true;
	word = span_trim(args);
	*last = true;
	return span_is_nocase(word, SPAN("LAST"));
}

static void
verb_bdat(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r = body_flaw(s);

	if (!chunk_parse(args, &s->chunk_left, &s->chunk_last)) {
		/* how many bytes follow is unknown: there is no going on */
		close_with(s, SMTP_SYNTAX, out);
		return;
	}
	s->chunk_octets = s->chunk_left;
	if (r != SMTP_OK) {
		s->after = (uint8_t)r;
		s->state = DISCARD;
		s->want = WANT_BODY;
		if (s->chunk_left == 0) {
			s->state = COMMAND;
			mistake(s, r, out);
		}
		return;
	}
	s->state = CHUNK;
	if (!s->body_open) {
		dot_init(&s->dot, true);
		ask(s, SMTP_ASK_BODY);
		return;
	}
	s->want = WANT_BODY;
	if (s->chunk_left == 0)
		chunk_over(s, out);
}

static void
body_ready(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (s->state == DATA && r != SMTP_OK) {
		s->state = COMMAND;
		reset_then(s, r);
		return;
	}
	s->failed = (uint8_t)r;
	s->body_open = true;
	s->want = WANT_BODY;
	s->progress++;
	if (s->state == DATA)
		put(out, SPAN("354 go ahead, end with a dot on a line\r\n"));
	else if (s->chunk_left == 0)
		chunk_over(s, out);
}

static bool
body_ended(const struct smtp *s)
{
	return s->state == DATA ? s->dot.ended : s->chunk_left == 0;
}

static void
body_next(struct smtp *s, struct buf *out)
{
	s->want = WANT_BODY;
	if (!body_ended(s))
		return;
	if (s->state == DATA)
		body_over(s);
	else
		chunk_over(s, out);
}

static size_t
discard(struct smtp *s, size_t len, struct buf *out)
{
	if (len > s->chunk_left)
		len = (size_t)s->chunk_left;
	s->chunk_left -= len;
	if (s->chunk_left == 0) {
		s->state = COMMAND;
		mistake(s, s->after, out);
	}
	return len;
}

static size_t
smtp_body(void *me, uint8_t *bytes, size_t len, struct buf *out)
{
	struct smtp *s = me;
	uint64_t before = s->dot.wire_octets / BODY_STEP;
	struct dot_made m;

	if (s->state == DISCARD)
		return discard(s, len, out);
	if (s->state == CHUNK && len > s->chunk_left)
		len = (size_t)s->chunk_left;
	m = dot_feed(&s->dot, bytes, len);
	if (s->state == CHUNK)
		s->chunk_left -= m.used;
	if (s->dot.wire_octets / BODY_STEP != before)
		s->progress++;
	if (s->dot.wire_octets > s->config->max_octets && s->failed == SMTP_OK)
		s->failed = SMTP_TOO_BIG;
	if (s->failed == SMTP_OK && m.made > 0) {
		s->req.text = span_of(bytes, m.made);
		ask(s, SMTP_ASK_WRITE);
	} else {
		body_next(s, out);
	}
	return m.used;
}

static void
committed(
    struct smtp *s, enum smtp_reply r, struct span detail, struct buf *out)
{
	transaction_over(s);
	s->progress++;
	s->fruitless = 0;
	if (r != SMTP_OK) {
		reply(s, r, out);
		return;
	}
	s->errors = 0;
	put(out, SPAN("250 2.0.0 ok"));
	if (detail.len > 0)
		put(out, SPAN(" "));
	put(out, detail);
	put(out, SPAN("\r\n"));
	s->want = WANT_LINE;
}

/* --- the other verbs ---------------------------------------------------- */

static void
verb_rset(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0)
		mistake(s, SMTP_SYNTAX, out);
	else
		reset_then(s, SMTP_OK);
}

static void
verb_noop(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	reply(s, SMTP_OK, out);
}

static void
verb_quit(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0) {
		mistake(s, SMTP_SYNTAX, out);
		return;
	}
	s->state = OVER;
	reply_host(s, "221 2.0.0 ", " closing", out);
}

static void
verb_vrfy(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len == 0) {
		mistake(s, SMTP_SYNTAX, out);
		return;
	}
	put(out, SPAN("252 2.1.5 send mail and see\r\n"));
	s->want = WANT_LINE;
}

static void
verb_expn(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	mistake(s, SMTP_NOT_IMPLEMENTED, out);
}

static void
verb_help(struct smtp *s, struct span args, struct buf *out)
{
	(void)args;
	put(out,
	    SPAN("214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY "
		 "HELP AUTH STARTTLS\r\n"));
	s->want = WANT_LINE;
}

static void
verb_starttls(struct smtp *s, struct span args, struct buf *out)
{
	if (args.len > 0) {
		mistake(s, SMTP_SYNTAX, out);
	} else if (!s->greeted) {
		mistake(s, SMTP_HELLO_FIRST, out);
	} else if (!s->config->offer_tls) {
		mistake(s, SMTP_TLS_UNAVAILABLE, out);
	} else {
		put(out, SPAN("220 2.0.0 ready for TLS\r\n"));
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
	{ "MAIL", verb_mail, false },
	{ "RCPT", verb_rcpt, true },
	{ "DATA", verb_data, true },
	{ "BDAT", verb_bdat, true },
	{ "EHLO", verb_ehlo, false },
	{ "HELO", verb_helo, false },
	{ "RSET", verb_rset, false },
	{ "NOOP", verb_noop, false },
	{ "QUIT", verb_quit, true },
	{ "AUTH", verb_auth, false },
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
		mistake(s, SMTP_UNKNOWN_COMMAND, out);
		return;
	}
	if (!v->fruitful && ++s->fruitless > FRUITLESS_MAX) {
		close_with(s, SMTP_TOO_MANY_ERRORS, out);
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
		auth_line(s, line, flaw);
	else if (flaw != LINE_OK)
		mistake(s, flaws[flaw], out);
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
		hello_done(s, out);
		break;
	case SMTP_ASK_AUTH:
	case SMTP_ASK_AUTH_NEXT:
		auth_done(s, r, out);
		break;
	case SMTP_ASK_AUTH_CANCEL:
		mistake(s, s->after, out);
		break;
	case SMTP_ASK_MAIL:
		mail_done(s, r, out);
		break;
	case SMTP_ASK_RCPT:
		rcpt_done(s, r, out);
		break;
	case SMTP_ASK_BODY:
		body_ready(s, r, out);
		break;
	case SMTP_ASK_WRITE:
		s->failed = (uint8_t)r;
		body_next(s, out);
		break;
	case SMTP_ASK_COMMIT:
		committed(s, r, detail, out);
		break;
	case SMTP_ASK_RESET:
		reply(s, s->after, out);
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

	close_with(me, replies[why], out);
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
