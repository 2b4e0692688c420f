/*
 * smtp_client_mail: one message, from MAIL to its final replies.
 *
 * The commands in flight are known by counting: MAIL, then `sent` RCPTs, then
 * DATA; replies come in that order (RFC 2920), so no queue is kept.
 */
#include "proto/smtp_client_int.h"

#include "codec/xtext.h"

#define ORCPT_MAX 500 /* RFC 3461, 4.2 */

bool
client_mail_due(const struct smtp_client *c)
{
	return c->mail_due || c->seen < c->sent || c->data_due || c->chunks > 0
	       || c->ends > 0;
}

static bool
has(const struct smtp_client *c, enum client_offer offer)
{
	return (c->offers & offer) != 0;
}

/* Refuse a message before anything is sent. */
static void
refuse(struct smtp_client *c, unsigned code, unsigned subject, unsigned detail,
    const char *words)
{
	reply_set(&c->own, code, subject, detail, words);
	c->own.code = 0;
	client_result_own(c, SMTP_CLIENT_ALL, CLIENT_AT_MAIL, CLIENT_NEVER);
}

static bool
is_refused(struct smtp_client *c, const struct smtp_client_mail *m)
{
	if (has(c, OFFER_SIZE) && c->size_max > 0 && m->octets > c->size_max)
		refuse(c, 500, 3, 4,
		    "the message is larger than the server takes");
	else if (m->utf8 && !has(c, OFFER_SMTPUTF8))
		refuse(c, 500, 6, 7,
		    "the server does not take addresses that are not ASCII");
	else
		return false;
	return true;
}

static void
put_mail(
    struct smtp_client *c, const struct smtp_client_mail *m, struct buf *out)
{
	client_put(out, "MAIL FROM:<");
	client_put_span(out, m->sender);
	client_put(out, ">");
	if (has(c, OFFER_SIZE)) {
		client_put(out, " SIZE=");
		client_put_u64(out, m->octets);
	}
	if (has(c, OFFER_8BITMIME) && m->eight_bit)
		client_put(out, " BODY=8BITMIME");
	if (m->utf8)
		client_put(out, " SMTPUTF8");
	if (has(c, OFFER_DSN) && m->ret != 0)
		client_put(out, m->ret == 'F' ? " RET=FULL" : " RET=HDRS");
	if (has(c, OFFER_DSN) && m->envid.len > 0) {
		client_put(out, " ENVID=");
		client_put_span(out, m->envid);
	}
	client_put(out, "\r\n");
}

void
smtp_client_mail(
    struct smtp_client *c, const struct smtp_client_mail *mail, struct buf *out)
{
	if (is_refused(c, mail))
		return;
	c->sent = c->seen = c->accepted = 0;
	c->chunks = c->ends = c->end_at = 0;
	c->data_due = c->failed = c->ended = false;
	c->chunked = c->config.chunking && has(c, OFFER_CHUNKING);
	c->utf8 = mail->utf8;
	c->at_line_start = true;
	dot_out_init(&c->dots);
	memset(c->accepted_set, 0, sizeof(c->accepted_set));
	c->mails++;
	c->mail_due = true;
	c->phase = CLIENT_IS_ENVELOPE;
	put_mail(c, mail, out);
}

unsigned
smtp_client_rcpt_max(const struct smtp_client *c)
{
	return c->rcpt_max;
}

static void
put_notify(unsigned notify, struct buf *out)
{
	static const char *const names[] = { "NEVER", "SUCCESS", "FAILURE",
		"DELAY" };
	const char *sep = " NOTIFY=";

	for (unsigned i = 0; i < 4; i++) {
		if ((notify & 1u << i) == 0)
			continue;
		client_put(out, sep);
		client_put(out, names[i]);
		sep = ",";
	}
}

