/*
 * release: copies, since the held file has its reasons behind the body.
 */
#include "service/release.h"

#include "core/log.h"

#define GONE_MS 10000 /* without a step: the caller has gone away */

int
release_init(struct release *r, struct deliver *d, const char *tmp)
{
	memset(r, 0, offsetof(struct release, piece));
	r->deliver = d;
	spool_file_init(&r->file);
	return spool_init(&r->spool, d->spool->fs, d->spool->ids, tmp, 0);
}

static void
let_go(struct release *r)
{
	spool_abort(&r->spool, &r->file);
	quarantine_file_close(&r->source);
	r->busy = false;
}

static int
open_source(struct release *r)
{
	struct quarantine *q = r->deliver->quarantine;
	int err =
	    quarantine_file_open(&r->source, q->fs, q->folder, r->entry.id);

	if (!err && r->source.note.reason == QUARANTINE_MALWARE) {
		quarantine_file_close(&r->source);
		err = ERR_DENIED;
	}
	return err;
}

int
release_begin(struct release *r, const struct quarantine_entry *e,
    int64_t now_ms, int64_t now_s)
{
	int err;

	if (r->busy && now_ms - r->moved_ms < GONE_MS)
		return ERR_BUSY;
	if (r->busy)
		let_go(r);
	r->entry = *e;
	err = open_source(r);
	if (err)
		return err;
	err = spool_room(&r->spool, r->source.queue.head.octets);
	if (!err)
		err = spool_begin(&r->spool, &r->file, now_s * 1000000);
	if (err) {
		quarantine_file_close(&r->source);
		return err;
	}
	r->busy = true;
	r->at = 0;
	r->moved_ms = now_ms;
	r->serial = r->serial % INT32_MAX + 1;
	return (int)r->serial;
}

int
release_step(struct release *r, uint32_t serial, int64_t now_ms)
{
	struct span v;
	int n, err;

	if (!r->busy || r->serial != serial)
		return ERR_CLOSED;
	r->moved_ms = now_ms;
	n = queue_file_body(
	    &r->source.queue, r->piece, sizeof(r->piece), r->at);
	if (n == 0 && r->at < r->source.queue.head.octets)
		n = ERR_TORN;
	if (n == 0)
		return 0;
	v = span_of(r->piece, n > 0 ? (size_t)n : 0);
	err = n < 0 ? n : spool_append(&r->spool, &r->file, &v, 1);
	if (err) {
		let_go(r);
		return err;
	}
	r->at += v.len;
	return 1;
}

static int
add_recipients(struct release *r)
{
	struct queue_file *f = &r->source.queue;
	uint64_t at = f->first;
	struct queue_rcpt q;
	struct addr a;
	int got, err = ERR_OK;

	delivery_begin(&r->delivery, r->deliver);
	r->delivery.spool = &r->spool;
	while (!err && (got = queue_file_rcpt(f, &at, &q, &r->strings)) != 0) {
		if (got < 0)
			return got;
		if (addr_parse(q.path, ADDR_ALLOW_BARE | ADDR_ALLOW_UTF8, &a)
		    != ADDR_OK)
			return ERR_SYNTAX;
		err = delivery_add(&r->delivery, &a, q.notify, q.orcpt);
	}
	return err;
}

static int
deliver(struct release *r, int64_t now_ms, int64_t now_s)
{
	const struct queue_head *h = &r->source.queue.head;
	const struct delivery_head head = {
		.sender = h->sender,
		.envid = h->envid,
		.login = h->login,
		.wire_octets = h->wire_octets,
		.arrived_s = now_s,
		.flags = h->flags,
		.ret = h->ret,
	};

	return delivery_send(&r->delivery, &r->file, &head, now_ms);
}

int
release_end(struct release *r, int64_t now_ms, int64_t now_s)
{
	struct quarantine *q = r->deliver->quarantine;
	int err = add_recipients(r);

	if (!err)
		err = deliver(r, now_ms, now_s);
	let_go(r);
	if (err)
		return err;
	err = quarantine_remove(q, &r->entry);
	if (!err)
		err = quarantine_sync(q);
	/* delivered all the same: at worst it is still listed */
	log_event(err ? LOG_ERROR : LOG_INFO, "quarantine.released", "id",
	    r->entry.id, err);
	return ERR_OK;
}
