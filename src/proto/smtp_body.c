/* smtp_body: the message itself: DATA and BDAT (RFC 3030). */
#include "proto/smtp_state.h"

#define BODY_STEP (1u << 20) /* octets that count as progress */

static enum smtp_reply
body_flaw(const struct smtp *s)
{
	if (!s->mail)
		return SMTP_SEQUENCE;
	return s->recipients == 0 ? SMTP_NO_RECIPIENTS : SMTP_OK;
}

void
smtp_verb_data(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r = body_flaw(s);

	if (args.len > 0)
		r = SMTP_SYNTAX;
	if (s->body_open)
		r = SMTP_SEQUENCE;
	if (r != SMTP_OK) {
		smtp_mistake(s, r, out);
		return;
	}
	dot_init(&s->dot, false);
	s->state = DATA;
	smtp_ask(s, SMTP_ASK_BODY);
}

/* The message is complete or has failed: the last request. */
static void
body_over(struct smtp *s)
{
	enum smtp_reply r = s->failed;

	dot_finish(&s->dot);
	s->state = COMMAND;
	if (r == SMTP_OK && s->dot.flaws != DOT_SOUND)
		r = SMTP_BARE_DATA;
	if (r == SMTP_OK)
		smtp_ask(s, SMTP_ASK_COMMIT);
	else
		smtp_reset_then(s, r);
}

/* A chunk is complete; the message only if it was the last. */
static void
chunk_over(struct smtp *s, struct buf *out)
{
	if (s->chunk_last || s->failed != SMTP_OK) {
		body_over(s);
		return;
	}
	s->state = COMMAND;
	smtp_put(out, SPAN("250 2.0.0 "));
	smtp_put_number(out, s->chunk_octets);
	smtp_put(out, SPAN(" octets received\r\n"));
	s->want = WANT_LINE;
}

static bool
chunk_parse(struct span args, uint64_t *octets, bool *last)
{
	struct span size, word;

	args = span_trim(args);
	*last = false;
	if (!span_next(&args, ' ', &size)
	    || span_u64(size, UINT64_MAX / 2, octets))
		return false;
	if (args.p == NULL)
		return true;
	word = span_trim(args);
	*last = true;
	return span_is_nocase(word, SPAN("LAST"));
}

void
smtp_verb_bdat(struct smtp *s, struct span args, struct buf *out)
{
	enum smtp_reply r = body_flaw(s);

	if (!chunk_parse(args, &s->chunk_left, &s->chunk_last)) {
		/* how many bytes follow is unknown: there is no going on */
		smtp_say_last(s, SMTP_SYNTAX, out);
		return;
	}
	s->chunk_octets = s->chunk_left;
	if (r != SMTP_OK) {
		s->after = (uint8_t)r;
		s->state = DISCARD;
		s->want = WANT_BODY;
		if (s->chunk_left == 0) {
			s->state = COMMAND;
			smtp_mistake(s, r, out);
		}
		return;
	}
	s->state = CHUNK;
	if (!s->body_open) {
		dot_init(&s->dot, true);
		smtp_ask(s, SMTP_ASK_BODY);
		return;
	}
	s->want = WANT_BODY;
	if (s->chunk_left == 0)
		chunk_over(s, out);
}

void
smtp_body_ready(struct smtp *s, enum smtp_reply r, struct buf *out)
{
	if (s->state == DATA && r != SMTP_OK) {
		s->state = COMMAND;
		smtp_reset_then(s, r);
		return;
	}
	s->failed = (uint8_t)r;
	s->body_open = true;
	s->want = WANT_BODY;
	s->progress++;
	if (s->state == DATA)
		smtp_put(
		    out, SPAN("354 go ahead, end with a dot on a line\r\n"));
	else if (s->chunk_left == 0)
		chunk_over(s, out);
}

static bool
body_ended(const struct smtp *s)
{
	return s->state == DATA ? s->dot.ended : s->chunk_left == 0;
}

void
smtp_body_next(struct smtp *s, struct buf *out)
{
	s->want = WANT_BODY;
	if (!body_ended(s))
		return;
	if (s->state == DATA)
		body_over(s);
	else
		chunk_over(s, out);
}

static size_t
discard(struct smtp *s, size_t len, struct buf *out)
{
	if (len > s->chunk_left)
		len = (size_t)s->chunk_left;
	s->chunk_left -= len;
	if (s->chunk_left == 0) {
		s->state = COMMAND;
		smtp_mistake(s, s->after, out);
	}
	return len;
}

size_t
smtp_body(void *me, uint8_t *bytes, size_t len, struct buf *out)
{
	struct smtp *s = me;
	uint64_t before = s->dot.wire_octets / BODY_STEP;
	struct dot_made m;

	if (s->state == DISCARD)
		return discard(s, len, out);
	if (s->state == CHUNK && len > s->chunk_left)
		len = (size_t)s->chunk_left;
	m = dot_feed(&s->dot, bytes, len);
	if (s->state == CHUNK)
		s->chunk_left -= m.used;
	if (s->dot.wire_octets / BODY_STEP != before)
		s->progress++;
	if (s->dot.wire_octets > s->config->max_octets && s->failed == SMTP_OK)
		s->failed = SMTP_TOO_BIG;
	if (s->failed == SMTP_OK && m.made > 0) {
		s->req.text = span_of(bytes, m.made);
		smtp_ask(s, SMTP_ASK_WRITE);
	} else {
		smtp_body_next(s, out);
	}
	return m.used;
}

void
smtp_committed(
    struct smtp *s, enum smtp_reply r, struct span detail, struct buf *out)
{
	smtp_transaction_over(s);
	s->progress++;
	s->fruitless = 0;
	if (r != SMTP_OK) {
		smtp_say(s, r, out);
		return;
	}
	s->errors = 0;
	smtp_put(out, SPAN("250 2.0.0 ok"));
	if (detail.len > 0)
		smtp_put(out, SPAN(" "));
	smtp_put(out, detail);
	smtp_put(out, SPAN("\r\n"));
	s->want = WANT_LINE;
}
