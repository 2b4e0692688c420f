/*
 * queue_file: reading and changing a queued message.  It knows nothing of
 * schedules, folders' contents or other messages.
 */
#include "store/queue_file.h"

#include "core/text.h"
#include "store/queue_layout.h"

/* Read the end of the file, which is mostly the whole envelope, once. */
static int
read_tail(struct queue_file *q, uint64_t octets)
{
	int n;

	q->tail_len =
	    octets < sizeof(q->tail) ? (size_t)octets : sizeof(q->tail);
	q->tail_at = octets - q->tail_len;
	n = q->fs->read(q->fs, q->h, q->tail, q->tail_len, q->tail_at);
	if (n < 0)
		return n;
	return (size_t)n == q->tail_len ? ERR_OK : ERR_TORN;
}

/* Up to `len` octets of the envelope; less only at the file's end. */
static int
read_some(struct queue_file *q, void *to, size_t len, uint64_t at)
{
	size_t skip;

	if (at < q->tail_at || q->tail_len == 0)
		return q->fs->read(q->fs, q->h, to, len, at);
	skip = at - q->tail_at < q->tail_len ? (size_t)(at - q->tail_at)
					     : q->tail_len;
	if (len > q->tail_len - skip)
		len = q->tail_len - skip;
	memcpy(to, q->tail + skip, len);
	return (int)len;
}

/* Exactly `len` octets, or ERR_TORN. */
static int
read_all(struct queue_file *q, void *to, size_t len, uint64_t at)
{
	int n = read_some(q, to, len, at);

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
	err = read_tail(q, file_octets);
	if (!err)
		err = read_all(q, b, sizeof(b), file_octets - FOOT_LEN);
	if (err)
		return err;
	q->envelope = le64_get(b + FOOT_ENVELOPE);
	q->rcpts = (uint32_t)le32_get(b + FOOT_RCPTS);
	if (memcmp(b, "gpqf", 4) != 0
	    || le32_get(b + FOOT_CRC) != queue_crc(0, b, FOOT_CRC)
	    || q->envelope % QUEUE_SECTOR != 0 || q->envelope > file_octets
	    || q->rcpts > QUEUE_RCPT_MAX)
		return ERR_TORN;
	return ERR_OK;
}

/* A torn plan is as good as none: the message is due now. */
static void
parse_plan(struct queue_file *q, const uint8_t *b)
{
	q->plan = (struct queue_plan) { 0 };
	if (le32_get(b + PLAN_CRC) != queue_crc(0, b, PLAN_CRC))
		return;
	q->plan.tries = (uint32_t)le32_get(b + PLAN_TRIES);
	q->plan.next_s = (int64_t)le64_get(b + PLAN_NEXT);
	q->plan.since_s = (int64_t)le64_get(b + PLAN_SINCE);
}

static void
parse_head(struct queue_file *q, const uint8_t *b)
{
	q->head = (struct queue_head) {
		.octets = le64_get(b + HEAD_OCTETS),
		.wire_octets = le64_get(b + HEAD_WIRE),
		.arrived_s = (int64_t)le64_get(b + HEAD_ARRIVED),
		.flags = (unsigned)le32_get(b + HEAD_FLAGS),
		.ret = (char)b[HEAD_RET],
	};
	q->held = b[HEAD_HELD] != 0;
	q->warned = b[HEAD_WARNED] != 0;
	parse_plan(q, b + HEAD_PLAN);
}

