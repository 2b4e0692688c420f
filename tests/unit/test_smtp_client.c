/*
 * test_smtp_client: dialogues with a scripted far end, each played with its
 * replies split at every byte.
 */
#include "support/test.h"

#include "core/text.h"
#include "proto/smtp_client.h"

struct talk {
	struct smtp_client_config config;
	struct smtp_client_mail mail;
	const char *rcpts[4]; /* up to a NULL */
	const char *body;
	const char *replies[24]; /* one a turn; "!" closes the connection */
	unsigned mails;		 /* how many messages to send; 0: one */
	const char *sent;	 /* everything the client said */
	const char *results;	 /* "0:RCPT TO:never:550 ..." */
};

struct stage {
	const struct talk *talk;
	struct smtp_client client;
	struct buf out;
	uint8_t out_mem[8192];
	struct text results;
	char results_mem[4096];
	unsigned rcpt, mail, reply;
	size_t body_at, split;
};

static const char *const outcomes[] = {
	[CLIENT_SENT] = "sent",
	[CLIENT_LATER] = "later",
	[CLIENT_AGAIN] = "again",
	[CLIENT_NEVER] = "never",
};

static void
take_result(struct stage *s)
{
	struct smtp_client_result r = smtp_client_next(&s->client, &s->out);

	if (r.recipient == SMTP_CLIENT_ALL)
		text_str(&s->results, "all");
	else
		text_u64(&s->results, (uint64_t)r.recipient);
	text_chr(&s->results, ':');
	text_str(&s->results, smtp_client_step_name(r.step));
	text_chr(&s->results, ':');
	text_str(&s->results, outcomes[r.outcome]);
	text_chr(&s->results, ':');
	text_u64(&s->results, r.reply->code);
	text_chr(&s->results, ' ');
	text_span(&s->results, reply_words(r.reply));
	text_chr(&s->results, '\n');
}

static void
give_rcpt(struct stage *s)
{
	struct smtp_client_rcpt rcpt = { .notify = 0 };
	const char *path = s->talk->rcpts[s->rcpt];

	if (path == NULL) {
		smtp_client_rcpt_end(&s->client, &s->out);
		return;
	}
	s->rcpt++;
	rcpt.path = span_str(path);
	if (path[0] == 'd') {
		rcpt.notify = NOTIFY_SUCCESS | NOTIFY_FAILURE;
		rcpt.orcpt = SPAN("rfc822;d@x");
	}
	smtp_client_rcpt(&s->client, &rcpt, &s->out);
}

static void
give_mail(struct stage *s)
{
	unsigned most = s->talk->mails ? s->talk->mails : 1;

	s->rcpt = 0;
	s->body_at = 0;
	if (s->mail++ < most)
		smtp_client_mail(&s->client, &s->talk->mail, &s->out);
	else
		smtp_client_quit(&s->client, &s->out);
}

static void
give_body(struct stage *s)
{
	struct span body = span_from(span_str(s->talk->body), s->body_at);

	s->body_at += smtp_client_body(&s->client, body, true, &s->out);
}

/* Feed one reply in two pieces, taking results on the way. */
static void
feed_piece(struct stage *s, struct span piece)
{
	while (piece.len > 0) {
		size_t n = smtp_client_feed(&s->client, piece, &s->out);

		piece = span_from(piece, n);
		while (smtp_client_want(&s->client) == CLIENT_RESULT)
			take_result(s);
	}
}

static bool
give_reply(struct stage *s)
{
	const char *reply = s->talk->replies[s->reply];
	struct span all;

	if (reply == NULL || reply[0] == '!') {
		smtp_client_lost(&s->client, "the connection broke");
		return true;
	}
	s->reply++;
	all = span_str(reply);
	feed_piece(s, span_first(all, s->split));
	feed_piece(s, span_from(all, s->split));
	return true;
}

