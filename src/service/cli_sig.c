/*
 * cli_sig: `gatepost sig compile|verify|info`; install: cli_sig_install.
 *
 * Works on files only; neither a state folder nor a server is needed.
 */
#include "platform/clock.h"
#include "codec/date.h"
#include "scan/builtin.h"
#include "service/cli_all.h"
#include "service/cli_files.h"
#include "platform/area.h"
#include "service/cli_sig.h"

struct work {
	struct cli_files files;
	struct sigcomp comp;
	struct sigdb db;
	_Alignas(8) uint8_t builtin[BUILTIN_OCTETS];
	uint64_t bad; /* lines that were not understood */
};

static void
print_count(struct cli *cli, const char *what, uint64_t n)
{
	char mem[64];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, what);
	text_u64(&t, n);
	term_str(&cli->out, mem);
}

/* ---- compile ---- */

static bool
is_form(const char *path, enum sigcomp_form *form)
{
	static const struct {
		const char *end;
		enum sigcomp_form form;
	} forms[] = {
		{ ".hdb", SIGCOMP_HASH },
		{ ".hsb", SIGCOMP_HASH },
		{ ".ndb", SIGCOMP_NDB },
		{ ".ldb", SIGCOMP_LDB },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!span_ends_nocase(span_str(path), span_str(forms[i].end)))
			continue;
		*form = forms[i].form;
		return true;
	}
	return false;
}

/* "FILE:LINE: NAME...: why", on standard error. */
static void
name_line(struct cli *cli, const char *path, uint64_t number, struct span line,
    const char *why)
{
	char mem[320];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, path);
	text_chr(&t, ':');
	text_u64(&t, number);
	text_str(&t, ": ");
	text_escaped(&t, span_first(line, 60));
	text_str(&t, ": ");
	text_str(&t, why);
	text_chr(&t, '\n');
	term_str(&cli->err, mem);
}

static int
compile_text(struct cli *cli, struct work *w, const char *path,
    enum sigcomp_form form, struct span all)
{
	uint64_t number = 0;
	struct span line;
	const char *why;

	while (span_next(&all, '\n', &line)) {
		int err = sigcomp_line(&w->comp, form, line, &why);

		number++;
		if (err == ERR_FULL)
			return cli_error_at(
			    cli, path, "there is not enough memory");
		if (!err)
			continue;
		w->bad++;
		name_line(cli, path, number, line, why);
	}
	term_flush(&cli->err);
	return CLI_OK;
}

/* "FILE: so many match nothing, or only what is not made here". */
static void
tell_formless(struct cli *cli, const char *path, uint32_t n)
{
	char mem[320];
	struct text t;

	if (n == 0)
		return;
	text_init(&t, mem, sizeof(mem));
	text_str(&t, ": ");
	text_u64(&t, n);
	text_str(&t, " for HTML or text hardly match: no form that is "
		     "searched has capital letters (but in links), two "
		     "blanks, ends of lines or names like n001 (ClamAV's of "
		     "scripts is not made)\n");
	term_str(&cli->err, path);
	term_str(&cli->err, mem);
}

static int
compile_file(struct cli *cli, struct work *w, const char *path)
{
	enum sigcomp_form form = SIGCOMP_NDB;
	struct span all;
	uint32_t before;
	int status;

	if (!is_form(path, &form))
		return cli_error_at(
		    cli, path, "the name must end in .hdb, .hsb, .ndb or .ldb");
	if (cli_files_map(cli, &w->files, path, &all))
		return CLI_FAILED;
	before = w->comp.formless;
	status = compile_text(cli, w, path, form, all);
	tell_formless(cli, path, w->comp.formless - before);
	cli_files_unmap(&w->files, all);
	return status;
}

static int
write_result(struct cli *cli, struct work *w, const char *out)
{
	struct span file;

	/* somebody's error page under that name is not an empty set */
	if (w->comp.signatures == 0 && w->bad > 0)
		return cli_error_at(
		    cli, out, "not written: there is no signature in these");
	w->comp.made_s = (uint64_t)(clock_wall_us() / 1000000);
	if (sigcomp_finish(&w->comp, &file))
		return cli_error_at(cli, out, "there is not enough memory");
	if (cli_files_replace(cli, &w->files, out, file))
		return CLI_FAILED;
	term_str(&cli->out, out);
	print_count(cli, ": signatures ", w->comp.signatures);
	print_count(cli, ", lines not supported ", w->bad);
	print_count(cli, ", octets ", file.len);
	term_str(&cli->out, "\n");
	return CLI_OK;
}

static int
compile_all(struct cli *cli, struct cli_files *f)
{
	struct work *w = (struct work *)f;
	uint64_t octets = 0;
	const char *out = cli_option(cli, "-o", 0);
	size_t need;
	void *mem;
	int status = CLI_OK;

	for (unsigned i = 0; i < cli->n_args; i++) {
		struct fs *fs = &w->files.files.fs;
		struct fs_stat st;

		if (!fs->stat(fs, cli->args[i], &st))
			octets += st.octets;
	}
	need = octets < SIZE_MAX / 256 ? SIGCOMP_NEED(octets) : SIZE_MAX / 4;
	if (area_open(&mem, need))
		return cli_error(cli, "there is not enough memory for these");
	sigcomp_init(&w->comp, mem, need);
	for (unsigned i = 0; i < cli->n_args && !status; i++)
		status = compile_file(cli, w, cli->args[i]);
	if (!status)
		status = write_result(cli, w, out);
	area_close(mem, need);
	return status;
}

