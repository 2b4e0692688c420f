/* cli_backup: `gatepost settings export|import|reset|wear`, backup, restore. */
#include "service/cli_all.h"

#include <string.h>

#include "core/secret.h"
#include "service/cli_files.h"

#define PASSPHRASE_SIZE 256

/* ---- passphrases ---- */

static int
no_passphrase(struct cli *cli)
{
	return cli_error(cli,
	    "no passphrase: --passphrase-stdin reads one line, "
	    "--with-passphrase asks at the terminal");
}

/* What the options want: its length, 0 for none, or less after a message. */
static int
ask_passphrase(struct cli *cli, char *out, bool twice)
{
	char again[PASSPHRASE_SIZE];
	int n = 0, m;

	if (cli_option(cli, "--passphrase-stdin", 0) != NULL) {
		n = term_read_line(out, PASSPHRASE_SIZE - 1);
		return n > 0 ? n : (no_passphrase(cli), ERR_EOF);
	}
	if (cli_option(cli, "--with-passphrase", 0) == NULL
	    && cli_option(cli, "--with-secrets", 0) == NULL)
		return 0;
	n = term_ask_secret("Passphrase: ", out, PASSPHRASE_SIZE - 1);
	if (n <= 0)
		return no_passphrase(cli), ERR_EOF;
	if (!twice)
		return n;
	m = term_ask_secret("Again: ", again, PASSPHRASE_SIZE - 1);
	if (m != n
	    || !secret_is(span_of(out, (size_t)n), span_of(again, (size_t)n))) {
		(void)cli_error(cli, "the two passphrases are not the same");
		n = ERR_SYNTAX;
	}
	secret_wipe(again, sizeof(again));
	return n;
}

/* ---- out ---- */

static int
ask_with_passphrase(struct cli *cli, const char *path, cli_sink sink)
{
	char passphrase[PASSPHRASE_SIZE];
	int n = ask_passphrase(cli, passphrase, true);
	struct json_out o;
	struct text t;
	int status;

	if (n < 0
	    || cli_check(cli, "passphrase", span_of(passphrase, (size_t)n)))
		return CLI_FAILED;
	o = cli_body(cli, &t);
	json_object(&o, NULL);
	json_str(&o, "passphrase", span_of(passphrase, (size_t)n));
	json_end(&o);
	secret_wipe(passphrase, sizeof(passphrase));
	status = cli_call(cli, HTTP_POST, path, text_data(&t), sink);
	secret_wipe(cli->body_mem, t.len);
	return status;
}

static int
to_output(struct cli *cli, struct span piece)
{
	term_span(&cli->out, piece);
	return CLI_OK;
}

static int
settings_export(struct cli *cli)
{
	return ask_with_passphrase(cli, "/api/v1/settings/export", to_output);
}

static int
to_file(struct cli *cli, struct span piece)
{
	struct term *file = cli->user;

	term_span(file, piece);
	return file->failed ? cli_error_at(
		   cli, cli->args[0], "can't be written; is there room?")
			    : CLI_OK;
}

/* "-": nothing but the file goes to standard output. */
static int
to_pipe(struct cli *cli)
{
	if (term_is_tty(TERM_OUT))
		return cli_error(cli,
		    "standard output is a terminal, and a backup is no text; "
		    "name a file");
	return ask_with_passphrase(cli, "/api/v1/backup", to_output);
}

static int
backup(struct cli *cli)
{
	const char *path = cli->args[0];
	char *part = cli->path_mem, mem[256];
	struct term file;
	struct text t;
	int status;

	if (!strcmp(path, "-"))
		return to_pipe(cli);
	if (term_is_special(path))
		return cli_error_at(cli, path,
		    "this is no ordinary file; `-` writes to standard output");
	text_init(&t, part, sizeof(cli->path_mem));
	if (cli_files_beside(&t, path)
	    || term_file_begin(&file, part, mem, sizeof(mem)) < 0)
		return cli_error_at(cli, path,
		    "can't be made; does the folder exist, and is it yours?");
	/* cppcheck-suppress autoVariables ; used only by the next call */
	cli->user = &file;
	status = ask_with_passphrase(cli, "/api/v1/backup", to_file);
	if (status != CLI_OK) {
		term_file_abort(&file, part);
		return status;
	}
	if (term_file_end(&file, part, path) < 0)
		return cli_error_at(
		    cli, path, "can't be written; is there room?");
	cli_put(&cli->out, span_str(path));
	term_str(&cli->out, ": written; mail and certificates are not in it\n");
	return CLI_OK;
}

