/*
 * fuzz_smtp_client: a far end that says anything at all.  The first byte
 * chooses the configuration; the rest is fed in pieces whose lengths it gives.
 */
#include <stdlib.h>

#include "core/chr.h"
#include "proto/smtp_client.h"

static struct smtp_client client;
static uint8_t out_mem[4096];
static struct buf out;
static unsigned rcpts, turns;

static void
check_output(void)
{
	struct span s = buf_data(&out);

	for (size_t i = 0; i < s.len; i++) {
		bool ended = i > 0 && s.p[i - 1] == '\r';

		if ((s.p[i] == '\n') != ended)
			abort(); /* a bare CR or LF leaves us */
	}
	if (s.len > 0 && s.p[s.len - 1] == '\r')
		abort();
	buf_drop(&out, s.len);
}

static void
act(enum client_want want)
{
	static const struct smtp_client_mail mail = {
		.sender = { (const uint8_t *)"a@b", 3 }, .octets = 20
	};
	static const struct smtp_client_rcpt rcpt = {
		.path = { (const uint8_t *)"c@d", 3 }
	};

	if (want == CLIENT_RESULT)
		(void)smtp_client_next(&client, &out);
	else if (want == CLIENT_TLS)
		smtp_client_secured(&client, &out);
	else if (want == CLIENT_READY && turns++ < 5)
		smtp_client_mail(&client, &mail, &out);
	else if (want == CLIENT_READY)
		smtp_client_quit(&client, &out);
	else if (want == CLIENT_RCPT && rcpts++ % 4 < 3)
		smtp_client_rcpt(&client, &rcpt, &out);
	else if (want == CLIENT_RCPT)
		smtp_client_rcpt_end(&client, &out);
	else if (want == CLIENT_BODY)
		(void)smtp_client_body(
		    &client, SPAN("a\n.b\r\r\n.\n\r."), true, &out);
}

/* Until only a reply of the far end can move it on. */
static bool
settle(void)
{
	enum client_want want;

	while ((want = smtp_client_want(&client)) != CLIENT_REPLY) {
		if (want == CLIENT_CLOSE)
			return false;
		act(want);
		check_output();
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct smtp_client_config config = { .name = SPAN("gate") };
	struct span rest = span_of(data, len), piece;

	if (len == 0)
		return 0;
	config.lmtp = data[0] & 1;
	config.start_tls = data[0] & 2;
	config.chunking = data[0] & 4;
	config.need_tls = data[0] & 8;
	config.plain_secret = true;
	if (data[0] & 16)
		config.user = config.secret = SPAN("joe");
	rest = span_from(rest, 1);
	rcpts = turns = 0;
	buf_init(&out, out_mem, sizeof(out_mem));
	smtp_client_init(&client, &config);
	while (rest.len > 0 && settle()) {
		piece = span_first(span_from(rest, 1), rest.p[0] % 128 + 1u);
		rest = span_from(rest, 1 + piece.len);
		while (piece.len > 0 && settle()) {
			piece = span_from(
			    piece, smtp_client_feed(&client, piece, &out));
			check_output();
		}
	}
	smtp_client_lost(&client, "over");
	if (settle())
		abort();
	return 0;
}
