/*
 * queue: whose turn it is, and removal.  It opens no message; what lies in the
 * folder at start is queue_recover.c's.
 */
#include "store/queue_int.h"

#include "core/text.h"
#include "core/zero.h"

int
queue_open(struct queue *q, struct fs *fs, const char *folder,
    const struct mailbox_ids *ids, struct queue_entry *window, uint32_t cap)
{
	struct text t;
	int err;

	zero_fill(q, sizeof(*q));
	q->fs = fs;
	q->window = window;
	q->window_cap = cap;
	q->index = -1;
	q->folder_h = -1;
	q->walk = -1;
	q->scan_due_ms = QUEUE_NEVER;
	text_init(&t, q->own, sizeof(q->own));
	text_str(&t, ids->tail);
	text_init(&t, q->folder, sizeof(q->folder));
	text_str(&t, folder);
	if (t.cut)
		return ERR_RANGE;
	err = mailbox_open_folder(fs, folder, &q->index, &q->walk);
	if (err)
		return err;
	q->folder_h = fs->open(fs, folder, FS_FOLDER);
	return q->folder_h < 0 ? q->folder_h : ERR_OK;
}

void
queue_close(struct queue *q)
{
	bool failed;

	if (q->syncing)
		(void)!q->fs->end(q->fs, true, &failed);
	q->syncing = false;
	if (q->walk >= 0)
		(void)q->fs->dir_close(q->fs, q->walk);
	if (q->folder_h >= 0)
		(void)q->fs->close(q->fs, q->folder_h);
	if (q->index >= 0)
		(void)q->fs->close(q->fs, q->index);
	q->walk = q->folder_h = q->index = -1;
}

int
queue_sync(struct queue *q)
{
	int err = q->fs->sync_dir(q->fs, q->folder);

	q->removed = q->removed && err;
	q->syncs += !err;
	return err;
}

int
queue_sync_step(struct queue *q)
{
	bool failed;
	int err = ERR_OK;

	if (q->syncing) {
		err = q->fs->end(q->fs, false, &failed);
		if (err == ERR_AGAIN)
			return ERR_OK;
		q->syncing = false;
		q->syncs += !err;
	}
	if (err || !q->removed)
		return err;
	q->removed = false;
	q->syncing = q->fs->begin(q->fs, FS_SYNC, &q->folder_h, 1) == ERR_OK;
	return q->syncing ? ERR_OK : queue_sync(q);
}

int
queue_busy_fd(const struct queue *q)
{
	return q->syncing ? q->fs->busy_fd : -1;
}

int
queue_path_of(const struct queue *q, const char *id, const char *end,
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
	return queue_path_of(q, id, "", out);
}

int
queue_body_path(const struct queue *q, const char *id, char out[FS_PATH_MAX])
{
	return queue_path_of(q, id, ".body", out);
}

void
queue_note_due(struct queue *q, int64_t due_ms)
{
	if (due_ms < q->scan_due_ms)
		q->scan_due_ms = due_ms;
	if (due_ms < q->scan_next_ms)
		q->scan_next_ms = due_ms;
}

static uint32_t
count_of(const struct queue *q, uint32_t dest)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->window_n; i++)
		n += q->window[i].dest == dest;
	return n;
}

/* Is there room in the window?  One destination may have a quarter of it. */
static bool
has_share(struct queue *q, uint32_t dest)
{
	if (q->window_n == q->window_cap)
		return false;
	if (dest == 0 || count_of(q, dest) < (q->window_cap + 3) / 4)
		return true;
	q->crowded = true;
	return false;
}

static int64_t
allowed_at(const struct queue *q, uint32_t dest)
{
	return q->when != NULL && dest != 0 ? q->when(q->ctx, dest) : 0;
}

int
queue_add(struct queue *q, const char *id, uint32_t dest, int64_t now_ms)
{
	struct queue_entry e = { .dest = dest, .due_ms = now_ms };
	int64_t at = allowed_at(q, dest);
	bool rests = at > now_ms && at != QUEUE_NEVER;
	bool now = !rests && has_share(q, dest);
	struct text t;
	int err;

	if (rests) /* not into the window first, and out again */
		e.due_ms = at;
	if (q->look_ms > 0)
		e.look_ms = now_ms + q->look_ms;

	text_init(&t, e.id, sizeof(e.id));
	text_str(&t, id);
	err = queue_index_add(q, &e, now ? ENTRY_TAKEN : ENTRY_WAITS);
	if (err)
		return err;
	if (now)
		q->window[q->window_n++] = e;
	else
		queue_note_due(q, e.due_ms);
	return ERR_OK;
}

