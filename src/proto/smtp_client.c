/*
 * smtp_client: from the greeting to CLIENT_READY and the end; one message is
 * smtp_client_mail.c.  Which host to try next and when is not decided here.
 */
#include "proto/smtp_client_int.h"

void
smtp_client_init(struct smtp_client *c, const struct smtp_client_config *config)
{
	memset(c, 0, sizeof(*c));
	c->config = *config;
	c->secure = config->secure;
	c->rcpt_max = SMTP_CLIENT_RCPTS;
	c->reply_due = true;
	reply_begin(&c->reply);
}

static enum client_want
want_in_envelope(const struct smtp_client *c)
{
	bool pipelining = (c->offers & OFFER_PIPELINING) != 0;

	if (c->failed || c->ended)
		return CLIENT_REPLY;
	return pipelining || !client_mail_due(c) ? CLIENT_RCPT : CLIENT_REPLY;
}

/* BDAT without PIPELINING waits for each chunk's reply. */
static enum client_want
want_in_body(const struct smtp_client *c)
{
	bool pipelining = (c->offers & OFFER_PIPELINING) != 0;

	if (c->failed || (c->chunks > 0 && !pipelining))
		return CLIENT_REPLY;
	return CLIENT_BODY;
}

enum client_want
smtp_client_want(const struct smtp_client *c)
{
	if (c->result_due)
		return CLIENT_RESULT;
	switch (c->phase) {
	case CLIENT_IS_SECURING:
		return CLIENT_TLS;
	case CLIENT_IS_READY:
		return CLIENT_READY;
	case CLIENT_IS_ENVELOPE:
		return want_in_envelope(c);
	case CLIENT_IS_BODY:
		return want_in_body(c);
	case CLIENT_IS_OVER:
		return CLIENT_CLOSE;
	case CLIENT_IS_COMING:
	case CLIENT_IS_GREETING:
	case CLIENT_IS_STARTING:
	case CLIENT_IS_AUTH:
	case CLIENT_IS_DATA:
	case CLIENT_IS_END:
	case CLIENT_IS_RESET:
	case CLIENT_IS_QUIT:
		break;
	}
	return CLIENT_REPLY;
}

void
client_command(struct smtp_client *c, enum client_phase phase, const char *line,
    struct buf *out)
{
	client_put(out, line);
	client_put(out, "\r\n");
	c->phase = phase;
	c->reply_due = true;
}

static void
say_hello(struct smtp_client *c, const char *verb, struct buf *out)
{
	c->offers = 0;
	c->size_max = 0;
	c->mechs = 0;
	c->rcpt_max = SMTP_CLIENT_RCPTS;
	client_put(out, verb);
	client_put_span(out, c->config.name);
	client_command(c, CLIENT_IS_GREETING, "", out);
}

static void
say_ehlo(struct smtp_client *c, struct buf *out)
{
	c->helo = false;
	say_hello(c, c->config.lmtp ? "LHLO " : "EHLO ", out);
}

/* The session fails before any message: say why and close. */
static void
fail(struct smtp_client *c, enum client_outcome outcome)
{
	client_result(c, SMTP_CLIENT_ALL, smtp_client_step(c), outcome);
	c->phase = CLIENT_IS_OVER;
}

static void
fail_own(struct smtp_client *c, unsigned detail, const char *words)
{
	reply_set(&c->own, 0, 7, detail, words);
	client_result_own(
	    c, SMTP_CLIENT_ALL, smtp_client_step(c), CLIENT_LATER);
	c->phase = CLIENT_IS_OVER;
}

static void
begin_auth(struct smtp_client *c, struct buf *out)
{
	if (c->config.user.len == 0) {
		c->phase = CLIENT_IS_READY;
		return;
	}
	c->phase = CLIENT_IS_AUTH;
	if (!client_auth_begin(c, out))
		fail_own(c, 4,
		    c->secure || c->config.plain_secret
			? "the server offers no way to log in that we know"
			: "the server offers no safe way to log in");
}

