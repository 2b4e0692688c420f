/*
 * fuzz_scanner: main against workers and a keeper that say anything (T21).
 *
 * The input is a list of deeds: messages are asked about and given up, workers
 * greet, answer, lie, send any octets with any descriptors and end, the keeper
 * too, and time passes.  Whatever they do: each message that is asked about is
 * answered once and none that was given up is; an honest answer is about that
 * message; texts are terminated; no descriptor is left; and when everybody has
 * fallen silent, each message still gets its answer by the deadlines that the
 * scanner itself has named.
 */
#include <assert.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/le.h"
#include "platform/channel.h"
#include "platform/net.h"
#include "service/scanner.h"

#define JOBS	 6
#define QUEUE	 64 /* requests that a worker has not answered */
#define FDS	 64
#define SILENCES 4000
#define DEEDS	 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A worker as the keeper would have started it. */
struct worker {
	int fd;
	unsigned first, n;
	struct scan_request request[QUEUE];
};

static struct scanner sc;
static struct poller turn;
static struct worker workers[SCANNER_LANES];
static int keeper, nothing = -1;
static int64_t now_ms;
static uint64_t asked;
static struct span in;

static struct message {
	struct scan_job job;
	bool waits; /* asked about, and neither answered nor given up */
} messages[JOBS];

/* An honest verdict has this in its digest, and the message's length. */
static const uint8_t honest[8] = "\x93honest\xff";

static unsigned
byte(void)
{
	unsigned c = in.len > 0 ? in.p[0] : 0;

	in = span_from(in, 1);
	return c;
}

static void
answered(void *arg)
{
	struct message *m = arg;
	const struct scan_verdict *v = &m->job.verdict;

	assert(m->waits && m->job.done);
	m->waits = false;
	assert(memchr(v->name, '\0', sizeof(v->name)) != NULL);
	assert(memchr(v->where, '\0', sizeof(v->where)) != NULL);
	if (memcmp(v->digest, honest, sizeof(honest)) == 0)
		assert(le64_get(v->digest + sizeof(honest)) == m->job.octets);
}

/* ---- the scanner's turn ---- */

static void
run(void)
{
	unsigned waiting = 0;

	poller_begin(&turn, now_ms);
	sc.base.prep(&sc.base, &turn);
	turn.deadline_ms = turn.now_ms;
	assert(poller_wait(&turn) == ERR_OK);
	turn.now_ms = now_ms;
	sc.base.run(&sc.base, &turn);
	for (unsigned i = 0; i < JOBS; i++)
		waiting += messages[i].waits;
	assert(sc.waiting == waiting);
}

static void
ask(struct message *m)
{
	if (m->waits)
		return;
	m->waits = true;
	m->job = (struct scan_job) {
		.fd = nothing,
		.octets = ++asked,
		.wake = answered,
		.waker = m,
	};
	scanner_ask(&sc, &m->job, now_ms);
}

static void
forget(struct message *m)
{
	scanner_forget(&sc, &m->job);
	m->waits = false;
}

/* ---- the others ---- */

static void
end_worker(struct worker *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	*w = (struct worker) { .fd = -1 };
}

