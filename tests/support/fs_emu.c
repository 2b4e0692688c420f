/* fs_emu: files as arrays, names as a table, and a log of what is unsynced. */
#include "support/fs_emu.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOT   0
#define PAGE   4096
#define SECTOR 512

static void
stop_test(const char *why)
{
	(void)fprintf(stderr, "fs_emu: %s\n", why);
	abort();
}

static struct fs_emu *
emu_of(struct fs *fs)
{
	return (struct fs_emu *)fs;
}

static unsigned
pick(struct fs_emu *e, unsigned below)
{
	e->random ^= e->random << 13;
	e->random ^= e->random >> 7;
	e->random ^= e->random << 17;
	return (unsigned)((e->random >> 16) % below);
}

/* Every call comes by here; an error ends it. */
static int
enter(struct fs_emu *e)
{
	if (e->dead)
		return ERR_IO;
	e->calls++;
	if (e->fail_at == 0 || e->calls < e->fail_at
	    || e->calls >= e->fail_at + e->fail_times)
		return ERR_OK;
	return e->fail_err;
}

/* Every change comes by here; true: the power goes during this one. */
static bool
is_cut(struct fs_emu *e)
{
	e->changes++;
	e->dead = e->changes == e->cut_at;
	return e->dead;
}

/* The cut may come before or after what the call does. */
static bool
is_lost(struct fs_emu *e)
{
	return is_cut(e) && pick(e, 2) == 0;
}

static int
find_name(const struct emu_name *t, int dir, const char *name, size_t len)
{
	for (int i = 0; i < EMU_NAMES; i++)
		if (t[i].node >= 0 && t[i].dir == dir
		    && strlen(t[i].name) == len
		    && !memcmp(t[i].name, name, len))
			return i;
	return -1;
}

static void
set_name(struct emu_name *t, const struct emu_name *to)
{
	int i = find_name(t, to->dir, to->name, strlen(to->name));

	for (int k = 0; i < 0 && k < EMU_NAMES; k++)
		if (t[k].node < 0)
			i = k;
	if (i < 0)
		stop_test("too many names");
	t[i] = *to;
}

/* Change a name now, and note that this is not durable yet. */
static void
change_name(struct fs_emu *e, int dir, const char *name, int node)
{
	struct emu_name to = { .node = node, .dir = dir };

	(void)snprintf(to.name, sizeof(to.name), "%s", name);
	set_name(e->now, &to);
	if (e->n_change == EMU_CHANGES)
		stop_test("too many changes without a sync");
	e->change[e->n_change++] = (struct emu_change) { to };
}

static void
mark_names(const struct emu_name *t, bool *used)
{
	for (int i = 0; i < EMU_NAMES; i++)
		if (t[i].node >= 0)
			used[t[i].node] = true;
}

/* Give up the nodes that nothing leads to. */
static void
collect(struct fs_emu *e)
{
	bool used[EMU_NODES] = { [ROOT] = true };

	mark_names(e->now, used);
	mark_names(e->safe, used);
	for (unsigned i = 0; i < e->n_change; i++)
		if (e->change[i].to.node >= 0)
			used[e->change[i].to.node] = true;
	for (int i = 0; i < EMU_HANDLES; i++)
		if (e->handle[i].node >= 0)
			used[e->handle[i].node] = true;
	for (int i = 0; i < EMU_NODES; i++)
		e->node[i].used = used[i];
}

static int
take_node(struct fs_emu *e, bool is_dir)
{
	for (int tries = 0; tries < 2; tries++) {
		for (int i = 0; i < EMU_NODES; i++) {
			if (e->node[i].used)
				continue;
			e->node[i] = (struct emu_node) { .used = true,
				.is_dir = is_dir };
			e->bytes[i].len = e->safe_bytes[i].len = 0;
			return i;
		}
		collect(e);
	}
	stop_test("too many files");
	return -1;
}

static int
take_handle(struct fs_emu *e, int node, bool is_walk)
{
	for (int i = 0; i < EMU_HANDLES; i++) {
		if (e->handle[i].node >= 0)
			continue;
		e->handle[i] = (struct emu_handle) { node, is_walk, 0 };
		return i;
	}
	stop_test("too many handles");
	return -1;
}

