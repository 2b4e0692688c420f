/*
 * pop3: commands; those that log in are in pop3_login.c.  Each verb stands in
 * one table with the states it belongs to and whether it takes an argument; its
 * handler replies, or opens a request.  Answers are in pop3_answer.c, words in
 * pop3_reply.c, what a connection asks of the session in pop3_session.c.
 */
#include "proto/pop3.h"

#include <assert.h>

#include "proto/pop3_reply.h"
#include "proto/pop3_state.h"

enum argument {
	ARG_NONE,
	ARG_MAYBE,
	ARG_NEEDED,
};

struct verb {
	const char *name;
	uint8_t states; /* of enum pop3_state, or-ed */
	uint8_t argument;
	void (*handle)(struct pop3 *s, struct span arg, struct buf *out);
};

void
pop3_wrong(struct pop3 *s, const char *reply, struct buf *out)
{
	if (++s->wrong > POP3_WRONG_MAX) {
		pop3_say(out, "-ERR too many wrong commands");
		s->state = POP3_CLOSED;
		return;
	}
	pop3_say(out, reply);
}

static void
do_stls(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	if (s->tls) {
		pop3_wrong(s, "-ERR TLS is already on", out);
		return;
	}
	if (!s->config->stls) {
		pop3_wrong(s, "-ERR TLS is not offered", out);
		return;
	}
	pop3_say(out, "+OK begin TLS now");
	s->state = POP3_SECURING;
}

static void
do_capa(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	pop3_say_capabilities(s, out);
}

static void
do_utf8(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)s;
	(void)arg;
	pop3_say(out, "+OK");
}

static void
do_noop(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)s;
	(void)arg;
	pop3_say(out, "+OK");
}

static void
do_stat(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	pop3_say_numbers(out, "+OK ", s->live, " ", s->live_octets, "");
}

/* Read a message number; replies when it is none. */
static bool
take_number(struct pop3 *s, struct span arg, uint32_t *number, struct buf *out)
{
	uint64_t n;
	int err = span_u64(arg, UINT32_MAX, &n);

	if (err == ERR_SYNTAX) {
		pop3_wrong(s, "-ERR a message number is needed", out);
		return false;
	}
	if (err || n == 0 || n > s->count) {
		pop3_say(out, "-ERR no such message");
		return false;
	}
	*number = (uint32_t)n;
	return true;
}

static void
list(struct pop3 *s, struct span arg, bool uids, struct buf *out)
{
	uint32_t number = 1;

	s->uids = uids;
	s->listing = arg.len == 0;
	if (!s->listing && !take_number(s, arg, &number, out))
		return;
	if (s->listing)
		pop3_say_numbers(out, "+OK ", s->live, " messages (",
		    s->live_octets, " octets)");
	if (s->listing && s->count == 0) {
		pop3_say(out, ".");
		return;
	}
	s->request =
	    (struct pop3_request) { .ask = POP3_ASK_ENTRY, .number = number };
}

static void
do_list(struct pop3 *s, struct span arg, struct buf *out)
{
	list(s, arg, false, out);
}

static void
do_uidl(struct pop3 *s, struct span arg, struct buf *out)
{
	list(s, arg, true, out);
}

static void
read_message(struct pop3 *s, uint32_t number, bool top, uint64_t lines)
{
	s->begun = s->in_body = s->line_used = false;
	s->top = top;
	s->lines = lines;
	s->sent = 0;
	dot_out_init(&s->dot);
	s->request =
	    (struct pop3_request) { .ask = POP3_ASK_READ, .number = number };
}

static void
do_retr(struct pop3 *s, struct span arg, struct buf *out)
{
	uint32_t number;

	if (take_number(s, arg, &number, out))
		read_message(s, number, false, 0);
}

static void
do_top(struct pop3 *s, struct span arg, struct buf *out)
{
	size_t space = span_find(arg, ' ');
	uint32_t number;
	uint64_t lines;

	if (span_u64(
		span_trim(span_from(arg, space + 1)), UINT64_MAX, &lines)) {
		pop3_wrong(s, "-ERR usage: TOP message lines", out);
		return;
	}
	if (take_number(s, span_first(arg, space), &number, out))
		read_message(s, number, true, lines);
}

