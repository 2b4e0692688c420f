/*
 * notice: one message of our own, written piece by piece into the spool.
 */
#include "service/notice.h"

#include "codec/date.h"
#include "codec/xtext.h"
#include "core/chr.h"

static void
flush(struct notice *n)
{
	struct span v = text_data(&n->out);

	if (v.len == 0)
		return;
	for (size_t i = 0; i < v.len; i++)
		n->wire_octets += v.p[i] == '\n';
	n->wire_octets += v.len;
	/* an error sticks to the file and is seen at its commit */
	(void)!spool_append(&n->spool, &n->file, &v, 1);
	text_init(&n->out, n->mem, sizeof(n->mem));
}

/* Room for one more line or sentence. */
static void
make_room(struct notice *n)
{
	if (n->out.cap - n->out.len < 1200)
		flush(n);
}

static void
put(struct notice *n, const char *s)
{
	make_room(n);
	text_str(&n->out, s);
}

/* Foreign text: one line of printable ASCII, whatever it was. */
static void
put_foreign(struct notice *n, struct span s)
{
	make_room(n);
	s = span_first(s, 600);
	for (size_t i = 0; i < s.len; i++)
		text_chr(
		    &n->out, chr_is(s.p[i], CHR_PRINT) ? (char)s.p[i] : '?');
}

/* An address may be UTF-8 (RFC 6533 has a type for it); no controls. */
static void
put_address(struct notice *n, struct span s)
{
	make_room(n);
	for (size_t i = 0; i < s.len; i++)
		text_chr(&n->out, s.p[i] >= 0x80 || chr_is(s.p[i], CHR_PRINT)
				      ? (char)s.p[i]
				      : '?');
}

static void
put_date(struct notice *n, int64_t wall_s, int zone_minutes)
{
	make_room(n);
	date_put(&n->out, wall_s, zone_minutes);
}

/* ---- which recipients ---- */

static enum queue_state
state_told(enum notice_kind kind)
{
	static const enum queue_state states[] = {
		[NOTICE_FAILURE] = QUEUE_FAILED,
		[NOTICE_DELAY] = QUEUE_WAITING,
		[NOTICE_SUCCESS] = QUEUE_ARRIVED,
	};

	return states[kind];
}

static bool
next_rcpt(struct notice *n, struct queue_file *f, enum notice_kind kind,
    uint64_t *at, struct queue_rcpt *q)
{
	while (queue_file_rcpt(f, at, q, &n->strings) == 1) {
		if (q->state == state_told(kind)
		    && (kind != NOTICE_DELAY || q->notify == 0
			|| (q->notify & 8u) != 0))
			return true;
	}
	return false;
}

/* ---- the words for people ---- */

static const struct {
	const char *subject;
	const char *intro;
	const char *outro;
} words[2][3] = {
	[NOTICE_ENGLISH] = {
		[NOTICE_FAILURE] = { "Your message could not be delivered",
		    "This is the mail server at ",
		    ".\n\nYour message could not be delivered to the "
		    "recipients below. It will not be\ntried again.\n\n" },
		[NOTICE_DELAY] = { "Your message is delayed",
		    "This is the mail server at ",
		    ".\n\nYour message has not yet been delivered to the "
		    "recipients below. You need do\nnothing: it will be "
		    "tried again, and you will be told if it fails.\n\n" },
		[NOTICE_SUCCESS] = { "Your message was delivered",
		    "This is the mail server at ",
		    ".\n\nAs you asked to be told: your message was delivered "
		    "or passed on for the\nrecipients below.\n\n" },
	},
	[NOTICE_JAPANESE] = {
		[NOTICE_FAILURE] = {
		    "=?UTF-8?B?44Oh44O844Or44KS6YWN6YCB44Gn44GN44G+44Gb44KT44Gn"
		    "44GX44Gf?=",
		    "こちらはメールサーバー ",
		    " です。\n\n次の宛先へはメールを配送できませんでした。再送は"
		    "行いません。\n\n" },
		[NOTICE_DELAY] = {
		    "=?UTF-8?B?44Oh44O844Or44Gu6YWN6YCB44GM6YGF44KM44Gm44GE44G+"
		    "44GZ?=",
		    "こちらはメールサーバー ",
		    " です。\n\n次の宛先へのメールはまだ配送できていません。自動"
		    "的に再送しますので、\n何もしていただく必要はありません。配送"
		    "できなかったときはお知らせします。\n\n" },
		[NOTICE_SUCCESS] = {
		    "=?UTF-8?B?44Oh44O844Or44KS6YWN6YCB44GX44G+44GX44Gf?=",
		    "こちらはメールサーバー ",
		    " です。\n\nご依頼により、次の宛先への配送をお知らせします。\n"
		    "\n" },
	},
};

