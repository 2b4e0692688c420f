/*
 * queue: index and window over a folder of queue files.  It opens messages
 * only to learn at start when they are due; delivering is not its business.
 */
#include "store/queue.h"

#include <assert.h>

#include "core/text.h"

/* An entry in the index file. */
enum {
	AT_ID = 0, /* terminated; empty: a free place */
	AT_STATE = 71,
	AT_DEST = 72,
	AT_NEXT = 76, /* of a free place: the next free one */
	AT_DUE = 80,
	ENTRY_USED = 88,
};

enum entry_state {
	ENTRY_FREE,
	ENTRY_WAITS,
	ENTRY_HELD,
	ENTRY_TAKEN, /* in the window or being delivered */
};

_Static_assert(MAILBOX_ID_MAX <= AT_STATE, "an id fits its place");
_Static_assert(ENTRY_USED <= QUEUE_ENTRY_OCTETS, "an entry fits its place");

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

static int
write_entry(struct queue *q, const struct queue_entry *e,
    enum entry_state state, uint32_t next)
{
	uint8_t b[QUEUE_ENTRY_OCTETS] = { 0 };
	struct span v = span_of(b, sizeof(b));

	memcpy(b + AT_ID, e->id, strlen(e->id));
	b[AT_STATE] = (uint8_t)state;
	put(b + AT_DEST, e->dest, 4);
	put(b + AT_NEXT, next, 4);
	put(b + AT_DUE, (uint64_t)e->due_ms, 8);
	return q->fs->write(
	    q->fs, q->index, &v, 1, (uint64_t)e->slot * QUEUE_ENTRY_OCTETS);
}

static enum entry_state
parse_entry(const uint8_t *b, uint32_t slot, struct queue_entry *e)
{
	memcpy(e->id, b + AT_ID, sizeof(e->id));
	e->id[sizeof(e->id) - 1] = '\0';
	e->slot = slot;
	e->held = b[AT_STATE] == ENTRY_HELD;
	e->dest = (uint32_t)get(b + AT_DEST, 4);
	e->due_ms = (int64_t)get(b + AT_DUE, 8);
	return (enum entry_state)b[AT_STATE];
}

/* Read up to QUEUE_READ entries from `slot` on into q->page; how many. */
static int
read_page(struct queue *q, uint32_t slot)
{
	uint32_t n = q->slots - slot;
	int got;

	if (n > QUEUE_READ)
		n = QUEUE_READ;
	if (n == 0)
		return 0;
	got = q->fs->read(q->fs, q->index, q->page, n * QUEUE_ENTRY_OCTETS,
	    (uint64_t)slot * QUEUE_ENTRY_OCTETS);
	if (got < 0)
		return got;
	return got < (int)QUEUE_ENTRY_OCTETS ? ERR_IO
					     : got / (int)QUEUE_ENTRY_OCTETS;
}

int
queue_open(struct queue *q, struct fs *fs, const char *folder,
    const struct mailbox_ids *ids, struct queue_entry *window, uint32_t cap)
{
	struct text t;
	int err;

	*q = (struct queue) { .fs = fs,
		.window = window,
		.window_cap = cap,
		.index = -1,
		.walk = -1,
		.scan_due_ms = QUEUE_NEVER };
	text_init(&t, q->own, sizeof(q->own));
	text_str(&t, ids->tail);
	text_init(&t, q->folder, sizeof(q->folder));
	text_str(&t, folder);
	if (t.cut)
		return ERR_RANGE;
	err = fs->mkdir(fs, folder);
	if (err && err != ERR_EXISTS)
		return err;
	q->index = fs->open(fs, folder, FS_SCRATCH);
	if (q->index < 0)
		return q->index;
	q->walk = fs->dir_open(fs, folder);
	return q->walk < 0 ? q->walk : ERR_OK;
}

void
queue_close(struct queue *q)
{
	if (q->walk >= 0)
		(void)q->fs->dir_close(q->fs, q->walk);
	if (q->index >= 0)
		(void)q->fs->close(q->fs, q->index);
	q->walk = q->index = -1;
}

static int
path_of(const struct queue *q, const char *id, const char *end,
    char out[FS_PATH_MAX])
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, q->folder);
	text_chr(&t, '/');
	text_str(&t, id);
	text_str(&t, end);
	return t.cut ? ERR_RANGE : ERR_OK;
}

