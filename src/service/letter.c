/* letter: bytes and recipients; what is said is notice's and warning's. */
#include "service/letter.h"

#include "codec/date.h"
#include "codec/json.h"
#include "core/chr.h"
#include "core/zero.h"

int
letter_init(struct letter *l, struct deliver *d, const char *tmp)
{
	zero_fill(l, sizeof(*l));
	l->deliver = d;
	spool_file_init(&l->file);
	return spool_init(&l->spool, d->spool->fs, d->spool->ids, tmp, 0);
}

int
letter_begin(struct letter *l, int64_t now_s)
{
	int err = spool_begin(&l->spool, &l->file, now_s * 1000000);

	if (err)
		return err;
	l->wire_octets = 0;
	l->err = ERR_OK;
	text_init(&l->out, l->mem, sizeof(l->mem));
	delivery_begin(&l->delivery, l->deliver);
	l->delivery.spool = &l->spool;
	return ERR_OK;
}

static void
flush(struct letter *l)
{
	struct span v = text_data(&l->out);

	if (v.len == 0)
		return;
	for (size_t i = 0; i < v.len; i++)
		l->wire_octets += v.p[i] == '\n';
	l->wire_octets += v.len;
	/* an error sticks to the file and is seen at its commit */
	(void)!spool_append(&l->spool, &l->file, &v, 1);
	text_init(&l->out, l->mem, sizeof(l->mem));
}

void
letter_room(struct letter *l)
{
	if (l->out.cap - l->out.len < 1200)
		flush(l);
}

void
letter_put(struct letter *l, const char *s)
{
	letter_room(l);
	text_str(&l->out, s);
}

void
letter_ascii(struct letter *l, struct span s)
{
	letter_room(l);
	s = span_first(s, LETTER_LINE);
	for (size_t i = 0; i < s.len; i++)
		text_chr(
		    &l->out, chr_is(s.p[i], CHR_PRINT) ? (char)s.p[i] : '?');
}

void
letter_address(struct letter *l, struct span s)
{
	letter_room(l);
	s = span_first(s, LETTER_LINE);
	for (size_t i = 0; i < s.len; i++)
		text_chr(&l->out, s.p[i] >= 0x80 || chr_is(s.p[i], CHR_PRINT)
				      ? (char)s.p[i]
				      : '?');
}

/*
 * May this well-formed character be shown?  Not C1 controls, and not what
 * changes lines or the direction of writing: U+200B-200F, 2028-202E,
 * 2060-206F, FEFF.
 */
static bool
is_shown(struct span c)
{
	if (c.len == 1)
		return chr_is(c.p[0], CHR_PRINT);
	if (c.len == 2)
		return c.p[0] != 0xc2 || c.p[1] >= 0xa0;
	if (c.len == 3 && c.p[0] == 0xe2 && c.p[1] == 0x80)
		return c.p[2] < 0x8b || (c.p[2] > 0x8f && c.p[2] < 0xa8)
		       || c.p[2] > 0xae;
	if (c.len == 3 && c.p[0] == 0xe2 && c.p[1] == 0x81)
		return c.p[2] < 0xa0 || c.p[2] > 0xaf;
	return c.len != 3 || memcmp(c.p, "\xef\xbb\xbf", 3) != 0;
}

void
letter_text(struct letter *l, struct span s)
{
	size_t used = 0;

	letter_room(l);
	while (s.len > 0 && used < LETTER_LINE) {
		size_t n = json_utf8(s);
		struct span c = span_first(s, n > 0 ? n : 1);

		if (n > 0 && is_shown(c))
			text_span(&l->out, c);
		else
			text_chr(&l->out, '?');
		used += c.len;
		s = span_from(s, c.len);
	}
}

void
letter_date(struct letter *l, int64_t wall_s, int zone_minutes)
{
	letter_room(l);
	date_put(&l->out, wall_s, zone_minutes);
}

/* Does it end in a mailbox here? */
static bool
is_for_box(const struct letter *l, struct span to)
{
	struct addr a;

	return addr_parse(to, ADDR_ALLOW_UTF8 | ADDR_ALLOW_BARE, &a) == ADDR_OK
	       && !l->deliver->lmtp
	       && directory_lookup(l->deliver->directory, &a).account != 0;
}

void
letter_header(struct letter *l, struct span to, const char *subject,
    const struct letter_time *t)
{
	if (is_for_box(l, to))
		letter_put(l, "Return-Path: <>\n");
	letter_put(l, "From: Mail Delivery System <MAILER-DAEMON@");
	letter_ascii(l, l->host);
	letter_put(
	    l, to.len > 0 ? ">\nTo: <" : ">\nTo: undisclosed-recipients:;");
	letter_address(l, to);
	letter_put(l, to.len > 0 ? ">\nSubject: " : "\nSubject: ");
	letter_put(l, subject);
	letter_put(l, "\nDate: ");
	letter_date(l, t->now_s, t->zone_minutes);
	letter_put(l, "\nMessage-ID: <");
	letter_put(l, l->file.id);
	letter_put(l, "@");
	letter_ascii(l, l->host);
	letter_put(l, ">\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n");
}

void
letter_to(struct letter *l, struct span address)
{
	struct addr a;

	if (addr_parse(address, ADDR_ALLOW_UTF8 | ADDR_ALLOW_BARE, &a)
	    != ADDR_OK)
		l->err = ERR_SYNTAX;
	else if (!l->err)
		l->err = delivery_add(&l->delivery, &a, 0, SPAN(""));
}

static int
commit(struct letter *l, const struct letter_time *t)
{
	const struct delivery_head head = {
		.wire_octets = l->wire_octets,
		.arrived_s = t->now_s,
		.flags = QUEUE_NOTICE | QUEUE_8BIT,
	};

	return delivery_send(&l->delivery, &l->file, &head, t->now_ms);
}

int
letter_send(struct letter *l, const struct letter_time *t)
{
	int err;

	flush(l);
	err = l->err ? l->err : l->file.result;
	if (!err)
		err = commit(l, t);
	if (err)
		spool_abort(&l->spool, &l->file);
	return err;
}
