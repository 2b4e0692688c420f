/*
 * pop3_answer: what the session does with the answers to its requests.
 */
#include <assert.h>

#include "core/secret.h"
#include "proto/pop3.h"
#include "proto/pop3_reply.h"
#include "proto/pop3_state.h"

/* After so many octets a large message counts as progress. */
#define PHASE_OCTETS (64u << 10)

const struct pop3_request *
pop3_request(const struct pop3 *s)
{
	return &s->request;
}

struct span
pop3_challenge(const struct pop3 *s)
{
	return span_of(s->challenge, s->challenge_len);
}

static void
settle(struct pop3 *s)
{
	if (s->request.secret.p == s->secret)
		secret_wipe(s->secret, sizeof(s->secret));
	s->request = (struct pop3_request) { .ask = POP3_ASK_NOTHING };
}

void
pop3_answer_welcome(
    struct pop3 *s, uint32_t count, uint64_t octets, struct buf *out)
{
	settle(s);
	s->state = POP3_TRANSACTION;
	s->phase++;
	s->count = s->live = count;
	s->octets = s->live_octets = octets;
	pop3_say_numbers(out, "+OK ", count, " messages (", octets, " octets)");
}

void
pop3_answer_denied(struct pop3 *s, enum pop3_login how, struct buf *out)
{
	if (s->request.ask == POP3_ASK_CANCEL)
		how = s->flaw;
	settle(s);
	s->user_len = 0;
	pop3_say_denied(how, out);
	if (++s->denied >= POP3_DENIED_MAX || how == POP3_LOGIN_BANNED)
		s->state = POP3_CLOSED;
}

void
pop3_answer_challenge(struct pop3 *s, struct span challenge, struct buf *out)
{
	settle(s);
	s->state = POP3_SASL;
	pop3_say_challenge(challenge, out);
}

static void
answer_listed(struct pop3 *s, const struct pop3_entry *entry, struct buf *out)
{
	if (!entry->deleted)
		pop3_say_entry(out, "", s->request.number, entry, s->uids);
	if (s->request.number < s->count) {
		s->request.number++;
		return;
	}
	settle(s);
	pop3_say(out, ".");
}

void
pop3_answer_entry(
    struct pop3 *s, const struct pop3_entry *entry, struct buf *out)
{
	uint32_t number = s->request.number;

	assert(s->request.ask == POP3_ASK_ENTRY);
	if (s->listing) {
		answer_listed(s, entry, out);
		return;
	}
	settle(s);
	if (entry->deleted)
		pop3_say_refused(POP3_DELETED, out);
	else
		pop3_say_entry(out, "+OK ", number, entry, s->uids);
}

void
pop3_answer_opened(struct pop3 *s, uint64_t octets, struct buf *out)
{
	assert(s->request.ask == POP3_ASK_READ && !s->begun);
	s->begun = true;
	pop3_say_number(out, "+OK ", octets, " octets");
}

/* Watch a piece of one line of a message for TOP's sake. */
static void
watch_line(struct pop3 *s, struct span piece)
{
	bool end = piece.p[piece.len - 1] == '\n';
	size_t text = piece.len - end;

	while (text > 0 && piece.p[text - 1] == '\r')
		text--;
	s->line_used |= text > 0;
	if (!end)
		return;
	if (s->in_body)
		s->lines--;
	else
		s->in_body = !s->line_used;
	s->line_used = false;
}

static bool
top_is_over(const struct pop3 *s)
{
	return s->top && s->in_body && s->lines == 0;
}

/* TOP: line by line, up to the last line that is wanted. */
static size_t
encode_top(struct pop3 *s, struct span bytes, struct buf *out)
{
	size_t used = 0, n;

	while (used < bytes.len && !top_is_over(s)) {
		struct span rest = span_from(bytes, used);
		size_t lf = span_find(rest, '\n');

		rest = span_first(rest, lf + 1);
		n = dot_encode(&s->dot, rest, out);
		used += n;
		if (n > 0)
			watch_line(s, span_first(rest, n));
		if (n < rest.len)
			break;
	}
	return used;
}

static void
count_progress(struct pop3 *s, size_t octets)
{
	s->sent += octets;
	if (s->sent >= PHASE_OCTETS) {
		s->sent = 0;
		s->phase++;
	}
}

size_t
pop3_answer_bytes(struct pop3 *s, struct span bytes, bool last, struct buf *out)
{
	size_t used;

	assert(s->request.ask == POP3_ASK_READ && s->begun);
	used = s->top ? encode_top(s, bytes, out)
		      : dot_encode(&s->dot, bytes, out);
	count_progress(s, used);
	if (((last && used == bytes.len) || top_is_over(s))
	    && dot_encode_end(&s->dot, out))
		settle(s);
	return used;
}

void
pop3_answer_refused(struct pop3 *s, enum pop3_refusal why, struct buf *out)
{
	bool listing = s->request.ask == POP3_ASK_ENTRY && s->listing;

	assert(!s->begun || s->request.ask != POP3_ASK_READ);
	settle(s);
	if (listing)
		s->state = POP3_CLOSED; /* in the middle of a reply */
	else
		pop3_say_refused(why, out);
}

void
pop3_answer_broken(struct pop3 *s)
{
	settle(s);
	s->state = POP3_CLOSED;
}

void
pop3_answer_marked(struct pop3 *s, uint64_t octets, struct buf *out)
{
	assert(s->request.ask == POP3_ASK_MARK);
	assert(s->live > 0);
	settle(s);
	s->live--;
	s->live_octets -= octets;
	pop3_say(out, "+OK marked");
}

void
pop3_answer_reset(struct pop3 *s, struct buf *out)
{
	settle(s);
	s->live = s->count;
	s->live_octets = s->octets;
	pop3_say(out, "+OK");
}

void
pop3_answer_quit(struct pop3 *s, uint32_t kept, struct buf *out)
{
	settle(s);
	s->state = POP3_CLOSED;
	pop3_say(out,
	    kept == 0
		? "+OK bye"
		: "-ERR [SYS/TEMP] some deleted messages were not removed");
}