static struct emu_handle *
handle_of(struct fs_emu *e, int h)
{
	if (h < 0 || h >= EMU_HANDLES || e->handle[h].node < 0)
		stop_test("a handle that is not open");
	return &e->handle[h];
}

/* Split a path into its folder's node and its last name. */
static int
walk(struct fs_emu *e, const char *path, int *dir, const char **last)
{
	const char *slash;
	int i;

	*dir = ROOT;
	while ((slash = strchr(path, '/')) != NULL) {
		i = find_name(e->now, *dir, path, (size_t)(slash - path));
		if (i < 0 || !e->node[e->now[i].node].is_dir)
			return ERR_MISSING;
		*dir = e->now[i].node;
		path = slash + 1;
	}
	*last = path;
	return ERR_OK;
}

static int
find_node(struct fs_emu *e, const char *path)
{
	const char *last;
	int dir, i, err = walk(e, path, &dir, &last);

	if (err)
		return err;
	if (!strcmp(last, "."))
		return dir;
	i = find_name(e->now, dir, last, strlen(last));
	return i < 0 ? ERR_MISSING : e->now[i].node;
}

static int
create(struct fs_emu *e, const char *path, bool is_dir)
{
	const char *last;
	int node, dir, err = walk(e, path, &dir, &last);

	if (err)
		return err;
	if (find_name(e->now, dir, last, strlen(last)) >= 0)
		return ERR_EXISTS;
	if (e->free_inodes == 0)
		return ERR_FULL;
	if (is_lost(e))
		return ERR_IO;
	e->free_inodes--;
	node = take_node(e, is_dir);
	change_name(e, dir, last, node);
	return e->dead ? ERR_IO : node;
}

static int
op_open(struct fs *fs, const char *path, enum fs_how how)
{
	struct fs_emu *e = emu_of(fs);
	int node, err = enter(e);

	if (err)
		return err;
	if (how == FS_CREATE)
		node = create(e, path, false);
	else
		node = find_node(e, path);
	if (node < 0)
		return node;
	if (e->node[node].is_dir != (how == FS_FOLDER || how == FS_SCRATCH))
		return how == FS_FOLDER ? ERR_MISSING : ERR_EXISTS;
	if (how == FS_SCRATCH)
		node = take_node(e, false);
	return take_handle(e, node, false);
}

static int
op_close(struct fs *fs, int h)
{
	struct fs_emu *e = emu_of(fs);

	handle_of(e, h)->node = -1;
	return enter(e);
}

static int
op_read(struct fs *fs, int h, void *to, size_t cap, uint64_t at)
{
	struct fs_emu *e = emu_of(fs);
	const struct emu_bytes *b = &e->bytes[handle_of(e, h)->node];
	int err = enter(e);

	if (err)
		return err;
	if (at >= b->len)
		return 0;
	if (cap > b->len - at)
		cap = b->len - (size_t)at;
	memcpy(to, b->at + at, cap);
	return (int)cap;
}

/* Write as much of a piece as there is room for. */
static int
put_bytes(struct fs_emu *e, struct emu_bytes *b, struct span s, size_t at)
{
	size_t end = at + s.len, more;

	if (end > EMU_OCTETS)
		stop_test("a file is too long");
	more = end > b->len ? end - b->len : 0;
	if (more > e->free_octets) {
		end -= more - (size_t)e->free_octets;
		more = (size_t)e->free_octets;
	}
	if (at > b->len)
		memset(b->at + b->len, 0, at - b->len);
	if (end > at)
		memcpy(b->at + at, s.p, end - at);
	b->len += more;
	e->free_octets -= more;
	for (size_t p = at / PAGE; end > at && p <= (end - 1) / PAGE; p++)
		e->node[b - e->bytes].dirty |= 1u << p;
	return end < at + s.len ? ERR_FULL : ERR_OK;
}

