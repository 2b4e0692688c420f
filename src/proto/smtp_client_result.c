/*
 * smtp_client_result: small pieces of commands, results, the names of steps
 * and how long each may take.
 */
#include "proto/smtp_client_int.h"

#include "core/text.h"

void
client_put_span(struct buf *out, struct span s)
{
	(void)buf_put(out, s);
}

void
client_put(struct buf *out, const char *s)
{
	client_put_span(out, span_str(s));
}

void
client_put_u64(struct buf *out, uint64_t n)
{
	char mem[24];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	client_put_span(out, text_data(&t));
}

static void
set_result(struct smtp_client *c, int recipient, enum client_step step,
    enum client_outcome outcome, const struct reply *reply)
{
	c->result = (struct smtp_client_result) {
		.recipient = recipient,
		.step = step,
		.outcome = outcome,
		.reply = reply,
	};
	c->result_due = true;
}

void
client_result(struct smtp_client *c, int recipient, enum client_step step,
    enum client_outcome outcome)
{
	set_result(c, recipient, step, outcome, &c->reply);
}

void
client_result_own(struct smtp_client *c, int recipient, enum client_step step,
    enum client_outcome outcome)
{
	set_result(c, recipient, step, outcome, &c->own);
}

enum client_outcome
client_outcome_of(const struct reply *r)
{
	if (r->code / 100 == 2)
		return CLIENT_SENT;
	return r->code / 100 == 5 ? CLIENT_NEVER : CLIENT_LATER;
}

static const char *const step_names[] = {
	[CLIENT_AT_GREETING] = "greeting",
	[CLIENT_AT_HELLO] = "EHLO",
	[CLIENT_AT_TLS] = "STARTTLS",
	[CLIENT_AT_AUTH] = "AUTH",
	[CLIENT_AT_MAIL] = "MAIL FROM",
	[CLIENT_AT_RCPT] = "RCPT TO",
	[CLIENT_AT_DATA] = "DATA",
	[CLIENT_AT_END] = "end of data",
	[CLIENT_AT_RESET] = "RSET",
	[CLIENT_AT_QUIT] = "QUIT",
};

const char *
smtp_client_step_name(enum client_step step)
{
	return step_names[step];
}

static const struct {
	enum client_step step;
	unsigned seconds;
} phases[] = {
	[CLIENT_IS_COMING] = { CLIENT_AT_GREETING, 300 },
	[CLIENT_IS_GREETING] = { CLIENT_AT_HELLO, 300 },
	[CLIENT_IS_STARTING] = { CLIENT_AT_TLS, 120 },
	[CLIENT_IS_SECURING] = { CLIENT_AT_TLS, 120 },
	[CLIENT_IS_AUTH] = { CLIENT_AT_AUTH, 120 },
	[CLIENT_IS_READY] = { CLIENT_AT_MAIL, 300 },
	[CLIENT_IS_ENVELOPE] = { CLIENT_AT_MAIL, 300 },
	[CLIENT_IS_DATA] = { CLIENT_AT_DATA, 120 },
	[CLIENT_IS_BODY] = { CLIENT_AT_DATA, 3600 },
	[CLIENT_IS_END] = { CLIENT_AT_END, 600 },
	[CLIENT_IS_RESET] = { CLIENT_AT_RESET, 60 },
	[CLIENT_IS_QUIT] = { CLIENT_AT_QUIT, 5 },
	[CLIENT_IS_OVER] = { CLIENT_AT_QUIT, 5 },
};

unsigned
smtp_client_seconds(const struct smtp_client *c)
{
	return phases[c->phase].seconds;
}

enum client_step
smtp_client_step(const struct smtp_client *c)
{
	if (c->phase == CLIENT_IS_ENVELOPE && !c->mail_due)
		return CLIENT_AT_RCPT;
	return phases[c->phase].step;
}