/* ---- verify, info ---- */

int
cli_sig_damaged(struct cli *cli, const char *path)
{
	return cli_error_at(cli, path,
	    "the signature file is damaged; fetch it or compile it anew");
}

int
cli_sig_open(
    struct cli *cli, const char *path, struct sigdb *db, struct span bytes)
{
	int err = sigdb_open(db, bytes);

	if (err == ERR_TORN)
		return cli_sig_damaged(cli, path);
	if (!err)
		return CLI_OK;
	return cli_error_at(cli, path,
	    err == ERR_UNSUPPORTED ? "made for another version of gatepost; "
				     "`gatepost sig compile` makes it anew"
				   : "not a compiled signature file; "
				     "`gatepost sig compile` makes one");
}

static int
open_db(struct cli *cli, struct work *w, const char *path, struct span *all)
{
	int status;

	if (cli_files_map(cli, &w->files, path, all))
		return CLI_FAILED;
	status = cli_sig_open(cli, path, &w->db, *all);
	if (status)
		cli_files_unmap(&w->files, *all);
	return status;
}

static int
verify_one(struct cli *cli, struct cli_files *f)
{
	struct work *w = (struct work *)f;
	const char *path = cli->args[0];
	struct span all;
	int status = open_db(cli, w, path, &all);

	if (status)
		return status;
	if (sigdb_verify(&w->db))
		status = cli_sig_damaged(cli, path);
	cli_files_unmap(&w->files, all);
	if (status)
		return status;
	term_str(&cli->out, path);
	term_str(&cli->out, ": OK\n");
	return CLI_OK;
}

static void
print_made(struct cli *cli, const struct sigdb *db)
{
	char mem[64];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "\nmade: ");
	/* nobody means a year with more than five digits */
	if (db->made_s > 0 && db->made_s >> 40 == 0)
		date_put(&t, (int64_t)db->made_s, 0);
	else
		text_str(&t, "not told");
	term_str(&cli->out, mem);
}

static void
print_info(struct cli *cli, const struct sigdb *db)
{
	char mem[2 * SIGDB_DIGEST + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_hex(&t, span_of(db->all.p + 24, SIGDB_DIGEST));
	print_count(cli, "format: ", db->version);
	print_count(cli, "\nsignatures: ", db->signatures);
	print_count(cli, "\nof whole files: ", db->hashes);
	print_count(cli, "\noctets: ", db->all.len);
	print_made(cli, db);
	term_str(&cli->out, "\nsha256: ");
	term_str(&cli->out, mem);
	term_str(&cli->out, "\n");
}

static int
info_one(struct cli *cli, struct cli_files *f)
{
	struct work *w = (struct work *)f;
	struct span all = SPAN("");
	int status = CLI_OK;

	if (cli->n_args > 0)
		status = open_db(cli, w, cli->args[0], &all);
	else if (builtin_open(&w->db, &w->comp, w->builtin))
		status = cli_error(cli, "the built-in set can't be compiled");
	if (status)
		return status;
	print_info(cli, &w->db);
	cli_files_unmap(&w->files, all);
	return CLI_OK;
}

/* ---- rows ---- */

static int
sig_compile(struct cli *cli)
{
	const char *out = cli_option(cli, "-o", 0);
	enum sigcomp_form form;

	if (out == NULL)
		return cli_error(cli, "sig compile: where to? -o FILE");
	if (is_form(out, &form))
		return cli_error_at(cli, out,
		    "is a name for signatures in text; -o FILE is written "
		    "over");
	return cli_files_work(cli, sizeof(struct work), compile_all);
}

static int
sig_verify(struct cli *cli)
{
	return cli_files_work(cli, sizeof(struct work), verify_one);
}

static int
sig_info(struct cli *cli)
{
	return cli_files_work(cli, sizeof(struct work), info_one);
}

static const struct cli_command rows[] = {
	{ "sig compile", "-o=", "IN... -o OUT", 1, CLI_ANY, sig_compile,
	    "compile ClamAV's .hdb .hsb .ndb .ldb into one file" },
	{ "sig verify", "", "FILE", 1, 1, sig_verify,
	    "check every byte of a compiled signature file" },
	{ "sig install", "--sha256= --signature= --force",
	    "FILE [--sha256 HEX | --signature FILE.sig] [--force]", 1, 1,
	    cli_sig_install,
	    "put a signature file in force, if it is sound, signed by sig.key "
	    "(or of that hash), and not older; the server uses it at once" },
	{ "sig info", "", "[FILE]", 0, 1, sig_info,
	    "what a compiled signature file, or the built-in set, holds" },
};

const struct cli_table cli_sig_table = CLI_TABLE(rows);
