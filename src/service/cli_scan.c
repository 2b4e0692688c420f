/*
 * cli_scan: `gatepost scan FILE...`: files, folders and mails looked into here.
 *
 * Neither a state folder nor a server is needed.  A folder is walked in its
 * own order, its folders after its files; links to folders are not followed.
 */
#include "platform/area.h"
#include "scan/builtin.h"
#include "scan/unpack.h"
#include "service/cli_all.h"
#include "service/cli_files.h"
#include "service/cli_sig.h"
#include "service/inflater.h"
#include "service/unarchive.h"

#define SCRATCH	  (sizeof(size_t) > 4 ? (size_t)1 << 30 : (size_t)1 << 27)
#define DEPTH	  8
#define MEMBERS	  100000
#define FOLDERS	  64	       /* in one another */
#define LITTLE	  (256 * 1024) /* looked at: its scratch is kept */
#define PATH_LONG "the path is too long"

struct work {
	struct cli_files files;
	struct scan scan;
	struct sigcomp comp;
	struct sigdb builtin, more;
	_Alignas(8) uint8_t builtin_mem[BUILTIN_OCTETS];
	int status;
	uint64_t files_seen;
	bool out_is_tty, err_is_tty;

	char path[FS_PATH_MAX]; /* of the walk */
	size_t len[FOLDERS];	/* of the path, at each level */
	unsigned next[FOLDERS]; /* which of its folders comes next */
};

/* Found wins over failed, failed over clean. */
static void
note(struct work *w, int status)
{
	if (w->status != CLI_FOUND && status != CLI_OK)
		w->status = status;
}

static void
say(struct cli *cli, const char *path, const char *what, struct span more)
{
	cli_put(&cli->out, span_str(path));
	term_str(&cli->out, what);
	cli_put(&cli->out, more);
	term_str(&cli->out, "\n");
}

/* In which member, on a line of its own. */
static void
say_where(struct cli *cli, const struct work *w)
{
	if (cli_option(cli, "--where", 0) != NULL && w->scan.where[0] != '\0')
		say(cli, "  in ", "", span_str(w->scan.where));
}

/* The name came with the signatures, and may be anything. */
static void
say_found(struct cli *cli, struct work *w, const char *path, struct span name)
{
	char mem[8];
	struct text t;

	cli_put(&cli->out, span_str(path));
	term_str(&cli->out, ": INFECTED ");
	for (size_t i = 0; i < name.len; i++) {
		text_init(&t, mem, sizeof(mem));
		text_escaped(&t, span_of(name.p + i, 1));
		term_span(&cli->out, text_data(&t));
	}
	term_str(&cli->out, "\n");
	say_where(cli, w);
	w->status = CLI_FOUND;
}

/*
 * A person sees each line as it comes; or, where the lines go elsewhere, how
 * many files have been looked at.
 */
static void
show_progress(struct cli *cli, struct work *w)
{
	struct text t;
	char mem[48];

	w->files_seen++;
	if (w->out_is_tty) {
		term_flush(&cli->out);
	} else if (w->err_is_tty) {
		text_init(&t, mem, sizeof(mem));
		text_str(&t, "\r");
		text_u64(&t, w->files_seen);
		text_str(&t, " files looked at\r");
		term_span(&cli->err, text_data(&t));
		term_flush(&cli->err);
	}
}

static void
scan_file(struct cli *cli, struct work *w, const char *path)
{
	struct span all;

	if (cli_files_map(cli, &w->files, path, &all)) {
		note(w, CLI_FAILED);
		return;
	}
	w->scan.file = span_str(path);
	if (scan_bytes(&w->scan, all)) {
		say_found(cli, w, path, w->scan.name);
	} else if (w->scan.flaws & SCAN_ALL_RULES) {
		say_found(cli, w, path, span_str(scan_first_rule(&w->scan)));
	} else if (w->scan.flaws != 0) {
		say(cli, path, ": UNSCANNABLE ",
		    span_str(scan_flaw_text(w->scan.flaws)));
		note(w, CLI_FAILED);
	} else {
		say(cli, path, ": OK", SPAN(""));
	}
	cli_files_unmap(&w->files, all);
	if (w->scan.limits.octets - w->scan.left > LITTLE)
		area_forget(w->scan.scratch, w->scan.scratch_cap);
	show_progress(cli, w);
}

/* ---- folders ---- */

/* Put a name behind the folder of this level; false: too long. */
static bool
append(struct work *w, unsigned level, const char *name)
{
	struct text t = { w->path, sizeof(w->path) - 1, w->len[level], false };

	text_str(&t, t.len > 0 && w->path[t.len - 1] == '/' ? "" : "/");
	text_str(&t, name);
	if (t.cut)
		w->path[w->len[level]] = '\0';
	return !t.cut;
}

static void
complain(struct cli *cli, struct work *w, const char *why)
{
	(void)cli_error_at(cli, w->path, why);
	note(w, CLI_FAILED);
}

static void
one_entry(
    struct cli *cli, struct work *w, unsigned level, const struct fs_entry *e)
{
	struct fs *fs = &w->files.files.fs;
	struct fs_stat st;