static int
read_head(struct queue_file *q)
{
	static uint8_t b[HEAD_LEN]; /* too much for a stack */
	size_t sender, envid, login, len;
	int err = read_all(q, b, HEAD_LEN, q->envelope);

	if (err)
		return err;
	sender = le16_get(b + HEAD_SENDER);
	envid = le16_get(b + HEAD_ENVID);
	login = le16_get(b + HEAD_LOGIN);
	len = sender + envid + login;
	if (memcmp(b, "gpqh", 4) != 0 || sender > QUEUE_PATH_MAX
	    || envid > QUEUE_ENVID_MAX || login > QUEUE_LOGIN_MAX)
		return ERR_TORN;
	err = read_all(q, q->strings, len, q->envelope + HEAD_LEN);
	if (err)
		return err;
	if (le32_get(b + HEAD_CRC)
	    != queue_crc(queue_crc(0, b, HEAD_FIXED), q->strings, len))
		return ERR_TORN;
	if (le32_get(b + HEAD_VERSION) != QUEUE_VERSION)
		return ERR_UNSUPPORTED;
	parse_head(q, b);
	q->head.sender = span_of(q->strings, sender);
	q->head.envid = span_of(q->strings + sender, envid);
	q->head.login = span_of(q->strings + sender + envid, login);
	q->first = queue_aligned(q->envelope + HEAD_LEN + len, QUEUE_BLOCK);
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

/*
 * Behind the words, where there is room: a length, the host's name, and its
 * own check sum.  Builds that do not know it read the words as ever.
 */
static void
parse_host(const uint8_t *b, size_t room, struct queue_rcpt *r, uint8_t *mem)
{
	size_t len = room > HOST_OVER ? b[0] : 0;

	r->host = span_of(mem, 0);
	if (len == 0 || len > QUEUE_HOST_MAX || len + HOST_OVER > room
	    || le32_get(b + 1 + len) != queue_crc(0, b, 1 + len))
		return;
	memcpy(mem, b + 1, len);
	r->host.len = len;
}

/* The last reply, where its check sum is right. */
static void
parse_words(const uint8_t *b, struct queue_rcpt *r, uint8_t *mem)
{
	size_t len = le16_get(b + RCPT_WORDS_LEN);

	r->words = span_of(mem, 0);
	if (len > QUEUE_WORDS_MAX
	    || le32_get(b + RCPT_WORDS_CRC)
		   != queue_crc(
		       queue_crc(0, b + RCPT_CODE, RCPT_WORDS_CRC - RCPT_CODE),
		       b + RCPT_WORDS, len))
		return;
	memcpy(mem, b + RCPT_WORDS, len);
	r->words.len = len;
	parse_host(b + RCPT_WORDS + len, QUEUE_WORDS_MAX - len, r, mem + len);
	r->code = (unsigned)le16_get(b + RCPT_CODE);
	for (unsigned i = 0; i < 3; i++)
		r->enhanced[i] = (unsigned)le16_get(b + RCPT_ENHANCED + 2 * i);
}

int
queue_file_rcpt(struct queue_file *q, uint64_t *at, struct queue_rcpt *r,
    struct queue_strings *mem)
{
	uint8_t b[RCPT_LEN];
	size_t path, orcpt, sender, len;
	int n = read_some(q, b, sizeof(b), *at);

	if (n < 0)
		return n;
	if (n < RCPT_LEN)
		return (unsigned)n == FOOT_LEN ? 0 : ERR_TORN;
	*r = (struct queue_rcpt) { .at = *at, .notify = b[RCPT_NOTIFY] };
	path = le16_get(b + RCPT_PATH);
	orcpt = le16_get(b + RCPT_ORCPT);
	sender = le16_get(b + RCPT_SENDER);
	len = path + orcpt + sender;
	if (memcmp(b, "r1", 2) != 0 || path > QUEUE_PATH_MAX
	    || orcpt > QUEUE_ORCPT_MAX || sender > QUEUE_PATH_MAX)
		return ERR_TORN;
	n = read_all(q, mem->mem, len, *at + RCPT_LEN);
	if (n)
		return n;
	if (le32_get(b + RCPT_CRC)
	    != queue_crc(queue_crc(0, b, RCPT_FIXED), mem->mem, len))
		return ERR_TORN;
	r->path = span_of(mem->mem, path);
	r->orcpt = span_of(mem->mem + path, orcpt);
	r->sender = span_of(mem->mem + path + orcpt, sender);
	r->state = state_of(b[RCPT_STATE]);
	r->round = b[RCPT_ROUND];
	parse_words(b, r, mem->mem + QUEUE_STRINGS_MAX);
	*at = queue_aligned(*at + RCPT_LEN + len, QUEUE_BLOCK);
	return 1;
}

/* After an error only the disk knows what is there. */
static int
write_at(struct queue_file *q, const uint8_t *b, size_t len, uint64_t at)
{
	struct span v = span_of(b, len);
	int err = q->fs->write(q->fs, q->h, &v, 1, at);

	if (err || at + len <= q->tail_at) {
		q->tail_len = err ? 0 : q->tail_len;
		return err;
	}
	for (size_t i = at < q->tail_at ? (size_t)(q->tail_at - at) : 0;
	     i < len && at + i - q->tail_at < q->tail_len; i++)
		q->tail[at + i - q->tail_at] = b[i];
	return ERR_OK;
}

/* How much of the words goes before the host; and behind them, it. */
static size_t
put_words(uint8_t *b, const struct queue_rcpt *r, size_t *octets)
{
	size_t host = r->host.len <= QUEUE_HOST_MAX ? r->host.len : 0;
	size_t room = QUEUE_WORDS_MAX - (host > 0 ? host + HOST_OVER : 0);
	size_t len = r->words.len < room ? r->words.len : room;

	if (len > 0)
		memcpy(b, r->words.p, len);
	*octets = len < QUEUE_WORDS_MAX ? len + 1 : len; /* ends an older one */
	if (host == 0)
		return len;
	b += len;
	b[0] = (uint8_t)host;
	memcpy(b + 1, r->host.p, host);
	le32_put(b + 1 + host, queue_crc(0, b, 1 + host));
	*octets = len + host + HOST_OVER;
	return len;
}

int
queue_file_settle(struct queue_file *q, const struct queue_rcpt *r)
{
	uint8_t b[RCPT_LEN] = { 0 };
	size_t octets, len = put_words(b + RCPT_WORDS, r, &octets);
	uint32_t sum;

	b[RCPT_STATE] = (uint8_t)r->state;
	b[RCPT_ROUND] = r->round;
	le16_put(b + RCPT_CODE, (uint16_t)r->code);
	for (unsigned i = 0; i < 3; i++)
		le16_put(b + RCPT_ENHANCED + 2 * i, (uint16_t)r->enhanced[i]);
	le16_put(b + RCPT_WORDS_LEN, (uint16_t)len);
	sum = queue_crc(0, b + RCPT_CODE, RCPT_WORDS_CRC - RCPT_CODE);
	le32_put(b + RCPT_WORDS_CRC, queue_crc(sum, b + RCPT_WORDS, len));
	return write_at(q, b + RCPT_STATE, RCPT_WORDS - RCPT_STATE + octets,
	    r->at + RCPT_STATE);
}

int
queue_file_plan(struct queue_file *q)
{
	uint8_t b[PLAN_LEN] = { 0 };

	le32_put(b + PLAN_TRIES, q->plan.tries);
	le64_put(b + PLAN_NEXT, (uint64_t)q->plan.next_s);
	le64_put(b + PLAN_SINCE, (uint64_t)q->plan.since_s);
	le32_put(b + PLAN_CRC, queue_crc(0, b, PLAN_CRC));
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