int
queue_path(const struct queue *q, const char *id, char out[FS_PATH_MAX])
{
	return path_of(q, id, "", out);
}

int
queue_body_path(const struct queue *q, const char *id, char out[FS_PATH_MAX])
{
	return path_of(q, id, ".body", out);
}

/* A free place for an entry. */
static int
find_place(struct queue *q, uint32_t *slot)
{
	int got;

	if (q->spare == q->slots) {
		*slot = q->slots++;
		q->spare = q->slots;
		return ERR_OK;
	}
	*slot = q->spare;
	got = q->fs->read(q->fs, q->index, q->page, QUEUE_ENTRY_OCTETS,
	    (uint64_t)*slot * QUEUE_ENTRY_OCTETS);
	if (got != (int)QUEUE_ENTRY_OCTETS)
		return got < 0 ? got : ERR_IO;
	q->spare = (uint32_t)get(q->page + AT_NEXT, 4);
	if (q->spare == UINT32_MAX)
		q->spare = q->slots;
	return ERR_OK;
}

/* Fill a free place; on an error it is free as before. */
static int
add_entry(struct queue *q, struct queue_entry *e, enum entry_state state)
{
	uint32_t slots = q->slots, spare = q->spare;
	int err = find_place(q, &e->slot);

	if (!err)
		err = write_entry(q, e, state, 0);
	if (err) {
		q->slots = slots;
		q->spare = spare;
		return err;
	}
	q->n++;
	q->held += state == ENTRY_HELD;
	return ERR_OK;
}

static void
note_due(struct queue *q, int64_t due_ms)
{
	if (due_ms < q->scan_due_ms)
		q->scan_due_ms = due_ms;
	if (due_ms < q->scan_next_ms)
		q->scan_next_ms = due_ms;
}

int
queue_add(struct queue *q, const char *id, uint32_t dest, int64_t now_ms)
{
	struct queue_entry e = { .dest = dest, .due_ms = now_ms };
	bool now = q->window_n < q->window_cap;
	struct text t;
	int err;

	text_init(&t, e.id, sizeof(e.id));
	text_str(&t, id);
	err = add_entry(q, &e, now ? ENTRY_TAKEN : ENTRY_WAITS);
	if (err)
		return err;
	if (now)
		q->window[q->window_n++] = e;
	else
		note_due(q, now_ms);
	return ERR_OK;
}

/* ---- at start ---- */

static bool
is_own(const struct queue *q, struct span name)
{
	return q->own[0] != '\0' && span_ends_nocase(name, span_str(q->own));
}

/* A body whose envelope is gone, or never came, belongs to nobody. */
static int
recover_body(struct queue *q, const struct fs_entry *f)
{
	char path[FS_PATH_MAX], id[FS_NAME_MAX];
	struct fs_stat st;
	struct text t;
	int err;

	text_init(&t, id, sizeof(id));
	text_span(&t, span_of(f->name, f->len - strlen(".body")));
	if (is_own(q, text_data(&t)))
		return ERR_OK;
	err = path_of(q, id, "", path);
	if (!err && q->fs->stat(q->fs, path, &st) != ERR_MISSING)
		return ERR_OK;
	if (!err)
		err = path_of(q, id, ".body", path);
	return err ? err : q->fs->unlink(q->fs, path);
}

static int
recover_message(
    struct queue *q, const struct fs_entry *f, const struct queue_clock *c)
{
	static struct queue_file file;
	struct queue_entry e = { .dest = 0 };
	struct text t;
	int64_t wait_s;
	int err;

	text_init(&t, e.id, sizeof(e.id));
	text_span(&t, span_of(f->name, f->len));
	err = t.cut ? ERR_TORN : queue_file_open(&file, q->fs, q->folder, e.id);
	if (err == ERR_TORN) {
		q->damaged++;
		return ERR_OK;
	}
	if (err)
		return err;
	wait_s = file.plan.next_s - c->now_s;
	wait_s = wait_s < 0 ? 0 : wait_s > c->most_s ? c->most_s : wait_s;
	e.due_ms = c->now_ms + wait_s * 1000;
	e.held = file.held;
	queue_file_close(&file);
	err = add_entry(q, &e, e.held ? ENTRY_HELD : ENTRY_WAITS);
	if (!err && !e.held)
		note_due(q, e.due_ms);
	return err;
}

