/* submit_txn: one message from MAIL to its place in a mailbox. */
#include "service/submit.h"

#include "config.h"

#include "core/chr.h"
#include "core/log.h"
#include "platform/clock.h"
#include "policy/relay.h"
#include "service/lists.h"
#include "service/submit_log.h"
#include "service/submit_may.h"
#include "service/submit_quota.h"
#include "service/submit_scan.h"
#include "service/tls.h"

#define HOPS_MAX 100

static enum smtp_reply
storage_reply(int err)
{
	if (err == ERR_OK)
		return SMTP_OK;
	return err == ERR_FULL ? SMTP_NO_SPACE : SMTP_LOCAL_ERROR;
}

/* As storage_reply; what is no mere want of room, the owner must learn. */
static enum smtp_reply
storage_result(int err)
{
	if (err && err != ERR_FULL)
		log_event(LOG_ERROR, "smtp.no_storage", NULL, NULL, err);
	return storage_reply(err);
}

/* --- MAIL and RCPT ------------------------------------------------------ */

static uint16_t
copy_address(char *to, size_t cap, const struct addr *a)
{
	struct text t;

	text_init(&t, to, cap);
	addr_put(&t, a);
	return (uint16_t)t.len;
}

enum smtp_reply
submit_mail(struct submit_session *ss, const struct smtp_request *r)
{
	struct submit *su = ss->owner;
	struct submit_txn *t;
	enum smtp_reply may = submit_may_mail(ss, &r->path);
	int err;

	if (may != SMTP_OK)
		return may;
	err = spool_room(su->spool, r->size);
	if (err)
		return storage_result(err);
	t = pool_take(su->txns);
	if (t == NULL)
		return SMTP_TRY_LATER;
	memset(t, 0, offsetof(struct submit_txn, from));
	spool_file_init(&t->file);
	header_init(&t->header);
	t->session = ss;
	t->utf8 = r->utf8;
	t->declared = r->size;
	t->from_len = copy_address(t->from, sizeof(t->from), &r->path);
	t->to_len = 0;
	t->eight_bit_head = r->path.eight_bit;
	t->ret = r->ret == SMTP_RET_FULL   ? 'F'
		 : r->ret == SMTP_RET_HDRS ? 'H'
					   : 0;
	t->envid_len = 0;
	if (r->envid.len > 0 && r->envid.len <= sizeof(t->envid)) {
		t->envid_len = (uint8_t)r->envid.len;
		memcpy(t->envid, r->envid.p, r->envid.len);
	}
	delivery_begin(&t->delivery, su->deliver);
	t->delivery.limited = true;
	t->delivery.user = t;
	ss->txn = t;
	submit_may_sender(ss);
	return SMTP_OK;
}

static enum smtp_reply
add_recipient(struct submit_txn *t, const struct smtp_request *r)
{
	int err = delivery_add(&t->delivery, &r->path, r->notify, r->orcpt);

	if (err)
		return SMTP_TOO_MANY_RECIPIENTS;
	if (t->to_len == 0)
		t->to_len = copy_address(t->to, sizeof(t->to), &r->path);
	t->eight_bit_head = t->eight_bit_head || r->path.eight_bit;
	t->recipients++;
	return SMTP_OK;
}

enum smtp_reply
submit_rcpt(struct submit_session *ss, const struct smtp_request *r)
{
	struct submit_txn *t = ss->txn;
	struct directory_hit hit =
	    directory_lookup(ss->owner->deliver->directory, &r->path);
	bool foreign = hit.kind == DIRECTORY_FOREIGN;
	enum smtp_reply may = submit_may_rcpt(ss, &r->path, !foreign);

	if (may != SMTP_OK)
		return may;
	if (foreign && !ENABLE_RELAY)
		return SMTP_RELAY_DENIED;
	if (hit.kind == DIRECTORY_UNKNOWN
	    || (hit.kind == DIRECTORY_LOCAL && hit.account == 0
		&& !directory_leads_on(&ss->owner->deliver->walk,
		    ss->owner->deliver->directory, &r->path)))
		return SMTP_NO_USER;
	if (ENABLE_LISTS && hit.is_list
	    && !lists_may_post(ss->owner->deliver->directory, hit.list,
		span_of(t->from, t->from_len)))
		return SMTP_RECIPIENT_DENIED;
	t->foreign |= foreign;
	submit_quota_note(ss, hit.account);
	return add_recipient(t, r);
}

