/*
 * fuzz_queue_file: any file as a queued message, and as one in quarantine.  A
 * small file port over the input; what is read stays within its bounds, and
 * settling writes only there.
 */
#include <stdlib.h>

#include "store/quarantine_file.h"

static uint8_t image[8192];
static size_t image_len;

static int
open_image(struct fs *fs, const char *path, enum fs_how how)
{
	(void)fs;
	(void)path;
	return how == FS_UPDATE ? 3 : ERR_MISSING;
}

static int
close_image(struct fs *fs, int h)
{
	(void)fs;
	(void)h;
	return ERR_OK;
}

static int
read_image(struct fs *fs, int h, void *to, size_t cap, uint64_t at)
{
	size_t n = at < image_len ? image_len - (size_t)at : 0;

	(void)fs;
	(void)h;
	n = n < cap ? n : cap;
	if (n > 0)
		memcpy(to, image + at, n);
	return (int)n;
}

static int
write_image(struct fs *fs, int h, const struct span *v, unsigned n, uint64_t at)
{
	(void)fs;
	(void)h;
	if (n != 1 || at > image_len || v->len > image_len - at)
		abort(); /* a change in place never makes the file longer */
	memcpy(image + at, v->p, v->len);
	return ERR_OK;
}

static int
stat_image(struct fs *fs, const char *path, struct fs_stat *st)
{
	(void)fs;
	(void)path;
	*st = (struct fs_stat) { .octets = image_len };
	return ERR_OK;
}

static struct fs port = {
	.open = open_image,
	.close = close_image,
	.read = read_image,
	.write = write_image,
	.stat = stat_image,
};

static bool
is_within(struct span s, const struct quarantine_file *q)
{
	return s.p >= q->record && s.p + s.len <= q->record + sizeof(q->record);
}

static void
try_quarantine(void)
{
	static struct quarantine_file q;
	const struct quarantine_note *n = &q.note;

	if (quarantine_file_open(&q, &port, "quarantine", "x"))
		return;
	if (!is_within(n->name, &q) || !is_within(n->where, &q)
	    || !is_within(n->client, &q) || !is_within(n->way, &q)
	    || quarantine_reason_name(n->reason) == NULL
	    || q.queue.head.octets > image_len)
		abort();
	quarantine_file_close(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct queue_file q;
	static struct queue_strings strings;
	struct queue_rcpt r;
	char body[64];
	uint64_t at;

	if (len > sizeof(image))
		return 0;
	memcpy(image, data, len);
	image_len = len;
	try_quarantine();
	if (queue_file_open(&q, &port, "queue", "x"))
		return 0;
	if (queue_file_body(&q, body, sizeof(body), 0) < 0)
		abort();
	at = q.first;
	for (unsigned i = 0; i < 100; i++) {
		if (queue_file_rcpt(&q, &at, &r, &strings) != 1)
			break;
		r.words = SPAN("some words of the other side");
		r.state = QUEUE_FAILED;
		if (queue_file_settle(&q, &r))
			abort();
	}
	if (queue_file_plan(&q) || queue_file_marks(&q))
		abort();
	queue_file_close(&q);
	return 0;
}
