/*
 * queue_file: the layout of a queued message.  It knows nothing of schedules,
 * folders' contents or other messages.
 */
#include "store/queue_file.h"

#include <zlib.h>

#include "core/text.h"

#define SECTOR	 512u
#define BLOCK	 256u /* records begin at multiples of it */
#define FOOT_LEN 32u
#define VERSION	 1u

/* Offsets in the head. */
enum {
	HEAD_MAGIC = 0,
	HEAD_VERSION = 4,
	HEAD_OCTETS = 8,
	HEAD_WIRE = 16,
	HEAD_ARRIVED = 24,
	HEAD_FLAGS = 32,
	HEAD_RET = 36,
	HEAD_SENDER = 40,
	HEAD_ENVID = 42,
	HEAD_LOGIN = 44,
	HEAD_CRC = 48,
	HEAD_FIXED = 48, /* what the CRC covers, before the strings */
	HEAD_HELD = 256,
	HEAD_WARNED = 257,
	HEAD_PLAN = 272,
	HEAD_LEN = 512,
};

/* Offsets in the plan. */
enum {
	PLAN_TRIES = 0,
	PLAN_NEXT = 8,
	PLAN_SINCE = 16,
	PLAN_CRC = 24,
	PLAN_LEN = 28,
};

/* Offsets in a recipient's record. */
enum {
	RCPT_MAGIC = 0,
	RCPT_PATH = 2,
	RCPT_ORCPT = 4,
	RCPT_SENDER = 6,
	RCPT_NOTIFY = 8,
	RCPT_CRC = 12,
	RCPT_FIXED = 12,
	RCPT_STATE = 32,
	RCPT_ROUND = 33,
	RCPT_CODE = 34,
	RCPT_ENHANCED = 36,
	RCPT_WORDS_LEN = 42,
	RCPT_WORDS_CRC = 44,
	RCPT_WORDS = 48,
	RCPT_LEN = 256,
};

/* Offsets in the foot. */
enum {
	FOOT_MAGIC = 0,
	FOOT_ENVELOPE = 8,
	FOOT_RCPTS = 16,
	FOOT_CRC = 28,
};

static void
put(uint8_t *p, uint64_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t
get(const uint8_t *p, unsigned octets)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < octets; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint32_t
crc(uint32_t before, const void *p, size_t len)
{
	/* zlib begins anew where there is no memory at all */
	return len == 0 ? before : (uint32_t)crc32(before, p, (unsigned)len);
}

static uint64_t
aligned(uint64_t n, unsigned to)
{
	return (n + to - 1) / to * to;
}

/* ---- writing ---- */

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
	static const uint8_t zeros[SECTOR];
	uint64_t at = w->file->octets + w->len;

	add(w, zeros, (size_t)(aligned(at, to) - at));
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
	w->envelope = aligned(f->octets, SECTOR);
	put(b + HEAD_VERSION, VERSION, 4);
	put(b + HEAD_OCTETS, head->octets, 8);
	put(b + HEAD_WIRE, head->wire_octets, 8);
	put(b + HEAD_ARRIVED, (uint64_t)head->arrived_s, 8);
	put(b + HEAD_FLAGS, head->flags, 4);
	b[HEAD_RET] = (uint8_t)head->ret;
	put(b + HEAD_SENDER, head->sender.len, 2);
	put(b + HEAD_ENVID, head->envid.len, 2);
	put(b + HEAD_LOGIN, head->login.len, 2);
	sum = crc(0, b, HEAD_FIXED);
	sum = crc(sum, head->sender.p, head->sender.len);
	sum = crc(sum, head->envid.p, head->envid.len);
	sum = crc(sum, head->login.p, head->login.len);
	put(b + HEAD_CRC, sum, 4);
	add_padding(w, SECTOR);
	add(w, b, sizeof(b));
	add(w, head->sender.p, head->sender.len);
	add(w, head->envid.p, head->envid.len);
	add(w, head->login.p, head->login.len);
	add_padding(w, BLOCK);
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
	put(b + RCPT_PATH, r->path.len, 2);
	put(b + RCPT_ORCPT, r->orcpt.len, 2);
	put(b + RCPT_SENDER, r->sender.len, 2);
	b[RCPT_NOTIFY] = (uint8_t)r->notify;
	b[RCPT_STATE] = r->state != 0 ? (uint8_t)r->state : QUEUE_WAITING;
	sum = crc(0, b, RCPT_FIXED);
	sum = crc(sum, r->path.p, r->path.len);
	sum = crc(sum, r->orcpt.p, r->orcpt.len);
	sum = crc(sum, r->sender.p, r->sender.len);
	put(b + RCPT_CRC, sum, 4);
	add(w, b, sizeof(b));
	add(w, r->path.p, r->path.len);
	add(w, r->orcpt.p, r->orcpt.len);
	add(w, r->sender.p, r->sender.len);
	add_padding(w, BLOCK);
	w->rcpts++;
	return w->err;
}

