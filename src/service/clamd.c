/*
 * clamd: the client side of INSTREAM.
 *
 * Deliberately not here: names are not looked up (a clamd is a neighbour, and
 * mail would wait for a resolver), and connections are not kept: clamd ends
 * idle ones when it likes.
 */
#include "service/clamd.h"

#include "core/be.h"
#include "core/log.h"

#define PIECES 8 /* of a message that one turn sends */

/* What a slot sends next. */
enum stage { COMMAND, BODY, END, SILENT };

/* ---- jobs ---- */

static void
done(struct clamd *cl, struct clamd_job *job)
{
	job->done = true;
	job->asked = false;
	cl->found += job->found;
	cl->failed += job->failed;
	job->wake(job->waker);
}

static void
fail(struct clamd *cl, struct clamd_job *job, const char *why)
{
	struct text t;

	text_init(&t, job->name, sizeof(job->name));
	text_str(&t, "clamd: ");
	text_str(&t, why);
	job->failed = true;
	log_event(LOG_WARN, "clamd.failed", "why", why, 0);
	done(cl, job);
}

static void
take_out(struct clamd *cl, struct clamd_job *job)
{
	struct clamd_job **at = &cl->waiting;

	while (*at != NULL && *at != job)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = job->next;
	if (*at == NULL)
		cl->end = at;
}

static struct clamd_job *
let_go(struct clamd_slot *s)
{
	struct clamd_job *job = s->job;

	net_close(s->fd);
	s->fd = -1;
	s->job = NULL;
	return job;
}

/* ---- the reply ---- */

/* "stream: NAME FOUND", "stream: OK", or what is wrong. */
static void
judge_reply(struct clamd *cl, struct clamd_slot *s)
{
	struct span reply = span_of(s->reply, s->got);
	struct span head = SPAN("stream: "), found = SPAN(" FOUND"), rest;
	struct clamd_job *job = let_go(s);
	char mem[CLAMD_REPLY];
	struct text t;

	reply = span_first(reply, span_find(reply, '\0'));
	reply = span_first(reply, span_find(reply, '\n'));
	rest = span_from(reply, head.len);
	if (span_is(reply, SPAN("stream: OK"))) {
		done(cl, job);
	} else if (span_starts(reply, head) && span_ends_nocase(rest, found)) {
		text_init(&t, job->name, sizeof(job->name));
		text_escaped(&t, span_first(rest, rest.len - found.len));
		job->found = true;
		done(cl, job);
	} else {
		text_init(&t, mem, sizeof(mem));
		text_escaped(&t, reply);
		fail(cl, job, t.len > 0 ? mem : "it hung up");
	}
}

static bool
is_whole(const struct clamd_slot *s)
{
	struct span reply = span_of(s->reply, s->got);

	return s->got == sizeof(s->reply) || span_find(reply, '\0') < reply.len
	       || span_find(reply, '\n') < reply.len;
}

static void
hear(struct clamd *cl, struct clamd_slot *s)
{
	int n = net_read(
	    s->fd, s->reply + s->got, sizeof(s->reply) - (size_t)s->got);

	if (n == ERR_AGAIN)
		return;
	if (n > 0)
		s->got += (unsigned)n;
	if (n < 0 || is_whole(s))
		judge_reply(cl, s);
}

/* ---- the stream ---- */

/* The present piece, made anew each time: slots have no room for one. */
static int
make_piece(struct clamd *cl, const struct clamd_slot *s, struct span *out)
{
	uint64_t left = s->job->octets - s->at;
	size_t len = left < CLAMD_PIECE ? (size_t)left : CLAMD_PIECE;
	int n;

	if (s->stage == COMMAND) {
		*out = span_of("zINSTREAM", sizeof("zINSTREAM"));
		return ERR_OK;
	}
	if (s->stage == END)
		len = 0;
	be32_put(cl->piece, (uint32_t)len);
	*out = span_of(cl->piece, 4 + len);
	if (len == 0)
		return ERR_OK;
	n = cl->fs->read(cl->fs, s->job->h, cl->piece + 4, len, s->at);
	return n == (int)len ? ERR_OK : ERR_IO;
}

static void
advance(struct clamd_slot *s, size_t len)
{
	s->sent = 0;
	if (s->stage == BODY)
		s->at += len - 4;
	if (s->stage == END)
		s->stage = SILENT;
	else
		s->stage = s->at < s->job->octets ? BODY : END;
}

/* One write; false: no more for now. */
static bool
say(struct clamd *cl, struct clamd_slot *s)
{
	struct span piece;
	int n = make_piece(cl, s, &piece);

	if (n) {
		fail(cl, let_go(s), "the message cannot be read");
		return false;
	}
	n = net_write(s->fd, span_from(piece, s->sent));
	if (n == ERR_AGAIN)
		return false;
	if (n < 0) {
		s->stage = SILENT; /* it may have said why it hung up */
		return false;
	}
	s->sent += (size_t)n;
	if (s->sent == piece.len)
		advance(s, piece.len);
	return s->stage != SILENT;
}