static void
play_step(struct stage *s, enum client_want want)
{
	switch (want) {
	case CLIENT_REPLY:
		give_reply(s);
		break;
	case CLIENT_TLS:
		buf_put(&s->out, SPAN("(TLS)\r\n"));
		smtp_client_secured(&s->client, &s->out);
		break;
	case CLIENT_READY:
		give_mail(s);
		break;
	case CLIENT_RCPT:
		give_rcpt(s);
		break;
	case CLIENT_BODY:
		give_body(s);
		break;
	case CLIENT_RESULT:
		take_result(s);
		break;
	case CLIENT_CLOSE:
		break;
	}
}

static void
play_split(const struct talk *talk, size_t split)
{
	static struct stage s;
	enum client_want want;
	unsigned turns = 0;

	memset(&s, 0, sizeof(s));
	s.talk = talk;
	s.split = split;
	buf_init(&s.out, s.out_mem, sizeof(s.out_mem));
	text_init(&s.results, s.results_mem, sizeof(s.results_mem));
	smtp_client_init(&s.client, &talk->config);
	while ((want = smtp_client_want(&s.client)) != CLIENT_CLOSE) {
		play_step(&s, want);
		assert_true(turns++ < 1000);
	}
	assert_true(buf_put(&s.out, SPAN("\0")));
	assert_string_equal((const char *)s.out_mem, talk->sent);
	assert_string_equal(s.results_mem, talk->results);
}

static void
play(struct talk *talk)
{
	size_t longest = 0;

	talk->config.name = SPAN("gate");
	if (talk->body == NULL)
		talk->body = "Subject: x\n\nHi\n.dot\nend";
	if (talk->mail.octets == 0)
		talk->mail.octets = 30;
	for (unsigned i = 0; i < 24 && talk->replies[i] != NULL; i++) {
		size_t len = strlen(talk->replies[i]);

		longest = len > longest ? len : longest;
	}
	for (size_t split = 0; split <= longest; split++)
		play_split(talk, split);
}

#define WIRE_BODY "Subject: x\r\n\r\nHi\r\n..dot\r\nend\r\n.\r\n"

