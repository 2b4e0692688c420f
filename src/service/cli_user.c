/* cli_user: `gatepost user add|del|passwd|warn|list`. */
#include "service/cli_all.h"

#include <string.h>

#include "core/err.h"
#include "core/secret.h"
#include "policy/users.h"

#define PASSWORD_SIZE (USERS_PASSWORD_MAX + 1)

static const char legacy_note[] =
    "The password is also kept in a form that can be read back with this "
    "device's key, so that APOP and CRAM-MD5 work.\nWhoever gets both the "
    "settings and the key file has the password; use one that is used "
    "nowhere else.\n";

/* From standard input, or twice from the terminal; its length. */
static int
ask_password(struct cli *cli, char out[PASSWORD_SIZE])
{
	char again[PASSWORD_SIZE];
	int n, m;

	if (cli_option(cli, "--password-stdin", 0) != NULL)
		return term_read_line(out, PASSWORD_SIZE - 1);
	n = term_ask_secret("Password: ", out, PASSWORD_SIZE - 1);
	if (n < 0)
		return n;
	m = term_ask_secret("Again: ", again, PASSWORD_SIZE - 1);
	if (m >= 0
	    && !secret_is(span_of(out, (size_t)n), span_of(again, (size_t)m)))
		m = ERR_SYNTAX;
	secret_wipe(again, sizeof(again));
	return m < 0 ? m : n;
}

static int
explain(struct cli *cli, int err)
{
	switch (err) {
	case ERR_MISSING:
		return cli_error(cli,
		    "there is no terminal to ask for the password; give it "
		    "on standard input with --password-stdin");
	case ERR_EOF:
		return cli_error(cli,
		    "no password was given; --password-stdin reads one line");
	case ERR_SYNTAX:
		return cli_error(
		    cli, "the two passwords are not the same; try again");
	case ERR_RANGE:
		return cli_error(
		    cli, "the password is too long; 191 octets are the most");
	default:
		return cli_error(cli, "the password could not be read");
	}
}

/* Ask the API; `name` is NULL where the path has it. */
static int
send_password(
    struct cli *cli, enum http_method m, const char *path, const char *name)
{
	bool legacy = cli_option(cli, "--legacy", 0) != NULL;
	char password[PASSWORD_SIZE];
	struct json_out o;
	struct text t;
	int n = ask_password(cli, password);
	int status;

	if (n < 0)
		return explain(cli, n);
	if (cli_check(cli, "password", span_of(password, (size_t)n)))
		return CLI_FAILED;
	o = cli_body(cli, &t);
	json_object(&o, NULL);
	if (name != NULL)
		json_cstr(&o, "name", name);
	json_str(&o, "password", span_of(password, (size_t)n));
	json_bool(&o, "legacy", legacy);
	json_end(&o);
	secret_wipe(password, sizeof(password));
	status = cli_call(cli, m, path, text_data(&t), NULL);
	secret_wipe(cli->body_mem, t.len);
	if (status == CLI_OK && legacy)
		term_str(&cli->out, legacy_note);
	return status;
}

static int
user_add(struct cli *cli)
{
	struct text path = cli_path(cli, "/users");

	return send_password(cli, HTTP_POST, text_cstr(&path), cli->args[0]);
}

static int
user_passwd(struct cli *cli)
{
	struct text path = cli_path(cli, "/users/");

	httpreq_encode(&path, span_str(cli->args[0]));
	text_str(&path, "/password");
	return send_password(cli, HTTP_PUT, text_cstr(&path), NULL);
}

static int
user_del(struct cli *cli)
{
	struct text path = cli_path(cli, "/users/");

	httpreq_encode(&path, span_str(cli->args[0]));
	return cli_call(
	    cli, HTTP_DELETE, text_cstr(&path), span_of(NULL, 0), NULL);
}

/* R20: what was done, and what it means. */
static const char warn_on[] =
    " will be told when a message to or from this account is stopped.\n"
    "Nobody outside is ever told. scan.warn is the switch for all accounts.\n";
static const char warn_off[] =
    " will no longer be told when a message to or from this account is "
    "stopped.\nSuch messages are kept all the same: `gatepost quarantine "
    "list`. Members of a mailing list are\nstill told of messages to the list."
    "\n";

static int
user_warn(struct cli *cli)
{
	struct text t, path = cli_path(cli, "/users/");
	bool on = !strcmp(cli->args[1], "on");
	struct json_out o;
	int status;

	if (!on && strcmp(cli->args[1], "off") != 0)
		return cli_error_at(cli, cli->args[1],
		    "say on or off, as in: gatepost user warn anna off");
	httpreq_encode(&path, span_str(cli->args[0]));
	o = cli_body(cli, &t);
	json_object(&o, NULL);
	json_bool(&o, "warn", on);
	json_end(&o);
	status =
	    cli_call(cli, HTTP_PATCH, text_cstr(&path), text_data(&t), NULL);
	if (status != CLI_OK)
		return status;
	term_str(&cli->out, cli->args[0]);
	term_str(&cli->out, on ? warn_on : warn_off);
	return CLI_OK;
}

static int
print_user(struct cli *cli, const struct json *j)
{
	bool legacy = false, disabled = false, warn = true;

	cli_print_text(cli, j, json_member(j, JSON_ROOT, "name"));
	if (json_truth(j, json_member(j, JSON_ROOT, "legacy"), &legacy)
	    || json_truth(j, json_member(j, JSON_ROOT, "disabled"), &disabled)
	    || json_truth(j, json_member(j, JSON_ROOT, "warn"), &warn))
		return cli_error(cli, "the answer is not understood");
	term_str(&cli->out, legacy ? "\tlegacy" : "");
	term_str(&cli->out, disabled ? "\tdisabled" : "");
	term_str(&cli->out, warn ? "" : "\tno warnings");
	term_str(&cli->out, "\n");
	return CLI_OK;
}

static int
user_list(struct cli *cli)
{
	return cli_list(cli, "/api/v1/users", print_user);
}

static const struct cli_command rows[] = {
	{ "user add", "--password-stdin --legacy",
	    "NAME [--password-stdin] [--legacy]", 1, 1, user_add,
	    "add an account" },
	{ "user del", "", "NAME", 1, 1, user_del,
	    "remove an account; its mail stays" },
	{ "user passwd", "--password-stdin --legacy",
	    "NAME [--password-stdin] [--legacy]", 1, 1, user_passwd,
	    "give an account another password" },
	{ "user warn", "", "NAME on|off", 2, 2, user_warn,
	    "tell an account of stopped messages, or not" },
	{ "user list", "", "", 0, 0, user_list, "list the accounts" },
};

const struct cli_table cli_user_table = CLI_TABLE(rows);
