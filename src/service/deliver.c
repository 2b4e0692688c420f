/*
 * deliver: recipients into places.  It does not decide who may send to whom,
 * and does not look at the message.
 */
#include "service/deliver.h"

#include "service/parts.h"
#include "service/quota.h"

#include "core/log.h"
#include "store/mailbox.h"

/* A noted recipient: these octets, then path and orcpt. */
enum {
	NOTE_PATH_LEN = 0,
	NOTE_ORCPT_LEN = 2,
	NOTE_NOTIFY = 4,
	NOTE_LEN = 5,
};

#define NOTIFIED_OF_SUCCESS 2u /* of NOTIFY, as in proto/smtp_client */

void
delivery_begin(struct delivery *d, struct deliver *owner)
{
	memset(d, 0, offsetof(struct delivery, boxes));
	d->owner = owner;
	d->spool = owner->spool;
	spool_file_init(&d->envelope);
}

int
delivery_add(struct delivery *d, const struct addr *path, unsigned notify,
    struct span orcpt)
{
	char mem[ADDR_TEXT_MAX + 1];
	uint8_t *to = d->noted + d->noted_len;
	struct text t;
	size_t len;

	text_init(&t, mem, sizeof(mem));
	text_span(&t, path->local);
	if (!path->bare) {
		text_chr(&t, '@');
		text_span(&t, path->domain);
	}
	if (orcpt.len > QUEUE_ORCPT_MAX)
		orcpt.len = 0;
	len = NOTE_LEN + t.len + orcpt.len;
	if (len > sizeof(d->noted) - d->noted_len)
		return ERR_FULL;
	to[NOTE_PATH_LEN] = (uint8_t)t.len;
	to[NOTE_PATH_LEN + 1] = (uint8_t)(t.len >> 8);
	to[NOTE_ORCPT_LEN] = (uint8_t)orcpt.len;
	to[NOTE_ORCPT_LEN + 1] = (uint8_t)(orcpt.len >> 8);
	to[NOTE_NOTIFY] = (uint8_t)notify;
	memcpy(to + NOTE_LEN, mem, t.len);
	if (orcpt.len > 0)
		memcpy(to + NOTE_LEN + t.len, orcpt.p, orcpt.len);
	d->noted_len = (uint16_t)(d->noted_len + len);
	d->noted_n++;
	return ERR_OK;
}

struct note {
	struct span path, orcpt;
	unsigned notify;
};

static bool
next_note(const struct delivery *d, size_t *at, struct note *n)
{
	const uint8_t *p = d->noted + *at;
	size_t path, orcpt;

	if (*at == d->noted_len)
		return false;
	path = (size_t)(p[NOTE_PATH_LEN] | p[NOTE_PATH_LEN + 1] << 8);
	orcpt = (size_t)(p[NOTE_ORCPT_LEN] | p[NOTE_ORCPT_LEN + 1] << 8);
	n->path = span_of(p + NOTE_LEN, path);
	n->orcpt = span_of(p + NOTE_LEN + path, orcpt);
	n->notify = p[NOTE_NOTIFY];
	*at += NOTE_LEN + path + orcpt;
	return true;
}

bool
delivery_recipient(const struct delivery *d, size_t *at, struct span *path)
{
	struct note n;

	if (!next_note(d, at, &n))
		return false;
	*path = n.path;
	return true;
}

/* ---- places ---- */

static int
box_path(const struct delivery *d, const struct spool_file *f, uint16_t box,
    char out[FS_PATH_MAX])
{
	const struct account *a = accounts_by_id(d->owner->accounts, box);
	char name[MAILBOX_NAME_MAX], dir[FS_PATH_MAX];
	int err;

	if (a == NULL)
		return ERR_MISSING;
	err = mailbox_folder(dir, d->owner->mail_root, account_name(a));
	if (err)
		return err;
	mailbox_name(name, f->id, d->file->octets, d->wire_octets);
	return mailbox_path(out, dir, "new", span_str(name));
}

/* Mailboxes first, the queue's place last. */
static int
place_message(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct delivery *d = f->owner;

	if (i < d->boxes_n)
		return box_path(d, f, d->boxes[i], out);
	return d->apart ? queue_body_path(d->owner->queue, f->id, out)
			: queue_path(d->owner->queue, f->id, out);
}

static int
place_envelope(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct delivery *d = f->owner;

	(void)i;
	return queue_path(d->owner->queue, d->file->id, out);
}

/* ---- what the recipients mean ---- */

