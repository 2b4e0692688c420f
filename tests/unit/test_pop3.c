/*
 * test_pop3: the dialogues of talks/pop3, with a stub in the service's place,
 * and what can't be written as a dialogue.
 */
#include "support/talk.h"
#include "support/test.h"

#include "core/text.h"
#include "proto/pop3.h"

struct stub {
	struct pop3 session;
	struct pop3_config config;
	bool tls;
	bool apop;
	enum pop3_login refuse; /* logins with the right password, too */
	bool refusing;
	unsigned sasl_step;
	uint32_t count;	 /* messages */
	size_t piece;	 /* how much of a message is given at once */
	size_t at;	 /* in the message being read */
	uint32_t gone;	 /* a message that can't be opened */
	uint32_t broken; /* one that breaks off after its first piece */
	uint32_t kept;
	bool deleted[8];
};

static struct stub stub;

/* Message n is the n-th of these, over and over. */
static const char *const texts[] = {
	"Subject: one\n\nHello\n",
	"Subject: two\n\n.dot\n..\n.\nend",
	"Subject: three\r\n\r\n1\r\n2\r\n3\r\n",
	"",
	"no header at all",
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static struct span
text_of(uint32_t number)
{
	return span_str(texts[(number - 1) % TEXTS]);
}

static uint64_t
octets_of(uint32_t number)
{
	struct dot_out d;
	uint64_t n;

	dot_out_init(&d);
	n = dot_out_count(&d, text_of(number));
	return n + dot_out_missing(&d);
}

static uint64_t
octets_of_all(void)
{
	uint64_t n = 0;

	for (uint32_t i = 1; i <= stub.count; i++)
		n += octets_of(i);
	return n;
}

static void
reset(void *ctx)
{
	(void)ctx;
	stub = (struct stub) { .count = 3, .piece = 1000 };
	stub.config = (struct pop3_config) { .implementation = SPAN("test-1"),
		.sasl_plain = SPAN("PLAIN LOGIN"),
		.sasl_tls = SPAN("PLAIN LOGIN EXTERNAL"),
		.stls = true,
		.plaintext = true };
}

static uint64_t
number_in(struct span words)
{
	uint64_t n = 0;

	assert_int_equal(span_u64(span_from(words, span_rfind(words, ' ') + 1),
			     UINT32_MAX, &n),
	    0);
	return n;
}

static void
setup_refusal(struct span how)
{
	static const char *const names[POP3_LOGINS] = { "denied", "in-use",
		"temp", "perm", "tls", "mech", "syntax", "cancelled", "base64",
		"long", "malformed", "too-soon", "banned" };

	stub.refusing = true;
	for (unsigned i = 0; i < POP3_LOGINS; i++)
		if (span_is(how, span_str(names[i])))
			stub.refuse = (enum pop3_login)i;
}

static void
setup(void *ctx, struct span words)
{
	(void)ctx;
	if (span_is(words, SPAN("tls")))
		stub.tls = true;
	else if (span_is(words, SPAN("apop")))
		stub.apop = true;
	else if (span_is(words, SPAN("modern")))
		stub.config.plaintext = false, stub.config.sasl_plain.len = 0;
	else if (span_is(words, SPAN("no-stls")))
		stub.config.stls = false;
	else if (span_starts(words, SPAN("refuse ")))
		setup_refusal(span_from(words, 7));
	else if (span_starts(words, SPAN("messages ")))
		stub.count = (uint32_t)number_in(words);
	else if (span_starts(words, SPAN("piece ")))
		stub.piece = (size_t)number_in(words);
	else if (span_starts(words, SPAN("gone ")))
		stub.gone = (uint32_t)number_in(words);
	else if (span_starts(words, SPAN("broken ")))
		stub.broken = (uint32_t)number_in(words);
	else if (span_starts(words, SPAN("kept ")))
		stub.kept = (uint32_t)number_in(words);
	else
		fail_msg("unknown words: %.*s", (int)words.len, words.p);
}

static void
start(void *ctx, struct buf *out)
{
	(void)ctx;
	pop3_init(&stub.session, &stub.config,
	    stub.apop ? SPAN("<1.2@host>") : SPAN(""), stub.tls, out);
}

static void
finish_login(bool right, struct buf *out)
{
	if (stub.refusing)
		pop3_answer_denied(&stub.session, stub.refuse, out);
	else if (right)
		pop3_answer_welcome(
		    &stub.session, stub.count, octets_of_all(), out);
	else
		pop3_answer_denied(&stub.session, POP3_LOGIN_DENIED, out);
}

static void
answer_sasl(const struct pop3_request *q, struct buf *out)
{
	if (q->ask == POP3_ASK_SASL)
		stub.sasl_step = 0;
	if (q->ask == POP3_ASK_SASL && span_is(q->mech, SPAN("NONE"))) {
		pop3_answer_denied(&stub.session, POP3_LOGIN_UNKNOWN_MECH, out);
		return;
	}
	if (stub.refusing && stub.refuse == POP3_LOGIN_NEEDS_TLS) {
		pop3_answer_denied(&stub.session, stub.refuse, out);
		return;
	}
	if (!q->has_secret || stub.sasl_step == 1) {
		stub.sasl_step++;
		pop3_answer_challenge(&stub.session,
		    stub.sasl_step == 1 ? SPAN("Username:") : SPAN("Password:"),
		    out);
		return;
	}
	finish_login(span_is(q->secret, SPAN("secret")), out);
}

static void
answer_read(const struct pop3_request *q, struct buf *out)
{
	struct span text = text_of(q->number);
	struct span piece = span_first(span_from(text, stub.at), stub.piece);

	if (!stub.session.begun && q->number == stub.gone) {
		pop3_answer_refused(&stub.session, POP3_GONE, out);
		return;
	}
	if (!stub.session.begun && stub.deleted[q->number % 8]) {
		pop3_answer_refused(&stub.session, POP3_DELETED, out);
		return;
	}
	if (!stub.session.begun) {
		stub.at = 0;
		pop3_answer_opened(&stub.session, octets_of(q->number), out);
		return;
	}
	if (stub.at > 0 && q->number == stub.broken) {
		pop3_answer_broken(&stub.session);
		return;
	}
	stub.at += pop3_answer_bytes(
	    &stub.session, piece, stub.at + piece.len == text.len, out);
}

static void
answer_entry(const struct pop3_request *q, struct buf *out)
{
	char uid[24];
	struct text t;
	struct pop3_entry e;

	text_init(&t, uid, sizeof(uid));
	text_str(&t, "uid-");
	text_u64(&t, q->number);
	e = (struct pop3_entry) { stub.deleted[q->number % 8],
		octets_of(q->number), text_data(&t) };
	pop3_answer_entry(&stub.session, &e, out);
}

static void
answer_mark(const struct pop3_request *q, struct buf *out)
{
	bool *deleted = &stub.deleted[q->number % 8];

	if (*deleted)
		pop3_answer_refused(&stub.session, POP3_DELETED, out);
	else
		pop3_answer_marked(&stub.session, octets_of(q->number), out);
	*deleted = true;
}

static bool
is_ann(const struct pop3_request *q, struct span secret)
{
	return span_is(q->user, SPAN("ann")) && span_is(q->secret, secret);
}

static void
answer(void *ctx, struct buf *out)
{
	const struct pop3_request *q = pop3_request(&stub.session);

	(void)ctx;
	switch (q->ask) {
	case POP3_ASK_LOGIN:
		finish_login(is_ann(q, SPAN("open  sesame ")), out);
		break;
	case POP3_ASK_APOP:
		finish_login(
		    is_ann(q, SPAN("0123456789abcdef0123456789ABCDEF")), out);
		break;
	case POP3_ASK_SASL:
	case POP3_ASK_STEP:
		answer_sasl(q, out);
		break;
	case POP3_ASK_CANCEL:
		pop3_answer_denied(&stub.session, POP3_LOGIN_CANCELLED, out);
		break;
	case POP3_ASK_ENTRY:
		answer_entry(q, out);
		break;
	case POP3_ASK_READ:
		answer_read(q, out);
		break;
	case POP3_ASK_MARK:
		answer_mark(q, out);
		break;
	case POP3_ASK_RESET:
		memset(stub.deleted, 0, sizeof(stub.deleted));
		pop3_answer_reset(&stub.session, out);
		break;
	case POP3_ASK_QUIT:
		pop3_answer_quit(&stub.session, stub.kept, out);
		break;
	case POP3_ASK_NOTHING:
		fail_msg("no request is open");
	}
}

static const struct talk_peer peer = {
	.ops = &pop3_ops,
	.session = &stub.session,
	.reset = reset,
	.setup = setup,
	.start = start,
	.answer = answer,
};

static void
plays_all_dialogues_at_every_split(void **state)
{
	(void)state;
	talk_play_folder("tests/talks/pop3", &peer);
}

/* Begin a session that is logged in to `count` messages. */
static void
login(uint32_t count, struct buf *out)
{
	reset(NULL);
	stub.count = count;
	start(NULL, out);
	pop3_ops.line(&stub.session, SPAN("USER ann"), LINE_OK, out);
	pop3_ops.line(&stub.session, SPAN("PASS open  sesame "), LINE_OK, out);
	answer(NULL, out);
	buf_drop(out, buf_len(out));
}

static void
lists_ten_thousand_messages_through_a_small_window(void **state)
{
	static uint8_t mem[SESSION_REPLY_MAX];
	struct buf out;
	size_t lines = 0;

	(void)state;
	buf_init(&out, mem, sizeof(mem));
	login(10000, &out);
	pop3_ops.line(&stub.session, SPAN("UIDL"), LINE_OK, &out);
	while (pop3_ops.want(&stub.session) == WANT_ANSWER) {
		if (buf_free(&out) >= POP3_ENTRY_MAX) {
			answer(NULL, &out);
			continue;
		}
		for (size_t i = 0; i < buf_len(&out); i++)
			lines += buf_bytes(&out)[i] == '\n';
		buf_drop(&out, buf_len(&out));
	}
	for (size_t i = 0; i < buf_len(&out); i++)
		lines += buf_bytes(&out)[i] == '\n';
	assert_int_equal(lines, 10002);
}

static void
sends_a_message_through_a_window_of_any_size(void **state)
{
	static const char wire[] =
	    "Subject: two\r\n\r\n..dot\r\n...\r\n..\r\nend\r\n.\r\n";

	(void)state;
	for (size_t cap = DOT_OUT_END_MAX; cap < 80; cap++) {
		static uint8_t mem[SESSION_REPLY_MAX];
		uint8_t small[80], got[200];
		struct buf out;
		size_t n = 0;

		buf_init(&out, mem, sizeof(mem));
		login(3, &out);
		pop3_ops.line(&stub.session, SPAN("RETR 2"), LINE_OK, &out);
		answer(NULL, &out); /* +OK */
		buf_init(&out, small, cap);
		while (pop3_ops.want(&stub.session) == WANT_ANSWER) {
			answer(NULL, &out);
			memcpy(got + n, buf_bytes(&out), buf_len(&out));
			n += buf_len(&out);
			buf_drop(&out, buf_len(&out));
		}
		assert_int_equal(n, sizeof(wire) - 1);
		assert_memory_equal(got, wire, n);
	}
}

static void
keeps_no_secret_after_the_answer(void **state)
{
	static const uint8_t nothing[POP3_SECRET_MAX];
	static uint8_t mem[SESSION_REPLY_MAX];
	struct buf out;

	(void)state;
	buf_init(&out, mem, sizeof(mem));
	reset(NULL);
	memset(stub.session.secret, 0, POP3_SECRET_MAX);
	start(NULL, &out);
	pop3_ops.line(
	    &stub.session, SPAN("AUTH PLAIN c2VjcmV0"), LINE_OK, &out);
	assert_span(pop3_request(&stub.session)->secret, "secret");
	answer(NULL, &out);
	assert_memory_equal(stub.session.secret, nothing, POP3_SECRET_MAX);
}

static void
says_nothing_when_it_is_stopped(void **state)
{
	static uint8_t mem[SESSION_REPLY_MAX];
	struct buf out;

	(void)state;
	buf_init(&out, mem, sizeof(mem));
	login(3, &out);
	pop3_ops.line(&stub.session, SPAN("RETR 1"), LINE_OK, &out);
	pop3_ops.stop(&stub.session, STOP_IDLE, &out);
	assert_int_equal(pop3_ops.want(&stub.session), WANT_CLOSE);
	assert_int_equal(buf_len(&out), 0);
}

static void
moves_the_phase_on_with_progress_only(void **state)
{
	static uint8_t mem[SESSION_REPLY_MAX];
	struct buf out;
	unsigned before;

	(void)state;
	buf_init(&out, mem, sizeof(mem));
	reset(NULL);
	start(NULL, &out);
	before = pop3_ops.phase(&stub.session);
	pop3_ops.line(&stub.session, SPAN("CAPA"), LINE_OK, &out);
	pop3_ops.line(&stub.session, SPAN("USER ann"), LINE_OK, &out);
	assert_int_equal(pop3_ops.phase(&stub.session), before);
	login(3, &out);
	assert_int_not_equal(pop3_ops.phase(&stub.session), before);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_all_dialogues_at_every_split),
		cmocka_unit_test(
		    lists_ten_thousand_messages_through_a_small_window),
		cmocka_unit_test(sends_a_message_through_a_window_of_any_size),
		cmocka_unit_test(keeps_no_secret_after_the_answer),
		cmocka_unit_test(says_nothing_when_it_is_stopped),
		cmocka_unit_test(moves_the_phase_on_with_progress_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
