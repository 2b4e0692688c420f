/*
 * fuzz_pop3: a client that says anything, to a session whose service answers
 * anything that its contract allows.
 *
 * The input is the client's bytes; what the service answers, and how large
 * the window is, comes from a number that is stirred with each of them.
 */
#include <assert.h>

#include "codec/line.h"
#include "proto/pop3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGES 5

static struct pop3 session;
static uint32_t number; /* the service's mind */
static size_t at;	/* in the message being read */
static bool deleted[MESSAGES + 1];

static const char text[] = "Subject: x\n\n.dot\r\n.\n\nno end";

static uint32_t
choose(uint32_t n)
{
	number = number * 1664525 + 1013904223;
	return (number >> 16) % n;
}

static void
answer_login(struct buf *out)
{
	static uint8_t challenge[POP3_SECRET_MAX];

	switch (choose(4)) {
	case 0:
		pop3_answer_denied(
		    &session, (enum pop3_login)choose(POP3_LOGINS), out);
		break;
	case 1:
		pop3_answer_challenge(&session,
		    span_of(challenge, choose(sizeof(challenge) + 1)), out);
		break;
	default:
		pop3_answer_welcome(&session, MESSAGES, UINT64_MAX / 2, out);
		break;
	}
}

static void
answer_entry(const struct pop3_request *r, struct buf *out)
{
	static char uid[POP3_UID_MAX];
	struct pop3_entry e = { deleted[r->number], UINT64_MAX,
		span_of(uid, 1 + choose(sizeof(uid))) };

	assert(r->number >= 1 && r->number <= MESSAGES);
	memset(uid, 'u', sizeof(uid));
	if (choose(20) == 0)
		pop3_answer_refused(&session, POP3_TROUBLE, out);
	else
		pop3_answer_entry(&session, &e, out);
}

static void
answer_read(struct buf *out)
{
	struct span all = span_of(text, sizeof(text) - 1);
	struct span piece = span_first(span_from(all, at), 1 + choose(20));
	size_t used;

	if (!session.begun) {
		at = 0;
		if (choose(10) == 0)
			pop3_answer_refused(&session, POP3_GONE, out);
		else
			pop3_answer_opened(&session, all.len, out);
		return;
	}
	if (choose(50) == 0) {
		pop3_answer_broken(&session);
		return;
	}
	used =
	    pop3_answer_bytes(&session, piece, at + piece.len == all.len, out);
	assert(used <= piece.len);
	at += used;
}

static void
answer_mark(const struct pop3_request *r, struct buf *out)
{
	bool *mark = &deleted[r->number];

	assert(r->number >= 1 && r->number <= MESSAGES);
	if (*mark)
		pop3_answer_refused(&session, POP3_DELETED, out);
	else
		pop3_answer_marked(&session, 1, out);
	*mark = true;
}

static void
answer(struct buf *out)
{
	const struct pop3_request *r = pop3_request(&session);

	switch (r->ask) {
	case POP3_ASK_LOGIN:
	case POP3_ASK_APOP:
	case POP3_ASK_SASL:
	case POP3_ASK_STEP:
		answer_login(out);
		break;
	case POP3_ASK_CANCEL:
		pop3_answer_denied(&session, POP3_LOGIN_CANCELLED, out);
		break;
	case POP3_ASK_ENTRY:
		answer_entry(r, out);
		break;
	case POP3_ASK_READ:
		answer_read(out);
		break;
	case POP3_ASK_MARK:
		answer_mark(r, out);
		break;
	case POP3_ASK_RESET:
		memset(deleted, 0, sizeof(deleted));
		pop3_answer_reset(&session, out);
		break;
	case POP3_ASK_QUIT:
		pop3_answer_quit(&session, choose(2), out);
		break;
	case POP3_ASK_NOTHING:
		assert(!"a request is open");
	}
}

/* Whole lines only, CR LF at the end of each. */
static void
check_output(struct buf *out)
{
	struct span data = buf_data(out);

	if (pop3_ops.want(&session) == WANT_LINE && data.len > 0) {
		assert(data.len >= 2);
		assert(data.p[data.len - 1] == '\n');
		assert(data.p[data.len - 2] == '\r');
	}
	buf_drop(out, data.len);
}

static void
one_line(const struct line *l, struct buf *out)
{
	pop3_ops.line(&session, l->text, l->flaw, out);
	while (pop3_ops.want(&session) == WANT_ANSWER) {
		if (buf_free(out) < SESSION_REPLY_MAX)
			buf_drop(out, buf_len(out));
		answer(out);
	}
	if (pop3_ops.want(&session) == WANT_TLS)
		pop3_ops.secured(&session, out);
	check_output(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mem[2 * SESSION_REPLY_MAX];
	struct pop3_config config = { .implementation = SPAN("fuzz"),
		.sasl_plain = SPAN("PLAIN LOGIN"),
		.sasl_tls = SPAN("PLAIN"),
		.stls = true,
		.plaintext = true };
	struct span window = span_of(data, size);
	struct buf out;
	struct line l;
	bool skip = false;

	number = (uint32_t)size;
	memset(deleted, 0, sizeof(deleted));
	buf_init(&out, mem, sizeof(mem));
	pop3_init(&session, &config, SPAN("<1@fuzz>"), false, &out);
	while (pop3_ops.want(&session) == WANT_LINE
	       && line_next(window, pop3_ops.line_max, &skip, &l)) {
		number ^= l.text.len > 0 ? l.text.p[0] : 0u;
		one_line(&l, &out);
		window = span_from(window, l.used);
	}
	return 0;
}
