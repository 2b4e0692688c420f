/*
 * relayd_dispatch: between "the far end wants a message" and MAIL: the form in
 * which the message leaves on this way.  The form itself is dispatch's.
 */
#include "service/relayd.h"

#include "config.h"

#include "codec/date.h"
#include "core/secret.h"
#include "platform/clock.h"

/* Does this batch need a server that knows addresses beyond ASCII? */
static bool
needs_utf8(const struct relayd_slot *s)
{
	bool knows = (s->out.client.offers & OFFER_SMTPUTF8) != 0;

	return s->utf8 || (knows && (s->file.head.flags & QUEUE_UTF8) != 0);
}

static void
give_mail(struct relayd *r, struct relayd_slot *s)
{
	const struct queue_head *h = &s->file.head;
	struct smtp_client_mail mail = {
		.sender = span_str(s->sender),
		.octets = s->dispatch.wire_octets,
		.eight_bit = s->dispatch.eight_bit,
		.utf8 = needs_utf8(s),
		.ret = h->ret,
		.envid = h->envid,
	};

	if (mail.sender.len > 0 && s->way.send_as[0] != '\0')
		mail.sender = span_str(s->way.send_as);
	secret_wipe(s->secret, sizeof(s->secret));
	s->state = RELAYD_TALKING;
	s->mailed = true;
	s->body_len = s->body_used = 0;
	relay_dest_works(s->dest);
	relayd_login_works(r, s);
	relay_dest_pace(s->dest, r->now_ms);
	smtp_client_mail(&s->out.client, &mail, &s->out.out);
}

/* Mail of our own people, and our own; but not into our own LMTP store. */
static bool
may_sign(const struct relayd *r, const struct relayd_slot *s)
{
	return ENABLE_DKIM && r->signer != NULL && signer_is_ready(r->signer)
	       && !s->way.lmtp
	       && (s->file.head.flags & (QUEUE_OWN | QUEUE_NOTICE)) != 0;
}

/* What its author left out (RFC 6409, 8.2 and 8.3); the same at every try. */
static struct span
missing(const struct relayd *r, struct relayd_slot *s)
{
	const struct queue_head *h = &s->file.head;
	struct text t;

	text_init(&t, s->add, sizeof(s->add));
	if ((h->flags & QUEUE_NO_ID) != 0) {
		text_str(&t, "Message-ID: <");
		text_str(&t, s->entry.id);
		text_chr(&t, '@');
		text_span(&t, r->config.host);
		text_str(&t, ">\n");
	}
	if ((h->flags & QUEUE_NO_DATE) != 0) {
		text_str(&t, "Date: ");
		date_put(&t, h->arrived_s, clock_zone_minutes(h->arrived_s));
		text_chr(&t, '\n');
	}
	return t.cut ? SPAN("") : text_data(&t);
}

void
relayd_prepare(struct relayd *r, struct relayd_slot *s)
{
	unsigned offers = s->out.client.offers;
	const struct dispatch_wish wish = {
		.send_as = span_str(s->way.send_as),
		.add = missing(r, s),
		.seven_bit = (offers & OFFER_8BITMIME) == 0,
		.plain_head = (offers & OFFER_SMTPUTF8) == 0
			      && (s->file.head.flags & QUEUE_UTF8) != 0,
		.signer = may_sign(r, s) ? r->signer : NULL,
	};

	dispatch_init(&s->dispatch, &s->file, &wish);
	if (s->dispatch.phase == DISPATCH_READY)
		give_mail(r, s);
	else
		s->state = RELAYD_PREPARING;
}

void
relayd_lost(struct relayd *r, struct relayd_slot *s)
{
	reply_set(&r->own, 400, 4, 2, "the server closed the connection");
	r->own.code = 0;
	if (s->out.client.mails > 0) /* it was kept for us: a new one */
		relayd_reconnect(r, s);
	else
		relayd_session_failed(r, s, &r->own);
}

static bool
is_lost(const struct relayd_slot *s)
{
	return s->out.state != OUTGOING_UP
	       || smtp_client_want(&s->out.client) != CLIENT_READY;
}

static void
failed(struct relayd *r, struct relayd_slot *s, int err)
{
	bool never = err == ERR_UNSUPPORTED;
	bool address =
	    ENABLE_SEVENBIT && sevenbit_is_address(&s->dispatch.seven);
	bool eight = (s->out.client.offers & OFFER_8BITMIME) != 0;
	char mem[160];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "the next server takes only ");
	text_str(
	    &t, address || eight ? "ASCII in header fields" : "7-bit mail");
	text_str(&t, ", but ");
	if (never) {
		text_str(&t, s->dispatch.why);
		reply_set(&r->own, 500, 6, address ? 7 : 3, mem);
	} else
		reply_set(
		    &r->own, 400, 3, 0, "the message cannot be read here");
	r->own.code = 0;
	relayd_batch_failed(r, s, never, &r->own);
}

bool
relayd_prepare_step(struct relayd *r, struct relayd_slot *s)
{
	bool signing = dispatch_is_signing(&s->dispatch);
	int err;

	if (is_lost(s)) {
		relayd_lost(r, s);
		return true;
	}
	if (r->slices >= RELAYD_SLICES || (signing && r->busy))
		return false; /* in the next turn */
	r->slices++;
	r->busy = r->busy || signing;
	err = dispatch_step(&s->dispatch, &r->work);
	if (err < 0)
		failed(r, s, err);
	else if (err == 0)
		give_mail(r, s);
	return true;
}
