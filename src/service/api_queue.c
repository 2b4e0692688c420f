/* api_queue: see the header.  Sending is relayd's. */
#include "service/api_queue.h"

#include "core/log.h"
#include "platform/clock.h"

#define RECOVER_AT_ONCE 1000

int
api_queue_open(struct api_queue *q)
{
	const struct queue_clock c = {
		.now_ms = clock_mono_ms(),
		.now_s = clock_wall_us() / 1000000,
		.most_s = 86400,
	};
	char folder[FS_PATH_MAX / 2];
	int err;

	if (q->is_open || q->relayd != NULL)
		return ERR_OK;
	err = state_beside(q->state, "queue", ".queue", folder);
	if (!err)
		err = queue_open(q->queue, &q->state->files.fs, folder, &q->ids,
		    q->window, q->window_n);
	while (!err) {
		int more = queue_recover_step(q->queue, RECOVER_AT_ONCE, &c);

		if (more <= 0) {
			err = more;
			break;
		}
	}
	q->is_open = !err;
	return err;
}

static enum api_result
say_failure(struct api_call *c, int err)
{
	switch (err) {
	case ERR_MISSING:
		return api_refuse(c, 404,
		    "no such message in the queue; `gatepost queue list` "
		    "shows all");
	case ERR_BUSY:
		return api_refuse(c, 409,
		    "this message is being sent at this moment; try again in "
		    "a few seconds");
	case ERR_TORN:
		return api_refuse(c, 500,
		    "the message's file is damaged; it is left where it is");
	case ERR_AGAIN:
		return api_refuse(c, 503,
		    "the queue is still being read after the start; try again "
		    "in a moment");
	case ERR_CLOSED:
		return api_no_file(
		    c, ((const struct api_queue *)c->context)->queue->folder);
	default:
		return api_failed(c, "reading the queue", err);
	}
}

/* ---- looking ---- */

static uint64_t
due_in_s(const struct queue_entry *e)
{
	int64_t wait = e->due_ms - clock_mono_ms();

	return wait > 0 ? (uint64_t)(wait + 999) / 1000 : 0;
}

/* What the first waiting recipient's server said last. */
static void
write_why(struct api_queue *q, struct json_out *o)
{
	struct queue_rcpt r;
	uint64_t at = q->file.first;
	unsigned waiting = 0;

	while (queue_file_rcpt(&q->file, &at, &r, &q->strings) == 1) {
		if (r.state != QUEUE_WAITING)
			continue;
		if (waiting++ == 0) {
			json_str(o, "first", r.path);
			json_u64(o, "code", r.code);
			json_str(o, "words", r.words);
		}
	}
	json_u64(o, "waiting", waiting);
}

static void
write_head(struct api_queue *q, struct json_out *o, const struct queue_entry *e)
{
	const struct queue_head *h = &q->file.head;

	json_cstr(o, "id", e->id);
	json_str(o, "sender", h->sender);
	json_str(o, "login", h->login);
	json_u64(o, "octets", h->octets);
	json_i64(o, "arrived", h->arrived_s);
	json_u64(o, "recipients", q->file.rcpts);
	json_u64(o, "tries", q->file.plan.tries);
	json_bool(o, "held", q->file.held);
	json_u64(o, "due_seconds", due_in_s(e));
}

static int
open_entry(struct api_queue *q, const char *id)
{
	return queue_file_open(&q->file, q->queue->fs, q->queue->folder, id);
}

static enum api_result
queue_list(struct api_call *c)
{
	struct api_queue *q = c->context;
	struct queue_entry e;
	uint32_t slot = (uint32_t)c->cursor;
	int got, err = api_queue_open(q);

	if (err)
		return say_failure(c, err);
	if (c->cursor == 0) {
		json_object(&c->json, NULL);
		json_array(&c->json, "queue");
	}
	got = queue_next(q->queue, &slot, &e);
	if (got < 0)
		return say_failure(c, got);
	if (got == 0) {
		json_end(&c->json);
		json_end(&c->json);
		return API_DONE;
	}
	c->cursor = slot;
	err = open_entry(q, e.id);
	if (err == ERR_MISSING)
		return API_MORE; /* it was delivered in between */
	json_object(&c->json, NULL);
	if (err) {
		json_cstr(&c->json, "id", e.id);
		json_cstr(&c->json, "words", err_text(err));
	} else {
		write_head(q, &c->json, &e);
		write_why(q, &c->json);
		queue_file_close(&q->file);
	}
	json_end(&c->json);
	return API_MORE;
}

/* What is not in the index may not have been read yet. */
static int
not_found(const struct api_queue *q)
{
	return q->queue->walk >= 0 ? ERR_AGAIN : ERR_MISSING;
}

/* The entry with the id that stands in the path. */
static int
find_entry(struct api_queue *q, struct span id, struct queue_entry *e)
{
	uint32_t slot = 0;
	int got;

	while ((got = queue_next(q->queue, &slot, e)) == 1)
		if (span_is(id, span_str(e->id)))
			return ERR_OK;
	return got < 0 ? got : not_found(q);
}

