/*
 * pop3_reply: formats replies; decides nothing and changes no session.
 */
#include "proto/pop3_reply.h"

#include <assert.h>

#include "codec/base64.h"
#include "core/text.h"

#define TEXT_MAX 128 /* the longest line that is put together here */

static void
put(struct buf *out, struct span s)
{
	bool fits = buf_put(out, s);

	assert(fits);
	(void)fits;
}

static void
put_line(struct buf *out, struct span s)
{
	put(out, s);
	put(out, SPAN("\r\n"));
}

void
pop3_say(struct buf *out, const char *line)
{
	put_line(out, span_str(line));
}

void
pop3_say_numbers(struct buf *out, const char *head, uint64_t a,
    const char *between, uint64_t b, const char *tail)
{
	char mem[TEXT_MAX];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, head);
	text_u64(&t, a);
	text_str(&t, between);
	text_u64(&t, b);
	text_str(&t, tail);
	put_line(out, text_data(&t));
}

void
pop3_say_number(struct buf *out, const char *head, uint64_t n, const char *tail)
{
	char mem[TEXT_MAX];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, head);
	text_u64(&t, n);
	text_str(&t, tail);
	put_line(out, text_data(&t));
}

void
pop3_say_entry(struct buf *out, const char *head, uint32_t number,
    const struct pop3_entry *entry, bool uid)
{
	char mem[TEXT_MAX];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, head);
	text_u64(&t, number);
	text_chr(&t, ' ');
	if (uid)
		text_span(&t, span_first(entry->uid, POP3_UID_MAX));
	else
		text_u64(&t, entry->octets);
	put_line(out, text_data(&t));
}

void
pop3_say_greeting(const struct pop3 *s, struct buf *out)
{
	put(out, SPAN("+OK gatepost POP3 ready"));
	if (s->challenge_len > 0) {
		put(out, SPAN(" "));
		put(out, pop3_challenge(s));
	}
	put(out, SPAN("\r\n"));
}

struct span
pop3_mechanisms(const struct pop3 *s)
{
	return s->tls ? s->config->sasl_tls : s->config->sasl_plain;
}

static void
put_tagged(struct buf *out, struct span tag, struct span value)
{
	put(out, tag);
	put_line(out, value);
}

void
pop3_say_capabilities(const struct pop3 *s, struct buf *out)
{
	put(out, SPAN("+OK these\r\n"
		      "TOP\r\n"
		      "UIDL\r\n"
		      "PIPELINING\r\n"
		      "RESP-CODES\r\n"
		      "AUTH-RESP-CODE\r\n"
		      "UTF8\r\n"
		      "EXPIRE NEVER\r\n"));
	pop3_say_number(out, "LOGIN-DELAY ", s->config->login_delay_s, "");
	if (s->config->stls && !s->tls)
		pop3_say(out, "STLS");
	if (s->tls || s->config->plaintext)
		pop3_say(out, "USER");
	if (pop3_mechanisms(s).len > 0)
		put_tagged(out, SPAN("SASL "), pop3_mechanisms(s));
	put_tagged(out, SPAN("IMPLEMENTATION "), s->config->implementation);
	pop3_say(out, ".");
}

void
pop3_say_mechanisms(const struct pop3 *s, struct buf *out)
{
	struct span rest = pop3_mechanisms(s), mech;

	pop3_say(out, "+OK");
	while (rest.len > 0 && span_next(&rest, ' ', &mech))
		put_line(out, mech);
	pop3_say(out, ".");
}

void
pop3_say_challenge(struct span challenge, struct buf *out)
{
	uint8_t text[BASE64_LEN(POP3_SECRET_MAX)];

	assert(challenge.len <= POP3_SECRET_MAX);
	put_tagged(
	    out, SPAN("+ "), span_of(text, base64_encode(challenge, text)));
}

void
pop3_say_denied(enum pop3_login how, struct buf *out)
{
	static const char *const text[POP3_LOGINS] = {
		[POP3_LOGIN_DENIED] = "-ERR [AUTH] wrong name or password",
		[POP3_LOGIN_IN_USE] =
		    "-ERR [IN-USE] another session has this mailbox open",
		[POP3_LOGIN_TEMP] =
		    "-ERR [SYS/TEMP] not possible now, try again later",
		[POP3_LOGIN_PERM] =
		    "-ERR [SYS/PERM] this mailbox needs the owner's attention",
		[POP3_LOGIN_NEEDS_TLS] = "-ERR not without TLS: use STLS first",
		[POP3_LOGIN_UNKNOWN_MECH] = "-ERR no such mechanism",
		[POP3_LOGIN_SYNTAX] =
		    "-ERR base64, but not what this mechanism sends",
		[POP3_LOGIN_BASE64] = "-ERR that is not base64",
		[POP3_LOGIN_LONG] = "-ERR line too long",
		[POP3_LOGIN_MALFORMED] = "-ERR malformed line",
		[POP3_LOGIN_CANCELLED] = "-ERR cancelled",
		[POP3_LOGIN_TOO_SOON] =
		    "-ERR [LOGIN-DELAY] too soon after the last login",
		[POP3_LOGIN_BANNED] =
		    "-ERR [SYS/TEMP] too many failed logins, try again later",
	};

	pop3_say(out, text[how]);
}

void
pop3_say_refused(enum pop3_refusal why, struct buf *out)
{
	static const char *const text[POP3_REFUSALS] = {
		[POP3_DELETED] = "-ERR that message is marked as deleted",
		[POP3_GONE] = "-ERR that message is gone",
		[POP3_TROUBLE] =
		    "-ERR [SYS/TEMP] the mailbox can't be read now",
	};

	pop3_say(out, text[why]);
}
