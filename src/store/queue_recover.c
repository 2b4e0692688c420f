/*
 * queue_recover: what was in the folder before the start goes into the index;
 * what a power cut has left over goes away.
 */
#include "core/text.h"
#include "store/queue_int.h"

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
	err = queue_path_of(q, id, "", path);
	if (!err && q->fs->stat(q->fs, path, &st) != ERR_MISSING)
		return ERR_OK;
	if (!err) /* as it is written: it may be ".BODY" */
		err = queue_path_of(q, f->name, "", path);
	return err ? err : q->fs->unlink(q->fs, path);
}

/* Where all recipients go who still wait, or 0. */
static uint32_t
common_dest(const struct queue *q, struct queue_file *file)
{
	static struct queue_strings strings;
	uint64_t at = file->first;
	uint32_t dest = 0, next, n = 0;
	struct queue_rcpt r;

	while (queue_file_rcpt(file, &at, &r, &strings) == 1) {
		if (r.state != QUEUE_WAITING)
			continue;
		next = queue_dest_of(
		    q, r.sender.len > 0 ? r.sender : file->head.sender, r.path);
		if (n++ > 0 && next != dest)
			return 0;
		dest = next;
	}
	return dest;
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
	if (err == ERR_TORN || err == ERR_UNSUPPORTED) {
		*(err == ERR_TORN ? &q->damaged : &q->newer) += 1;
		return ERR_OK;
	}
	if (err)
		return err;
	wait_s = file.plan.next_s - c->now_s;
	wait_s = wait_s < 0 ? 0 : wait_s > c->most_s ? c->most_s : wait_s;
	e.due_ms = e.look_ms = c->now_ms + wait_s * 1000;
	e.held = file.held;
	e.dest = common_dest(q, &file);
	queue_file_close(&file);
	err = queue_index_add(q, &e, e.held ? ENTRY_HELD : ENTRY_WAITS);
	if (!err && !e.held)
		queue_note_due(q, e.due_ms);
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
