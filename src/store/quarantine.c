/*
 * quarantine: an index over a folder of stopped messages, and its limits.
 * Who is told of them, and who may have them back, is decided elsewhere.
 */
#include "store/quarantine.h"

#include "core/le.h"
#include "core/text.h"
#include "core/zero.h"

/* An entry in the index file. */
enum {
	AT_ID = 0, /* terminated */
	AT_STATE = 71,
	AT_NEXT = 72, /* of a free place: the next free one */
	AT_OCTETS = 76,
	AT_SINCE = 84,
	ENTRY_USED = 92,
};

enum entry_state { ENTRY_FREE, ENTRY_NEW, ENTRY_WARNED };

_Static_assert(MAILBOX_ID_MAX <= AT_STATE, "an id fits its place");
_Static_assert(ENTRY_USED <= QUARANTINE_ENTRY, "an entry fits its place");

/* ---- the index ---- */

static int
write_entry(struct quarantine *q, const struct quarantine_entry *e,
    enum entry_state state, uint32_t next)
{
	uint8_t b[QUARANTINE_ENTRY] = { 0 };
	struct span v = span_of(b, sizeof(b));

	memcpy(b + AT_ID, e->id, strlen(e->id));
	b[AT_STATE] = (uint8_t)state;
	le32_put(b + AT_NEXT, next);
	le64_put(b + AT_OCTETS, e->octets);
	le64_put(b + AT_SINCE, (uint64_t)e->since_s);
	q->page_n = 0;
	return q->fs->write(
	    q->fs, q->index, &v, 1, (uint64_t)e->slot * QUARANTINE_ENTRY);
}

static enum entry_state
state_of(const struct quarantine_entry *e)
{
	return e->warned ? ENTRY_WARNED : ENTRY_NEW;
}

static enum entry_state
parse_entry(const uint8_t *b, uint32_t slot, struct quarantine_entry *e)
{
	memcpy(e->id, b + AT_ID, sizeof(e->id));
	e->id[sizeof(e->id) - 1] = '\0';
	e->slot = slot;
	e->warned = b[AT_STATE] == ENTRY_WARNED;
	e->octets = le64_get(b + AT_OCTETS);
	e->since_s = (int64_t)le64_get(b + AT_SINCE);
	return (enum entry_state)b[AT_STATE];
}

/* The entry at `slot`, through a page of them that is kept until a write. */
static int
read_entry(struct quarantine *q, uint32_t slot, const uint8_t **b)
{
	uint32_t n = q->slots - slot;
	int got;

	if (slot < q->page_at || slot - q->page_at >= q->page_n) {
		n = n < QUARANTINE_READ ? n : QUARANTINE_READ;
		got = q->fs->read(q->fs, q->index, q->page,
		    n * QUARANTINE_ENTRY, (uint64_t)slot * QUARANTINE_ENTRY);
		q->page_at = slot;
		q->page_n = got > 0 ? (uint32_t)got / QUARANTINE_ENTRY : 0;
		if (q->page_n == 0)
			return got < 0 ? got : ERR_IO;
	}
	*b = q->page + (slot - q->page_at) * QUARANTINE_ENTRY;
	return ERR_OK;
}

static int
find_place(struct quarantine *q, uint32_t *slot)
{
	const uint8_t *b;
	uint32_t next;
	int err;

	*slot = q->spare;
	if (q->spare == q->slots) {
		q->spare = ++q->slots;
		return ERR_OK;
	}
	err = read_entry(q, q->spare, &b);
	if (err)
		return err;
	next = le32_get(b + AT_NEXT);
	q->spare = next == UINT32_MAX ? q->slots : next;
	return ERR_OK;
}

/* Fill a free place; on an error it is free as before. */
static int
add_entry(struct quarantine *q, struct quarantine_entry *e)
{
	uint32_t slots = q->slots, spare = q->spare;
	int err = find_place(q, &e->slot);

	if (!err)
		err = write_entry(q, e, state_of(e), 0);
	if (err) {
		q->slots = slots;
		q->spare = spare;
		return err;
	}
	q->n++;
	q->octets += e->octets;
	q->unwarned += !e->warned;
	return ERR_OK;
}

int
quarantine_open(struct quarantine *q, struct fs *fs, const char *folder,
    const struct mailbox_ids *ids)
{
	struct text t;

	zero_fill(q, sizeof(*q));
	q->fs = fs;
	q->index = -1;
	q->walk = -1;
	q->limits = (struct quarantine_limits) { UINT64_MAX, INT64_MAX };
	text_init(&t, q->own, sizeof(q->own));
	text_str(&t, ids->tail);
	text_init(&t, q->folder, sizeof(q->folder));
	text_str(&t, folder);
	if (t.cut)
		return ERR_RANGE;
	return mailbox_open_folder(fs, folder, &q->index, &q->walk);
}

void
quarantine_close(struct quarantine *q)
{
	if (q->walk >= 0)
		(void)q->fs->dir_close(q->fs, q->walk);
	if (q->index >= 0)
		(void)q->fs->close(q->fs, q->index);
	q->walk = q->index = -1;
}

int
quarantine_path(
    const struct quarantine *q, const char *id, char out[FS_PATH_MAX])
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, q->folder);
	text_chr(&t, '/');
	text_str(&t, id);
	return t.cut ? ERR_RANGE : ERR_OK;
}