uint32_t
queue_dest_of(const struct queue *q, struct span sender, struct span path)
{
	return q->dest != NULL ? q->dest(q->ctx, sender, path) : 0;
}

/* ---- whose turn it is ---- */

static bool
is_looked_at(const struct queue_entry *e, int64_t now_ms)
{
	return e->look_ms > 0 && e->look_ms <= now_ms;
}

/* Whoever waits in the index for a share gets it when one is nearly used. */
static void
drop_from_window(struct queue *q, uint32_t i)
{
	uint32_t left = count_of(q, q->window[i].dest) - 1;

	if (q->crowded && left <= q->window_cap / 16) {
		q->crowded = false;
		queue_note_due(q, 0);
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
		if (at <= now_ms || (at == QUEUE_NEVER && dest != 0)
		    || (at != QUEUE_NEVER
			&& is_looked_at(&q->window[i], now_ms))) {
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
	int err =
	    queue_index_write(q, e, e->held ? ENTRY_HELD : ENTRY_WAITS, 0);

	if (err)
		return err;
	if (e->held)
		q->held++;
	else
		queue_note_due(q, e->due_ms);
	return ERR_OK;
}

/* Only when the envelope is gone for good: alone it would look damaged. */
static void
remove_body(struct queue *q, const char *id, char path[FS_PATH_MAX])
{
	struct fs_stat st;

	if (!queue_path_of(q, id, ".body", path)
	    && q->fs->stat(q->fs, path, &st) == ERR_OK && !queue_sync(q))
		(void)q->fs->unlink(q->fs, path);
}

int
queue_remove(struct queue *q, const struct queue_entry *e)
{
	char path[FS_PATH_MAX];
	int err = queue_path_of(q, e->id, "", path);

	if (!err)
		err = q->fs->unlink(q->fs, path);
	if (err && err != ERR_MISSING)
		return err;
	q->removed = true;
	remove_body(q, e->id, path);
	q->n--;
	return queue_index_free(q, e->slot);
}

/* Into the window, if its time has come and there is room. */
static void
consider(struct queue *q, struct queue_entry *e, int64_t now_ms)
{
	int64_t at = allowed_at(q, e->dest);
	int64_t due = e->due_ms;

	if (at != QUEUE_NEVER && at > due) {
		bool sooner = e->look_ms > 0 && e->look_ms < at;

		at = sooner ? e->look_ms : at;
		due = at > due ? at : due;
	}
	if (due > now_ms) {
		queue_note_due(q, due);
		return;
	}
	if (!has_share(q, e->dest))
		return;
	if (queue_index_write(q, e, ENTRY_TAKEN, 0)) {
		queue_note_due(q, now_ms + 1000);
		return;
	}
	q->window[q->window_n++] = *e;
}

static int
scan_page(struct queue *q, int64_t now_ms)
{
	struct queue_entry e;
	int n = queue_index_read(q, q->scan_at);
	int i = 0;

	for (; i < n && q->window_n < q->window_cap; i++) {
		uint8_t *b = q->page + (unsigned)i * QUEUE_ENTRY_OCTETS;

		if (queue_index_parse(b, q->scan_at + (unsigned)i, &e)
		    == ENTRY_WAITS)
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
			queue_note_due(q, now_ms + 10000);
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
		n = queue_index_read(q, *slot);
		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; i < n; i++) {
			uint8_t *b = q->page + (unsigned)i * QUEUE_ENTRY_OCTETS;

			if (queue_index_parse(b, (*slot)++, e) != ENTRY_FREE)
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
	return queue_index_write(q, e, ENTRY_TAKEN, 0);
}

int
queue_take_id(struct queue *q, struct span id, struct queue_entry *e)
{
	for (uint32_t slot = 0; slot < q->slots;) {
		int n = queue_index_read(q, slot);

		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; i < n; i++, slot++) {
			enum entry_state state = queue_index_parse(
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
		int n = queue_index_read(q, slot);

		if (n <= 0)
			return n < 0 ? n : ERR_IO;
		for (int i = 0; !err && i < n; i++, slot++) {
			if (queue_index_parse(
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