static void
put_code(struct notice *n, const struct queue_rcpt *q)
{
	if (q->code > 0) {
		text_u64(&n->out, q->code);
		text_chr(&n->out, ' ');
	}
}

static void
put_words(struct notice *n, struct queue_file *f, enum notice_kind kind)
{
	struct queue_rcpt q;
	uint64_t at = f->first;

	put(n, words[n->language][kind].intro);
	put_foreign(n, n->host);
	put(n, words[n->language][kind].outro);
	while (next_rcpt(n, f, kind, &at, &q)) {
		put(n, "  <");
		put_address(n, q.path);
		put(n, ">\n");
		if (q.words.len > 0) {
			put(n, "      ");
			put_code(n, &q);
			put_foreign(n, q.words);
			put(n, "\n");
		}
	}
	put(n, "\n");
}

/* ---- the report for programs ---- */

static void
put_xtext(struct notice *n, struct span s)
{
	make_room(n);
	xtext_decode(s, &n->out);
}

static void
put_recipient_type(struct notice *n, struct span path)
{
	bool utf8 = false;

	for (size_t i = 0; i < path.len; i++)
		utf8 = utf8 || path.p[i] >= 0x80;
	put(n, utf8 ? "utf-8; " : "rfc822; ");
	put_address(n, path);
	put(n, "\n");
}

static void
put_status(struct notice *n, const struct queue_rcpt *q, enum notice_kind kind)
{
	static const unsigned kinds[] = { 5, 4, 2 };
	bool fits = q->enhanced[0] > 0
		    && (kind != NOTICE_SUCCESS || q->enhanced[0] == 2);

	make_room(n);
	text_str(&n->out, "Status: ");
	/* what has run out of time failed for good: 4.4.7 stays (RFC 3463) */
	text_u64(&n->out, fits ? q->enhanced[0] : kinds[kind]);
	text_chr(&n->out, '.');
	text_u64(&n->out, fits ? q->enhanced[1] : 0);
	text_chr(&n->out, '.');
	text_u64(&n->out, fits ? q->enhanced[2] : 0);
	text_chr(&n->out, '\n');
}

static void
put_recipient(struct notice *n, const struct queue_rcpt *q,
    enum notice_kind kind, const struct notice_time *t)
{
	static const char *const actions[] = { "failed", "delayed", "relayed" };
	size_t semicolon = span_find(q->orcpt, ';');

	put(n, "\n");
	if (semicolon < q->orcpt.len) {
		put(n, "Original-Recipient: ");
		put_foreign(n, span_first(q->orcpt, semicolon));
		put(n, "; ");
		put_xtext(n, span_from(q->orcpt, semicolon + 1));
		put(n, "\n");
	}
	put(n, "Final-Recipient: ");
	put_recipient_type(n, q->path);
	put(n, "Action: ");
	put(n, actions[kind]);
	put(n, "\n");
	put_status(n, q, kind);
	if (q->code > 0) {
		put(n, "Diagnostic-Code: smtp; ");
		put_code(n, q);
		put_foreign(n, q->words);
		put(n, "\n");
	}
	if (kind == NOTICE_DELAY) {
		put(n, "Will-Retry-Until: ");
		put_date(n, t->until_s, t->zone_minutes);
		put(n, "\n");
	}
}

static void
put_report(struct notice *n, struct queue_file *f, enum notice_kind kind,
    const struct notice_time *t)
{
	struct queue_rcpt q;
	uint64_t at = f->first;

	put(n, "Reporting-MTA: dns; ");
	put_foreign(n, n->host);
	put(n, "\n");
	if (f->head.envid.len > 0) {
		put(n, "Original-Envelope-Id: ");
		put_xtext(n, f->head.envid);
		put(n, "\n");
	}
	put(n, "Arrival-Date: ");
	put_date(n, f->head.arrived_s, t->zone_minutes);
	put(n, "\n");
	while (next_rcpt(n, f, kind, &at, &q))
		put_recipient(n, &q, kind, t);
	put(n, "\n");
}

/* ---- the message itself ---- */

/* How much of it is returned: the header, or all where that was asked for. */
static uint64_t
returned(const struct queue_file *f, enum notice_kind kind)
{
	bool full = kind == NOTICE_FAILURE && f->head.ret == 'F'
		    && f->head.octets <= NOTICE_FULL;

	return full ? f->head.octets : 0;
}

/*
 * Copy up to the end of the header, or `full` octets.  Octets that could end
 * a line early are made harmless; the text is ours to send now.
 */