	if (e->is_dir)
		return;
	if (!append(w, level, e->name))
		complain(cli, w, PATH_LONG);
	else if (fs->stat(fs, w->path, &st) || !st.is_dir)
		scan_file(cli, w, w->path);
	w->path[w->len[level]] = '\0';
}

static void
scan_entries(struct cli *cli, struct work *w, unsigned level)
{
	struct fs *fs = &w->files.files.fs;
	int h = fs->dir_open(fs, w->path), err;
	struct fs_entry e;

	if (h < 0) {
		complain(cli, w, err_text(h));
		return;
	}
	while ((err = fs->dir_next(fs, h, &e)) > 0)
		one_entry(cli, w, level, &e);
	if (err < 0)
		complain(cli, w, err_text(err));
	(void)fs->dir_close(fs, h);
}

/*
 * Append the level's next folder to the path: 1; 0: there is no other; or
 * ERR_RANGE: it can't be appended.
 */
static int
next_folder(struct work *w, unsigned level)
{
	struct fs *fs = &w->files.files.fs;
	int h = fs->dir_open(fs, w->path);
	unsigned n = 0;
	struct fs_entry e;
	bool found = false;

	if (h < 0)
		return 0;
	while (!found && fs->dir_next(fs, h, &e) > 0)
		found = e.is_dir && n++ == w->next[level];
	(void)fs->dir_close(fs, h);
	if (!found)
		return 0;
	w->next[level]++;
	return append(w, level, e.name) ? 1 : ERR_RANGE;
}

static bool
enter(struct cli *cli, struct work *w, unsigned level)
{
	if (level == FOLDERS) {
		complain(cli, w, "too many folders in one another");
		return false;
	}
	w->len[level] = strlen(w->path);
	w->next[level] = 0;
	scan_entries(cli, w, level);
	return true;
}

static void
scan_folder(struct cli *cli, struct work *w, const char *path)
{
	unsigned n = 1;
	struct text t;

	text_init(&t, w->path, sizeof(w->path));
	text_str(&t, path);
	if (t.cut) {
		(void)cli_error_at(cli, path, PATH_LONG);
		note(w, CLI_FAILED);
		return;
	}
	(void)enter(cli, w, 0);
	while (n > 0) {
		int more = next_folder(w, n - 1);

		if (more < 0)
			complain(cli, w, PATH_LONG " within");
		else if (more == 0)
			n--;
		else if (enter(cli, w, n))
			n++;
		if (n > 0)
			w->path[w->len[n - 1]] = '\0';
	}
}

/* ---- the command ---- */

static int
scan_all(struct cli *cli, struct work *w)
{
	struct fs *fs = &w->files.files.fs;
	struct fs_stat st;

	for (unsigned i = 0; i < cli->n_args; i++) {
		if (!fs->stat(fs, cli->args[i], &st) && st.is_dir)
			scan_folder(cli, w, cli->args[i]);
		else
			scan_file(cli, w, cli->args[i]);
	}
	return w->status;
}

static int
with_scratch(struct cli *cli, struct work *w)
{
	void *mem;
	int status;

	if (builtin_open(&w->builtin, &w->comp, w->builtin_mem)
	    || area_open(&mem, SCRATCH))
		return cli_error(cli, "there is not enough memory");
	w->scan.db[0] = &w->builtin;
	w->scan.limits = (struct scan_limits) { DEPTH, SCRATCH, MEMBERS };
	unarchive_offer(&w->scan);
	w->scan.scratch = mem;
	w->scan.scratch_cap = SCRATCH;
	status = scan_all(cli, w);
	area_close(mem, SCRATCH);
	return status;
}

static int
with_signatures(struct cli *cli, struct work *w)
{
	const char *path = cli_option(cli, "--sigs", 0);
	struct span all;
	int status;

	if (path == NULL)
		return with_scratch(cli, w);
	if (cli_files_map(cli, &w->files, path, &all))
		return CLI_FAILED;
	status = cli_sig_open(cli, path, &w->more, all);
	if (!status && !sigdb_is_whole(&w->more, w->scan.crc32))
		status = cli_sig_damaged(cli, path);
	if (!status) {
		w->scan.db[1] = &w->more;
		status = with_scratch(cli, w);
	}
	cli_files_unmap(&w->files, all);
	return status;
}

static int
scan_args(struct cli *cli, struct cli_files *f)
{
	const char *rules = cli_option(cli, "--rules", 0);
	struct work *w = (struct work *)f;

	w->out_is_tty = term_is_tty(TERM_OUT);
	w->err_is_tty = term_is_tty(TERM_ERR);
	if (rules != NULL && scan_rules_read(span_str(rules), &w->scan.rules))
		return cli_error(cli,
		    "scan: --rules takes scripts, programs and macros, with "
		    "commas between");
	inflater_offer(&w->scan);
	return with_signatures(cli, w);
}

static int
scan(struct cli *cli)
{
	return cli_files_work(cli, sizeof(struct work), scan_args);
}

static const struct cli_command rows[] = {
	{ "scan", "--sigs= --rules= --where",
	    "[--sigs FILE] [--rules scripts,programs,macros] [--where] "
	    "FILE...",
	    1, CLI_ANY, scan,
	    "look for malware; exit status 0 clean, 1 found, 2 error" },
};

const struct cli_table cli_scan_table = CLI_TABLE(rows);