/* EHLO's extensions are known: TLS first, then AUTH, then ready. */
static void
greeted(struct smtp_client *c, struct buf *out)
{
	bool offered = (c->offers & OFFER_STARTTLS) != 0;

	if (!c->secure && c->config.start_tls && offered)
		client_command(c, CLIENT_IS_STARTING, "STARTTLS", out);
	else if (!c->secure && c->config.need_tls)
		fail_own(c, 10, "TLS is required but not offered");
	else
		begin_auth(c, out);
}

static const struct {
	struct span word;
	unsigned offer;
} offers[] = {
	{ { (const uint8_t *)"PIPELINING", 10 }, OFFER_PIPELINING },
	{ { (const uint8_t *)"SIZE", 4 }, OFFER_SIZE },
	{ { (const uint8_t *)"8BITMIME", 8 }, OFFER_8BITMIME },
	{ { (const uint8_t *)"SMTPUTF8", 8 }, OFFER_SMTPUTF8 },
	{ { (const uint8_t *)"DSN", 3 }, OFFER_DSN },
	{ { (const uint8_t *)"CHUNKING", 8 }, OFFER_CHUNKING },
	{ { (const uint8_t *)"STARTTLS", 8 }, OFFER_STARTTLS },
	{ { (const uint8_t *)"AUTH", 4 }, OFFER_AUTH },
};

/* RFC 9422: "RCPTMAX=50 MAILMAX=10". */
static void
take_limits(struct smtp_client *c, struct span words)
{
	struct span word;
	uint64_t n;

	while (span_next(&words, ' ', &word)) {
		if (!span_starts_nocase(word, SPAN("RCPTMAX=")))
			continue;
		if (!span_u64(span_from(word, 8), SMTP_CLIENT_RCPTS, &n)
		    && n > 0)
			c->rcpt_max = (unsigned)n;
	}
}

/* One line of the EHLO reply: remember what it offers. */
static void
take_offer(struct smtp_client *c, struct span line)
{
	struct span word, rest = span_trim(line);

	if (c->reply.lines < 2) /* the first names the server only */
		return;
	if (span_starts_nocase(rest, SPAN("AUTH="))) {
		c->offers |= OFFER_AUTH;
		client_auth_offer(c, span_from(rest, 5));
		return;
	}
	if (!span_next(&rest, ' ', &word))
		return;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		if (span_is_nocase(word, offers[i].word))
			c->offers |= offers[i].offer;
	}
	if (span_is_nocase(word, SPAN("AUTH")))
		client_auth_offer(c, rest);
	else if (span_is_nocase(word, SPAN("LIMITS")))
		take_limits(c, rest);
	else if (span_is_nocase(word, SPAN("SIZE"))
		 && span_u64(span_trim(rest), UINT64_MAX, &c->size_max))
		c->size_max = 0;
}

static void
greeting_reply(struct smtp_client *c, struct buf *out)
{
	unsigned class = c->reply.code / 100;

	if (class == 2)
		greeted(c, out);
	else if (class == 5 && !c->helo && !c->config.lmtp) {
		c->helo = true;
		say_hello(c, "HELO ", out);
	} else
		fail(c, client_outcome_of(&c->reply));
}

static void
starttls_reply(struct smtp_client *c, struct buf *out)
{
	if (c->reply.code == 220)
		c->phase = CLIENT_IS_SECURING;
	else if (c->config.need_tls)
		fail(c, CLIENT_LATER);
	else
		begin_auth(c, out);
}

/* A complete reply to a command outside a message. */
static void
session_reply(struct smtp_client *c, struct buf *out)
{
	unsigned class = c->reply.code / 100;

	c->reply_due = false;
	switch (c->phase) {
	case CLIENT_IS_COMING:
		if (class == 2)
			say_ehlo(c, out);
		else
			fail(c, client_outcome_of(&c->reply));
		break;
	case CLIENT_IS_GREETING:
		greeting_reply(c, out);
		break;
	case CLIENT_IS_STARTING:
		starttls_reply(c, out);
		break;
	case CLIENT_IS_AUTH:
		client_auth_reply(c, out);
		break;
	case CLIENT_IS_RESET:
		c->phase = class == 2 ? CLIENT_IS_READY : CLIENT_IS_OVER;
		break;
	case CLIENT_IS_QUIT:
	case CLIENT_IS_SECURING:
	case CLIENT_IS_READY:
	case CLIENT_IS_ENVELOPE:
	case CLIENT_IS_DATA:
	case CLIENT_IS_BODY:
	case CLIENT_IS_END:
	case CLIENT_IS_OVER:
		c->phase = CLIENT_IS_OVER;
		break;
	}
}