static int
op_write(struct fs *fs, int h, const struct span *v, unsigned n, uint64_t at)
{
	struct fs_emu *e = emu_of(fs);
	int node = handle_of(e, h)->node;
	int err = enter(e);
	bool cut = !e->dead && is_cut(e);

	if (e->dead && !cut)
		return ERR_IO;
	/* What fails, or is cut, may have written a part. */
	if (err || cut)
		n = pick(e, n + 1);
	e->node[node].settled = false;
	for (unsigned i = 0; i < n; i++) {
		int full = put_bytes(e, &e->bytes[node], v[i], (size_t)at);

		at += v[i].len;
		if (full)
			return full;
	}
	return cut ? ERR_IO : err;
}

static int
op_truncate(struct fs *fs, int h, uint64_t octets)
{
	struct fs_emu *e = emu_of(fs);
	int node = handle_of(e, h)->node;
	struct emu_bytes *b = &e->bytes[node];
	int err = enter(e);

	if (err)
		return err;
	if (is_lost(e))
		return ERR_IO;
	if (octets > b->len)
		memset(b->at + b->len, 0, (size_t)octets - b->len);
	b->len = (size_t)octets;
	e->node[node].settled = false;
	return e->dead ? ERR_IO : ERR_OK;
}

static void
keep_bytes(struct fs_emu *e, int node)
{
	e->safe_bytes[node].len = e->bytes[node].len;
	memcpy(e->safe_bytes[node].at, e->bytes[node].at, e->bytes[node].len);
	e->node[node].dirty = 0;
}

/* After a failed sync: the pages that were written since. */
static void
keep_dirty(struct fs_emu *e, int node)
{
	struct emu_bytes *safe = &e->safe_bytes[node], *now = &e->bytes[node];

	for (size_t at = 0; at < now->len; at += PAGE) {
		size_t end = at + PAGE < now->len ? at + PAGE : now->len;

		if ((e->node[node].dirty >> at / PAGE & 1) == 0)
			continue;
		if (at > safe->len)
			memset(safe->at + safe->len, 0, at - safe->len);
		memcpy(safe->at + at, now->at + at, end - at);
		if (safe->len < end)
			safe->len = end;
	}
	e->node[node].dirty = 0;
}

/* Make durable the changes in one folder, or (dir -1) all of the journal. */
static void
keep_names(struct fs_emu *e, int dir)
{
	unsigned left = 0;

	for (unsigned i = 0; i < e->n_change; i++) {
		if (dir < 0 || e->change[i].to.dir == dir)
			set_name(e->safe, &e->change[i].to);
		else
			e->change[left++] = e->change[i];
	}
	e->n_change = left;
	for (int i = 0; dir < 0 && i < EMU_NODES; i++) {
		if (e->node[i].used && e->node[i].settled)
			keep_bytes(e, i);
		e->node[i].settled = false;
	}
}

static void
keep_node(struct fs_emu *e, int node)
{
	if (e->node[node].lost) {
		keep_dirty(e, node);
		return;
	}
	if (e->model == EMU_JOURNAL)
		keep_names(e, -1);
	if (e->node[node].is_dir)
		keep_names(e, node);
	else
		keep_bytes(e, node);
}

static void
settle_node(struct fs_emu *e, int node)
{
	if (e->model != EMU_JOURNAL) {
		keep_node(e, node);
	} else if (!e->node[node].lost) {
		e->node[node].settled = true;
		e->node[node].settled_at = e->n_change;
	}
}

/* An error hits one file of the batch, chosen at random, or more. */
static int
make_durable(struct fs_emu *e, const int *h, unsigned n, bool *failed,
    void (*keep)(struct fs_emu *, int))
{
	int err = enter(e);
	bool cut = !e->dead && is_cut(e);
	unsigned bad = n > 0 ? pick(e, n) : 0;

	for (unsigned i = 0; i < n; i++) {
		int node = handle_of(e, h[i])->node;

		failed[i] = e->dead;
		if (e->dead && !cut)
			continue;
		if (err && (i == bad || pick(e, 4) == 0)) {
			failed[i] = true;
			e->node[node].lost = !e->node[node].is_dir;
			e->node[node].dirty = 0;
		} else if (!cut || pick(e, 2) == 0) {
			keep(e, node);
		}
	}
	return cut ? ERR_IO : err;
}