int
queue_write_end(struct queue_writer *w)
{
	uint8_t b[FOOT_LEN] = "gpqf";

	put(b + FOOT_ENVELOPE, w->envelope, 8);
	put(b + FOOT_RCPTS, w->rcpts, 4);
	put(b + FOOT_CRC, crc(0, b, FOOT_CRC), 4);
	add(w, b, sizeof(b));
	flush(w);
	return w->err;
}

/* ---- reading ---- */

/* Exactly `len` octets, or ERR_TORN. */
static int
read_all(struct queue_file *q, void *to, size_t len, uint64_t at)
{
	int n = q->fs->read(q->fs, q->h, to, len, at);

	if (n < 0)
		return n;
	return (size_t)n == len ? ERR_OK : ERR_TORN;
}

static int
read_foot(struct queue_file *q, uint64_t file_octets)
{
	uint8_t b[FOOT_LEN];
	int err;

	if (file_octets < HEAD_LEN + FOOT_LEN)
		return ERR_TORN;
	err = read_all(q, b, sizeof(b), file_octets - FOOT_LEN);
	if (err)
		return err;
	q->envelope = get(b + FOOT_ENVELOPE, 8);
	q->rcpts = (uint32_t)get(b + FOOT_RCPTS, 4);
	if (memcmp(b, "gpqf", 4) != 0
	    || get(b + FOOT_CRC, 4) != crc(0, b, FOOT_CRC)
	    || q->envelope % SECTOR != 0 || q->envelope > file_octets
	    || q->rcpts > QUEUE_RCPT_MAX)
		return ERR_TORN;
	return ERR_OK;
}

/* A torn plan is as good as none: the message is due now. */
static void
parse_plan(struct queue_file *q, const uint8_t *b)
{
	q->plan = (struct queue_plan) { 0 };
	if (get(b + PLAN_CRC, 4) != crc(0, b, PLAN_CRC))
		return;
	q->plan.tries = (uint32_t)get(b + PLAN_TRIES, 4);
	q->plan.next_s = (int64_t)get(b + PLAN_NEXT, 8);
	q->plan.since_s = (int64_t)get(b + PLAN_SINCE, 8);
}

static void
parse_head(struct queue_file *q, const uint8_t *b)
{
	q->head = (struct queue_head) {
		.octets = get(b + HEAD_OCTETS, 8),
		.wire_octets = get(b + HEAD_WIRE, 8),
		.arrived_s = (int64_t)get(b + HEAD_ARRIVED, 8),
		.flags = (unsigned)get(b + HEAD_FLAGS, 4),
		.ret = (char)b[HEAD_RET],
	};
	q->held = b[HEAD_HELD] != 0;
	q->warned = b[HEAD_WARNED] != 0;
	parse_plan(q, b + HEAD_PLAN);
}