static bool
is_in_mail(const struct smtp_client *c)
{
	return c->phase == CLIENT_IS_ENVELOPE || c->phase == CLIENT_IS_DATA
	       || c->phase == CLIENT_IS_BODY || c->phase == CLIENT_IS_END;
}

void
client_broken(struct smtp_client *c, const char *words)
{
	if (c->phase != CLIENT_IS_READY && c->phase != CLIENT_IS_QUIT
	    && c->phase != CLIENT_IS_RESET && c->phase != CLIENT_IS_OVER
	    && !(is_in_mail(c) && c->failed)) {
		reply_set(&c->own, 0, 5, 0, words);
		client_result_own(
		    c, SMTP_CLIENT_ALL, smtp_client_step(c), CLIENT_LATER);
	}
	c->phase = CLIENT_IS_OVER;
}

static bool
is_expected(const struct smtp_client *c)
{
	return c->reply_due || (is_in_mail(c) && client_mail_due(c));
}

/*
 * A reply that began before anything was asked: a refusal is believed, as a
 * server may say why it hangs up; a consent never is.
 */
static void
unasked_reply(struct smtp_client *c)
{
	bool is_open = is_in_mail(c) && !c->failed;

	if (c->reply.code / 100 < 4)
		client_broken(c, "the server answered what was not yet sent");
	else if (is_open)
		client_result(
		    c, SMTP_CLIENT_ALL, smtp_client_step(c), CLIENT_LATER);
	c->phase = CLIENT_IS_OVER;
}

/* One complete reply, wherever the session stands. */
static void
reply_done(struct smtp_client *c, struct buf *out)
{
	bool unasked = c->unasked;

	c->unasked = false;
	if (unasked)
		unasked_reply(c);
	else if (c->reply_due)
		session_reply(c, out);
	else
		client_mail_reply(c, out);
}

static void
feed_line(struct smtp_client *c, struct span *bytes, struct buf *out)
{
	enum reply_event event;

	if (!is_expected(c))
		c->unasked = true;
	event = reply_feed(&c->reply, bytes);
	if (event == REPLY_BAD) {
		client_broken(c, "the server sent what is no reply");
		return;
	}
	if (event == REPLY_MORE)
		return;
	if (c->phase == CLIENT_IS_GREETING && !c->helo)
		take_offer(c, reply_line(&c->reply));
	if (event == REPLY_DONE)
		reply_done(c, out);
}

size_t
smtp_client_feed(struct smtp_client *c, struct span bytes, struct buf *out)
{
	struct span rest = bytes;

	while (rest.len > 0 && !c->result_due) {
		if (c->phase == CLIENT_IS_OVER
		    || c->phase == CLIENT_IS_SECURING)
			return bytes.len;
		feed_line(c, &rest, out);
	}
	return bytes.len - rest.len;
}

void
smtp_client_secured(struct smtp_client *c, struct buf *out)
{
	c->secure = true;
	reply_begin(&c->reply);
	say_ehlo(c, out);
}

struct smtp_client_result
smtp_client_next(struct smtp_client *c, struct buf *out)
{
	c->result_due = false;
	if (is_in_mail(c))
		client_mail_settle(c, out);
	return c->result;
}

void
smtp_client_quit(struct smtp_client *c, struct buf *out)
{
	client_command(c, CLIENT_IS_QUIT, "QUIT", out);
}

void
smtp_client_lost(struct smtp_client *c, const char *words)
{
	if (!c->result_due)
		client_broken(c, words);
	c->phase = CLIENT_IS_OVER;
}