static int
op_sync(struct fs *fs, const int *h, unsigned n, bool *failed)
{
	return make_durable(emu_of(fs), h, n, failed, keep_node);
}

static int
op_settle(struct fs *fs, const int *h, unsigned n, bool *failed)
{
	return make_durable(emu_of(fs), h, n, failed, settle_node);
}

static void
do_aside(struct fs_emu *e)
{
	struct emu_aside *a = &e->aside;

	a->is_done = true;
	a->err = make_durable(e, a->h, a->n, a->failed,
	    a->which == FS_SYNC ? keep_node : settle_node);
}

static int
op_begin(struct fs *fs, enum fs_barrier which, const int *h, unsigned n)
{
	struct fs_emu *e = emu_of(fs);
	struct emu_aside *a = &e->aside;
	int err = enter(e);

	if (err)
		return err;
	if (a->is_busy)
		return ERR_BUSY;
	*a = (struct emu_aside) { .is_busy = true, .which = which, .n = n };
	memcpy(a->h, h, n * sizeof(*h));
	if (pick(e, 2) == 0)
		do_aside(e);
	return ERR_OK;
}

static int
op_end(struct fs *fs, bool wait, bool *failed)
{
	struct fs_emu *e = emu_of(fs);
	struct emu_aside *a = &e->aside;

	if (!a->is_busy)
		stop_test("the end of a sync that has not begun");
	if (!wait && !a->was_asked) {
		a->was_asked = true;
		return ERR_AGAIN;
	}
	if (!a->is_done)
		do_aside(e);
	a->is_busy = false;
	memcpy(failed, a->failed, a->n * sizeof(*failed));
	return a->err;
}

static int
op_sync_dir(struct fs *fs, const char *path)
{
	struct fs_emu *e = emu_of(fs);
	int node, err = enter(e);

	if (err)
		return err;
	node = find_node(e, path);
	if (node < 0)
		return node;
	if (is_lost(e))
		return ERR_IO;
	keep_node(e, node);
	return e->dead ? ERR_IO : ERR_OK;
}

/* The two halves of a rename are two changes: a cut can come between. */
static int
op_rename(struct fs *fs, const char *from, const char *to)
{
	struct fs_emu *e = emu_of(fs);
	const char *from_last, *to_last;
	int from_dir, to_dir, node, err = enter(e);

	if (err)
		return err;
	node = find_node(e, from);
	if (node < 0)
		return node;
	err = walk(e, to, &to_dir, &to_last);
	if (err)
		return err;
	if (is_lost(e))
		return ERR_IO;
	(void)walk(e, from, &from_dir, &from_last);
	change_name(e, to_dir, to_last, node);
	change_name(e, from_dir, from_last, -1);
	return e->dead ? ERR_IO : ERR_OK;
}

static int
op_link(struct fs *fs, const char *from, const char *to)
{
	struct fs_emu *e = emu_of(fs);
	const char *last;
	int dir, node, err = enter(e);

	if (err)
		return err;
	if (e->no_links)
		return ERR_UNSUPPORTED;
	node = find_node(e, from);
	if (node < 0)
		return node;
	err = walk(e, to, &dir, &last);
	if (err)
		return err;
	if (find_name(e->now, dir, last, strlen(last)) >= 0)
		return ERR_EXISTS;
	if (is_lost(e))
		return ERR_IO;
	change_name(e, dir, last, node);
	return e->dead ? ERR_IO : ERR_OK;
}

static int
take_away(struct fs_emu *e, const char *path, bool is_dir)
{
	const char *last;
	int dir, node, err = enter(e);

	if (err)
		return err;
	node = find_node(e, path);
	if (node < 0)
		return node;
	if (e->node[node].is_dir != is_dir)
		return ERR_EXISTS;
	for (int i = 0; is_dir && i < EMU_NAMES; i++)
		if (e->now[i].node >= 0 && e->now[i].dir == node)
			return ERR_EXISTS;
	if (is_lost(e))
		return ERR_IO;
	(void)walk(e, path, &dir, &last);
	change_name(e, dir, last, -1);
	e->free_inodes++;
	e->free_octets += e->bytes[node].len;
	return e->dead ? ERR_IO : ERR_OK;
}

