/*
 * queue_write: a new message's envelope, behind its body.  It makes nothing
 * durable: that is the spool's.
 */
#include "store/queue_file.h"
#include "store/queue_layout.h"

static void
flush(struct queue_writer *w)
{
	struct span v = span_of(w->mem, w->len);

	if (!w->err && w->len > 0)
		w->err = spool_append(w->spool, w->file, &v, 1);
	w->len = 0;
}

static void
add(struct queue_writer *w, const void *p, size_t len)
{
	while (len > 0) {
		size_t n = sizeof(w->mem) - w->len;

		n = n < len ? n : len;
		memcpy(w->mem + w->len, p, n);
		w->len += n;
		p = (const uint8_t *)p + n;
		len -= n;
		if (w->len == sizeof(w->mem))
			flush(w);
	}
}

/* Zeros up to the next multiple of `to`, counted from the file's start. */
static void
add_padding(struct queue_writer *w, unsigned to)
{
	static const uint8_t zeros[QUEUE_SECTOR];
	uint64_t at = w->file->octets + w->len;

	add(w, zeros, (size_t)(queue_aligned(at, to) - at));
}

static bool
is_long(struct queue_writer *w, struct span s, size_t max)
{
	if (s.len > max)
		w->err = ERR_RANGE;
	return s.len > max;
}

int
queue_write_begin(struct queue_writer *w, struct spool *sp,
    struct spool_file *f, const struct queue_head *head)
{
	uint8_t b[HEAD_LEN] = "gpqh";
	uint32_t sum;

	*w = (struct queue_writer) { .spool = sp, .file = f };
	if (is_long(w, head->sender, QUEUE_PATH_MAX)
	    || is_long(w, head->envid, QUEUE_ENVID_MAX)
	    || is_long(w, head->login, QUEUE_LOGIN_MAX))
		return w->err;
	w->envelope = queue_aligned(f->octets, QUEUE_SECTOR);
	le32_put(b + HEAD_VERSION, QUEUE_VERSION);
	le64_put(b + HEAD_OCTETS, head->octets);
	le64_put(b + HEAD_WIRE, head->wire_octets);
	le64_put(b + HEAD_ARRIVED, (uint64_t)head->arrived_s);
	le32_put(b + HEAD_FLAGS, head->flags);
	b[HEAD_RET] = (uint8_t)head->ret;
	le16_put(b + HEAD_SENDER, (uint16_t)head->sender.len);
	le16_put(b + HEAD_ENVID, (uint16_t)head->envid.len);
	le16_put(b + HEAD_LOGIN, (uint16_t)head->login.len);
	sum = queue_crc(0, b, HEAD_FIXED);
	sum = queue_crc(sum, head->sender.p, head->sender.len);
	sum = queue_crc(sum, head->envid.p, head->envid.len);
	sum = queue_crc(sum, head->login.p, head->login.len);
	le32_put(b + HEAD_CRC, sum);
	add_padding(w, QUEUE_SECTOR);
	add(w, b, sizeof(b));
	add(w, head->sender.p, head->sender.len);
	add(w, head->envid.p, head->envid.len);
	add(w, head->login.p, head->login.len);
	add_padding(w, QUEUE_BLOCK);
	return w->err;
}

int
queue_write_rcpt(struct queue_writer *w, const struct queue_rcpt *r)
{
	uint8_t b[RCPT_LEN] = "r1";
	uint32_t sum;

	if (w->err || is_long(w, r->path, QUEUE_PATH_MAX)
	    || is_long(w, r->orcpt, QUEUE_ORCPT_MAX)
	    || is_long(w, r->sender, QUEUE_PATH_MAX))
		return w->err;
	le16_put(b + RCPT_PATH, (uint16_t)r->path.len);
	le16_put(b + RCPT_ORCPT, (uint16_t)r->orcpt.len);
	le16_put(b + RCPT_SENDER, (uint16_t)r->sender.len);
	b[RCPT_NOTIFY] = (uint8_t)r->notify;
	b[RCPT_STATE] = r->state != 0 ? (uint8_t)r->state : QUEUE_WAITING;
	sum = queue_crc(0, b, RCPT_FIXED);
	sum = queue_crc(sum, r->path.p, r->path.len);
	sum = queue_crc(sum, r->orcpt.p, r->orcpt.len);
	sum = queue_crc(sum, r->sender.p, r->sender.len);
	le32_put(b + RCPT_CRC, sum);
	add(w, b, sizeof(b));
	add(w, r->path.p, r->path.len);
	add(w, r->orcpt.p, r->orcpt.len);
	add(w, r->sender.p, r->sender.len);
	add_padding(w, QUEUE_BLOCK);
	w->rcpts++;
	return w->err;
}

int
queue_write_end(struct queue_writer *w)
{
	uint8_t b[FOOT_LEN] = "gpqf";

	le64_put(b + FOOT_ENVELOPE, w->envelope);
	le32_put(b + FOOT_RCPTS, w->rcpts);
	le32_put(b + FOOT_CRC, queue_crc(0, b, FOOT_CRC));
	add(w, b, sizeof(b));
	flush(w);
	return w->err;
}