static void
run_slot(struct clamd *cl, struct clamd_slot *s, struct poller *p)
{
	if (!s->connected && poller_can_write(p, s->fd)) {
		if (net_connected(s->fd)) {
			fail(cl, let_go(s), "nobody answers there");
			return;
		}
		s->connected = true;
	}
	for (unsigned i = 0; i < PIECES && s->connected; i++)
		if (s->stage == SILENT || !say(cl, s))
			break;
	if (s->job != NULL && poller_can_read(p, s->fd))
		hear(cl, s);
	if (s->job != NULL && cl->now_ms >= s->job->until_ms)
		fail(cl, let_go(s), "it takes too long");
}

static void
begin(struct clamd *cl, struct clamd_slot *s, struct clamd_job *job)
{
	int fd =
	    cl->is_path ? net_connect_local(cl->path) : net_connect(&cl->addr);

	if (fd < 0) {
		fail(cl, job, "nobody answers there");
		return;
	}
	*s = (struct clamd_slot) { .job = job, .fd = fd, .stage = COMMAND };
}

static void
begin_waiting(struct clamd *cl)
{
	for (unsigned i = 0; i < CLAMD_SLOTS && cl->waiting != NULL; i++) {
		struct clamd_job *job = cl->waiting;

		if (cl->slots[i].job != NULL)
			continue;
		take_out(cl, job);
		begin(cl, &cl->slots[i], job);
	}
	while (cl->waiting != NULL && cl->now_ms >= cl->waiting->until_ms) {
		struct clamd_job *job = cl->waiting;

		take_out(cl, job);
		fail(cl, job, "it is too busy");
	}
}

/* ---- the loop ---- */

static void
clamd_prep(struct participant *me, struct poller *p)
{
	struct clamd *cl = (struct clamd *)me;

	for (unsigned i = 0; i < CLAMD_SLOTS; i++) {
		const struct clamd_slot *s = &cl->slots[i];

		if (s->job == NULL)
			continue;
		poller_read(p, s->fd);
		if (s->stage != SILENT)
			poller_write(p, s->fd);
		poller_at(p, s->job->until_ms);
	}
	if (cl->waiting != NULL)
		poller_at(p, cl->waiting->until_ms);
}

static void
clamd_run(struct participant *me, struct poller *p)
{
	struct clamd *cl = (struct clamd *)me;

	cl->now_ms = p->now_ms;
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (cl->slots[i].job != NULL)
			run_slot(cl, &cl->slots[i], p);
	begin_waiting(cl);
}

void
clamd_ask(struct clamd *cl, struct clamd_job *job, int64_t now_ms)
{
	cl->now_ms = now_ms;
	cl->asked++;
	job->done = job->found = job->failed = false;
	job->asked = true;
	job->until_ms = now_ms + (int64_t)cl->max_seconds * 1000;
	job->next = NULL;
	*cl->end = job;
	cl->end = &job->next;
	begin_waiting(cl);
}

void
clamd_forget(struct clamd *cl, struct clamd_job *job)
{
	if (!job->asked)
		return;
	job->asked = false;
	take_out(cl, job);
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (cl->slots[i].job == job)
			(void)let_go(&cl->slots[i]);
}

/* ---- settings ---- */

static int
read_address(struct span where, struct net_addr *a)
{
	struct span host = SPAN("localhost:");
	char mem[32];
	struct text t;

	if (!span_starts_nocase(where, host))
		return net_endpoint_parse(where, a);
	text_init(&t, mem, sizeof(mem));
	text_str(&t, "127.0.0.1:");
	text_span(&t, span_from(where, host.len));
	return t.cut ? ERR_SYNTAX : net_endpoint_parse(text_data(&t), a);
}

int
clamd_judge(struct span where)
{
	struct net_addr a;

	if (where.len == 0)
		return ERR_OK;
	if (where.p[0] == '/')
		return where.len < CLAMD_PATH ? ERR_OK : ERR_RANGE;
	return read_address(where, &a);
}

void
clamd_configure(struct clamd *cl, struct span where, uint32_t max_seconds)
{
	struct text t;
	int err = clamd_judge(where);

	cl->max_seconds = max_seconds;
	cl->on = where.len > 0 && !err;
	if (err)
		log_event(LOG_ERROR, "clamd.address", NULL, NULL, err);
	if (!cl->on)
		return;
	cl->is_path = where.p[0] == '/';
	text_init(&t, cl->path, sizeof(cl->path));
	if (cl->is_path)
		text_span(&t, where);
	else if (read_address(where, &cl->addr))
		cl->on = false;
}

void
clamd_init(struct clamd *cl, struct fs *fs)
{
	memset(cl, 0, offsetof(struct clamd, piece));
	cl->base = (struct participant) {
		.name = "clamd",
		.prep = clamd_prep,
		.run = clamd_run,
	};
	cl->fs = fs;
	cl->end = &cl->waiting;
	cl->asked = cl->found = cl->failed = 0;
}

void
clamd_close(struct clamd *cl)
{
	for (unsigned i = 0; i < CLAMD_SLOTS; i++)
		if (cl->slots[i].job != NULL)
			(void)let_go(&cl->slots[i]);
}