/* --- the body ------------------------------------------------------------ */

static void
trace_fill(struct trace *tr, const struct submit_session *ss, const char *peer)
{
	const struct submit_txn *t = ss->txn;
	int64_t wall_s = clock_wall_us() / 1000000;
	struct tls_info info;

	*tr = (struct trace) {
		.host = ss->owner->host,
		.peer = peer,
		.peer_v6 = !net_is_v4(&ss->conn->peer),
		.helo = smtp_helo(&ss->smtp),
		.extended = ss->smtp.extended,
		.utf8 = t->utf8,
		.authenticated = ss->account != 0,
		.id = t->file.id,
		.from = span_of(t->from, t->from_len),
		.to = span_of(t->to, t->recipients == 1 ? t->to_len : 0),
		.final = !t->foreign,
		.marked = submit_scan_is_on(ss->owner),
		.wall_s = wall_s,
		.zone_minutes = clock_zone_minutes(wall_s),
	};
	if (ss->conn->tls == NULL)
		return;
	tls_info(ss->conn->tls, &info);
	tr->tls_version = info.version;
	tr->tls_suite = info.suite;
	tr->tls_bits = info.bits;
}

/* As POP3 counts: line ends are two octets there. */
static uint64_t
wire_octets(struct span text)
{
	uint64_t n = text.len;

	for (struct span line; span_next(&text, '\n', &line);)
		n += text.p != NULL;
	return n;
}

/* Our own lines, joined with the first piece of the message in one write. */
static int
append_first(struct submit_session *ss, struct span text)
{
	struct submit_txn *t = ss->txn;
	char peer[NET_ADDR_TEXT];
	struct span v[2];
	struct trace tr;
	struct text head;

	net_addr_text(&ss->conn->peer, peer);
	trace_fill(&tr, ss, peer);
	tr.continued = text.len > 0 && chr_is(text.p[0], CHR_SPACE);
	text_init(&head, ss->owner->head, sizeof(ss->owner->head));
	t->mark_at = trace_put(&head, &tr);
	t->marked = tr.marked;
	t->head_len = head.len;
	v[0] = text_data(&head);
	v[1] = text;
	t->begun = true;
	t->head_octets += wire_octets(v[0]);
	return spool_append(
	    ss->owner->spool, &t->file, v, text.len > 0 ? 2 : 1);
}

enum smtp_reply
submit_body(struct submit_session *ss)
{
	struct submit *su = ss->owner;
	enum smtp_reply may = submit_may_body(ss);

	if (may == SMTP_OK)
		may = storage_result(
		    spool_begin(su->spool, &ss->txn->file, clock_wall_us()));
	if (may == SMTP_OK)
		submit_may_repair(ss);
	return may;
}

static enum smtp_reply
write_out(struct submit_session *ss, struct span text)
{
	struct submit_txn *t = ss->txn;
	struct span mark = span_of(t->to, t->recipients == 1 ? t->to_len : 0);
	bool in_head = !t->header.over;
	int err;

	header_feed(&t->header, text, mark);
	if ((!t->eight_bit || (in_head && !t->eight_bit_head))
	    && span_has_high(text)) {
		t->eight_bit = true;
		t->eight_bit_head = t->eight_bit_head || in_head;
	}
	err = t->begun ? spool_append(ss->owner->spool, &t->file, &text, 1)
		       : append_first(ss, text);
	return storage_result(err);
}

/* What the mending added counts in the message's size for POP3. */
static enum smtp_reply
write_mended(struct submit_session *ss, const struct text *out)
{
	struct span text = text_data(out);

	ss->txn->head_octets += wire_octets(text);
	return text.len > 0 ? write_out(ss, text) : SMTP_OK;
}

