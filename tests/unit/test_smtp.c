/*
 * test_smtp: the dialogues of talks/smtp, with a stub in the service's place.
 *
 * Users: ann and bob at home.example.  The stub's words: "tls" offers STARTTLS,
 * "auth" offers AUTH (password "open"), "max N" and "recipients N" set limits,
 * "full" refuses to store, "later" refuses MAIL, "naked" allows bare addresses,
 * "ascii" does without SMTPUTF8.
 */
#include "support/talk.h"
#include "support/test.h"

#include "proto/smtp.h"

struct stub {
	struct smtp session;
	struct smtp_config config;
	bool full;
	bool later;
	bool open; /* a transaction is open, as the service sees it */
	unsigned sasl_step;
	size_t stored;
	uint8_t text[4096];
};

static struct stub stub;

static void
stub_reset(void *ctx)
{
	struct stub *s = ctx;

	memset(s, 0, sizeof(*s));
	s->config.host = "nas.example";
	s->config.max_octets = 1000;
	s->config.max_recipients = 3;
}

static void
stub_setup(void *ctx, struct span words)
{
	struct stub *s = ctx;
	struct span word, number;
	uint64_t n = 0;

	number = words;
	(void)span_next(&number, ' ', &word);
	if (number.p != NULL)
		assert_int_equal(span_u64(number, UINT64_MAX, &n), 0);
	if (span_is(word, SPAN("tls")))
		s->config.offer_tls = true;
	else if (span_is(word, SPAN("auth")))
		s->config.mechanisms = SPAN("PLAIN LOGIN");
	else if (span_is(word, SPAN("old")))
		s->config.legacy_auth = true;
	else if (span_is(word, SPAN("max")))
		s->config.max_octets = n;
	else if (span_is(word, SPAN("recipients")))
		s->config.max_recipients = (unsigned)n;
	else if (span_is(word, SPAN("full")))
		s->full = true;
	else if (span_is(word, SPAN("later")))
		s->later = true;
	else if (span_is(word, SPAN("ascii")))
		s->config.no_utf8 = true;
	else if (span_is(word, SPAN("naked")))
		s->config.naked_paths = true;
	else
		fail_msg("unknown words for the stub");
}

static void
stub_start(void *ctx, struct buf *out)
{
	struct stub *s = ctx;

	smtp_init(&s->session, &s->config, out);
}

static enum smtp_reply
rcpt(const struct addr *a)
{
	if (!a->bare && !span_is_nocase(a->domain, SPAN("home.example")))
		return SMTP_RELAY_DENIED;
	if (a->bare || span_is(a->local, SPAN("ann"))
	    || span_is(a->local, SPAN("bob")))
		return SMTP_OK;
	return SMTP_NO_USER;
}

static void
auth(struct stub *s, const struct smtp_request *r, struct buf *out)
{
	struct span e = SPAN("");

	if (r->ask == SMTP_ASK_AUTH) {
		s->sasl_step = 0;
		if (span_is_nocase(r->text, SPAN("PLAIN"))) {
			if (!r->has_response)
				smtp_challenge(&s->session, e, out);
			else
				smtp_answer(&s->session,
				    span_is(r->response, SPAN("\0ann\0open"))
					? SMTP_OK
					: SMTP_AUTH_REFUSED,
				    e, out);
		} else if (span_is_nocase(r->text, SPAN("LOGIN"))) {
			s->sasl_step = 1;
			smtp_challenge(&s->session, SPAN("Username:"), out);
		} else {
			smtp_answer(&s->session, SMTP_AUTH_UNKNOWN, e, out);
		}
		return;
	}
	if (s->sasl_step == 1) {
		s->sasl_step = 2;
		smtp_challenge(&s->session, SPAN("Password:"), out);
		return;
	}
	smtp_answer(&s->session,
	    span_is(r->response, SPAN("open"))
		    || span_is(r->response, SPAN("\0ann\0open"))
		? SMTP_OK
		: SMTP_AUTH_REFUSED,
	    e, out);
}

static enum smtp_reply
store(struct stub *s, struct span text)
{
	if (s->full)
		return SMTP_NO_SPACE;
	assert_true(s->stored + text.len <= sizeof(s->text));
	memcpy(s->text + s->stored, text.p, text.len);
	s->stored += text.len;
	return SMTP_OK;
}

static void
stub_answer(void *ctx, struct buf *out)
{
	struct stub *s = ctx;
	const struct smtp_request *r = smtp_request(&s->session);
	struct span none = SPAN("");
	enum smtp_reply reply = SMTP_OK;

	switch (r->ask) {
	case SMTP_ASK_AUTH:
	case SMTP_ASK_AUTH_NEXT:
		auth(s, r, out);
		return;
	case SMTP_ASK_MAIL:
		assert_false(s->open);
		reply = s->later ? SMTP_TRY_LATER : SMTP_OK;
		s->open = !s->later;
		break;
	case SMTP_ASK_RCPT:
		assert_true(s->open);
		reply = rcpt(&r->path);
		break;
	case SMTP_ASK_BODY:
		assert_true(s->open);
		s->stored = 0;
		break;
	case SMTP_ASK_WRITE:
		assert_true(s->open);
		reply = store(s, r->text);
		break;
	case SMTP_ASK_COMMIT:
		assert_true(s->open);
		s->open = false;
		/* the text itself is the id: dialogues can see it */
		for (size_t i = 0; i < s->stored; i++)
			if (s->text[i] == '\n')
				s->text[i] = '/';
		smtp_answer(
		    &s->session, SMTP_OK, span_of(s->text, s->stored), out);
		return;
	case SMTP_ASK_RESET:
	case SMTP_ASK_HELLO:
		s->open = false;
		break;
	case SMTP_ASK_AUTH_CANCEL:
	case SMTP_ASK_NONE:
		break;
	}
	smtp_answer(&s->session, reply, none, out);
}

static const struct talk_peer peer = {
	.ops = &smtp_ops,
	.session = &stub.session,
	.ctx = &stub,
	.reset = stub_reset,
	.setup = stub_setup,
	.start = stub_start,
	.answer = stub_answer,
};

static void
plays_every_dialogue_at_every_split(void **state)
{
	(void)state;
	talk_play_folder("tests/talks/smtp", &peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_every_dialogue_at_every_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