static int
add_box(struct delivery *d, uint16_t account)
{
	if (d->boxes_n == DELIVERY_BOXES)
		return ERR_FULL;
	d->boxes[d->boxes_n++] = account;
	return ERR_OK;
}

/* Where all local mail goes to an LMTP server, a box is an address. */
static struct span
box_address(const struct deliver *s, uint16_t account, struct text *t)
{
	const struct account *a = accounts_by_id(s->accounts, account);

	if (a != NULL)
		text_span(t, account_name(a));
	text_chr(t, '@');
	text_span(t, s->directory->host);
	return text_data(t);
}

static void
note_dest(struct delivery *d, struct span sender, struct span path)
{
	uint32_t dest = queue_dest_of(d->owner->queue, sender, path);

	d->dest = d->remote_n++ == 0 || d->dest == dest ? dest : 0;
}

static int
write_target(struct delivery *d, const struct directory_target *t,
    const struct note *n, struct span sender)
{
	char mem[ADDR_TEXT_MAX + 1];
	struct queue_rcpt r = { .path = t->path, .sender = t->sender };
	struct text text;

	if (t->kind == DIRECTORY_BOX) {
		text_init(&text, mem, sizeof(mem));
		r.path = box_address(d->owner, t->account, &text);
	}
	r.notify = n->notify;
	r.orcpt = n->orcpt;
	note_dest(d, t->sender.len > 0 ? t->sender : sender, r.path);
	return queue_write_rcpt(&d->owner->writer, &r);
}

/* One of our people asks to be told when it is in the mailbox (RFC 3461). */
static bool
is_asked(const struct delivery_head *head, const struct note *n)
{
	return ENABLE_RELAY && (n->notify & NOTIFIED_OF_SUCCESS) != 0
	       && head->sender.len > 0 && (head->flags & QUEUE_OWN) != 0;
}

/*
 * A mailbox here; the first of an address whose success is to be told takes
 * a place in the queue, too, in whose next round that happens.
 */
static int
take_box(struct delivery *d, const struct directory_target *t,
    const struct note *n, bool tell, bool count)
{
	const struct queue_rcpt r = {
		.path = n->path,
		.orcpt = n->orcpt,
		.notify = n->notify,
		.state = QUEUE_DELIVERED,
	};

	if (count) {
		d->queued = d->queued || tell;
		return add_box(d, t->account);
	}
	return tell ? queue_write_rcpt(&d->owner->writer, &r) : ERR_OK;
}

/*
 * Walk over all targets.  `count`: note boxes and whether the queue is
 * needed; else write the queue's recipients.
 */
static int
walk_targets(struct delivery *d, const struct delivery_head *head, bool count)
{
	struct deliver *s = d->owner;
	struct directory_target t;
	struct note n;
	struct addr a;
	size_t at = 0;
	bool tell;
	int got = 0;

	directory_begin(&s->walk, s->directory, head->sender);
	s->walk.tell = count;
	while (got == 0 && next_note(d, &at, &n)) {
		if (addr_parse(n.path, ADDR_ALLOW_BARE | ADDR_ALLOW_UTF8, &a)
		    != ADDR_OK)
			return ERR_SYNTAX;
		directory_expand(&s->walk, &a);
		tell = is_asked(head, &n);
		while ((got = directory_next(&s->walk, &t)) > 0) {
			bool box = t.kind == DIRECTORY_BOX && !s->lmtp;
			int err = 0;

			if (box)
				err = take_box(d, &t, &n, tell, count);
			else if (count)
				d->queued = true;
			else
				err = write_target(d, &t, &n, head->sender);
			tell = tell && !box;
			if (err)
				return err;
		}
	}
	return got;
}

static struct queue_head
head_of(const struct delivery_head *head)
{
	return (struct queue_head) {
		.wire_octets = head->wire_octets,
		.arrived_s = head->arrived_s,
		.flags = head->flags,
		.ret = head->ret,
		.sender = head->sender,
		.envid = head->envid,
		.login = head->login,
	};
}

static int
write_envelope(struct delivery *d, struct spool_file *into,
    const struct delivery_head *head)
{
	struct queue_writer *w = &d->owner->writer;
	struct queue_head h = head_of(head);
	int err;

	h.octets = d->file->octets;
	h.flags |= d->apart ? QUEUE_APART : 0u;
	err = queue_write_begin(w, d->spool, into, &h);
	if (!err)
		err = walk_targets(d, head, false);
	return err ? err : queue_write_end(w);
}

static int
prepare_queue(
    struct delivery *d, struct spool_file *f, const struct delivery_head *head)
{
	int err;

