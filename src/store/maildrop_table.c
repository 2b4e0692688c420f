/*
 * maildrop_table: an external merge sort over one append-only file.
 *
 *   file:  run, run, ... run, merged (the table)
 *
 * Runs are as long as the work memory.  When there are too many they are
 * merged into one early.  Nothing is ever freed inside the file: it is
 * nameless and goes with the session.
 */
#include "store/maildrop_table.h"

#include <assert.h>

#include "core/chr.h"
#include "store/mailbox.h"
#include "store/maildrop_sort.h"

#define RECORD sizeof(struct maildrop_entry)

_Static_assert(sizeof(struct maildrop_entry) == 160,
    "records have no hidden bytes and fill pages evenly");

const char *const maildrop_folder_name[MAILDROP_FOLDERS] = { "new", "cur" };

/* Eight bytes, the first one lowest, whatever the machine's order is. */
static uint64_t
octets_at(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* The same on every machine: unique ids of odd names depend on it. */
static uint64_t
hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u ^ s.len;
	size_t i;

	for (i = 0; i + 8 <= s.len; i += 8) {
		h = (h ^ octets_at(s.p + i)) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	for (; i < s.len; i++)
		h = (h ^ s.p[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* "1763826000.M512345P8..." in microseconds; 0 where it says nothing. */
static uint64_t
time_of(struct span id)
{
	uint64_t seconds, us;
	size_t dot = span_find(id, '.'), n;
	struct span rest = span_from(id, dot + 2);

	if (span_u64(span_first(id, dot), UINT32_MAX * 16ull, &seconds))
		return 0;
	seconds *= 1000000;
	if (dot + 1 >= id.len || id.p[dot + 1] != 'M')
		return seconds;
	for (n = 0; n < rest.len && chr_is(rest.p[n], CHR_DIGIT); n++)
		;
	return span_u64(span_first(rest, n), 999999, &us) ? seconds
							  : seconds + us;
}

int
maildrop_record(uint8_t folder, struct span name, struct maildrop_entry *e)
{
	struct mailbox_entry m;
	int err = mailbox_parse(name, &m);

	if (err || name.len > UINT8_MAX)
		return ERR_SYNTAX;
	*e = (struct maildrop_entry) {
		.time_us = time_of(m.id),
		.octets = m.has_wire ? m.wire_octets : 0,
		.hash = hash(m.base),
		.has_octets = m.has_wire,
		.folder = folder,
		.len = (uint8_t)name.len,
		.base_len = (uint8_t)m.base.len,
		.id_len = (uint8_t)m.id.len,
	};
	name = span_first(name, sizeof(e->name));
	memcpy(e->name, name.p, name.len);
	return ERR_OK;
}

/* --- the file --------------------------------------------------------------
 */

static int
append(struct maildrop *d, const struct maildrop_entry *e, uint32_t n)
{
	struct span bytes = span_of(e, n * RECORD);
	struct fs *fs = d->owner->fs;
	int err;

	if (d->table < 0) {
		d->table = fs->open(fs, d->maildir, FS_SCRATCH);
		if (d->table < 0)
			return d->table;
	}
	err = fs->write(fs, d->table, &bytes, 1, d->table_end);
	d->table_end += bytes.len;
	return err;
}

static int
read_records(
    struct maildrop *d, struct maildrop_entry *e, uint32_t n, uint64_t at)
{
	struct fs *fs = d->owner->fs;
	int got = fs->read(fs, d->table, e, n * RECORD, at);

	if (got < 0)
		return got;
	return (size_t)got == n * RECORD ? ERR_OK : ERR_IO;
}

int
maildrop_table_run(struct maildrop *d)
{
	struct maildrop_work *w = d->owner->work;
	struct maildrop_run *run = &w->run[d->runs];
	int err;

	*run = (struct maildrop_run) { d->table_end, d->loaded };
	maildrop_sort(w, d->loaded);
	err = append(d, w->entry, d->loaded);
	d->loaded = 0;
	d->runs++;
	if (!err && d->runs == MAILDROP_RUNS)
		err = maildrop_table_merge(d);
	return err;
}

#define OUT_MAX (MAILDROP_IO / RECORD) /* records written at once */

/* The heads of all runs, side by side in the work memory. */
struct merge {
	struct maildrop *d;
	uint32_t cap; /* records in each one's share */
	uint32_t out_n;
	bool has_before;
	uint64_t before; /* the hash of the record that came out last */
	uint8_t before_len;
	uint64_t time_us[MAILDROP_RUNS]; /* of each head */
	struct {
		uint16_t at;
		uint16_t n;
	} head[MAILDROP_RUNS];
};

static struct maildrop_entry *
head_of(const struct merge *m, uint32_t run)
{
	return &m->d->owner->work->entry[run * m->cap + m->head[run].at];
}

static void
note_time(struct merge *m, uint32_t i)
{
	m->time_us[i] = m->head[i].n > 0 ? head_of(m, i)->time_us : UINT64_MAX;
}

static int
refill(struct merge *m, uint32_t i)
{
	struct maildrop_run *run = &m->d->owner->work->run[i];
	uint32_t n = run->n < m->cap ? run->n : m->cap;
	uint64_t at = run->at;
	int err = ERR_OK;

	m->head[i].at = 0;
	m->head[i].n = (uint16_t)n;
	run->at += n * RECORD;
	run->n -= n;
	if (n > 0)
		err = read_records(m->d, head_of(m, i), n, at);
	note_time(m, i);
	return err;
}

static bool
is_lower(const struct merge *m, uint32_t a, uint32_t b)
{
	if (m->time_us[a] != m->time_us[b])
		return m->time_us[a] < m->time_us[b];
	return m->head[a].n > 0
	       && maildrop_compare(head_of(m, a), head_of(m, b)) < 0;
}

/* The run with the lowest head, or the number of runs when all are empty. */
static uint32_t
lowest(const struct merge *m)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < m->d->runs; i++)
		if (is_lower(m, i, best))
			best = i;
	return m->head[best].n > 0 ? best : m->d->runs;
}

static void
count_in(struct maildrop *d, const struct maildrop_entry *e)
{
	d->count++;
	d->octets += e->octets;
	d->unmeasured += !e->has_octets;
}

/* The memory for reading messages lies idle meanwhile. */
static struct maildrop_entry *
out_of(const struct merge *m)
{
	return m->d->owner->work->out;
}

static int
flush(struct merge *m)
{
	int err = append(m->d, out_of(m), m->out_n);

	m->out_n = 0;
	return err;
}

static int
put_out(struct merge *m, const struct maildrop_entry *e)
{
	bool twin = m->has_before && m->before == e->hash
		    && m->before_len == e->base_len;

	m->has_before = true;
	m->before = e->hash;
	m->before_len = e->base_len;
	if (twin)
		return ERR_OK;
	count_in(m->d, e);
	out_of(m)[m->out_n++] = *e;
	return m->out_n == OUT_MAX ? flush(m) : ERR_OK;
}

static int
merge_all(struct merge *m)
{
	uint32_t i;
	int err = ERR_OK;

	while (!err && (i = lowest(m)) < m->d->runs) {
		err = put_out(m, head_of(m, i));
		m->head[i].at++;
		if (--m->head[i].n > 0)
			note_time(m, i);
		else if (!err)
			err = refill(m, i);
	}
	return err || m->out_n == 0 ? err : flush(m);
}

int
maildrop_table_merge(struct maildrop *d)
{
	struct merge m = { .d = d, .cap = MAILDROP_BATCH / d->runs };
	uint64_t at = d->table_end;
	int err = ERR_OK;

	d->count = d->unmeasured = 0;
	d->octets = 0;
	for (uint32_t i = 0; !err && i < d->runs; i++)
		err = refill(&m, i);
	if (!err)
		err = merge_all(&m);
	d->table_at = at;
	d->owner->work->run[0] = (struct maildrop_run) { at, d->count };
	d->runs = 1;
	return err;
}

void
maildrop_table_keep(struct maildrop *d)
{
	struct maildrop_work *w = d->owner->work;
	uint32_t n = d->loaded, i;

	assert(n <= MAILDROP_WINDOW);
	maildrop_sort(w, n);
	d->count = 0;
	for (i = 0; i < n; i++) {
		const struct maildrop_entry *e = &w->entry[i];

		if (i > 0 && e[-1].hash == e->hash
		    && e[-1].base_len == e->base_len)
			continue;
		d->window[d->count] = *e;
		count_in(d, e);
	}
	d->window_first = 1;
	d->window_n = d->count;
}

int
maildrop_table_store(
    struct maildrop *d, uint32_t number, const struct maildrop_entry *e)
{
	struct span bytes = span_of(e, RECORD);
	struct fs *fs = d->owner->fs;

	if (d->table < 0)
		return ERR_OK;
	return fs->write(fs, d->table, &bytes, 1,
	    d->table_at + (number - 1) * (uint64_t)RECORD);
}

int
maildrop_fetch(struct maildrop *d, uint32_t number, struct maildrop_entry **e)
{
	uint32_t n = d->count - number + 1;
	int err;

	assert(number >= 1 && number <= d->count);
	if (d->bare)
		return maildrop_fetch_bare(d, number, e);
	if (d->window_first == 0 || number < d->window_first
	    || number >= d->window_first + d->window_n) {
		n = n < MAILDROP_WINDOW ? n : MAILDROP_WINDOW;
		d->window_first = 0;
		err = read_records(d, d->window, n,
		    d->table_at + (number - 1) * (uint64_t)RECORD);
		if (err)
			return err;
		d->window_first = number;
		d->window_n = n;
	}
	*e = &d->window[number - d->window_first];
	return ERR_OK;
}
