/*
 * talk: a file becomes steps, steps become a run of a small stand-in for
 * service/conn: one input window, one output window, what `want` says.
 */
#include "support/talk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/line.h"
#include "support/test.h"

#define STEPS_MAX 400
#define BYTES_MAX (1 << 20)

struct step {
	char kind; /* '@' 'C' 'S' '*' 'T' 'X' */
	int line;
	struct span bytes;
};

struct talk {
	const char *path;
	const struct talk_peer *peer;
	struct step step[STEPS_MAX];
	size_t steps;
	bool lockstep_only;
	uint8_t *store; /* what the steps point to */
	size_t stored;

	/* one run */
	char way[64];
	struct buf in;
	struct buf out;
	struct buf got; /* what the client has received, not yet compared */
	bool skip;
};

static void
complain(struct talk *t, const struct step *s, const char *what)
{
	struct span got = buf_data(&t->got);

	fail_msg("%s:%d (%s): %s\n  expected: %.*s\n  received: %.*s", t->path,
	    s->line, t->way, what, (int)s->bytes.len, (const char *)s->bytes.p,
	    (int)(got.len < 300 ? got.len : 300), (const char *)got.p);
}

/* --- the file ------------------------------------------------------------ */

static void
store(struct talk *t, const void *p, size_t len)
{
	assert_true(t->stored + len <= BYTES_MAX);
	if (len > 0)
		memcpy(t->store + t->stored, p, len);
	t->stored += len;
}

static const char *
unescape_one(struct talk *t, const char *p)
{
	static const char plain[] = "rnt\\", means[] = "\r\n\t\\";
	const char *known = strchr(plain, *p);
	const char *end;
	char *after;
	long n;

	if (*p == 'x') {
		char hex[3] = { p[1], p[2], 0 };
		uint8_t byte = (uint8_t)strtol(hex, NULL, 16);

		store(t, &byte, 1);
		return p + 3;
	}
	if (*p != '{') {
		assert_non_null(known);
		store(t, &means[known - plain], 1);
		return p + 1;
	}
	n = strtol(p + 1, &after, 10);
	end = strchr(after, '}');
	assert_non_null(end);
	while (n-- > 0)
		store(t, after + 1, (size_t)(end - after - 1));
	return end + 1;
}

static void
add_step(struct talk *t, int number, char *text)
{
	struct step *s = &t->step[t->steps];
	char mark = text[0] != 0 ? text[1] : 0;
	const char *p = text + 2;
	size_t from = t->stored;

	if (text[0] == '#' || text[0] == '\0')
		return;
	assert_true(t->steps < STEPS_MAX);
	p += mark != 0 && *p == ' ';
	while (mark != 0 && *p != '\0')
		if (*p == '\\' && text[0] != '@')
			p = unescape_one(t, p + 1);
		else
			store(t, p++, 1);
	s->kind = text[0] == 'S' && mark == '*' ? '*' : text[0];
	if (text[0] == 'C' && mark == ':')
		store(t, "\r\n", 2);
	s->line = number;
	s->bytes = span_of(t->store + from, t->stored - from);
	if (s->kind == '@' && span_is(s->bytes, SPAN("lockstep")))
		t->lockstep_only = true;
	else
		t->steps++;
	if (strchr("@CS*TX", s->kind) == NULL)
		fail_msg("%s:%d: not a step: %s", t->path, number, text);
}

static void
load(struct talk *t)
{
	FILE *f = fopen(t->path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	int number = 0;

	if (f == NULL)
		fail_msg("no dialogue %s", t->path);
	while ((len = getline(&text, &cap, f)) > 0) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		add_step(t, ++number, text);
	}
	free(text);
	fclose(f);
}

/* --- the stand-in for conn ------------------------------------------------ */

static void
drain(struct talk *t)
{
	assert_true(buf_put(&t->got, buf_data(&t->out)));
	buf_drop(&t->out, buf_len(&t->out));
}

static bool
run_line(struct talk *t)
{
	const struct session_ops *ops = t->peer->ops;
	struct line l;
	bool whole = line_next(buf_data(&t->in), ops->line_max, &t->skip, &l);

	if (whole)
		ops->line(t->peer->session, l.text, l.flaw, &t->out);
	while (whole && ops->want(t->peer->session) == WANT_ANSWER) {
		drain(t);
		t->peer->answer(t->peer->ctx, &t->out);
	}
	buf_drop(&t->in, l.used);
	return whole;
}

static bool
run_body(struct talk *t)
{
	size_t used;

	if (buf_len(&t->in) == 0)
		return false;
	used = t->peer->ops->body(
	    t->peer->session, buf_bytes(&t->in), buf_len(&t->in), &t->out);
	assert_true(used > 0);
	buf_drop(&t->in, used);
	return true;
}

static bool
run_once(struct talk *t)
{
	drain(t);
	switch (t->peer->ops->want(t->peer->session)) {
	case WANT_LINE:
		return run_line(t);
	case WANT_BODY:
		return run_body(t);
	case WANT_ANSWER:
		t->peer->answer(t->peer->ctx, &t->out);
		return true;
	case WANT_TLS:
	case WANT_CLOSE:
		break;
	}
	return false;
}

static void
run(struct talk *t)
{
	for (unsigned i = 0; run_once(t); i++)
		assert_true(i < 1000000);
	drain(t);
}

static void
feed(struct talk *t, struct span bytes, size_t piece)
{
	size_t at;

	for (at = 0; at < bytes.len; at += piece) {
		enum want w = t->peer->ops->want(t->peer->session);

		if (w == WANT_TLS || w == WANT_CLOSE)
			return;
		assert_true(
		    buf_put(&t->in, span_first(span_from(bytes, at), piece)));
		run(t);
	}
}