/* A UTF-8 address that may not go as it is: in ASCII, if it fits then. */
static void
put_orcpt(struct smtp_client *c, struct span orcpt, struct buf *out)
{
	struct span address = span_from(orcpt, span_find(orcpt, ';') + 1);
	char mem[ORCPT_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	if (!xtext_is_utf8(address)) {
		text_span(&t, orcpt);
	} else {
		text_str(&t, "utf-8;");
		if (c->utf8)
			text_span(&t, address);
		else
			xtext_from_utf8(address, true, &t);
	}
	if (t.cut || t.len == 0)
		return;
	client_put(out, " ORCPT=");
	client_put_span(out, text_data(&t));
}

void
smtp_client_rcpt(
    struct smtp_client *c, const struct smtp_client_rcpt *rcpt, struct buf *out)
{
	client_put(out, "RCPT TO:<");
	client_put_span(out, rcpt->path);
	client_put(out, ">");
	if (has(c, OFFER_DSN)) {
		put_notify(rcpt->notify, out);
		put_orcpt(c, rcpt->orcpt, out);
	}
	client_put(out, "\r\n");
	c->sent++;
}

/* Give the message up and make the far end forget it. */
static void
reset(struct smtp_client *c, struct buf *out)
{
	client_command(c, CLIENT_IS_RESET, "RSET", out);
}

static void
send_data(struct smtp_client *c, struct buf *out)
{
	client_put(out, "DATA\r\n");
	c->data_due = true;
}

/* All recipients are handed in and the window is empty: what now? */
static void
after_envelope(struct smtp_client *c, struct buf *out)
{
	if (c->failed || c->accepted == 0)
		reset(c, out);
	else if (c->chunked)
		c->phase = CLIENT_IS_BODY;
	else {
		send_data(c, out);
		c->phase = CLIENT_IS_DATA;
	}
}

void
smtp_client_rcpt_end(struct smtp_client *c, struct buf *out)
{
	c->ended = true;
	if (!client_mail_due(c))
		after_envelope(c, out);
	else if (has(c, OFFER_PIPELINING) && !c->chunked)
		send_data(c, out);
}

static void
mail_reply(struct smtp_client *c)
{
	c->mail_due = false;
	if (c->reply.code / 100 == 2)
		return;
	c->failed = true;
	client_result(
	    c, SMTP_CLIENT_ALL, CLIENT_AT_MAIL, client_outcome_of(&c->reply));
}

/* RFC 5321, 4.5.3.1.10: 552 for too many recipients means 452. */
static enum client_outcome
rcpt_outcome(const struct smtp_client *c)
{
	const struct reply *r = &c->reply;
	bool many = r->code == 452
		    || (r->code == 552
			&& (r->enhanced[0] == 0
			    || (r->enhanced[1] == 5 && r->enhanced[2] == 3)));

	if (many)
		return c->accepted > 0 ? CLIENT_AGAIN : CLIENT_LATER;
	return client_outcome_of(r);
}

static void
rcpt_reply(struct smtp_client *c)
{
	unsigned i = c->seen++;

	if (c->reply.code / 100 == 2) {
		c->accepted++;
		c->accepted_set[i / 32] |= 1u << i % 32;
		return;
	}
	if (!c->failed)
		client_result(c, (int)i, CLIENT_AT_RCPT, rcpt_outcome(c));
}

static void
data_reply(struct smtp_client *c, struct buf *out)
{
	bool go = c->reply.code == 354;

	c->data_due = false;
	if (go && (c->failed || c->accepted == 0)) {
		c->failed = true;
		c->ends = 1;
		client_put(out, ".\r\n");
		c->phase = CLIENT_IS_END;
	} else if (go) {
		c->phase = CLIENT_IS_BODY;
	} else {
		if (!c->failed && c->accepted > 0)
			client_result(c, SMTP_CLIENT_ALL, CLIENT_AT_DATA,
			    c->reply.code / 100 == 5 ? CLIENT_NEVER
						     : CLIENT_LATER);
		c->failed = true;
		/* after a consent that is none, nobody knows what it expects */
		c->phase =
		    c->reply.code < 400 ? CLIENT_IS_OVER : CLIENT_IS_DATA;
	}
}

/* The order of the next recipient whose final reply is due (LMTP). */
static int
next_accepted(struct smtp_client *c)
{
	while (c->end_at < c->sent) {
		unsigned i = c->end_at++;

		if (c->accepted_set[i / 32] >> i % 32 & 1)
			return (int)i;
	}
	return SMTP_CLIENT_ALL;
}

/* The reply to a chunk that is not the last. */
static void
chunk_reply(struct smtp_client *c)
{
	c->chunks--;
	if (c->failed || c->reply.code / 100 == 2)
		return;
	c->failed = true;
	client_result(
	    c, SMTP_CLIENT_ALL, CLIENT_AT_DATA, client_outcome_of(&c->reply));
}

static void
end_reply(struct smtp_client *c)
{
	c->ends--;
	if (!c->failed)
		client_result(c,
		    c->config.lmtp ? next_accepted(c) : SMTP_CLIENT_ALL,
		    CLIENT_AT_END, client_outcome_of(&c->reply));
}

/* A reply is dealt with and its result taken: go on where it leads. */
void
client_mail_settle(struct smtp_client *c, struct buf *out)
{
	if (c->result_due || client_mail_due(c))
		return;
	switch (c->phase) {
	case CLIENT_IS_ENVELOPE:
		if (c->ended || c->failed)
			after_envelope(c, out);
		break;
	case CLIENT_IS_DATA:
	case CLIENT_IS_BODY:
		if (c->failed)
			reset(c, out);
		break;
	case CLIENT_IS_END:
		if (c->failed && c->chunked)
			reset(c, out);
		else
			c->phase = CLIENT_IS_READY;
		break;
	case CLIENT_IS_COMING:
	case CLIENT_IS_GREETING:
	case CLIENT_IS_STARTING:
	case CLIENT_IS_SECURING:
	case CLIENT_IS_AUTH:
	case CLIENT_IS_READY:
	case CLIENT_IS_RESET:
	case CLIENT_IS_QUIT:
	case CLIENT_IS_OVER:
		break;
	}
}

void
client_mail_reply(struct smtp_client *c, struct buf *out)
{
	bool over = c->reply.code == 421;

	if (c->mail_due)
		mail_reply(c);
	else if (c->seen < c->sent)
		rcpt_reply(c);
	else if (c->data_due)
		data_reply(c, out);
	else if (c->chunks > 0)
		chunk_reply(c);
	else
		end_reply(c);
	if (over) {
		/* "Going away" is about everything that is open. */
		if (!c->failed || c->result_due)
			client_result(c, SMTP_CLIENT_ALL, smtp_client_step(c),
			    CLIENT_LATER);
		c->phase = CLIENT_IS_OVER;
		return;
	}
	client_mail_settle(c, out);
}
