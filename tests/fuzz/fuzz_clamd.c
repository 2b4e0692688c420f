/*
 * fuzz_clamd: a clamd that says and does anything.
 *
 * Its connections are made here, in memory: how many octets each call takes
 * and gives, what it answers, when it hangs up and how time passes is the
 * input's.  What is streamed to it is the message, in pieces; the outcome is
 * that of a reader which has the answer as a whole; each job is done once, none
 * after it was given up, and all connections are closed.
 */
#include <assert.h>

#include "core/le.h"
#include "service/clamd.h"

#define JOBS	 12
#define FAR	 32 /* connections' numbers begin here */
#define SECONDS	 5
#define MOST	 (2 * CLAMD_PIECE + 10) /* octets of a message */
#define DEEDS	 600
#define ANSWERED 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct clamd cl;
static struct span in;
static int64_t now_ms;
static struct poller turn;

static struct message {
	struct clamd_job job;
	bool waits;
} messages[JOBS];

/* The other end of a connection. */
static struct far {
	bool open;
	int connected; /* 0, or the error that net_connected gives */
	bool broken;   /* writing fails */
	bool gone;     /* no more answer than there is */
	uint64_t octets;
	uint64_t streamed; /* of all that is sent */
	size_t said;	   /* of the answer, how much was read */
	size_t len;
	char answer[ANSWERED];
	bool ended;	       /* and that was told */
	struct clamd_job *job; /* whose answer it is */
} fars[CLAMD_SLOTS];

static unsigned
byte(void)
{
	unsigned c = in.len > 0 ? in.p[0] : 0;

	in = span_from(in, 1);
	return c;
}

/* Message `h` begins at octet 31 h of this; pieces differ. */
static uint8_t pattern[31 * JOBS + MOST];

static void
make_pattern(void)
{
	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
}

static uint8_t
octet(int h, uint64_t at)
{
	return pattern[31 * (unsigned)h + at];
}

static uint64_t
octets(int h)
{
	static const uint64_t lengths[] = { 0, 1, 5, CLAMD_PIECE - 1,
		CLAMD_PIECE, CLAMD_PIECE + 1, 2 * CLAMD_PIECE, MOST };

	return lengths[h % 8];
}

static int
read_message(struct fs *fs, int h, void *to, size_t cap, uint64_t at)
{
	(void)fs;
	assert(at + cap <= octets(h));
	memcpy(to, pattern + 31 * (unsigned)h + at, cap);
	return (int)cap;
}

/* ---- the connections ---- */

static struct far *
far(int fd)
{
	assert(fd >= FAR && fd < FAR + CLAMD_SLOTS && fars[fd - FAR].open);
	return &fars[fd - FAR];
}

static const struct clamd_job *
job_of(int fd)
{
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (cl.slots[i].job != NULL && cl.slots[i].fd == fd)
			return cl.slots[i].job;
	return NULL;
}

int
net_connect_local(const char *path)
{
	unsigned how = byte();

	assert(path[0] == '/');
	for (int i = 0; i < CLAMD_SLOTS; i++) {
		if (fars[i].open)
			continue;
		if (how == 255)
			return ERR_AGAIN;
		fars[i] = (struct far) {
			.open = true,
			.connected = how == 254 ? ERR_CLOSED : ERR_OK,
		};
		return FAR + i;
	}
	assert(!"more connections than slots");
	return ERR_FULL;
}

int
net_connect(const struct net_addr *to)
{
	(void)to;
	return ERR_MISSING;
}

int
net_endpoint_parse(struct span text, struct net_addr *a)
{
	(void)text;
	(void)a;
	return ERR_SYNTAX;
}

int
net_connected(int fd)
{
	return far(fd)->connected;
}

void
net_close(int fd)
{
	far(fd)->open = false;
}

int
net_read(int fd, void *to, size_t cap)
{
	struct far *f = far(fd);
	size_t n = 1 + byte();

	assert(cap > 0);
	if (f->said == f->len) {
		f->ended = f->gone;
		return f->gone ? ERR_EOF : ERR_AGAIN;
	}
	n = n < f->len - f->said ? n : f->len - f->said;
	n = n < cap ? n : cap;
	memcpy(to, f->answer + f->said, n);
	f->said += n;
	return (int)n;
}

/* What the octet at `at` of the stream of message `h` must be. */
static uint8_t
streamed(int h, uint64_t at)
{
	const uint64_t piece = 4 + CLAMD_PIECE, all = octets(h);
	uint64_t n, len;

	if (at < sizeof("zINSTREAM"))
		return (uint8_t) "zINSTREAM"[at];
	at -= sizeof("zINSTREAM");
	n = at / piece;
	len = n * CLAMD_PIECE < all ? all - n * CLAMD_PIECE : 0;
	len = len < CLAMD_PIECE ? len : CLAMD_PIECE;
	at %= piece;
	if (len > 0 && at >= 4 + len) { /* the end follows a short piece */
		assert(at < 4 + len + 4);
		return 0;
	}
	if (at < 4)
		return (uint8_t)(len >> (24 - 8 * at));
	return octet(h, n * CLAMD_PIECE + at - 4);
}