static void
never_block(int fd)
{
	assert(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

/* One order, obeyed or not. */
static void
keep(bool obey)
{
	int fds[CHANNEL_FDS];
	struct scan_order o;

	if (keeper < 0 || channel_receive(keeper, &o, sizeof(o), fds) != ERR_OK)
		return;
	if (o.lane == SCAN_NO_LANE) {
		assert(fds[0] < 0);
		return;
	}
	assert(o.lane < SCANNER_LANES && fds[0] >= 0);
	end_worker(&workers[o.lane]);
	if (obey) {
		workers[o.lane].fd = fds[0];
		never_block(fds[0]);
		fds[0] = -1;
	}
	channel_drop(fds);
}

/* All requests that are there. */
static void
read_requests(struct worker *w)
{
	int fds[CHANNEL_FDS];

	while (w->fd >= 0 && w->n < QUEUE) {
		struct scan_request *r = &w->request[(w->first + w->n) % QUEUE];

		if (channel_receive(w->fd, r, sizeof(*r), fds) != ERR_OK)
			return;
		assert(fds[0] >= 0 && fds[1] < 0);
		channel_drop(fds);
		w->n++;
	}
}

/* Up to `cap` octets of the input, the rest is zeros. */
static size_t
take(void *to, size_t cap)
{
	struct span part = span_first(in, cap);

	memset(to, 0, cap);
	if (part.len > 0)
		memcpy(to, part.p, part.len);
	in = span_from(in, part.len);
	return part.len;
}

static void
say(const struct worker *w, const void *what, size_t len, unsigned fds)
{
	int extra[CHANNEL_FDS] = { nothing, nothing };

	if (w->fd >= 0)
		(void)!channel_send(w->fd, span_of(what, len), extra, fds);
}

static void
greet(const struct worker *w)
{
	struct scan_verdict v = { .filtered = byte() & 1u };

	v.err = byte() & 1u ? ERR_SYNTAX : ERR_OK;
	say(w, &v, sizeof(v), 0);
}

/* About the oldest request; texts and numbers are any. */
static void
answer(struct worker *w, bool truly)
{
	struct scan_verdict v = { 0 };
	const struct scan_request *r = &w->request[w->first];
	unsigned len = byte();

	read_requests(w);
	if (w->n == 0)
		return;
	(void)take(v.name, len % sizeof(v.name));
	v.found = (uint8_t)byte();
	v.flaws = (uint32_t)byte() << 24 | byte();
	v.err = (int8_t)byte();
	if (len & 128u) {
		memset(v.name, 'n', sizeof(v.name));
		memset(v.where, '\n', sizeof(v.where));
	}
	memcpy(v.digest, honest, sizeof(honest));
	le64_put(v.digest + sizeof(honest), r->octets);
	v.serial = truly ? r->serial : r->serial + (uint32_t)(int8_t)byte();
	say(w, &v, sizeof(v), 0);
	w->first = (w->first + 1) % QUEUE;
	w->n--;
}

/* Any octets with any descriptors: no messages, greetings too many, ... */
static void
babble(const struct worker *w)
{
	uint8_t what[sizeof(struct scan_verdict) + 8];
	unsigned how = byte();
	size_t len = how & 128u ? sizeof(struct scan_verdict) : how & 15u;

	(void)take(what, (how >> 4 & 7u) * 8);
	if (len > offsetof(struct scan_verdict, digest))
		what[offsetof(struct scan_verdict, digest)] = 0;
	say(w, what, len, how % (CHANNEL_FDS + 1));
}

static void
keeper_babbles(void)
{
	uint8_t what[sizeof(struct scan_order) + 2] = { 0 };
	int extra[CHANNEL_FDS] = { nothing, nothing };
	unsigned how = byte();

	if (keeper < 0)
		return;
	what[0] = (uint8_t)how;
	(void)!channel_send(keeper, span_of(what, how % sizeof(what)), extra,
	    how / 8 % (CHANNEL_FDS + 1));
}

static void
configure(unsigned how)
{
	const struct scanner_config c = {
		.enabled = true,
		.max_octets = 1 << 20,
		.depth = 8,
		.members = 100,
		.max_seconds = 1 + how % 64,
		.signatures = how & 128u ? SPAN("some") : SPAN(""),
	};

	scanner_configure(&sc, &c);
}

static void
end_keeper(void)
{
	if (keeper >= 0)
		(void)close(keeper);
	keeper = -1;
}

/* ---- the input ---- */

static void
deed(unsigned what)
{
	struct worker *w = &workers[what >> 7];
	struct message *m = &messages[(what >> 4) % JOBS];

	switch (what & 15u) {
	case 0:
	case 1:
		ask(m);
		break;
	case 2:
		forget(m);
		break;
	case 3:
	case 4:
		keep(true);
		break;
	case 5:
	case 6:
		greet(w);
		break;
	case 7:
	case 8:
		answer(w, true);
		break;
	case 9:
		answer(w, false);
		break;
	case 10:
		babble(w);
		break;
	case 11:
		end_worker(w);
		break;
	case 12:
		now_ms += byte() << (what >> 4);
		break;
	case 13:
		if (what & 128u)
			keep(false);
		else
			keeper_babbles();
		break;
	case 14:
		configure(byte());
		break;
	default:
		if (what >> 4 == 15u)
			end_keeper();
		return; /* several deeds in one turn */
	}
	run();
}

/* Nobody says anything any more; only the deadlines count. */
static void
fall_silent(void)
{
	for (unsigned i = 0; sc.waiting > 0; i++) {
		assert(i < SILENCES);
		poller_begin(&turn, now_ms);
		sc.base.prep(&sc.base, &turn);
		assert(turn.deadline_ms < now_ms + 3600000);
		if (turn.deadline_ms > now_ms)
			now_ms = turn.deadline_ms;
		run();
		keep(false);
	}
	for (unsigned i = 0; i < JOBS; i++)
		assert(!messages[i].waits);
}

/* ---- one life ---- */

static uint64_t
open_fds(void)
{
	uint64_t bits = 0;

	for (int fd = 0; fd < FDS; fd++)
		bits |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	return bits;
}

static int
open_file(struct fs *fs, const char *path, enum fs_how how)
{
	(void)fs;
	(void)how;
	return strcmp(path, "some") == 0 ? dup(nothing) : ERR_MISSING;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fs fs = { .open = open_file };
	int ends[2];
	uint64_t before;

	if (nothing < 0)
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	before = open_fds();
	in = span_of(data, size);
	now_ms = 1000;
	asked = 0;
	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < SCANNER_LANES; i++)
		workers[i] = (struct worker) { .fd = -1 };
	assert(channel_open(ends) == ERR_OK);
	keeper = ends[1];
	never_block(keeper);
	scanner_init(&sc, &fs, ends[0]);
	configure(byte());
	for (unsigned i = 0; i < DEEDS && in.len > 0; i++)
		deed(byte());
	fall_silent();
	scanner_close(&sc);
	if (sc.signatures >= 0)
		(void)close(sc.signatures);
	if (sc.tried >= 0)
		(void)close(sc.tried);
	for (unsigned i = 0; i < SCANNER_LANES; i++)
		end_worker(&workers[i]);
	end_keeper();
	assert(open_fds() == before);
	return 0;
}
