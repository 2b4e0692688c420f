/*
 * notice: what a letter about a message's fate says, and how programs read it.
 */
#include "service/notice.h"

#include "config.h"

#include "core/zero.h"
#include "codec/xtext.h"

#define PIECE 160 /* of an address: with each octet as six it fits */

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
		if ((q->state == state_told(kind)
			|| (kind == NOTICE_SUCCESS
			    && q->state == QUEUE_DELIVERED))
		    && (kind != NOTICE_DELAY || q->notify == 0
			|| (q->notify & 8u) != 0))
			return true;
	}
	return false;
}

/* ---- the words for people ---- */

struct words {
	const char *subject;
	const char *intro;
	const char *outro;
};

static const struct words english[] = {
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
};

static const struct words japanese[] = {
	[NOTICE_FAILURE] = { "=?UTF-8?B?44Oh44O844Or44KS6YWN6YCB44Gn44GN44G+"
			     "44Gb44KT44Gn"
			     "44GX44Gf?=",
	    "こちらはメールサーバー ",
	    " です。\n\n次の宛先へはメールを配送できませんでした。再送は"
	    "行いません。\n\n" },
	[NOTICE_DELAY] = { "=?UTF-8?B?"
			   "44Oh44O844Or44Gu6YWN6YCB44GM6YGF44KM44Gm44GE44G+"
			   "44GZ?=",
	    "こちらはメールサーバー ",
	    " です。\n\n次の宛先へのメールはまだ配送できていません。自動"
	    "的に再送しますので、\n何もしていただく必要はありません。配送"
	    "できなかったときはお知らせします。\n\n" },
	[NOTICE_SUCCESS] = { "=?UTF-8?B?44Oh44O844Or44KS6YWN6YCB44GX44G+"
			     "44GX44Gf?=",
	    "こちらはメールサーバー ",
	    " です。\n\nご依頼により、次の宛先への配送をお知らせします。\n"
	    "\n" },
};

static const struct words *
words_of(const struct notice *n, enum notice_kind kind)
{
	if (ENABLE_JAPANESE && n->letter->language == LETTER_JAPANESE)
		return &japanese[kind];
	return &english[kind];
}

/*
 * As the server wrote them.  4.4.7 is not its own: what failed with that has
 * run out of time.
 */
static void
put_code(struct notice *n, const struct queue_rcpt *q)
{
	const unsigned *e = q->enhanced;
	struct text *t = &n->letter->out;
	bool late = e[0] == 4 && e[1] == 4 && e[2] == 7;

	if (q->code == 0)
		return;
	text_u64(t, q->code);
	for (int i = 0; i < 3 && e[0] == q->code / 100 && !late; i++) {
		text_chr(t, i == 0 ? ' ' : '.');
		text_u64(t, e[i]);
	}
	text_chr(t, ' ');
}

static void
put_words(struct notice *n, struct queue_file *f, enum notice_kind kind)
{
	struct queue_rcpt q;
	uint64_t at = f->first;

	letter_put(n->letter, words_of(n, kind)->intro);
	letter_ascii(n->letter, n->letter->host);
	letter_put(n->letter, words_of(n, kind)->outro);
	while (next_rcpt(n, f, kind, &at, &q)) {
		letter_put(n->letter, "  <");
		letter_address(n->letter, q.path);
		letter_put(n->letter, ">\n");
		if (q.words.len > 0) {
			letter_put(n->letter, "      ");
			put_code(n, &q);
			letter_ascii(n->letter, q.words);
			letter_put(n->letter, "\n");
		}
	}
	letter_put(n->letter, "\n");
}

/* ---- the report for programs: fields in the order of RFC 3464 ---- */

static void
put_xtext(struct notice *n, struct span s)
{
	letter_room(n->letter);
	xtext_decode(s, &n->letter->out);
}

/* The form for reports in ASCII. */
static void
put_utf8(struct notice *n, struct span path, bool coded)
{
	letter_put(n->letter, "utf-8; ");
	while (path.len > 0) { /* in pieces of whole characters */
		size_t len = path.len < PIECE ? path.len : PIECE;

		while (len < path.len && (path.p[len] & 0xc0) == 0x80)
			len--;
		letter_room(n->letter);
		xtext_from_utf8(span_first(path, len), coded, &n->letter->out);
		path = span_from(path, len > 0 ? len : path.len);
	}
}

static void
put_recipient_type(struct notice *n, struct span path)
{
	if (xtext_is_utf8(path)) {
		put_utf8(n, path, false);
	} else {
		letter_put(n->letter, "rfc822; ");
		letter_ascii(n->letter, path);
	}
	letter_put(n->letter, "\n");
}

/* Which server it was, and what it said; neither where none spoke. */
static void
put_diagnosis(struct notice *n, const struct queue_rcpt *q)
{
	if (q->code == 0)
		return;
	if (q->host.len > 0) {
		letter_put(n->letter, "Remote-MTA: dns; ");
		letter_ascii(n->letter, q->host);
		letter_put(n->letter, "\n");
	}
	letter_put(n->letter, "Diagnostic-Code: smtp; ");
	put_code(n, q);
	letter_ascii(n->letter, q->words);
	letter_put(n->letter, "\n");
}

