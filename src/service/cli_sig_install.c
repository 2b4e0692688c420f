/*
 * cli_sig_install: `gatepost sig install FILE`: a signature file into force.
 *
 *   FILE -> copy beside the old one, synced -> hash or signature, every
 *   reference, not older -> renamed over the old one, folder synced -> server
 *
 * What is checked is the copy, so that nobody changes it behind the check.
 * Whatever fails, or a cut at any moment, leaves the old file in force; copies
 * that a cut left behind are removed an hour later.
 */
#include <bearssl.h>

#include "config.h"
#include "core/chr.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "scan/sigdb.h"
#include "scan/sigkey.h"
#include "service/cli_all.h"
#include "service/cli_files.h"
#include "service/cli_sig.h"
#include "service/state.h"

#define KEY_SIZE 256
#define OLD_S	 3600

struct install {
	struct cli_files files;
	struct sigdb db;
	char key[KEY_SIZE];	  /* sig.key; empty: none */
	char target[FS_PATH_MAX]; /* what is in force */
	char copy[FS_PATH_MAX];
	char side[FS_PATH_MAX]; /* the detached signature, or a stale copy */
	struct span old; /* the target, mapped; empty where there is none */
	uint8_t piece[65536];
};

/* ---- where, and who may sign ---- */

static int
take_value(struct cli *cli, const struct json *j)
{
	struct install *w = cli->user;

	/* first the key, then the path */
	if (w->target[0] == '?')
		cli_member(j, "value", w->target, sizeof(w->target));
	else
		cli_member(j, "value", w->key, sizeof(w->key));
	return CLI_OK;
}

static int
ask(struct cli *cli, const char *key)
{
	struct text path = cli_path(cli, "/settings/");

	httpreq_encode(&path, span_str(key));
	return cli_show(
	    cli, HTTP_GET, text_cstr(&path), span_of(NULL, 0), take_value);
}

/* STATE/signatures, or what scan.signatures says, below STATE or absolute. */
static int
find_target(struct cli *cli, struct install *w)
{
	char value[FS_PATH_MAX];
	struct text t;
	int status;

	cli->user = w;
	status = ask(cli, "sig.key");
	w->target[0] = '?';
	if (!status)
		status = ask(cli, "scan.signatures");
	if (status)
		return status;
	memcpy(value, w->target, sizeof(value));
	text_init(&t, w->target, sizeof(w->target));
	if (value[0] != '/') {
		text_str(&t, cli->state);
		text_chr(&t, '/');
	}
	text_str(&t, value[0] != '\0' ? value : STATE_SIGNATURES);
	/* room for ".xxxxxxxx.new" */
	if (t.cut || t.len + 16 > sizeof(w->target))
		return cli_error_at(cli, w->target, "the path is too long");
	return CLI_OK;
}

/* ---- the copy ---- */

static struct span
folder_of(const char *path, char *mem)
{
	struct span all = span_str(path);
	size_t slash = span_rfind(all, '/');
	struct text t;

	text_init(&t, mem, FS_PATH_MAX);
	text_span(
	    &t, slash == all.len ? SPAN(".") : span_first(all, slash + 1));
	return span_from(all, slash == all.len ? 0 : slash + 1);
}

/* Remove copies that a cut has left; a fresh one may be somebody's. */
static void
sweep(struct install *w)
{
	struct fs *fs = &w->files.files.fs;
	struct span base = folder_of(w->target, w->side), name;
	size_t folder = strlen(w->side);
	int h = fs->dir_open(fs, w->side);
	struct fs_entry e;
	struct fs_stat st;

	while (h >= 0 && fs->dir_next(fs, h, &e) > 0) {
		struct text t = { w->side, sizeof(w->side) - 1, folder, false };

		name = span_of(e.name, e.len);
		if (e.len != base.len + 13 || !span_starts(name, base)
		    || !span_ends_nocase(name, SPAN(".new")))
			continue;
		text_str(&t, e.name);
		if (!t.cut && !fs->stat(fs, w->side, &st)
		    && st.modified_s < clock_wall_us() / 1000000 - OLD_S)
			(void)fs->unlink(fs, w->side);
	}
	if (h >= 0)
		(void)fs->dir_close(fs, h);
}