static int
op_unlink(struct fs *fs, const char *path)
{
	return take_away(emu_of(fs), path, false);
}

static int
op_rmdir(struct fs *fs, const char *path)
{
	return take_away(emu_of(fs), path, true);
}

static int
op_mkdir(struct fs *fs, const char *path)
{
	struct fs_emu *e = emu_of(fs);
	int err = enter(e);

	if (err)
		return err;
	err = create(e, path, true);
	return err < 0 ? err : ERR_OK;
}

static int
op_stat(struct fs *fs, const char *path, struct fs_stat *st)
{
	struct fs_emu *e = emu_of(fs);
	int node, err = enter(e);

	if (err)
		return err;
	node = find_node(e, path);
	if (node < 0)
		return node;
	*st = (struct fs_stat) { .octets = e->bytes[node].len,
		.is_dir = e->node[node].is_dir };
	return ERR_OK;
}

static int
op_dir_open(struct fs *fs, const char *path)
{
	struct fs_emu *e = emu_of(fs);
	int node, err = enter(e);

	if (err)
		return err;
	node = find_node(e, path);
	if (node >= 0 && !e->node[node].is_dir)
		node = ERR_MISSING;
	return node < 0 ? node : take_handle(e, node, true);
}

static int
op_dir_next(struct fs *fs, int h, struct fs_entry *out)
{
	struct fs_emu *e = emu_of(fs);
	struct emu_handle *w = handle_of(e, h);
	int err = enter(e);

	if (err)
		return err;
	for (; w->at < EMU_NAMES; w->at++) {
		const struct emu_name *n = &e->now[w->at];

		if (n->node < 0 || n->dir != w->node)
			continue;
		out->len = strlen(n->name);
		memcpy(out->name, n->name, out->len + 1);
		out->is_dir = e->node[n->node].is_dir;
		out->is_file = !out->is_dir;
		w->at++;
		return 1;
	}
	return 0;
}

static int
op_space(struct fs *fs, const char *path, struct fs_space *sp)
{
	struct fs_emu *e = emu_of(fs);
	int err = enter(e);

	(void)path;
	*sp = (struct fs_space) { e->free_octets, e->free_inodes };
	return err;
}

static int
op_map(struct fs *fs, int h, struct span *out)
{
	struct fs_emu *e = emu_of(fs);
	int node = handle_of(e, h)->node;

	*out = span_of(e->bytes[node].at, e->bytes[node].len);
	return enter(e);
}

static void
op_unmap(struct fs *fs, struct span mapped)
{
	(void)fs;
	(void)mapped;
}

static const struct fs emu_ops = {
	.open = op_open,
	.close = op_close,
	.read = op_read,
	.write = op_write,
	.truncate = op_truncate,
	.sync = op_sync,
	.settle = op_settle,
	.begin = op_begin,
	.end = op_end,
	.busy_fd = -1,
	.sync_dir = op_sync_dir,
	.rename = op_rename,
	.link = op_link,
	.unlink = op_unlink,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.stat = op_stat,
	.dir_open = op_dir_open,
	.dir_next = op_dir_next,
	.dir_close = op_close,
	.space = op_space,
	.map = op_map,
	.unmap = op_unmap,
};

void
fs_emu_init(struct fs_emu *e, enum emu_model model)
{
	memset(e, 0, offsetof(struct fs_emu, bytes));
	e->fs = emu_ops;
	e->model = model;
	e->free_octets = UINT64_MAX / 2;
	e->free_inodes = UINT32_MAX / 2;
	e->random = 88172645463325252U;
	e->node[ROOT] = (struct emu_node) { .used = true, .is_dir = true };
	for (int i = 0; i < EMU_NAMES; i++)
		e->now[i].node = e->safe[i].node = -1;
	for (int i = 0; i < EMU_HANDLES; i++)
		e->handle[i].node = -1;
}