int
queue_recover_step(struct queue *q, unsigned most, const struct queue_clock *c)
{
	static struct fs_entry f;
	int got = 1, err;

	if (q->walk < 0)
		return 0;
	for (; most > 0; most--) {
		got = q->fs->dir_next(q->fs, q->walk, &f);
		if (got <= 0)
			break;
		if (f.is_dir || f.name[0] == '.'
		    || is_own(q, span_of(f.name, f.len)))
			continue;
		if (span_ends_nocase(span_of(f.name, f.len), SPAN(".body")))
			err = recover_body(q, &f);
		else
			err = recover_message(q, &f, c);
		if (err)
			q->damaged++;
	}
	if (got <= 0) {
		(void)q->fs->dir_close(q->fs, q->walk);
		q->walk = -1;
	}
	return got;
}

/* ---- whose turn it is ---- */

static int64_t
allowed_at(const struct queue *q, uint32_t dest)
{
	return q->when != NULL && dest != 0 ? q->when(q->ctx, dest) : 0;
}

static uint32_t
count_of(const struct queue *q, uint32_t dest)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->window_n; i++)
		n += q->window[i].dest == dest;
	return n;
}

/* Whoever waits in the index for a share gets it when one is nearly used. */
static void
drop_from_window(struct queue *q, uint32_t i)
{
	uint32_t left = count_of(q, q->window[i].dest) - 1;

	if (q->crowded && left <= q->window_cap / 16) {
		q->crowded = false;
		note_due(q, 0);
	}
	q->window_n--;
	memmove(&q->window[i], &q->window[i + 1],
	    (q->window_n - i) * sizeof(q->window[0]));
}

/* The destination must wait: back to the index. */
static bool
send_back(struct queue *q, uint32_t i, int64_t due_ms)
{
	struct queue_entry e = q->window[i];

	e.due_ms = due_ms;
	if (queue_give(q, &e))
		return false;
	drop_from_window(q, i);
	return true;
}

int
queue_take(
    struct queue *q, uint32_t dest, int64_t now_ms, struct queue_entry *e)
{
	uint32_t i = 0;
	int64_t at;

	while (i < q->window_n) {
		if (dest != 0 && q->window[i].dest != dest) {
			i++;
			continue;
		}
		at = allowed_at(q, q->window[i].dest);
		if (at <= now_ms || (at == QUEUE_NEVER && dest != 0)) {
			*e = q->window[i];
			drop_from_window(q, i);
			return 1;
		}
		if (at == QUEUE_NEVER || !send_back(q, i, at))
			i++;
	}
	return 0;
}

int
queue_give(struct queue *q, const struct queue_entry *e)
{
	int err = write_entry(q, e, e->held ? ENTRY_HELD : ENTRY_WAITS, 0);

	if (err)
		return err;
	if (e->held)
		q->held++;
	else
		note_due(q, e->due_ms);
	return ERR_OK;
}

static int
free_entry(struct queue *q, uint32_t slot)
{
	struct queue_entry none = { .slot = slot };
	uint32_t next = q->spare == q->slots ? UINT32_MAX : q->spare;
	int err = write_entry(q, &none, ENTRY_FREE, next);

	if (!err)
		q->spare = slot;
	return err;
}

int
queue_remove(struct queue *q, const struct queue_entry *e)
{
	char path[FS_PATH_MAX];
	int err = path_of(q, e->id, "", path);

	if (!err)
		err = q->fs->unlink(q->fs, path);
	if (err && err != ERR_MISSING)
		return err;
	if (!path_of(q, e->id, ".body", path))
		(void)q->fs->unlink(q->fs, path);
	q->n--;
	return free_entry(q, e->slot);
}

/* Into the window, if its time has come and there is room. */
static void
consider(struct queue *q, struct queue_entry *e, int64_t now_ms)
{
	int64_t at = allowed_at(q, e->dest);
	int64_t due = at != QUEUE_NEVER && at > e->due_ms ? at : e->due_ms;

	if (due > now_ms) {
		note_due(q, due);
		return;
	}
	/* one destination may have a quarter: others get in, too */
	if (e->dest != 0 && count_of(q, e->dest) >= (q->window_cap + 3) / 4) {
		q->crowded = true;
		return;
	}
	if (write_entry(q, e, ENTRY_TAKEN, 0)) {
		note_due(q, now_ms + 1000);
		return;
	}
	q->window[q->window_n++] = *e;
}