static void
speaks_plainly_to_a_server_that_knows_only_helo(void **state)
{
	struct talk t = {
		.mail = { .sender = SPAN("a@b"), .eight_bit = true },
		.rcpts = { "c@d" },
		.replies = { "220 hi\r\n", "500 what?\r\n", "250 ok\r\n",
		    "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
		    "250 2.0.0 queued as 17\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\nHELO gate\r\nMAIL FROM:<a@b>\r\n"
			"RCPT TO:<c@d>\r\nDATA\r\n" WIRE_BODY "QUIT\r\n",
		.results = "all:end of data:sent:250 queued as 17\n",
	};

	(void)state;
	play(&t);
}

static void
sends_the_whole_envelope_at_once_with_pipelining(void **state)
{
	struct talk t = {
		.mail = { .sender = SPAN("a@b"),
		    .eight_bit = true,
		    .ret = 'H',
		    .envid = SPAN("id+2B") },
		.rcpts = { "c@d", "d@x", "e@f" },
		.replies = { "220 hi\r\n",
		    "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n"
		    "250-enhancedstatuscodes\r\n250 8bitmime\r\n",
		    "250 ok\r\n250 ok\r\n550 5.1.1 nobody here\r\n250 ok\r\n"
		    "354 go\r\n",
		    "250 fine\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\n"
			"MAIL FROM:<a@b> SIZE=30 BODY=8BITMIME RET=HDRS "
			"ENVID=id+2B\r\n"
			"RCPT TO:<c@d>\r\n"
			"RCPT TO:<d@x> NOTIFY=SUCCESS,FAILURE "
			"ORCPT=rfc822;d@x\r\n"
			"RCPT TO:<e@f>\r\nDATA\r\n" WIRE_BODY "QUIT\r\n",
		.results = "1:RCPT TO:never:550 nobody here\n"
			   "all:end of data:sent:250 fine\n",
	};

	(void)state;
	play(&t);
}

static void
ends_an_empty_pipelined_message_with_a_dot_alone(void **state)
{
	struct talk t = {
		.rcpts = { "c@d" },
		.replies = { "220 hi\r\n", "250-mx\r\n250 PIPELINING\r\n",
		    "250 ok\r\n451 grey\r\n354 go\r\n", "554 none\r\n",
		    "221 bye\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\n"
			"DATA\r\n.\r\nQUIT\r\n",
		.results = "0:RCPT TO:later:451 grey\n",
	};

	(void)state;
	play(&t);
}

static void
reuses_the_connection_after_a_refused_sender(void **state)
{
	struct talk t = {
		.rcpts = { "c@d" },
		.mails = 2,
		.replies = { "220 hi\r\n", "250 mx\r\n", "550 no\r\n",
		    "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
		    "250 got it\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n"
			"RCPT TO:<c@d>\r\nDATA\r\n" WIRE_BODY "QUIT\r\n",
		.results = "all:MAIL FROM:never:550 no\n"
			   "all:end of data:sent:250 got it\n",
	};

	(void)state;
	play(&t);
}

static void
forgets_what_came_behind_the_starttls_reply(void **state)
{
	struct talk t = {
		.config = { .start_tls = true },
		.rcpts = { "c@d" },
		.replies = { "220 hi\r\n", "250-mx\r\n250 STARTTLS\r\n",
		    "220 go\r\n250-mx\r\n250 PIPELINING\r\n", "250 mx\r\n",
		    "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 in\r\n",
		    "221 bye\r\n" },
		.sent = "EHLO gate\r\nSTARTTLS\r\n(TLS)\r\nEHLO gate\r\n"
			"MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n" WIRE_BODY
			"QUIT\r\n",
		.results = "all:end of data:sent:250 in\n",
	};

	(void)state;
	play(&t);
}

static void
sends_nothing_without_the_tls_that_is_required(void **state)
{
	struct talk t = {
		.config = { .start_tls = true, .need_tls = true },
		.replies = { "220 hi\r\n", "250 mx\r\n" },
		.sent = "EHLO gate\r\n",
		.results = "all:EHLO:later:0 TLS is required but not offered\n",
	};
	struct talk refused = {
		.config = { .start_tls = true, .need_tls = true },
		.replies = { "220 hi\r\n", "250-mx\r\n250 STARTTLS\r\n",
		    "454 4.7.0 no\r\n" },
		.sent = "EHLO gate\r\nSTARTTLS\r\n",
		.results = "all:STARTTLS:later:454 no\n",
	};

	(void)state;
	play(&t);
	play(&refused);
}

static void
does_not_believe_an_answer_to_what_was_not_yet_sent(void **state)
{
	struct talk t = {
		.rcpts = { "c@d" },
		.replies = { "220 hi\r\n", "250 mx\r\n", "250 ok\r\n",
		    "250 ok\r\n", "354 go\r\n250 delivered\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\n"
			"DATA\r\n",
		.results = "all:DATA:later:0 the server answered what was not "
			   "yet sent\n",
	};

	(void)state;
	t.config.name = SPAN("gate");
	t.body = "x\n";
	play_split(&t, 100);
	t.replies[1] = "250 mx\r\n250 ok\r\n";
	t.replies[2] = NULL;
	t.sent = "EHLO gate\r\n";
	t.results = "";
	play_split(&t, 100);
}

static void
believes_a_refusal_in_the_middle_of_the_body_for_now_only(void **state)
{
	struct smtp_client_config config = { .name = SPAN("gate") };
	struct smtp_client_mail mail = { .octets = 5 };
	struct smtp_client_rcpt rcpt = { .path = SPAN("c@d") };
	static struct smtp_client c;
	static uint8_t mem[4096];
	struct buf out;
	struct span all = SPAN("220 hi\r\n");
	struct smtp_client_result r;

	(void)state;
	buf_init(&out, mem, sizeof(mem));
	smtp_client_init(&c, &config);
	assert_int_equal(smtp_client_feed(&c, all, &out), all.len);
	(void)smtp_client_feed(&c, SPAN("250 mx\r\n"), &out);
	smtp_client_mail(&c, &mail, &out);
	(void)smtp_client_feed(&c, SPAN("250 ok\r\n"), &out);
	smtp_client_rcpt(&c, &rcpt, &out);
	(void)smtp_client_feed(&c, SPAN("250 ok\r\n"), &out);
	smtp_client_rcpt_end(&c, &out);
	(void)smtp_client_feed(&c, SPAN("354 ok\r\n"), &out);
	assert_int_equal(smtp_client_body(&c, SPAN("a\nb\n"), false, &out), 4);
	(void)smtp_client_feed(&c, SPAN("552 5.3.4 too big\r\n"), &out);
	assert_int_equal(smtp_client_want(&c), CLIENT_RESULT);
	r = smtp_client_next(&c, &out);
	assert_int_equal(r.outcome, CLIENT_LATER);
	assert_int_equal(r.recipient, SMTP_CLIENT_ALL);
	assert_span(reply_words(r.reply), "too big");
	assert_int_equal(smtp_client_want(&c), CLIENT_CLOSE);
}

static void
gives_each_lmtp_recipient_its_own_result(void **state)
{
	struct talk t = {
		.config = { .lmtp = true },
		.rcpts = { "a@x", "b@x", "c@x" },
		.replies = { "220 hi\r\n", "250-mx\r\n250 PIPELINING\r\n",
		    "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n",
		    "250 one\r\n452 4.2.2 full\r\n", "221 bye\r\n" },
		.sent = "LHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\n"
			"RCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n" WIRE_BODY
			"QUIT\r\n",
		.results = "1:RCPT TO:never:550 no\n"
			   "0:end of data:sent:250 one\n"
			   "2:end of data:later:452 full\n",
	};

	(void)state;
	play(&t);
}

static void
sends_chunks_when_they_are_offered(void **state)
{
	struct talk t = {
		.config = { .chunking = true },
		.rcpts = { "a@x" },
		.replies = { "220 hi\r\n", "250-mx\r\n250 CHUNKING\r\n",
		    "250 ok\r\n", "250 ok\r\n", "250 one\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\n"
			"BDAT 29 LAST\r\nSubject: x\r\n\r\nHi\r\n.dot\r\nend"
			"\r\nQUIT\r\n",
		.results = "all:end of data:sent:250 one\n",
	};

	(void)state;
	play(&t);
}

static void
never_sends_a_bare_cr_or_a_dot_line_of_the_message(void **state)
{
	struct talk t = {
		.rcpts = { "a@x" },
		.body = "a\r\n\r.\r\nb\r.\n\n.\n\r\r..\nc\r",
		.replies = { "220 hi\r\n", "250 mx\r\n", "250 ok\r\n",
		    "250 ok\r\n", "354 go\r\n", "250 one\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\n"
			"a\r\n..\r\nb.\r\n\r\n..\r\n...\r\nc\r\n.\r\nQUIT\r\n",
		.results = "all:end of data:sent:250 one\n",
	};
	struct talk chunked = {
		.config = { .chunking = true },
		.rcpts = { "a@x" },
		.body = "a\r\n\r.\r\nb\r\r",
		.replies = { "220 hi\r\n", "250-mx\r\n250 CHUNKING\r\n",
		    "250 ok\r\n", "250 ok\r\n", "250 one\r\n", "221 bye\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\n"
			"BDAT 9 LAST\r\na\r\n.\r\nb\r\nQUIT\r\n",
		.results = "all:end of data:sent:250 one\n",
	};

	(void)state;
	play(&t);
	play(&chunked);
}

static void
refuses_what_the_server_said_it_does_not_take(void **state)
{
	struct talk t = {
		.mail = { .octets = 1001 },
		.replies = { "220 hi\r\n", "250-mx\r\n250 SIZE 1000\r\n",
		    "221 bye\r\n" },
		.sent = "EHLO gate\r\nQUIT\r\n",
		.results = "all:MAIL FROM:never:0 the message is larger than "
			   "the server takes\n",
	};

	(void)state;
	play(&t);
	t.mail = (struct smtp_client_mail) { .octets = 1, .utf8 = true };
	t.results = "all:MAIL FROM:never:0 the server does not take addresses "
		    "that are not ASCII\n";
	play(&t);
}

static void
takes_421_anywhere_as_later(void **state)
{
	struct talk t = {
		.rcpts = { "a@x", "b@x" },
		.replies = { "220 hi\r\n", "250-mx\r\n250 PIPELINING\r\n",
		    "250 ok\r\n250 ok\r\n421 4.3.2 closing\r\n" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\n"
			"RCPT TO:<b@x>\r\nDATA\r\n",
		.results = "all:RCPT TO:later:421 closing\n",
	};
	struct talk busy = {
		.replies = { "421 busy\r\n" },
		.sent = "",
		.results = "all:greeting:later:421 busy\n",
	};

	(void)state;
	play(&t);
	play(&busy);
}

static void
says_later_when_the_connection_breaks_before_the_last_reply(void **state)
{
	struct talk t = {
		.rcpts = { "a@x" },
		.replies = { "220 hi\r\n", "250 mx\r\n", "250 ok\r\n",
		    "250 ok\r\n", "354 go\r\n", "250-not ye\r\n", "!" },
		.sent = "EHLO gate\r\nMAIL FROM:<>\r\nRCPT "
			"TO:<a@x>\r\nDATA\r\n" WIRE_BODY,
		.results = "all:end of data:later:0 the connection broke\n",
	};

	(void)state;
	play(&t);
}

static void
calls_garbage_garbage(void **state)
{
	struct talk t = {
		.replies = { "220 hi\r\n", "hello\r\n" },
		.sent = "EHLO gate\r\n",
		.results =
		    "all:EHLO:later:0 the server sent what is no reply\n",
	};

	(void)state;
	play(&t);
	t.replies[1] = "250-a\r\n251 b\r\n";
	play(&t);
	t.replies[1] = "250_a\r\n";
	play(&t);
	t.replies[1] = "150 a\r\n";
	play(&t);
}

static void
logs_in_with_plain_or_login_but_not_in_the_clear(void **state)
{
	struct talk t = {
		.config = { .user = SPAN("joe"),
		    .secret = SPAN("pw"),
		    .plain_secret = true },
		.rcpts = { NULL },
		.replies = { "220 hi\r\n", "250-mx\r\n250 AUTH LOGIN PLAIN\r\n",
		    "535 5.7.8 wrong\r\n" },
		.sent = "EHLO gate\r\nAUTH PLAIN AGpvZQBwdw==\r\n",
		.results = "all:AUTH:never:535 wrong\n",
	};

	(void)state;
	play(&t);
	t.replies[1] = "250-mx\r\n250 AUTH=LOGIN\r\n";
	t.replies[2] = "334 VXNlcm5hbWU6\r\n";
	t.replies[3] = "334 UGFzc3dvcmQ6\r\n";
	t.replies[4] = "454 4.7.0 later\r\n";
	t.sent = "EHLO gate\r\nAUTH LOGIN\r\nam9l\r\ncHc=\r\n";
	t.results = "all:AUTH:later:454 later\n";
	play(&t);
	t.config.plain_secret = false;
	t.sent = "EHLO gate\r\n";
	t.results = "all:AUTH:later:0 the server offers no safe way to log "
		    "in\n";
	play(&t);
}

static void
proves_itself_by_scram_and_asks_the_server_for_its_proof(void **state)
{
	struct talk t = {
		.config = { .user = SPAN("user"),
		    .secret = SPAN("pencil"),
		    .nonce = SPAN("rOprNGfwEbeRWgbNEkqO") },
		.rcpts = { NULL },
		.mail = { .octets = 1 },
		.replies = { "220 hi\r\n",
		    "250-mx\r\n250 AUTH PLAIN CRAM-MD5 SCRAM-SHA-256\r\n",
		    "334 "
		    "cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1"
		    "eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9"
		    "PSxpPTQwOTY="
		    "\r\n",
		    "334 "
		    "dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJz"
		    "amw5NUc0PQ=="
		    "\r\n",
		    "454 enough\r\n" },
		.sent = "EHLO gate\r\nAUTH SCRAM-SHA-256 "
			"biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8="
			"\r\n"
			"Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEy"
			"UmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4r"
			"VXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ=="
			"\r\n\r\n",
		.results = "all:AUTH:later:454 enough\n",
	};

	(void)state;
	play(&t);
	/* a server that only says yes is no server of ours */
	t.replies[3] = "235 welcome\r\n";
	t.results = "all:AUTH:later:0 the server's part of the login is "
		    "wrong\n";
	t.sent = "EHLO gate\r\nAUTH SCRAM-SHA-256 "
		 "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8="
		 "\r\n"
		 "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEy"
		 "UmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4r"
		 "VXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ=="
		 "\r\n";
	play(&t);
	t.replies[3] = "334 "
		       "dj02cnJpVFJCaUEzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJz"
		       "amw5NUc0PQ=="
		       "\r\n";
	play(&t);
	t.replies[2] = "334 cj1ub3RvdXJzLHM9QUFBQSxpPTE=\r\n";
	t.sent = "EHLO gate\r\nAUTH SCRAM-SHA-256 "
		 "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8="
		 "\r\n";
	play(&t);
}

static void
answers_the_challenge_of_cram_md5_without_tls(void **state)
{
	struct talk t = {
		.config = { .user = SPAN("tim"),
		    .secret = SPAN("tanstaaftanstaaf") },
		.replies = { "220 hi\r\n", "250-mx\r\n250 AUTH CRAM-MD5\r\n",
		    "334 "
		    "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5u"
		    "ZXQ+"
		    "\r\n",
		    "535 no\r\n" },
		.sent = "EHLO gate\r\nAUTH CRAM-MD5\r\n"
			"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"
			"\r\n",
		.results = "all:AUTH:never:535 no\n",
	};

	(void)state;
	play(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    speaks_plainly_to_a_server_that_knows_only_helo),
		cmocka_unit_test(
		    sends_the_whole_envelope_at_once_with_pipelining),
		cmocka_unit_test(
		    ends_an_empty_pipelined_message_with_a_dot_alone),
		cmocka_unit_test(reuses_the_connection_after_a_refused_sender),
		cmocka_unit_test(forgets_what_came_behind_the_starttls_reply),
		cmocka_unit_test(
		    sends_nothing_without_the_tls_that_is_required),
		cmocka_unit_test(
		    does_not_believe_an_answer_to_what_was_not_yet_sent),
		cmocka_unit_test(
		    believes_a_refusal_in_the_middle_of_the_body_for_now_only),
		cmocka_unit_test(gives_each_lmtp_recipient_its_own_result),
		cmocka_unit_test(sends_chunks_when_they_are_offered),
		cmocka_unit_test(
		    never_sends_a_bare_cr_or_a_dot_line_of_the_message),
		cmocka_unit_test(refuses_what_the_server_said_it_does_not_take),
		cmocka_unit_test(takes_421_anywhere_as_later),
		cmocka_unit_test(
		    says_later_when_the_connection_breaks_before_the_last_reply),
		cmocka_unit_test(calls_garbage_garbage),
		cmocka_unit_test(
		    logs_in_with_plain_or_login_but_not_in_the_clear),
		cmocka_unit_test(
		    proves_itself_by_scram_and_asks_the_server_for_its_proof),
		cmocka_unit_test(answers_the_challenge_of_cram_md5_without_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