int
net_write(int fd, struct span data)
{
	struct far *f = far(fd);
	const struct clamd_job *job = job_of(fd);
	size_t n = 1 + (size_t)byte() * 257;

	assert(data.len > 0 && job != NULL);
	if (f->broken)
		return ERR_CLOSED;
	n = n < data.len ? n : data.len;
	/* both ends, and some between: there may be megabytes of it */
	for (size_t i = 0; i < n; i += i < 8 || i + 8 >= n ? 1 : 61)
		assert(data.p[i] == streamed(job->h, f->streamed + i));
	f->streamed += n;
	return (int)n;
}

/* ---- what must come of an answer ---- */

static void
judge(const struct clamd_job *job, const struct far *f)
{
	struct span all = span_first(span_of(f->answer, f->said), CLAMD_REPLY);
	struct span reply = span_first(all, span_find(all, '\0'));
	char mem[TALK_NAME];
	struct text t;

	reply = span_first(reply, span_find(reply, '\n'));
	text_init(&t, mem, sizeof(mem));
	if (reply.len == all.len && all.len < CLAMD_REPLY && !f->ended) {
		assert(job->failed && !job->found); /* for another reason */
	} else if (span_is(reply, SPAN("stream: OK"))) {
		assert(!job->found && !job->failed);
	} else if (reply.len >= 14 && span_starts(reply, SPAN("stream: "))
		   && span_ends_nocase(reply, SPAN(" FOUND"))) {
		text_escaped(&t, span_of(reply.p + 8, reply.len - 14));
		assert(job->found && !job->failed);
		assert(strcmp(mem, job->name) == 0);
	} else {
		assert(job->failed && !job->found);
	}
}

static void
done(void *arg)
{
	struct message *m = arg;
	const struct clamd_job *job = &m->job;

	assert(m->waits && job->done && !(job->found && job->failed));
	m->waits = false;
	for (const char *p = job->name; (job->found || job->failed) && *p; p++)
		assert(*p >= ' ' && *p < 0x7f);
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (fars[i].job == job && !fars[i].open)
			judge(job, &fars[i]);
	assert(job->found || job->failed || job->name[0] == '\0');
}

/* ---- the input ---- */

static void
set_bit(unsigned long *set, unsigned fd)
{
	set[fd / (8 * sizeof(long))] |= 1ul << fd % (8 * sizeof(long));
}

static void
run(void)
{
	poller_begin(&turn, now_ms);
	cl.base.prep(&cl.base, &turn);
	memset(turn.can_read, 0, sizeof(turn.can_read));
	memset(turn.can_write, 0, sizeof(turn.can_write));
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (cl.slots[i].job != NULL)
			far(cl.slots[i].fd)->job = cl.slots[i].job;
	for (unsigned i = 0; i < CLAMD_SLOTS; i++) {
		struct far *f = &fars[i];

		/* it may be ready, and need not be noticed */
		if (!f->open || byte() & 1u)
			continue;
		if (f->said < f->len || f->gone)
			set_bit(turn.can_read, FAR + i);
		set_bit(turn.can_write, FAR + i);
	}
	cl.base.run(&cl.base, &turn);
}

static void
ask(unsigned n)
{
	struct message *m = &messages[n % JOBS];

	if (m->waits)
		return;
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (fars[i].job == &m->job)
			fars[i].job = NULL;
	m->waits = true;
	m->job = (struct clamd_job) {
		.h = (int)(n % JOBS),
		.octets = octets((int)(n % JOBS)),
		.wake = done,
		.waker = m,
	};
	clamd_ask(&cl, &m->job, now_ms);
}

static void
forget(struct message *m)
{
	clamd_forget(&cl, &m->job);
	m->waits = false;
}

/* More of an answer; one of the usual beginnings saves the search for it. */
static void
answer(struct far *f)
{
	static const char *const words[] = { "stream: ", " FOUND", "stream: OK",
		"INSTREAM size limit exceeded. ERROR", "Eicar-Test" };
	unsigned how = byte();
	struct span s =
	    how & 128u ? span_str(words[how % 5]) : span_first(in, how % 64);

	if (!f->open)
		return;
	if (!(how & 128u))
		in = span_from(in, s.len);
	s = span_first(s, sizeof(f->answer) - f->len);
	if (s.len > 0)
		memcpy(f->answer + f->len, s.p, s.len);
	f->len += s.len;
}

static void
deed(unsigned what)
{
	struct far *f = &fars[what / 8 % CLAMD_SLOTS];

	switch (what & 7u) {
	case 0:
		ask(what / 8);
		break;
	case 1:
		forget(&messages[what / 8 % JOBS]);
		break;
	case 2:
	case 3:
		answer(f);
		break;
	case 4:
		f->gone = true;
		break;
	case 5:
		f->broken = what & 128u;
		break;
	case 6:
		now_ms += byte() * 8;
		break;
	default:
		break;
	}
	run();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fs fs = { .read = read_message };

	if (pattern[1] == 0)
		make_pattern();
	in = span_of(data, size);
	now_ms = 1000;
	memset(messages, 0, sizeof(messages));
	memset(fars, 0, sizeof(fars));
	clamd_init(&cl, &fs);
	clamd_configure(&cl, SPAN("/run/clamd.ctl"), SECONDS);
	assert(cl.on);
	for (unsigned i = 0; i < DEEDS && in.len > 0; i++)
		deed(byte());
	for (unsigned i = 0; i < JOBS + 2; i++) { /* nobody answers any more */
		now_ms += SECONDS * 1000;
		run();
	}
	for (unsigned i = 0; i < JOBS; i++)
		assert(!messages[i].waits);
	clamd_close(&cl);
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		assert(!fars[i].open);
	return 0;
}