static int
scan_page(struct queue *q, int64_t now_ms)
{
	struct queue_entry e;
	int n = read_page(q, q->scan_at);
	int i = 0;

	for (; i < n && q->window_n < q->window_cap; i++) {
		uint8_t *b = q->page + (unsigned)i * QUEUE_ENTRY_OCTETS;

		if (parse_entry(b, q->scan_at + (unsigned)i, &e) == ENTRY_WAITS)
			consider(q, &e, now_ms);
	}
	if (n > 0)
		q->scan_at += (unsigned)i;
	return n < 0 ? n : i;
}

bool
queue_scan(struct queue *q, int64_t now_ms)
{
	uint32_t done = 0;

	if (!q->scanning) {
		if (now_ms < q->scan_due_ms || q->window_n > q->window_cap / 2)
			return false;
		q->scanning = true;
		q->scan_at = 0;
		q->scan_next_ms = QUEUE_NEVER;
	}
	while (done < QUEUE_SLICE && q->window_n < q->window_cap
	       && q->scan_at < q->slots) {
		int n = scan_page(q, now_ms);

		if (n < 0) { /* the disk does not answer: try again later */
			q->scan_at = q->slots;
			note_due(q, now_ms + 10000);
			break;
		}
		done += (unsigned)n;
	}
	if (q->scan_at >= q->slots) {
		q->scanning = false;
		q->scan_due_ms = q->scan_next_ms;
	}
	return q->scanning && q->window_n < q->window_cap;
}

int64_t
queue_due_ms(const struct queue *q)
{
	if (q->window_n > 0 || q->scanning)
		return 0;
	return q->scan_due_ms;
}

/* ---- walking and asking ---- */

int
queue_next(struct queue *q, uint32_t *slot, struct queue_entry *e)
{
	int n;

	while (*slot < q->slots) {
		n = read_page(q, *slot);
		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; i < n; i++) {
			uint8_t *b = q->page + (unsigned)i * QUEUE_ENTRY_OCTETS;

			if (parse_entry(b, (*slot)++, e) != ENTRY_FREE)
				return 1;
		}
	}
	return 0;
}

/* The place in the window, or window_n. */
static uint32_t
window_place(const struct queue *q, uint32_t slot)
{
	uint32_t i = 0;

	while (i < q->window_n && q->window[i].slot != slot)
		i++;
	return i;
}

static int
take_entry(struct queue *q, struct queue_entry *e, enum entry_state state)
{
	uint32_t i = window_place(q, e->slot);

	if (i < q->window_n) {
		drop_from_window(q, i);
		return ERR_OK;
	}
	if (state == ENTRY_TAKEN)
		return ERR_BUSY;
	q->held -= state == ENTRY_HELD;
	return write_entry(q, e, ENTRY_TAKEN, 0);
}

int
queue_take_id(struct queue *q, struct span id, struct queue_entry *e)
{
	for (uint32_t slot = 0; slot < q->slots;) {
		int n = read_page(q, slot);

		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; i < n; i++, slot++) {
			enum entry_state state = parse_entry(
			    q->page + (unsigned)i * QUEUE_ENTRY_OCTETS, slot,
			    e);

			if (state != ENTRY_FREE && span_is(id, span_str(e->id)))
				return take_entry(q, e, state);
		}
	}
	return ERR_MISSING;
}

int
queue_retry_all(struct queue *q, int64_t now_ms)
{
	struct queue_entry e;
	int err = 0;

	for (uint32_t slot = 0; !err && slot < q->slots;) {
		int n = read_page(q, slot);

		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; !err && i < n; i++, slot++) {
			if (parse_entry(
				q->page + (unsigned)i * QUEUE_ENTRY_OCTETS,
				slot, &e)
			    != ENTRY_WAITS)
				continue;
			e.due_ms = now_ms;
			err = queue_give(q, &e);
		}
	}
	return err;
}
