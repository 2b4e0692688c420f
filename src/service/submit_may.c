/*
 * submit_may: questions to access.  The words of refusals are smtp's.
 */
#include "service/submit_may.h"

#include "config.h"

#include "codec/date.h"
#include "platform/clock.h"
#include "service/access.h"

static struct access_client
client_of(const struct submit_session *ss)
{
	return (struct access_client) {
		.addr = ss->conn->peer,
		.listener = access_listener(ss->conn->listener->role),
		.account = ss->account,
	};
}

/* Its profile; who logged in is no device. */
static const struct profile *
device_of(const struct submit_session *ss)
{
	if (ss->account != 0)
		return NULL;
	return access_device(ss->owner->access, &ss->conn->peer);
}

static bool
is_own(const struct submit *su, const struct addr *a)
{
	return a->domain.len > 0
	       && directory_is_ours(su->deliver->directory, a->domain);
}

static enum smtp_reply
refusal(const struct relay_answer *a)
{
	if (a->verdict == RELAY_LATER)
		return SMTP_RELAY_LATER;
	return a->code == 530 ? SMTP_AUTH_FIRST : SMTP_RELAY_DENIED;
}

void
submit_may_open(struct submit_session *ss)
{
	const struct profile *device = device_of(ss);

	if (device == NULL)
		return;
	ss->config.naked_paths = true;
	if (device->max_octets > 0
	    && device->max_octets < ss->config.max_octets)
		ss->config.max_octets = device->max_octets;
}

enum smtp_reply
submit_may_mail(struct submit_session *ss, const struct addr *from)
{
	const struct account *who =
	    accounts_by_id(ss->owner->accounts, ss->account);
	struct access_client c;
	struct relay_answer a;

	/* removed or shut since the login */
	if (who == NULL || (who->flags & ACCOUNT_DISABLED) != 0)
		ss->account = 0;
	c = client_of(ss);
	if (access_mail(ss->owner->access, &c, from, is_own(ss->owner, from),
		ss->conn->owner->now_ms, &a)
	    == RELAY_PERMIT)
		return SMTP_OK;
	return refusal(&a);
}

enum smtp_reply
submit_may_rcpt(struct submit_session *ss, const struct addr *to, bool local)
{
	struct access_client c = client_of(ss);
	struct submit_txn *t = ss->txn;
	struct relay_question q = { .to = to, .to_local = local };
	struct relay_answer a;
	struct addr from;

	if (addr_parse(span_of(t->from, t->from_len), ADDR_ALLOW_UTF8, &from)
	    != ADDR_OK)
		from = (struct addr) { .null = true };
	q.from = &from;
	q.from_own = is_own(ss->owner, &from);
	if (access_rcpt(ss->owner->access, &c, &q, ss->conn->owner->now_ms, &a)
	    != RELAY_PERMIT)
		return refusal(&a);
	if (a.basis != RELAY_BY_NONE)
		t->basis = (uint8_t)a.basis;
	return SMTP_OK;
}

enum smtp_reply
submit_may_body(struct submit_session *ss)
{
	struct access_client c = client_of(ss);

	if (ss->txn->basis == RELAY_BY_NONE)
		return SMTP_OK;
	return access_sent(ss->owner->access, &c, ss->conn->owner->now_ms)
		       == LIMIT_OK
		   ? SMTP_OK
		   : SMTP_RATE;
}

void
submit_may_sender(struct submit_session *ss)
{
	const struct profile *device = device_of(ss);
	struct submit_txn *t = ss->txn;

	t->forced = device != NULL && device->from.len > 0;
	t->repairing = device != NULL && device->repair;
	if (!t->forced || device->from.len > sizeof(t->from))
		return;
	memcpy(t->from, device->from.p, device->from.len);
	t->from_len = (uint16_t)device->from.len;
}

bool
submit_is_own(const struct submit_session *ss)
{
	return ss->account != 0 || ss->txn->basis != RELAY_BY_NONE;
}

void
submit_may_repair(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	int64_t wall_s = clock_wall_us() / 1000000;
	struct text date, id;

	if (!SUBMIT_MENDS)
		return;
	if (!t->repairing) {
		t->repairing = true;
		(submit_is_own(ss) ? repair_blind : repair_gap)(&t->repair);
		return;
	}
	text_init(&date, t->fix_date, sizeof(t->fix_date));
	date_put(&date, wall_s, clock_zone_minutes(wall_s));
	text_init(&id, t->fix_id, sizeof(t->fix_id));
	text_chr(&id, '<');
	text_str(&id, t->file.id);
	text_chr(&id, '@');
	text_str(&id, ss->owner->host);
	text_chr(&id, '>');
	repair_init(&t->repair, text_data(&date), text_data(&id),
	    span_of(t->from, t->from_len), t->forced);
}

/* What a message of our people lacks is added where it leaves (RFC 6409, 8). */
static unsigned
lacks(const struct submit_txn *t)
{
	return (t->header.fields & HEADER_DATE ? 0u : QUEUE_NO_DATE)
	       | (t->header.fields & HEADER_MESSAGE_ID ? 0u : QUEUE_NO_ID);
}

unsigned
submit_flags(const struct submit_session *ss)
{
	const struct submit_txn *t = ss->txn;

	/* such an address stands in our own header fields, too */
	return (t->eight_bit || t->eight_bit_head ? QUEUE_8BIT : 0u)
	       | (t->utf8 && t->eight_bit_head ? QUEUE_UTF8 : 0u)
	       | (submit_is_own(ss) ? QUEUE_OWN | lacks(t) : 0u)
	       | (t->foreign ? 0u : QUEUE_PATHED);
}