int
quarantine_add(
    struct quarantine *q, const char *id, uint64_t octets, int64_t now_s)
{
	struct quarantine_entry e = { .octets = octets, .since_s = now_s };
	struct text t;

	text_init(&t, e.id, sizeof(e.id));
	text_str(&t, id);
	return add_entry(q, &e);
}

/* ---- at start ---- */

static int
recover_message(struct quarantine *q, const struct fs_entry *f)
{
	static struct quarantine_file file;
	struct quarantine_entry e = { .slot = 0 };
	char path[FS_PATH_MAX];
	struct fs_stat st;
	struct text t;
	int err;

	text_init(&t, e.id, sizeof(e.id));
	text_span(&t, span_of(f->name, f->len));
	if (t.cut)
		return ERR_TORN;
	err = quarantine_path(q, e.id, path);
	if (!err)
		err = q->fs->stat(q->fs, path, &st);
	if (!err)
		err = quarantine_file_open(&file, q->fs, q->folder, e.id);
	if (err)
		return err;
	e.octets = st.octets;
	e.warned = file.queue.warned;
	e.since_s = file.queue.plan.since_s != 0 ? file.queue.plan.since_s
						 : file.queue.head.arrived_s;
	quarantine_file_close(&file);
	return add_entry(q, &e);
}

static bool
is_old_file(const struct quarantine *q, const struct fs_entry *f)
{
	struct span name = span_of(f->name, f->len);

	return !f->is_dir && f->name[0] != '.'
	       && (q->own[0] == '\0'
		   || !span_ends_nocase(name, span_str(q->own)));
}

int
quarantine_recover_step(struct quarantine *q, unsigned most)
{
	static struct fs_entry f;
	int got = 1, err;

	if (q->walk < 0)
		return 0;
	for (; most > 0; most--) {
		got = q->fs->dir_next(q->fs, q->walk, &f);
		if (got <= 0)
			break;
		err = is_old_file(q, &f) ? recover_message(q, &f) : ERR_OK;
		if (err)
			*(err == ERR_UNSUPPORTED ? &q->newer : &q->damaged) +=
			    1;
	}
	if (got <= 0) {
		(void)q->fs->dir_close(q->fs, q->walk);
		q->walk = -1;
	}
	return got;
}

/* ---- walking ---- */

int
quarantine_next(
    struct quarantine *q, uint32_t *slot, struct quarantine_entry *e)
{
	const uint8_t *b;

	while (*slot < q->slots) {
		int err = read_entry(q, *slot, &b);

		if (err)
			return err;
		if (parse_entry(b, (*slot)++, e) != ENTRY_FREE)
			return 1;
	}
	return 0;
}

int
quarantine_find(
    struct quarantine *q, struct span id, struct quarantine_entry *e)
{
	uint32_t slot = 0;
	int got;

	while ((got = quarantine_next(q, &slot, e)) == 1)
		if (span_is(id, span_str(e->id)))
			return ERR_OK;
	return got < 0 ? got : ERR_MISSING;
}

/* The entry as it stands now; ERR_MISSING where it is another or none. */
static int
renew(struct quarantine *q, struct quarantine_entry *e)
{
	struct quarantine_entry now;
	const uint8_t *b;
	int err = read_entry(q, e->slot, &b);

	if (err)
		return err;
	if (parse_entry(b, e->slot, &now) == ENTRY_FREE
	    || strcmp(now.id, e->id) != 0)
		return ERR_MISSING;
	*e = now;
	return ERR_OK;
}

/* No longer counted.  The index may fail to forget it: once, it is here. */
static void
uncount(struct quarantine *q, const struct quarantine_entry *e, bool was_there)
{
	if (!was_there && q->ghosts > 0) {
		q->ghosts--;
		return;
	}
	q->n--;
	q->octets -= e->octets;
	q->unwarned -= !e->warned;
}

int
quarantine_remove(struct quarantine *q, const struct quarantine_entry *e)
{
	struct quarantine_entry here = *e, none = { .slot = e->slot };
	uint32_t next = q->spare == q->slots ? UINT32_MAX : q->spare;
	char path[FS_PATH_MAX];
	int err = renew(q, &here);

	if (!err)
		err = quarantine_path(q, here.id, path);
	if (err)
		return err;
	err = q->fs->unlink(q->fs, path);
	if (err && err != ERR_MISSING)
		return err;
	uncount(q, &here, !err);
	if (write_entry(q, &none, ENTRY_FREE, next))
		q->ghosts++;
	else
		q->spare = here.slot;
	return ERR_OK;
}

int
quarantine_since(struct quarantine *q, struct quarantine_entry *e, int64_t s)
{
	e->since_s = s;
	return write_entry(q, e, state_of(e), 0);
}

/* ---- who is to be told ---- */

int
quarantine_next_unwarned(struct quarantine *q, struct quarantine_entry *e)
{
	uint32_t end;

	if (q->unwarned == 0)
		return 0;
	if (q->warn_at >= q->slots)
		q->warn_at = 0;
	end = q->warn_at + QUARANTINE_SLICE;
	while (q->warn_at < end) {
		int got = quarantine_next(q, &q->warn_at, e);

		if (got <= 0 || !e->warned)
			return got;
	}
	return 0;
}

int
quarantine_warned(struct quarantine *q, struct quarantine_entry *e)
{
	int err = renew(q, e);

	if (err || e->warned)
		return err;
	e->warned = true;
	q->unwarned--;
	return write_entry(q, e, ENTRY_WARNED, 0);
}
