/*
 * fuzz_queue_start: any folder as the queue's at a start.  A name with its
 * octets before it, content with its octets in two, and so on.  Every file is
 * in the index once or counted as damaged or newer, only bodies without an
 * envelope go, and a message that is in the index can be taken and removed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES	8
#define SCRATCH 100
#define FOLDER	101
#define WALK	102

static struct file {
	char name[FS_NAME_MAX];
	struct span content;
	bool there;
} files[FILES];
static unsigned files_n, walk_at;
static uint8_t scratch[FILES * QUEUE_ENTRY_OCTETS];
static size_t scratch_len;

static struct file *
find(const char *path)
{
	if (strncmp(path, "queue/", 6) != 0)
		return NULL;
	for (unsigned i = 0; i < files_n; i++)
		if (files[i].there && !strcmp(files[i].name, path + 6))
			return &files[i];
	return NULL;
}

static int
port_open(struct fs *fs, const char *path, enum fs_how how)
{
	struct file *f = find(path);

	(void)fs;
	if (how == FS_SCRATCH)
		return SCRATCH;
	if (how == FS_FOLDER)
		return FOLDER;
	return f == NULL ? ERR_MISSING : (int)(f - files);
}

static int
port_close(struct fs *fs, int h)
{
	(void)fs;
	(void)h;
	return ERR_OK;
}

static int
port_read(struct fs *fs, int h, void *to, size_t cap, uint64_t at)
{
	struct span s =
	    h == SCRATCH ? span_of(scratch, scratch_len) : files[h].content;

	(void)fs;
	s = span_first(span_from(s, at < s.len ? (size_t)at : s.len), cap);
	if (s.len > 0)
		memcpy(to, s.p, s.len);
	return (int)s.len;
}

static int
port_write(struct fs *fs, int h, const struct span *v, unsigned n, uint64_t at)
{
	(void)fs;
	if (h != SCRATCH || n != 1 || at + v->len > sizeof(scratch))
		abort(); /* a start changes no message */
	memcpy(scratch + at, v->p, v->len);
	if (at + v->len > scratch_len)
		scratch_len = (size_t)at + v->len;
	return ERR_OK;
}

static int
port_path(struct fs *fs, const char *path)
{
	(void)fs;
	(void)path;
	return ERR_OK;
}

static int
port_unlink(struct fs *fs, const char *path)
{
	struct file *f = find(path);

	(void)fs;
	if (f == NULL)
		return ERR_MISSING;
	f->there = false;
	return ERR_OK;
}

static int
port_stat(struct fs *fs, const char *path, struct fs_stat *st)
{
	struct file *f = find(path);

	(void)fs;
	if (f == NULL)
		return ERR_MISSING;
	*st = (struct fs_stat) { .octets = f->content.len };
	return ERR_OK;
}

static int
port_next(struct fs *fs, int h, struct fs_entry *e)
{
	(void)fs;
	assert(h == WALK);
	while (walk_at < files_n && !files[walk_at].there)
		walk_at++;
	if (walk_at == files_n)
		return 0;
	*e = (struct fs_entry) { .len = strlen(files[walk_at].name) };
	memcpy(e->name, files[walk_at++].name, e->len + 1);
	return 1;
}

static int
port_walk(struct fs *fs, const char *path)
{
	(void)fs;
	(void)path;
	return WALK;
}

static struct fs port = {
	.open = port_open,
	.close = port_close,
	.read = port_read,
	.write = port_write,
	.unlink = port_unlink,
	.mkdir = port_path,
	.sync_dir = port_path,
	.stat = port_stat,
	.dir_open = port_walk,
	.dir_next = port_next,
	.dir_close = port_close,
};

static struct span
piece(struct span *rest, size_t digits)
{
	size_t len = 0;
	struct span got;

	for (size_t i = 0; i < digits; i++)
		len = len << 8 | (i < rest->len ? rest->p[i] : 0);
	got = span_first(span_from(*rest, digits), len);
	*rest = span_from(*rest, digits + got.len);
	return got;
}

/* What the folder holds: names as a file system would have them. */
static void
fill(struct span rest)
{
	files_n = walk_at = 0;
	scratch_len = 0;
	while (files_n < FILES && rest.len > 0) {
		struct file *f = &files[files_n];
		struct span name = piece(&rest, 1);
		char path[FS_NAME_MAX + 8] = "queue/";

		f->content = piece(&rest, 2);
		if (name.len == 0 || span_find(name, 0) < name.len
		    || span_find(name, '/') < name.len)
			continue;
		memcpy(f->name, name.p, name.len);
		f->name[name.len] = '\0';
		memcpy(path + 6, f->name, name.len + 1);
		if (find(path) != NULL)
			continue;
		f->there = true;
		files_n++;
	}
}

static bool
is_body(const char *name)
{
	return span_ends_nocase(span_str(name), SPAN(".body"));
}

static void
remove_one(struct queue *q, const struct queue_entry *e)
{
	struct queue_entry taken;
	uint32_t n = q->n;

	assert(queue_take_id(q, span_str(e->id), &taken) == ERR_OK);
	assert(!strcmp(e->id, taken.id));
	assert(queue_remove(q, &taken) == ERR_OK);
	assert(q->n == n - 1);
	assert(queue_take_id(q, span_str(e->id), &taken) == ERR_MISSING);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN];
	const struct queue_clock c = { 1000, 1800000000, 3600 };
	static struct queue q;
	static struct queue_entry window[4];
	struct mailbox_ids ids;
	struct queue_entry e;
	unsigned messages = 0;
	uint32_t slot = 0;

	fill(span_of(data, size));
	mailbox_ids_init(&ids, 1, boot, SPAN("nas"));
	if (queue_open(&q, &port, "queue", &ids, window, 4))
		abort();
	while (queue_recover_step(&q, 2, &c) == 1)
		continue;
	for (unsigned i = 0; i < files_n; i++) {
		assert(files[i].there || is_body(files[i].name));
		messages += files[i].there && !is_body(files[i].name)
			    && files[i].name[0] != '.'
			    && !span_ends_nocase(
				span_str(files[i].name), span_str(q.own));
	}
	assert(q.n + q.newer <= messages);
	assert(q.n + q.damaged + q.newer >= messages);
	while (queue_next(&q, &slot, &e) == 1) {
		char path[FS_PATH_MAX];

		assert(queue_path(&q, e.id, path) == ERR_OK);
		assert(find(path) != NULL && e.due_ms >= 1000);
		assert(e.due_ms <= 1000 + 3600 * 1000);
	}
	while (slot = 0, queue_next(&q, &slot, &e) == 1)
		remove_one(&q, &e);
	assert(q.n == 0);
	queue_close(&q);
	return 0;
}