/* --- steps ---------------------------------------------------------------- */

static void
expect_line(struct talk *t, const struct step *s)
{
	struct span got = buf_data(&t->got);
	size_t lf = span_find(got, '\n');
	struct span line = span_first(got, lf);

	if (lf == got.len)
		complain(t, s, "the server is silent");
	if (line.len == 0 || line.p[line.len - 1] != '\r')
		complain(t, s, "a line end without CR");
	line.len--;
	if (s->kind == '*' ? !span_starts(line, s->bytes)
			   : !span_is(line, s->bytes))
		complain(t, s, "another line");
	buf_drop(&t->got, lf + 1);
}

static void
expect_want(struct talk *t, const struct step *s, enum want w)
{
	if (buf_len(&t->got) > 0)
		complain(t, s, "more than was expected");
	if (t->peer->ops->want(t->peer->session) != w)
		complain(t, s, "the session wants something else");
}

static void
secure(struct talk *t, const struct step *s)
{
	expect_want(t, s, WANT_TLS);
	buf_drop(&t->in, buf_len(&t->in));
	t->skip = false;
	t->peer->ops->secured(t->peer->session, &t->out);
	run(t);
}

static void
begin(struct talk *t)
{
	buf_drop(&t->in, buf_len(&t->in));
	buf_drop(&t->got, buf_len(&t->got));
	buf_drop(&t->out, buf_len(&t->out));
	t->skip = false;
	t->peer->reset(t->peer->ctx);
}

static void
other_step(struct talk *t, const struct step *s)
{
	if (s->kind == 'S' || s->kind == '*')
		expect_line(t, s);
	else if (s->kind == 'T')
		secure(t, s);
	else if (s->kind == 'X')
		expect_want(t, s, WANT_CLOSE);
	else if (s->kind == '@')
		t->peer->setup(t->peer->ctx, s->bytes);
}

/* The "@" lines at the top, then the greeting. */
static size_t
start(struct talk *t)
{
	size_t i;

	begin(t);
	for (i = 0; i < t->steps && t->step[i].kind == '@'; i++)
		t->peer->setup(t->peer->ctx, t->step[i].bytes);
	t->peer->start(t->peer->ctx, &t->out);
	run(t);
	return i;
}

static void
finish(struct talk *t)
{
	const struct step *last = &t->step[t->steps - 1];

	if (buf_len(&t->got) > 0)
		complain(t, last, "more at the end");
}

/* Each of the client's steps in pieces; replies right where they stand. */
static void
play_lockstep(struct talk *t, size_t piece)
{
	snprintf(t->way, sizeof(t->way), "lockstep, pieces of %zu", piece);
	for (size_t i = start(t); i < t->steps; i++) {
		const struct step *s = &t->step[i];

		if (s->kind != 'C')
			other_step(t, s);
		else if (i > 0 && t->step[i - 1].kind != 'C'
			 && buf_len(&t->got) > 0)
			complain(t, s, "the server said more");
		if (s->kind == 'C')
			feed(t, s->bytes, piece);
	}
	finish(t);
}

/* All that the client sends up to the next T, appended to `to`. */
static void
gather(const struct talk *t, size_t from, struct buf *to)
{
	for (; from < t->steps && t->step[from].kind != 'T'; from++)
		if (t->step[from].kind == 'C')
			assert_true(buf_put(to, t->step[from].bytes));
}

/* Everything at once, but cut at `cut`; returns how many bytes there were. */
static size_t
play_cut(struct talk *t, size_t cut, uint8_t *mem)
{
	size_t i = start(t), sent = 0;
	struct buf all;

	snprintf(t->way, sizeof(t->way), "cut at %zu", cut);
	while (i < t->steps) {
		struct span rest;

		buf_init(&all, mem, BYTES_MAX);
		gather(t, i, &all);
		rest = buf_data(&all);
		if (cut > sent && cut - sent < rest.len)
			feed(t, span_first(rest, cut - sent), BYTES_MAX);
		else
			feed(t, rest, BYTES_MAX);
		if (cut > sent && cut - sent < rest.len)
			feed(t, span_from(rest, cut - sent), BYTES_MAX);
		sent += rest.len;
		for (; i < t->steps && t->step[i].kind != 'T'; i++)
			other_step(t, &t->step[i]);
		if (i < t->steps)
			other_step(t, &t->step[i++]);
	}
	finish(t);
	return sent;
}

void
talk_play(const char *path, const struct talk_peer *peer)
{
	static uint8_t in[BYTES_MAX], got[BYTES_MAX], all[BYTES_MAX];
	static uint8_t bytes[BYTES_MAX];
	static struct talk t;
	static uint8_t out[SESSION_REPLY_MAX];
	size_t len;

	t = (struct talk) { .path = path, .peer = peer, .store = bytes };
	buf_init(&t.in, in, sizeof(in));
	buf_init(&t.got, got, sizeof(got));
	buf_init(&t.out, out, sizeof(out));
	load(&t);
	play_lockstep(&t, BYTES_MAX);
	play_lockstep(&t, 1);
	if (t.lockstep_only)
		return;
	len = play_cut(&t, 0, all);
	for (size_t cut = 1; cut < len; cut++)
		play_cut(&t, cut, all);
}

void
talk_play_folder(const char *path, const struct talk_peer *peer)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[512];
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (!span_ends_nocase(span_str(e->d_name), SPAN(".talk")))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		talk_play(name, peer);
		n++;
	}
	closedir(d);
	assert_true(n > 0);
}