enum smtp_reply
submit_write(struct submit_session *ss, struct span text)
{
	struct submit *su = ss->owner;
	struct submit_txn *t = ss->txn;
	enum smtp_reply r = SMTP_OK;

	while (SUBMIT_MENDS && t->repairing && !t->repair.over && text.len > 0
	       && r == SMTP_OK) {
		struct span before = text;
		struct text out;

		text_init(&out, su->mended, sizeof(su->mended));
		repair_feed(&t->repair, &text, &out);
		/* these leave smtp's count: write_mended counts the new ones */
		t->head_octets -=
		    wire_octets(span_first(before, before.len - text.len));
		r = write_mended(ss, &out);
	}
	return r == SMTP_OK && text.len > 0 ? write_out(ss, text) : r;
}

/* A message that was all header, or nothing. */
static enum smtp_reply
write_end(struct submit_session *ss)
{
	struct submit *su = ss->owner;
	struct text out;

	if (!SUBMIT_MENDS || !ss->txn->repairing || ss->txn->repair.over)
		return SMTP_OK;
	text_init(&out, su->mended, sizeof(su->mended));
	repair_end(&ss->txn->repair, &out);
	return write_mended(ss, &out);
}

/* --- the end -------------------------------------------------------------- */

static int
commit(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	const struct account *a =
	    accounts_by_id(ss->owner->accounts, ss->account);
	const struct delivery_head head = {
		.sender = span_of(t->from, t->from_len),
		.envid = span_of(t->envid, t->envid_len),
		.login = a != NULL ? account_name(a) : SPAN(""),
		.wire_octets = t->head_octets + ss->smtp.dot.wire_octets,
		.arrived_s = clock_wall_us() / 1000000,
		.flags = submit_flags(ss),
		.ret = t->ret,
	};

	if (t->held)
		return submit_scan_hold(ss, &head);
	return delivery_commit(&t->delivery, &t->file, &head);
}

/* A refusal stands, whether a copy could be kept or not. */
static enum smtp_reply
final_reply(const struct submit_txn *t, int err)
{
	if (t->due != SMTP_OK)
		return (enum smtp_reply)t->due;
	return t->delivery.full ? SMTP_MAILBOX_FULL : storage_reply(err);
}

enum smtp_reply
submit_complete(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	enum smtp_reply r;

	if (t->header.received > HOPS_MAX || t->header.ours)
		return SMTP_LOOP;
	r = write_end(ss);
	if (r == SMTP_OK && !t->begun)
		r = storage_result(append_first(ss, SPAN("")));
	if (r != SMTP_OK)
		return r;
	t->complete = true;
	return submit_scan_begin(ss) ? submit_commit(ss) : SMTP_OK;
}

enum smtp_reply
submit_commit(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	enum smtp_reply r = SMTP_OK;
	int err;

	if (t->waiting)
		return SMTP_OK;
	r = submit_scan_end(ss);
	if (r != SMTP_OK)
		return r;
	err = commit(ss);
	t->waiting = !err;
	return err ? final_reply(t, err) : SMTP_OK;
}

void
submit_orphan(struct submit *su, struct submit_txn *t)
{
	int result = t->file.result;

	if (result == ERR_OK) {
		delivery_done(&t->delivery, clock_mono_ms());
		su->accepted++;
		su->octets += t->file.octets;
	}
	/* its sender has heard nothing and may send it again */
	log_event(LOG_INFO,
	    result == ERR_OK ? "smtp.kept_unanswered" : "smtp.not_stored", "id",
	    t->file.id, result);
	pool_give(su->txns, t);
}

enum smtp_reply
submit_result(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;

	if (t->file.result != ERR_OK) {
		ss->owner->refused++;
		log_event(LOG_ERROR, "smtp.not_stored", "id", t->file.id,
		    t->file.result);
		return final_reply(t, t->file.result);
	}
	delivery_done(&t->delivery, ss->conn->owner->now_ms);
	if (t->held)
		return (enum smtp_reply)t->due;
	ss->owner->accepted++;
	ss->owner->octets += t->file.octets;
	submit_log_accepted(ss);
	submit_log_recipients(ss);
	return SMTP_OK;
}

void
submit_drop(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;

	if (t == NULL)
		return;
	submit_scan_forget(ss);
	ss->txn = NULL;
	if (t->file.in_barrier) {
		t->session = NULL;
		return;
	}
	if (!t->done) {
		spool_abort(ss->owner->spool, &t->file);
		delivery_abort(&t->delivery);
	}
	pool_give(ss->owner->txns, t);
}