static void
put_original(struct notice *n, struct queue_file *f, uint64_t full)
{
	char part[512];
	uint64_t at = 0;
	uint8_t last = 0;
	int got;

	while ((got = queue_file_body(f, part, sizeof(part), at)) > 0) {
		int i = 0;

		make_room(n);
		for (; i < got; i++) {
			bool over = last == '\n' && part[i] == '\n';

			if (full == 0 && (over || at > NOTICE_FULL))
				return;
			last = (uint8_t)part[i];
			text_chr(&n->out,
			    last == '\r' || last == '\0' ? '?' : part[i]);
		}
		at += (uint64_t)got;
	}
	if (last != '\n')
		put(n, "\n");
}

static void
put_boundary(struct notice *n, const char *before, const char *after)
{
	put(n, before);
	put(n, n->boundary);
	put(n, after);
}

static void
put_header(struct notice *n, struct queue_file *f, enum notice_kind kind,
    const struct notice_time *t)
{
	put(n, "From: Mail Delivery System <MAILER-DAEMON@");
	put_foreign(n, n->host);
	put(n, ">\nTo: <");
	put_address(n, f->head.sender);
	put(n, ">\nSubject: ");
	put(n, words[n->language][kind].subject);
	put(n, "\nDate: ");
	put_date(n, t->now_s, t->zone_minutes);
	put(n, "\nMessage-ID: <");
	put(n, n->file.id);
	put(n, "@");
	put_foreign(n, n->host);
	put(n, ">\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	       "Content-Type: multipart/report; "
	       "report-type=delivery-status;\n");
	put_boundary(n, "\tboundary=\"", "\"\n\n");
}

static void
compose(struct notice *n, struct queue_file *f, enum notice_kind kind,
    const struct notice_time *t)
{
	uint64_t full = returned(f, kind);

	put_header(n, f, kind, t);
	put_boundary(n, "--",
	    "\nContent-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
	put_words(n, f, kind);
	put_boundary(n, "--", "\nContent-Type: message/delivery-status\n\n");
	put_report(n, f, kind, t);
	put_boundary(n, "--",
	    full > 0 ? "\nContent-Type: message/rfc822\n"
		       "Content-Transfer-Encoding: 8bit\n\n"
		     : "\nContent-Type: text/rfc822-headers\n"
		       "Content-Transfer-Encoding: 8bit\n\n");
	put_original(n, f, full);
	put_boundary(n, "\n--", "--\n");
	flush(n);
}

/* ---- posting ---- */

static int
commit(struct notice *n, struct span to, const struct notice_time *t)
{
	const struct delivery_head head = {
		.wire_octets = n->wire_octets,
		.arrived_s = t->now_s,
		.flags = QUEUE_NOTICE | QUEUE_8BIT,
	};
	struct addr a;
	int err;

	if (addr_parse(to, ADDR_ALLOW_UTF8 | ADDR_ALLOW_BARE, &a) != ADDR_OK)
		return ERR_SYNTAX;
	delivery_begin(&n->delivery, n->deliver);
	n->delivery.spool = &n->spool;
	err = delivery_add(&n->delivery, &a, 0, SPAN(""));
	if (!err)
		err = delivery_commit(&n->delivery, &n->file, &head);
	if (err)
		return err;
	spool_barrier(&n->spool);
	while (spool_next(&n->spool) != NULL)
		continue;
	if (n->file.result == ERR_OK)
		delivery_done(&n->delivery, t->now_ms);
	return n->file.result;
}

int
notice_send(struct notice *n, struct queue_file *f, const char *id,
    enum notice_kind kind, const struct notice_time *t)
{
	struct text boundary;
	int err;

	if (f->head.sender.len == 0 || (f->head.flags & QUEUE_NOTICE) != 0)
		return ERR_OK;
	err = spool_begin(&n->spool, &n->file, t->now_s * 1000000);
	if (err)
		return err;
	n->wire_octets = 0;
	text_init(&n->out, n->mem, sizeof(n->mem));
	text_init(&boundary, n->boundary, sizeof(n->boundary));
	text_str(&boundary, "=_");
	text_span(&boundary, span_first(span_str(id), 40));
	compose(n, f, kind, t);
	err = n->file.result;
	if (!err)
		err = commit(n, f->head.sender, t);
	if (err)
		spool_abort(&n->spool, &n->file);
	else
		n->sent++;
	/* a sender of ours that does not exist can't be told */
	return err == ERR_MISSING ? ERR_OK : err;
}

int
notice_init(struct notice *n, struct deliver *d, const char *tmp)
{
	memset(n, 0, sizeof(*n));
	n->deliver = d;
	spool_file_init(&n->file);
	return spool_init(&n->spool, d->spool->fs, d->spool->ids, tmp, 0);
}