static int
name_copy(struct install *w)
{
	struct text t;

	text_init(&t, w->copy, sizeof(w->copy));
	return cli_files_beside(&t, w->target);
}

/* All of `from` to `to`, then durable. */
static int
copy_bytes(struct install *w, int from, int to)
{
	struct fs *fs = &w->files.files.fs;
	uint64_t at = 0;
	bool failed;
	int n;

	do {
		struct span piece;

		n = fs->read(fs, from, w->piece, sizeof(w->piece), at);
		if (n <= 0)
			break;
		piece = span_of(w->piece, (size_t)n);
		at += piece.len;
		n = fs->write(fs, to, &piece, 1, at - piece.len);
	} while (n >= 0);
	return n < 0 ? n : fs->sync(fs, &to, 1, &failed);
}

/* Is the file byte for byte what is in force? */
static bool
is_same(struct install *w, int h)
{
	struct fs *fs = &w->files.files.fs;
	size_t at = 0;
	int n;

	while ((n = fs->read(fs, h, w->piece, sizeof(w->piece), at)) > 0) {
		struct span old = span_first(span_from(w->old, at), (size_t)n);

		if (!span_is(old, span_of(w->piece, (size_t)n)))
			return false;
		at += (size_t)n;
	}
	return n == 0 && at == w->old.len && at > 0;
}

/* ---- may it be installed? ---- */

static bool
is_pinned(struct span bytes, struct span hex)
{
	uint8_t hash[br_sha256_SIZE];
	char mem[2 * sizeof(hash) + 1];
	br_sha256_context c;
	struct text t;

	br_sha256_init(&c);
	br_sha256_update(&c, bytes.p, bytes.len);
	br_sha256_out(&c, hash);
	text_init(&t, mem, sizeof(mem));
	text_hex(&t, span_of(hash, sizeof(hash)));
	return span_is_nocase(text_data(&t), hex);
}

static int
check_signature(struct cli *cli, struct install *w, struct span bytes)
{
	const char *path = cli_option(cli, "--signature", 0);
	uint8_t point[SIGKEY_POINT];
	struct span signature;
	struct text t;
	int err;

	if (sigkey_read(span_str(w->key), point))
		return cli_error(cli,
		    "sig.key is no ECDSA P-256 public key in hexadecimal: "
		    "gatepost set sig.key=..., see the manual");
	text_init(&t, w->side, sizeof(w->side));
	text_str(&t, path != NULL ? path : cli->args[0]);
	text_str(&t, path != NULL ? "" : ".sig");
	if (cli_files_map(cli, &w->files, w->side, &signature))
		return CLI_FAILED;
	err = sigkey_check(point, bytes, signature);
	cli_files_unmap(&w->files, signature);
	return err ? cli_error_at(cli, w->side,
		   "this is not the signature of that file by sig.key")
		   : CLI_OK;
}

static int
check_origin(struct cli *cli, struct install *w, struct span bytes)
{
	const char *pin = cli_option(cli, "--sha256", 0);

	if (pin == NULL)
		return w->key[0] != '\0' ? check_signature(cli, w, bytes)
					 : CLI_OK;
	return is_pinned(bytes, span_str(pin))
		   ? CLI_OK
		   : cli_error_at(cli, cli->args[0],
		       "its SHA-256 is not the one of --sha256");
}