void
fs_emu_cut_at(struct fs_emu *e, unsigned n)
{
	e->cut_at = e->changes + n;
}

void
fs_emu_fail_at(struct fs_emu *e, unsigned n, unsigned times, int err)
{
	e->fail_at = e->calls + n;
	e->fail_times = times;
	e->fail_err = err;
}

/* Which unsynced changes of names are found after the cut. */
static unsigned
survive_names(struct fs_emu *e)
{
	unsigned until = e->n_change;

	if (e->model == EMU_NOTHING)
		until = 0;
	else if (e->model == EMU_JOURNAL)
		until = pick(e, e->n_change + 1);
	for (unsigned i = 0; i < until; i++)
		if (e->model != EMU_WEAK || pick(e, 2) == 0)
			set_name(e->safe, &e->change[i].to);
	return until;
}

/* Durable bytes that were being replaced. */
static void
tear_old(struct fs_emu *e, struct emu_bytes *safe, const struct emu_bytes *now)
{
	size_t len = safe->len < now->len ? safe->len : now->len;

	for (size_t at = 0; at < len; at += SECTOR) {
		size_t n = len - at < SECTOR ? len - at : SECTOR;

		if (pick(e, 3) == 0)
			n = pick(e, (unsigned)n);
		if (pick(e, 2) == 0)
			memcpy(safe->at + at, now->at + at, n);
	}
}

/* What came behind them: not there, cut off, or with holes. */
static void
tear_new(struct fs_emu *e, struct emu_bytes *safe, const struct emu_bytes *now)
{
	size_t more = now->len > safe->len ? now->len - safe->len : 0;
	size_t from = safe->len;

	switch (pick(e, 3)) {
	case 0:
		return;
	case 1:
		safe->len += pick(e, (unsigned)more + 1);
		memcpy(safe->at + from, now->at + from, safe->len - from);
		return;
	default:
		safe->len += more;
		memset(safe->at + from, 0, more);
		for (size_t at = from; at < now->len;) {
			size_t end = (at / PAGE + 1) * PAGE;

			end = end < now->len ? end : now->len;
			if (pick(e, 2) == 0)
				memcpy(safe->at + at, now->at + at, end - at);
			at = end;
		}
	}
}

static void
tear(struct fs_emu *e, int node)
{
	struct emu_bytes *safe = &e->safe_bytes[node], *now = &e->bytes[node];

	if (now->len < safe->len && pick(e, 2) == 0)
		safe->len = now->len;
	tear_old(e, safe, now);
	tear_new(e, safe, now);
}

static void
survive_bytes(struct fs_emu *e, int node, unsigned until)
{
	struct emu_bytes *safe = &e->safe_bytes[node], *now = &e->bytes[node];
	const struct emu_node *n = &e->node[node];

	if (e->model == EMU_ALL || (n->settled && n->settled_at <= until))
		keep_bytes(e, node);
	else if (e->model != EMU_NOTHING
		 && (safe->len != now->len
		     || memcmp(safe->at, now->at, now->len)))
		tear(e, node);
	now->len = safe->len;
	memcpy(now->at, safe->at, safe->len);
}

void
fs_emu_boot(struct fs_emu *e, uint64_t seed)
{
	unsigned until;

	e->random = seed * 2 + 1;
	for (int i = 0; i < 8; i++)
		(void)pick(e, 2);
	until = survive_names(e);
	for (int i = 0; i < EMU_NODES; i++) {
		if (e->node[i].used && !e->node[i].is_dir)
			survive_bytes(e, i, until);
		e->node[i].settled = e->node[i].lost = false;
	}
	memcpy(e->now, e->safe, sizeof(e->now));
	e->n_change = 0;
	for (int i = 0; i < EMU_HANDLES; i++)
		e->handle[i].node = -1;
	e->dead = false;
	e->cut_at = e->fail_at = 0;
}

unsigned
fs_emu_handles(const struct fs_emu *e)
{
	unsigned n = 0;

	for (int i = 0; i < EMU_HANDLES; i++)
		n += e->handle[i].node >= 0;
	return n;
}
