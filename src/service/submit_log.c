/* submit_log: what is written; when, submit decides. */
#include "service/submit_log.h"

#include "core/log.h"
#include "service/listen.h"

#define BOXES_SHOWN 7
#define REPLY_SHOWN 200

static void
log_client(struct log_line *l, const struct submit_session *ss)
{
	char peer[NET_ADDR_TEXT];

	net_addr_text(&ss->conn->peer, peer);
	log_str(l, "peer", peer);
	log_str(l, "listener", listener_name(ss->conn->listener->role));
}

/* "ann,bob": who has it in a mailbox. */
static void
log_boxes(struct log_line *l, const struct submit_session *ss)
{
	const struct delivery *d = &ss->txn->delivery;
	char mem[BOXES_SHOWN * (USERS_NAME_MAX + 1) + 8];
	const struct account *a;
	struct text t;

	if (d->boxes_n == 0)
		return;
	text_init(&t, mem, sizeof(mem));
	for (unsigned i = 0; i < d->boxes_n && i < BOXES_SHOWN; i++) {
		a = accounts_by_id(ss->owner->accounts, d->boxes[i]);
		text_str(&t, i > 0 ? "," : "");
		if (a != NULL)
			text_span(&t, account_name(a));
	}
	text_str(&t, d->boxes_n > BOXES_SHOWN ? ",..." : "");
	log_span(l, "boxes", text_data(&t));
}

void
submit_log_recipients(const struct submit_session *ss)
{
	const struct submit_txn *t = ss->txn;
	struct log_line l;
	struct span path;
	size_t at = 0;

	if (t->recipients < 2 || !delivery_recipient(&t->delivery, &at, &path))
		return;
	while (delivery_recipient(&t->delivery, &at, &path)) {
		log_begin(&l, LOG_INFO, "smtp.recipient");
		log_str(&l, "id", t->file.id);
		log_span(&l, "to", path);
		log_end(&l);
	}
}

void
submit_log_accepted(const struct submit_session *ss)
{
	const struct submit_txn *t = ss->txn;
	struct log_line l;

	log_begin(&l, LOG_INFO, "smtp.accepted");
	if (l.muted)
		return;
	log_str(&l, "id", t->file.id);
	log_client(&l, ss);
	log_span(&l, "from", span_of(t->from, t->from_len));
	log_span(&l, "to", span_of(t->to, t->to_len));
	log_u64(&l, "recipients", t->recipients);
	log_u64(&l, "octets", t->file.octets);
	log_boxes(&l, ss);
	if (t->delivery.queued)
		log_str(&l, "queued", "yes");
	log_end(&l);
}

static void
log_reply(struct log_line *l, enum smtp_reply reply)
{
	char mem[REPLY_SHOWN];
	struct buf words;
	struct span s;

	buf_init(&words, mem, sizeof(mem));
	(void)smtp_words_put(&words, reply);
	s = buf_data(&words);
	log_span(l, "reply", span_first(s, span_find(s, '\r')));
}

void
submit_log_refused(const struct submit_session *ss, enum smtp_reply reply,
    const struct addr *from, const struct addr *to)
{
	const struct submit_txn *t = ss->txn;
	struct log_line l;

	log_begin(&l, LOG_INFO, "smtp.refused");
	if (l.muted)
		return;
	if (t != NULL && t->file.id[0] != '\0')
		log_str(&l, "id", t->file.id);
	log_client(&l, ss);
	if (from != NULL)
		addr_log(&l, "from", from);
	else if (t != NULL)
		log_span(&l, "from", span_of(t->from, t->from_len));
	if (to != NULL)
		addr_log(&l, "to", to);
	else if (t != NULL && t->to_len > 0)
		log_span(&l, "to", span_of(t->to, t->to_len));
	log_reply(&l, reply);
	log_end(&l);
}