static void
write_rcpt(struct json_out *o, const struct queue_rcpt *r)
{
	static const struct {
		enum queue_state state;
		const char *name;
	} names[] = {
		{ QUEUE_WAITING, "waiting" },
		{ QUEUE_SENT, "sent" },
		{ QUEUE_TOLD, "failed" },
		{ QUEUE_FAILED, "failed" },
		{ QUEUE_ARRIVED, "sent" },
		{ QUEUE_DELIVERED, "sent" },
	};

	json_object(o, NULL);
	json_str(o, "address", r->path);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].state == r->state)
			json_cstr(o, "state", names[i].name);
	json_u64(o, "code", r->code);
	json_str(o, "words", r->words);
	json_end(o);
}

static enum api_result
queue_show(struct api_call *c)
{
	struct api_queue *q = c->context;
	struct queue_entry e;
	struct queue_rcpt r;
	int got, err = api_queue_open(q);
	bool first = c->cursor == 0;
	uint64_t at = c->cursor;

	if (!err)
		err = find_entry(q, c->arg[0], &e);
	if (!err)
		err = open_entry(q, e.id);
	if (err)
		return say_failure(c, err);
	if (first) {
		at = q->file.first;
		json_object(&c->json, NULL);
		write_head(q, &c->json, &e);
		json_array(&c->json, "to");
	}
	got = queue_file_rcpt(&q->file, &at, &r, &q->strings);
	queue_file_close(&q->file);
	if (got < 0)
		return say_failure(c, got);
	c->cursor = at;
	if (got == 1) {
		write_rcpt(&c->json, &r);
		return API_MORE;
	}
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

/* ---- changing ---- */

static void
log_change(const char *event, const struct queue_entry *e)
{
	log_event(LOG_INFO, event, "id", e->id, 0);
}

/* Take the message out of the schedule. */
static int
take(struct api_call *c, struct queue_entry *e)
{
	struct api_queue *q = c->context;
	int err = api_queue_open(q);

	if (!err)
		err = queue_take_id(q->queue, c->arg[0], e);
	return err == ERR_MISSING ? not_found(q) : err;
}

/* Write the mark that outlives a restart, then put the message back. */
static enum api_result
put_back(struct api_call *c, struct queue_entry *e, bool held)
{
	struct api_queue *q = c->context;
	struct fs *fs = q->queue->fs;
	bool failed;
	int given, err = open_entry(q, e->id);

	if (!err) {
		q->file.held = held;
		err = queue_file_marks(&q->file);
		if (!err)
			err = fs->sync(fs, &q->file.h, 1, &failed);
		queue_file_close(&q->file);
	}
	if (!err)
		e->held = held;
	given = queue_give(q->queue, e);
	return err || given ? say_failure(c, err ? err : given) : api_ok(c);
}

static enum api_result
queue_hold(struct api_call *c)
{
	struct queue_entry e;
	int err = take(c, &e);

	if (err)
		return say_failure(c, err);
	log_change("queue.held", &e);
	return put_back(c, &e, true);
}

static enum api_result
release(struct api_call *c, const char *event)
{
	struct api_queue *q = c->context;
	struct queue_entry e;
	int err = take(c, &e);

	if (err)
		return say_failure(c, err);
	log_change(event, &e);
	e.due_ms = clock_mono_ms();
	if (q->relayd != NULL)
		relay_dests_retry(&q->relayd->dests);
	return put_back(c, &e, false);
}

static enum api_result
queue_release(struct api_call *c)
{
	return release(c, "queue.released");
}

static enum api_result
queue_retry(struct api_call *c)
{
	return release(c, "queue.retried");
}

static enum api_result
queue_retry_each(struct api_call *c)
{
	struct api_queue *q = c->context;
	int err = api_queue_open(q);

	if (!err)
		err = queue_retry_all(q->queue, clock_mono_ms());
	if (err)
		return say_failure(c, err);
	if (q->relayd != NULL)
		relay_dests_retry(&q->relayd->dests);
	return api_ok(c);
}

static int
is_there(struct api_queue *q, const char *id)
{
	struct fs *fs = q->queue->fs;
	char path[FS_PATH_MAX];
	struct fs_stat st;
	int err = queue_path(q->queue, id, path);

	if (!err)
		err = fs->stat(fs, path, &st);
	return err == ERR_MISSING ? ERR_CLOSED : err;
}

static enum api_result
queue_delete(struct api_call *c)
{
	struct api_queue *q = c->context;
	struct queue_entry e;
	int given, err = take(c, &e);

	if (err)
		return say_failure(c, err);
	err = is_there(q, e.id);
	if (!err)
		err = queue_remove(q->queue, &e);
	if (err) { /* it stays as it was */
		given = queue_give(q->queue, &e);
		return say_failure(c, given ? given : err);
	}
	err = queue_sync(q->queue);
	if (err)
		return say_failure(c, err);
	log_change("queue.deleted", &e);
	return api_ok(c);
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/queue", queue_list },
	{ HTTP_POST, "/queue/retry", queue_retry_each },
	{ HTTP_GET, "/queue/{id}", queue_show },
	{ HTTP_POST, "/queue/{id}/retry", queue_retry },
	{ HTTP_POST, "/queue/{id}/hold", queue_hold },
	{ HTTP_POST, "/queue/{id}/release", queue_release },
	{ HTTP_DELETE, "/queue/{id}", queue_delete },
};

static const struct api_table table = API_TABLE(routes);

void
api_queue_offer(struct api *api, struct api_queue *q)
{
	api_add(api, &table, q);
}
