/*
 * fuzz_smtp: any stream of bytes, any answers of the service.  Requests come
 * in their order only; replies are whole lines within their bound; no text
 * with a NUL or a CR in it is ever committed; what ends, ends.
 * The first eight bytes choose the settings, the answers and the cuts.
 */
#include <assert.h>

#include "codec/line.h"
#include "proto/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 16384

static struct smtp s;
static struct smtp_config config;
static struct buf out;
static uint8_t out_mem[2 * SESSION_REPLY_MAX];
static uint8_t in[INPUT_MAX];

static struct {
	const uint8_t *choice; /* eight bytes */
	unsigned answers;
	unsigned recipients;
	bool mail;
	bool body;
	bool auth;
	bool flawed; /* a text that must not be committed */
} seen;

static unsigned
choose(unsigned n)
{
	unsigned at = seen.answers++;

	return (seen.choice[at % 8] + at / 8) % n;
}

/* Whole lines "NNN text" or "NNN-text", each with CR LF, not too much. */
static void
check_replies(void)
{
	struct span all = buf_data(&out);

	assert(all.len <= SESSION_REPLY_MAX);
	while (all.len > 0) {
		size_t lf = span_find(all, '\n');

		assert(lf < all.len && lf >= 5 && all.p[lf - 1] == '\r');
		assert(all.p[0] >= '2' && all.p[0] <= '5');
		assert(all.p[3] == ' ' || all.p[3] == '-');
		assert(span_find(span_first(all, lf - 1), '\r') == lf - 1);
		assert(span_find(span_first(all, lf), 0) == lf);
		all = span_from(all, lf + 1);
	}
	buf_init(&out, out_mem, sizeof(out_mem));
}

static enum smtp_reply
mail(const struct smtp_request *r)
{
	assert(!seen.mail);
	assert(r->path.local.len <= ADDR_LOCAL_MAX);
	if (choose(4) == 0)
		return SMTP_TRY_LATER;
	seen.mail = true;
	seen.recipients = 0;
	return SMTP_OK;
}

static enum smtp_reply
rcpt(const struct smtp_request *r)
{
	assert(seen.mail && !seen.body && !r->path.null);
	assert(seen.recipients < config.max_recipients);
	if (choose(3) == 0)
		return choose(2) ? SMTP_NO_USER : SMTP_RELAY_DENIED;
	seen.recipients++;
	return SMTP_OK;
}

static enum smtp_reply
body(void)
{
	assert(seen.mail && !seen.body && seen.recipients > 0);
	seen.flawed = choose(5) == 0;
	seen.body = true;
	return seen.flawed ? SMTP_NO_SPACE : SMTP_OK;
}

static enum smtp_reply
text(struct span t)
{
	assert(seen.body);
	if (span_find(t, 0) < t.len || span_find(t, '\r') < t.len)
		seen.flawed = true;
	if (choose(50) != 0)
		return SMTP_OK;
	seen.flawed = true;
	return SMTP_NO_SPACE;
}

static void
over(void)
{
	seen.mail = seen.body = false;
}

static enum smtp_reply
commit(void)
{
	assert(seen.body && !seen.flawed);
	over();
	return choose(4) == 0 ? SMTP_LOOP : SMTP_OK;
}

/* False when a challenge was given instead of a reply. */
static bool
auth(const struct smtp_request *r)
{
	if (r->ask == SMTP_ASK_AUTH)
		assert(!seen.mail && r->text.len > 0);
	else
		assert(seen.auth);
	seen.auth = choose(2) == 0;
	if (seen.auth)
		smtp_challenge(&s, SPAN("Username:"), &out);
	return !seen.auth;
}

static void
answer(void)
{
	const struct smtp_request *r = smtp_request(&s);
	enum smtp_reply reply = SMTP_OK;

	switch (r->ask) {
	case SMTP_ASK_AUTH:
	case SMTP_ASK_AUTH_NEXT:
		if (!auth(r))
			return;
		reply = choose(3) ? SMTP_AUTH_REFUSED : SMTP_OK;
		break;
	case SMTP_ASK_AUTH_CANCEL:
		seen.auth = false;
		break;
	case SMTP_ASK_MAIL:
		reply = mail(r);
		break;
	case SMTP_ASK_RCPT:
		reply = rcpt(r);
		break;
	case SMTP_ASK_BODY:
		reply = body();
		break;
	case SMTP_ASK_WRITE:
		reply = text(r->text);
		break;
	case SMTP_ASK_COMMIT:
		reply = commit();
		break;
	case SMTP_ASK_HELLO:
	case SMTP_ASK_RESET:
		over();
		break;
	case SMTP_ASK_NONE:
		assert(!"an answer is wanted, but to nothing");
	}
	smtp_answer(&s, reply, SPAN(""), &out);
}

/* One step; how many of the `len` bytes were used, or len at the end. */
static size_t
step(uint8_t *p, size_t len, bool *skip, bool *done)
{
	struct line l;
	size_t most = 1U + seen.choice[6];

	switch (smtp_ops.want(&s)) {
	case WANT_ANSWER:
		answer();
		return 0;
	case WANT_LINE:
		*done =
		    !line_next(span_of(p, len), smtp_ops.line_max, skip, &l);
		if (!*done)
			smtp_ops.line(&s, l.text, l.flaw, &out);
		return l.used;
	case WANT_BODY:
		*done = len == 0;
		return *done ? 0
			     : smtp_ops.body(
				 &s, p, len < most ? len : most, &out);
	case WANT_TLS:
		over();
		config.offer_tls = false;
		smtp_ops.secured(&s, &out);
		return 0;
	case WANT_CLOSE:
	default:
		*done = true;
		return len;
	}
}

static void
begin(const uint8_t *choice)
{
	memset(&seen, 0, sizeof(seen));
	seen.choice = choice;
	config = (struct smtp_config) { .host = "h.example",
		.mechanisms = choice[7] & 1 ? SPAN("PLAIN LOGIN") : SPAN(""),
		.max_octets = choice[7] & 2 ? 40 : 10000,
		.max_recipients = 1U + (choice[7] >> 5),
		.offer_tls = choice[7] & 4,
		.legacy_auth = choice[7] & 8,
		.naked_paths = choice[7] & 16 };
	buf_init(&out, out_mem, sizeof(out_mem));
	smtp_init(&s, &config, &out);
	check_replies();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0, used, len;
	bool skip = false, done = false;

	if (size < 8 || size - 8 > INPUT_MAX)
		return 0;
	len = size - 8;
	if (len > 0)
		memcpy(in, data + 8, len);
	begin(data);
	while (!done) {
		used = step(in + at, len - at, &skip, &done);
		assert(used <= len - at);
		at += used;
		check_replies();
		assert(smtp_ops.phase_seconds(&s) > 0);
	}
	smtp_ops.stop(&s, STOP_IDLE, &out);
	check_replies();
	assert(smtp_ops.want(&s) == WANT_CLOSE);
	return 0;
}