static void
do_dele(struct pop3 *s, struct span arg, struct buf *out)
{
	uint32_t number;

	if (take_number(s, arg, &number, out))
		s->request = (struct pop3_request) { .ask = POP3_ASK_MARK,
			.number = number };
}

static void
do_rset(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	(void)out;
	s->request.ask = POP3_ASK_RESET;
}

static void
do_quit(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	if (s->state == POP3_TRANSACTION) {
		s->request.ask = POP3_ASK_QUIT;
		return;
	}
	pop3_say(out, "+OK bye");
	s->state = POP3_CLOSED;
}

/* A browser was led here (a page that posts to this port). */
static void
do_http(struct pop3 *s, struct span arg, struct buf *out)
{
	(void)arg;
	pop3_say(out, "-ERR this is not a web server");
	s->state = POP3_CLOSED;
}

#define A POP3_AUTHORIZATION
#define T POP3_TRANSACTION

static const struct verb verbs[] = {
	{ "RETR", T, ARG_NEEDED, do_retr },
	{ "DELE", T, ARG_NEEDED, do_dele },
	{ "TOP", T, ARG_NEEDED, do_top },
	{ "UIDL", T, ARG_MAYBE, do_uidl },
	{ "LIST", T, ARG_MAYBE, do_list },
	{ "STAT", T, ARG_NONE, do_stat },
	{ "NOOP", T, ARG_NONE, do_noop },
	{ "RSET", T, ARG_NONE, do_rset },
	{ "QUIT", A | T, ARG_NONE, do_quit },
	{ "CAPA", A | T, ARG_NONE, do_capa },
	{ "USER", A, ARG_NEEDED, pop3_do_user },
	{ "PASS", A, ARG_NEEDED, pop3_do_pass },
	{ "APOP", A, ARG_NEEDED, pop3_do_apop },
	{ "AUTH", A, ARG_MAYBE, pop3_do_auth },
	{ "STLS", A, ARG_NONE, do_stls },
	{ "UTF8", A, ARG_NONE, do_utf8 },
	{ "GET", A, ARG_MAYBE, do_http },
	{ "POST", A, ARG_MAYBE, do_http },
	{ "PUT", A, ARG_MAYBE, do_http },
	{ "HEAD", A, ARG_MAYBE, do_http },
	{ "OPTIONS", A, ARG_MAYBE, do_http },
};

#undef A
#undef T

static const struct verb *
find_verb(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (span_is_nocase(name, span_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static void
command(struct pop3 *s, struct span line, struct buf *out)
{
	size_t space = span_find(line, ' ');
	struct span arg = span_from(line, space + 1);
	const struct verb *v = find_verb(span_first(line, space));
	unsigned wrong_before = s->wrong;

	/* blanks are harmless where neither name nor secret can stand */
	if (v != NULL
	    && (v->states != POP3_AUTHORIZATION || v->argument == ARG_NONE))
		arg = span_trim(arg);

	if (v == NULL)
		pop3_wrong(s, "-ERR unknown command", out);
	else if (!(v->states & s->state))
		pop3_wrong(s, "-ERR not in this state", out);
	else if (v->argument == ARG_NONE && arg.len > 0)
		pop3_wrong(s, "-ERR that takes no argument", out);
	else if (v->argument == ARG_NEEDED && arg.len == 0)
		pop3_wrong(s, "-ERR an argument is needed", out);
	else
		v->handle(s, arg, out);
	if (s->wrong == wrong_before)
		s->wrong = 0;
}

/* A bare LF is fine as a line end; a CR inside is not. */
bool
pop3_is_usable(struct span line, enum line_flaw flaw)
{
	return flaw == LINE_OK
	       || (flaw == LINE_BARE && span_find(line, '\r') == line.len);
}

void
pop3_line(void *session, struct span text, enum line_flaw flaw, struct buf *out)
{
	struct pop3 *s = session;
	bool usable = pop3_is_usable(text, flaw);

	assert(s->request.ask == POP3_ASK_NOTHING);
	if (s->state == POP3_TRANSACTION)
		s->phase++;
	if (s->state == POP3_SASL)
		pop3_sasl_line(s, text, flaw);
	else if (usable)
		command(s, text, out);
	else
		pop3_wrong(s,
		    flaw == LINE_LONG ? "-ERR line too long"
				      : "-ERR malformed line",
		    out);
}