/* ---- in ---- */

static int
explain_file(struct cli *cli, const char *path, int err)
{
	if (!strcmp(path, "-"))
		path = "standard input";
	switch (err) {
	case ERR_MISSING:
		return cli_error_at(cli, path, "no such file");
	case ERR_DENIED:
		return cli_error_at(cli, path, "no right to read this file");
	case ERR_RANGE:
		return cli_error_at(cli, path,
		    "is too long to be a file that gatepost has written");
	default:
		return cli_error_at(cli, path, "can't be read");
	}
}

/* The passphrase's line, then the file: what the API takes. */
static int
send_file(struct cli *cli, const char *file, const char *path)
{
	char passphrase[PASSPHRASE_SIZE];
	int n = ask_passphrase(cli, passphrase, false), got, status;
	size_t len;

	if (n < 0)
		return CLI_FAILED;
	memcpy(cli->body_mem, passphrase, (size_t)n);
	secret_wipe(passphrase, sizeof(passphrase));
	len = (size_t)n;
	cli->body_mem[len++] = '\n';
	got = term_read_file(file, cli->body_mem + len, cli->body_cap - len);
	if (got < 0)
		return explain_file(cli, file, got);
	len += (size_t)got;
	status =
	    cli_call(cli, HTTP_POST, path, span_of(cli->body_mem, len), NULL);
	secret_wipe(cli->body_mem, len);
	return status;
}

static int
settings_import(struct cli *cli)
{
	return send_file(cli, cli->n_args > 0 ? cli->args[0] : "-",
	    "/api/v1/settings/import");
}

static int
restore(struct cli *cli)
{
	return send_file(cli, cli->args[0], "/api/v1/restore");
}

static int
settings_reset(struct cli *cli)
{
	return cli_call(
	    cli, HTTP_POST, "/api/v1/settings/reset", span_of(NULL, 0), NULL);
}

/* ---- wear ---- */

static void
print_numbers(struct cli *cli, const struct json *j, int object)
{
	int at = JSON_ABSENT;
	struct span key;

	while (json_next(j, object, &at, &key)) {
		if (json_type(j, at) != JSON_NUMBER)
			continue;
		term_span(&cli->out, key);
		term_str(&cli->out, ": ");
		term_span(&cli->out, json_raw(j, at));
		term_str(&cli->out, "\n");
	}
}

static int
print_wear(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "erases"), at = JSON_ABSENT;

	print_numbers(cli, j, JSON_ROOT);
	while (json_next(j, list, &at, NULL)) {
		term_str(&cli->out, "bank ");
		term_span(&cli->out, json_raw(j, json_member(j, at, "bank")));
		term_str(&cli->out, ": ");
		term_span(&cli->out, json_raw(j, json_member(j, at, "erases")));
		term_str(&cli->out, " erases, ");
		term_span(
		    &cli->out, json_raw(j, json_member(j, at, "failures")));
		term_str(&cli->out, " failures since the start\n");
	}
	return CLI_OK;
}

static int
settings_wear(struct cli *cli)
{
	return cli_show(cli, HTTP_GET, "/api/v1/settings/wear",
	    span_of(NULL, 0), print_wear);
}

#define ASK	  "--with-passphrase --passphrase-stdin"
#define ASK_USAGE "[--with-passphrase|--passphrase-stdin]"

static const struct cli_command rows[] = {
	{ "settings export", "--with-secrets --passphrase-stdin",
	    "[--with-secrets|--passphrase-stdin]", 0, 0, settings_export,
	    "print what differs from the defaults" },
	{ "settings import", ASK, "[FILE] " ASK_USAGE, 0, 1, settings_import,
	    "take over what export has printed" },
	{ "settings reset", "", "", 0, 0, settings_reset,
	    "give all settings their defaults back" },
	{ "settings wear", "", "", 0, 0, settings_wear,
	    "show room and wear of the settings' flash" },
	{ "backup", ASK, "FILE " ASK_USAGE, 1, 1, backup,
	    "write settings and accounts to a file" },
	{ "restore", ASK, "FILE " ASK_USAGE, 1, 1, restore,
	    "replace settings and accounts by a backup's" },
};

const struct cli_table cli_backup_table = CLI_TABLE(rows);