/* Where the old one is sound: the new one must not be made before it. */
static int
check_age(struct cli *cli, struct install *w)
{
	struct sigdb old;

	if (cli_option(cli, "--force", 0) != NULL || w->old.len == 0
	    || sigdb_open(&old, w->old) || w->db.made_s >= old.made_s)
		return CLI_OK;
	return cli_error_at(cli, cli->args[0],
	    "made before the signatures in force; --force installs it all "
	    "the same");
}

static int
check_all(struct cli *cli, struct install *w, struct span bytes)
{
	int status = check_origin(cli, w, bytes);

	if (!status)
		status = cli_sig_open(cli, cli->args[0], &w->db, bytes);
	if (!status && sigdb_verify(&w->db))
		status = cli_sig_damaged(cli, cli->args[0]);
	return status ? status : check_age(cli, w);
}

/* ---- into force ---- */

static int
put_in_place(struct cli *cli, struct install *w)
{
	struct fs *fs = &w->files.files.fs;
	int err = fs->rename(fs, w->copy, w->target);

	if (!err) {
		(void)folder_of(w->target, w->side);
		err = fs->sync_dir(fs, w->side);
	}
	return err ? cli_error_at(cli, w->target, err_text(err)) : CLI_OK;
}

static int
check_and_place(struct cli *cli, struct install *w, int to)
{
	struct fs *fs = &w->files.files.fs;
	struct span bytes;
	int err = fs->map(fs, to, &bytes), status;

	if (err)
		return cli_error_at(cli, w->copy, err_text(err));
	status = check_all(cli, w, bytes);
	fs->unmap(fs, bytes);
	return status ? status : put_in_place(cli, w);
}

static int
install_copy(struct cli *cli, struct install *w, int from)
{
	struct fs *fs = &w->files.files.fs;
	int err = name_copy(w), status = CLI_FAILED, to;

	to = err ? err : fs->open(fs, w->copy, FS_CREATE);
	if (to < 0)
		return cli_error_at(cli, w->target, err_text(to));
	err = copy_bytes(w, from, to);
	if (err)
		(void)cli_error_at(cli, w->copy, err_text(err));
	else
		status = check_and_place(cli, w, to);
	(void)fs->close(fs, to);
	if (status)
		(void)fs->unlink(fs, w->copy);
	return status;
}

static int
say(struct cli *cli, struct install *w, const char *what)
{
	term_str(&cli->out, w->target);
	term_str(&cli->out, what);
	return CLI_OK;
}

static int
install(struct cli *cli, struct install *w, int from)
{
	int status;

	if (is_same(w, from)) {
		status = check_origin(cli, w, w->old);
		return status ? status : say(cli, w, ": unchanged\n");
	}
	status = install_copy(cli, w, from);
	if (!status)
		status = say(cli, w, ": installed\n");
	/* a server that runs uses it from its next turn on */
	if (!status && ENABLE_SCAN_WORKER)
		status = cli_call(cli, HTTP_POST, "/api/v1/signatures/reload",
		    span_of(NULL, 0), NULL);
	return status;
}

static int
open_and_install(struct cli *cli, struct cli_files *f)
{
	struct install *w = (struct install *)f;
	struct fs *fs = &w->files.files.fs;
	struct fs_stat st;
	int status = find_target(cli, w), from;

	if (status)
		return status;
	/* the server must be able to read it */
	if (process_become_owner(cli->state))
		return cli_error_at(
		    cli, cli->state, "its owner's rights can't be taken over");
	sweep(w);
	from = fs->open(fs, cli->args[0], FS_READ);
	if (from < 0)
		return cli_error_at(cli, cli->args[0], err_text(from));
	if (!fs->stat(fs, w->target, &st)
	    && cli_files_map(cli, &w->files, w->target, &w->old))
		status = CLI_FAILED;
	if (!status)
		status = install(cli, w, from);
	cli_files_unmap(&w->files, w->old);
	(void)fs->close(fs, from);
	return status;
}

int
cli_sig_install(struct cli *cli)
{
	return cli_files_work(cli, sizeof(struct install), open_and_install);
}