	if (!d->queued)
		return ERR_OK;
	if (!ENABLE_RELAY)
		return ERR_UNSUPPORTED;
	d->apart = d->boxes_n > 0;
	if (!d->apart)
		return write_envelope(d, f, head);
	err = spool_begin(d->spool, &d->envelope, head->arrived_s * 1000000);
	return err ? err : write_envelope(d, &d->envelope, head);
}

/* Is there no mailbox among its places that may have it? */
static bool
is_over_quota(const struct delivery *d)
{
	struct quota *q = d->owner->quota;
	unsigned i = 0;

	if (!ENABLE_QUOTAS || !d->limited || d->queued)
		return false;
	while (i < d->boxes_n && quota_is_over(q, d->boxes[i], d->file->octets))
		i++;
	return i == d->boxes_n;
}

int
delivery_commit(
    struct delivery *d, struct spool_file *f, const struct delivery_head *head)
{
	struct spool *sp = d->spool;
	int err;

	d->file = f;
	d->wire_octets = head->wire_octets;
	err = walk_targets(d, head, true);
	if (!err && d->boxes_n == 0 && !d->queued)
		err = ERR_MISSING;
	d->full = !err && is_over_quota(d);
	if (d->full)
		err = ERR_FULL;
	if (!err)
		err = prepare_queue(d, f, head);
	if (err) {
		spool_abort(sp, &d->envelope);
		return err;
	}
	spool_commit(sp, f, place_message, d->boxes_n + d->queued, d);
	if (d->apart) {
		spool_commit(sp, &d->envelope, place_envelope, 1, d);
		spool_tie(f, &d->envelope);
	}
	return ERR_OK;
}

/* ---- what the scanner stopped ---- */

static int
place_held(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct delivery *d = f->owner;

	(void)i;
	return quarantine_path(d->owner->quarantine, f->id, out);
}

/* Whom it was for, as they were named: a release asks what they mean then. */
static int
write_noted(struct delivery *d)
{
	struct queue_writer *w = &d->owner->writer;
	struct note n;
	size_t at = 0;
	int err = ERR_OK;

	while (!err && next_note(d, &at, &n)) {
		const struct queue_rcpt r = {
			.path = n.path,
			.orcpt = n.orcpt,
			.notify = n.notify,
		};

		err = queue_write_rcpt(w, &r);
	}
	return err ? err : queue_write_end(w);
}

int
delivery_hold(struct delivery *d, struct spool_file *f,
    const struct delivery_head *head, const struct quarantine_note *note)
{
	struct queue_head h = head_of(head);
	int err;

	d->file = f;
	d->held = true;
	d->arrived_s = head->arrived_s;
	h.octets = f->octets;
	err = quarantine_write(d->spool, f, note);
	if (!err)
		err = queue_write_begin(&d->owner->writer, d->spool, f, &h);
	if (!err)
		err = write_noted(d);
	if (!err)
		spool_commit(d->spool, f, place_held, 1, d);
	return err;
}

static void
done_held(struct delivery *d)
{
	const struct spool_file *f = d->file;
	int err = quarantine_add(
	    d->owner->quarantine, f->id, f->octets, d->arrived_s);

	if (err) /* it is safe on the disk, and found at the next start */
		log_event(
		    LOG_ERROR, "quarantine.not_indexed", "id", f->id, err);
}

void
delivery_done(struct delivery *d, int64_t now_ms)
{
	int err;

	if (HAS_VERDICTS && d->held)
		done_held(d);
	for (unsigned i = 0;
	     ENABLE_QUOTAS && i < d->boxes_n && d->owner->quota != NULL; i++)
		quota_stored(d->owner->quota, d->boxes[i], d->file->octets);
	if (!ENABLE_RELAY || !d->queued)
		return;
	err = queue_add(d->owner->queue, d->file->id, d->dest, now_ms);
	if (err) /* it is safe on the disk, and found at the next start */
		log_event(
		    LOG_ERROR, "queue.not_indexed", "id", d->file->id, err);
}

int
delivery_send(struct delivery *d, struct spool_file *f,
    const struct delivery_head *head, int64_t now_ms)
{
	int err = delivery_commit(d, f, head);

	if (err)
		return err;
	spool_barrier(d->spool);
	while (spool_next(d->spool) != NULL)
		continue;
	if (f->result == ERR_OK)
		delivery_done(d, now_ms);
	return f->result;
}

void
delivery_abort(struct delivery *d)
{
	if (d->owner != NULL)
		spool_abort(d->spool, &d->envelope);
}