static int
read_head(struct queue_file *q)
{
	uint8_t *b = q->page;
	size_t sender, envid, login, len;
	int err = read_all(q, b, HEAD_LEN, q->envelope);

	if (err)
		return err;
	sender = get(b + HEAD_SENDER, 2);
	envid = get(b + HEAD_ENVID, 2);
	login = get(b + HEAD_LOGIN, 2);
	len = sender + envid + login;
	if (memcmp(b, "gpqh", 4) != 0 || get(b + HEAD_VERSION, 4) != VERSION
	    || sender > QUEUE_PATH_MAX || envid > QUEUE_ENVID_MAX
	    || login > QUEUE_LOGIN_MAX)
		return ERR_TORN;
	err = read_all(q, q->strings, len, q->envelope + HEAD_LEN);
	if (err)
		return err;
	if (get(b + HEAD_CRC, 4) != crc(crc(0, b, HEAD_FIXED), q->strings, len))
		return ERR_TORN;
	parse_head(q, b);
	q->head.sender = span_of(q->strings, sender);
	q->head.envid = span_of(q->strings + sender, envid);
	q->head.login = span_of(q->strings + sender + envid, login);
	q->first = aligned(q->envelope + HEAD_LEN + len, BLOCK);
	return ERR_OK;
}

static int
path_of(
    char out[FS_PATH_MAX], const char *folder, const char *id, const char *end)
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, folder);
	text_chr(&t, '/');
	text_str(&t, id);
	text_str(&t, end);
	return t.cut ? ERR_RANGE : ERR_OK;
}

static int
open_body(struct queue_file *q, const char *folder, const char *id,
    char path[FS_PATH_MAX])
{
	int err;

	if ((q->head.flags & QUEUE_APART) == 0) {
		q->body_h = q->h;
		return q->head.octets <= q->envelope ? ERR_OK : ERR_TORN;
	}
	err = path_of(path, folder, id, ".body");
	if (err)
		return err;
	q->body_h = q->fs->open(q->fs, path, FS_READ);
	return q->body_h < 0 ? q->body_h : ERR_OK;
}

int
queue_file_open(
    struct queue_file *q, struct fs *fs, const char *folder, const char *id)
{
	char path[FS_PATH_MAX];
	struct fs_stat st;
	int err = path_of(path, folder, id, "");

	q->fs = fs;
	q->h = q->body_h = -1;
	if (!err)
		err = fs->stat(fs, path, &st);
	if (err)
		return err;
	q->h = fs->open(fs, path, FS_UPDATE);
	if (q->h < 0)
		return q->h;
	err = read_foot(q, st.octets);
	if (!err)
		err = read_head(q);
	if (!err)
		err = open_body(q, folder, id, path);
	if (err)
		queue_file_close(q);
	return err;
}

void
queue_file_close(struct queue_file *q)
{
	if (q->body_h >= 0 && q->body_h != q->h)
		(void)q->fs->close(q->fs, q->body_h);
	if (q->h >= 0)
		(void)q->fs->close(q->fs, q->h);
	q->h = q->body_h = -1;
}

static enum queue_state
state_of(uint8_t octet)
{
	switch (octet) {
	case QUEUE_SENT:
	case QUEUE_TOLD:
	case QUEUE_FAILED:
	case QUEUE_ARRIVED:
	case QUEUE_DELIVERED:
		return (enum queue_state)octet;
	default: /* what was never written is still to be sent */
		return QUEUE_WAITING;
	}
}

/* The last reply, where its check sum is right. */
static void
parse_words(const uint8_t *b, struct queue_rcpt *r, uint8_t *mem)
{
	size_t len = get(b + RCPT_WORDS_LEN, 2);

	r->words = span_of(mem, 0);
	if (len > QUEUE_WORDS_MAX
	    || get(b + RCPT_WORDS_CRC, 4)
		   != crc(crc(0, b + RCPT_CODE, RCPT_WORDS_CRC - RCPT_CODE),
		       b + RCPT_WORDS, len))
		return;
	memcpy(mem, b + RCPT_WORDS, len);
	r->words.len = len;
	r->code = (unsigned)get(b + RCPT_CODE, 2);
	for (unsigned i = 0; i < 3; i++)
		r->enhanced[i] = (unsigned)get(b + RCPT_ENHANCED + 2 * i, 2);
}

