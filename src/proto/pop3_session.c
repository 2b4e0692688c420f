/*
 * pop3_session: the session as its connection sees it.  Lines go to pop3.c.
 */
#include "proto/pop3.h"
#include "proto/pop3_reply.h"
#include "proto/pop3_state.h"

/* Seconds: before login in all; afterwards for each command or 64 KiB. */
#define LOGIN_SECONDS 180
#define STEP_SECONDS  600

static enum want
want(const void *session)
{
	const struct pop3 *s = session;

	if (s->state == POP3_CLOSED)
		return WANT_CLOSE;
	if (s->state == POP3_SECURING)
		return WANT_TLS;
	return s->request.ask == POP3_ASK_NOTHING ? WANT_LINE : WANT_ANSWER;
}

/* RFC 2595 section 4: nothing said before TLS counts any more. */
static void
secured(void *session, struct buf *out)
{
	struct pop3 *s = session;

	(void)out;
	s->tls = true;
	s->user_len = 0;
	s->state = POP3_AUTHORIZATION;
}

/* RFC 1939 section 3: the connection is closed without a word. */
static void
stop(void *session, enum session_stop why, struct buf *out)
{
	struct pop3 *s = session;

	(void)why;
	(void)out;
	s->request.ask = POP3_ASK_NOTHING;
	s->state = POP3_CLOSED;
}

static unsigned
phase(const void *session)
{
	return ((const struct pop3 *)session)->phase;
}

static unsigned
phase_seconds(const void *session)
{
	const struct pop3 *s = session;

	return s->state == POP3_TRANSACTION ? STEP_SECONDS : LOGIN_SECONDS;
}

const struct session_ops pop3_ops = {
	.name = "pop3",
	.line_max = POP3_LINE_MAX,
	.want = want,
	.line = pop3_line,
	.secured = secured,
	.stop = stop,
	.phase = phase,
	.phase_seconds = phase_seconds,
};

void
pop3_init(struct pop3 *s, const struct pop3_config *config,
    struct span challenge, bool tls, struct buf *out)
{
	/* the large arrays at the end need no clearing */
	memset(s, 0, offsetof(struct pop3, user));
	s->config = config;
	s->tls = tls;
	s->state = POP3_AUTHORIZATION;
	challenge = span_first(challenge, POP3_CHALLENGE_MAX);
	if (challenge.len > 0)
		memcpy(s->challenge, challenge.p, challenge.len);
	s->challenge_len = (uint8_t)challenge.len;
	pop3_say_greeting(s, out);
}

void
pop3_init_refused(struct pop3 *s, struct buf *out)
{
	memset(s, 0, offsetof(struct pop3, user));
	s->state = POP3_CLOSED;
	pop3_say(out, "-ERR [SYS/PERM] not from your network");
}