static void
put_status(struct notice *n, const struct queue_rcpt *q, enum notice_kind kind)
{
	static const unsigned kinds[] = { 5, 4, 2 };
	bool fits = q->enhanced[0] > 0
		    && (kind != NOTICE_SUCCESS || q->enhanced[0] == 2);

	letter_room(n->letter);
	text_str(&n->letter->out, "Status: ");
	/* what has run out of time failed for good: 4.4.7 stays (RFC 3463) */
	text_u64(&n->letter->out, fits ? q->enhanced[0] : kinds[kind]);
	text_chr(&n->letter->out, '.');
	text_u64(&n->letter->out, fits ? q->enhanced[1] : 0);
	text_chr(&n->letter->out, '.');
	text_u64(&n->letter->out, fits ? q->enhanced[2] : 0);
	text_chr(&n->letter->out, '\n');
}

static void
put_original_rcpt(struct notice *n, struct span orcpt)
{
	size_t semicolon = span_find(orcpt, ';');
	struct span type = span_first(orcpt, semicolon);
	struct span address = span_from(orcpt, semicolon + 1);

	if (semicolon == orcpt.len)
		return;
	letter_put(n->letter, "Original-Recipient: ");
	if (span_is_nocase(type, SPAN("utf-8")) || xtext_is_utf8(address)) {
		put_utf8(n, address, true);
	} else {
		letter_ascii(n->letter, type);
		letter_put(n->letter, "; ");
		put_xtext(n, address);
	}
	letter_put(n->letter, "\n");
}

static void
put_recipient(struct notice *n, const struct queue_rcpt *q,
    enum notice_kind kind, const struct notice_time *t)
{
	static const char *const actions[] = { "failed", "delayed", "relayed" };

	letter_put(n->letter, "\n");
	put_original_rcpt(n, q->orcpt);
	letter_put(n->letter, "Final-Recipient: ");
	put_recipient_type(n, q->path);
	letter_put(n->letter, "Action: ");
	letter_put(n->letter,
	    q->state == QUEUE_DELIVERED ? "delivered" : actions[kind]);
	letter_put(n->letter, "\n");
	put_status(n, q, kind);
	put_diagnosis(n, q);
	if (kind != NOTICE_SUCCESS) {
		letter_put(n->letter, "Last-Attempt-Date: ");
		letter_date(n->letter, t->at.now_s, t->at.zone_minutes);
		letter_put(n->letter, "\n");
	}
	if (kind == NOTICE_DELAY) {
		letter_put(n->letter, "Will-Retry-Until: ");
		letter_date(n->letter, t->until_s, t->at.zone_minutes);
		letter_put(n->letter, "\n");
	}
}

static void
put_report(struct notice *n, struct queue_file *f, enum notice_kind kind,
    const struct notice_time *t)
{
	struct queue_rcpt q;
	uint64_t at = f->first;

	if (f->head.envid.len > 0) {
		letter_put(n->letter, "Original-Envelope-Id: ");
		put_xtext(n, f->head.envid);
		letter_put(n->letter, "\n");
	}
	letter_put(n->letter, "Reporting-MTA: dns; ");
	letter_ascii(n->letter, n->letter->host);
	letter_put(n->letter, "\n");
	letter_put(n->letter, "Arrival-Date: ");
	letter_date(n->letter, f->head.arrived_s, t->at.zone_minutes);
	letter_put(n->letter, "\n");
	while (next_rcpt(n, f, kind, &at, &q))
		put_recipient(n, &q, kind, t);
	letter_put(n->letter, "\n");
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

		letter_room(n->letter);
		for (; i < got; i++) {
			bool over = last == '\n' && part[i] == '\n';

			if (full == 0 && (over || at > NOTICE_FULL))
				return;
			last = (uint8_t)part[i];
			text_chr(&n->letter->out,
			    last == '\r' || last == '\0' ? '?' : part[i]);
		}
		at += (uint64_t)got;
	}
	if (last != '\n')
		letter_put(n->letter, "\n");
}

static void
put_boundary(struct notice *n, const char *before, const char *after)
{
	letter_put(n->letter, before);
	letter_put(n->letter, n->boundary);
	letter_put(n->letter, after);
}

static void
put_header(struct notice *n, struct queue_file *f, enum notice_kind kind,
    const struct notice_time *t)
{
	struct letter *l = n->letter;

	letter_header(l, f->head.sender, words_of(n, kind)->subject, &t->at);
	letter_put(l, "Content-Type: multipart/report; "
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
}

/* ---- posting ---- */

int
notice_send(struct notice *n, struct queue_file *f, const char *id,
    enum notice_kind kind, const struct notice_time *t)
{
	struct letter *l = n->letter;
	struct text boundary;
	int err;

	if (f->head.sender.len == 0 || (f->head.flags & QUEUE_NOTICE) != 0)
		return ERR_OK;
	err = letter_begin(l, t->at.now_s);
	if (err)
		return err;
	text_init(&boundary, n->boundary, sizeof(n->boundary));
	text_str(&boundary, "=_");
	text_span(&boundary, span_first(span_str(id), 40));
	compose(n, f, kind, t);
	letter_to(l, f->head.sender);
	err = letter_send(l, &t->at);
	n->sent += !err;
	/* a sender of ours that does not exist can't be told */
	return err == ERR_MISSING ? ERR_OK : err;
}

void
notice_init(struct notice *n, struct letter *l)
{
	zero_fill(n, sizeof(*n));
	n->letter = l;
}