int
queue_file_rcpt(struct queue_file *q, uint64_t *at, struct queue_rcpt *r,
    struct queue_strings *mem)
{
	uint8_t b[RCPT_LEN];
	size_t path, orcpt, sender, len;
	int n = q->fs->read(q->fs, q->h, b, sizeof(b), *at);

	if (n < 0)
		return n;
	if (n < RCPT_LEN)
		return (unsigned)n == FOOT_LEN ? 0 : ERR_TORN;
	*r = (struct queue_rcpt) { .at = *at, .notify = b[RCPT_NOTIFY] };
	path = get(b + RCPT_PATH, 2);
	orcpt = get(b + RCPT_ORCPT, 2);
	sender = get(b + RCPT_SENDER, 2);
	len = path + orcpt + sender;
	if (memcmp(b, "r1", 2) != 0 || path > QUEUE_PATH_MAX
	    || orcpt > QUEUE_ORCPT_MAX || sender > QUEUE_PATH_MAX)
		return ERR_TORN;
	n = read_all(q, mem->mem, len, *at + RCPT_LEN);
	if (n)
		return n;
	if (get(b + RCPT_CRC, 4) != crc(crc(0, b, RCPT_FIXED), mem->mem, len))
		return ERR_TORN;
	r->path = span_of(mem->mem, path);
	r->orcpt = span_of(mem->mem + path, orcpt);
	r->sender = span_of(mem->mem + path + orcpt, sender);
	r->state = state_of(b[RCPT_STATE]);
	r->round = b[RCPT_ROUND];
	parse_words(b, r, mem->mem + QUEUE_STRINGS_MAX);
	*at = aligned(*at + RCPT_LEN + len, BLOCK);
	return 1;
}

static int
write_at(struct queue_file *q, const uint8_t *b, size_t len, uint64_t at)
{
	struct span v = span_of(b, len);

	return q->fs->write(q->fs, q->h, &v, 1, at);
}

int
queue_file_settle(struct queue_file *q, const struct queue_rcpt *r)
{
	uint8_t b[RCPT_LEN] = { 0 };
	size_t len =
	    r->words.len < QUEUE_WORDS_MAX ? r->words.len : QUEUE_WORDS_MAX;
	uint32_t sum;

	b[RCPT_STATE] = (uint8_t)r->state;
	b[RCPT_ROUND] = r->round;
	put(b + RCPT_CODE, r->code, 2);
	for (unsigned i = 0; i < 3; i++)
		put(b + RCPT_ENHANCED + 2 * i, r->enhanced[i], 2);
	put(b + RCPT_WORDS_LEN, len, 2);
	if (len > 0)
		memcpy(b + RCPT_WORDS, r->words.p, len);
	sum = crc(0, b + RCPT_CODE, RCPT_WORDS_CRC - RCPT_CODE);
	put(b + RCPT_WORDS_CRC, crc(sum, b + RCPT_WORDS, len), 4);
	return write_at(q, b + RCPT_STATE, RCPT_WORDS - RCPT_STATE + len,
	    r->at + RCPT_STATE);
}

int
queue_file_plan(struct queue_file *q)
{
	uint8_t b[PLAN_LEN] = { 0 };

	put(b + PLAN_TRIES, q->plan.tries, 4);
	put(b + PLAN_NEXT, (uint64_t)q->plan.next_s, 8);
	put(b + PLAN_SINCE, (uint64_t)q->plan.since_s, 8);
	put(b + PLAN_CRC, crc(0, b, PLAN_CRC), 4);
	return write_at(q, b, sizeof(b), q->envelope + HEAD_PLAN);
}

int
queue_file_marks(struct queue_file *q)
{
	uint8_t b[2] = { q->held, q->warned };

	return write_at(q, b, sizeof(b), q->envelope + HEAD_HELD);
}

int
queue_file_body(struct queue_file *q, void *to, size_t cap, uint64_t at)
{
	uint64_t left = at < q->head.octets ? q->head.octets - at : 0;

	if (left == 0)
		return 0;
	return q->fs->read(
	    q->fs, q->body_h, to, cap < left ? cap : (size_t)left, at);
}
