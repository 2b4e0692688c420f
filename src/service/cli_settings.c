/* cli_settings: `gatepost get|set|unset`, `gatepost settings list|...`. */
#include "service/cli_all.h"

#include <string.h>

#include "core/err.h"
#include "core/secret.h"
#include "store/settings_schema.h"

/* ---- get ---- */

static int
print_value(struct cli *cli, const struct json *j)
{
	bool secret = false;
	int value = json_member(j, JSON_ROOT, "value");

	if (!json_truth(j, json_member(j, JSON_ROOT, "secret"), &secret)
	    && secret)
		return cli_error_at(
		    cli, cli->user, "is a secret, which is never shown");
	if (cli->n_args > 1) {
		term_str(&cli->out, cli->user);
		term_str(&cli->out, "=");
	}
	cli_print_text(cli, j, value);
	term_str(&cli->out, "\n");
	return CLI_OK;
}

static int
get(struct cli *cli)
{
	for (unsigned i = 0; i < cli->n_args; i++) {
		struct text path = cli_path(cli, "/settings/");
		int status;

		cli->user = cli->args[i];
		httpreq_encode(&path, span_str(cli->args[i]));
		status = cli_show(cli, HTTP_GET, text_cstr(&path),
		    span_of(NULL, 0), print_value);
		if (status)
			return status;
	}
	return CLI_OK;
}

/* ---- set and unset ---- */

static int
print_change(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "restart"), at = JSON_ABSENT;

	while (json_next(j, list, &at, NULL)) {
		cli_print_text(cli, j, at);
		term_str(&cli->out, ": counts after a restart of the server\n");
	}
	list = json_member(j, JSON_ROOT, "warnings");
	at = JSON_ABSENT;
	while (json_next(j, list, &at, NULL)) {
		term_str(&cli->out, "warning: ");
		cli_print_text(cli, j, at);
		term_str(&cli->out, "\n");
	}
	return CLI_OK;
}

static int
change(struct cli *cli, struct text *body)
{
	int status;

	if (body->cut)
		return cli_error(cli, "too many settings at once");
	status = cli_show(
	    cli, HTTP_PATCH, "/api/v1/settings", text_data(body), print_change);
	secret_wipe(cli->body_mem, body->len);
	return status;
}

/* A value that does not stand on the command line: a secret, mostly. */
static int
ask_value(struct cli *cli, const char *key)
{
	int n =
	    term_is_tty(TERM_IN)
		? term_ask_secret("Value: ", cli->line_mem, SETTING_TEXT_MAX)
		: term_read_line(cli->line_mem, SETTING_TEXT_MAX);

	if (n < 0)
		(void)cli_error_at(cli, key,
		    "no value; write KEY=VALUE, or give the value as one line "
		    "on standard input");
	return n;
}

static struct span
key_of(const char *pair)
{
	return span_first(span_str(pair), span_find(span_str(pair), '='));
}

static bool
stands_before(const struct cli *cli, unsigned nth)
{
	for (unsigned i = 0; i < nth; i++)
		if (span_is(key_of(cli->args[i]), key_of(cli->args[nth])))
			return true;
	return false;
}

static int
add_pair(struct cli *cli, struct json_out *o, unsigned nth)
{
	const char *arg = cli->args[nth];
	struct span pair = span_str(arg), value;
	size_t equals = span_find(pair, '=');
	struct text key;
	int n;

	if (stands_before(cli, nth))
		return cli_error_at(
		    cli, arg, "this setting is given twice; leave one");
	n = equals < pair.len ? 0 : ask_value(cli, arg);
	if (n < 0)
		return CLI_FAILED;
	value = equals < pair.len ? span_from(pair, equals + 1)
				  : span_of(cli->line_mem, (size_t)n);
	text_init(&key, cli->path_mem, sizeof(cli->path_mem));
	text_span(&key, span_first(pair, equals));
	if (cli_check(cli, text_cstr(&key), value))
		return CLI_FAILED;
	json_key(o, span_first(pair, equals));
	json_str(o, NULL, value);
	return CLI_OK;
}

/* R20: what the box's switch has done, and what it means. */
static int
explain_warn(struct cli *cli, const struct json *j)
{
	char value[8];

	cli_member(j, "value", value, sizeof(value));
	if (!strcmp(value, "on"))
		term_str(&cli->out,
		    "Accounts are told when a message to or from them is "
		    "stopped; `gatepost user warn` has\na switch for each.\n");
	else
		term_str(&cli->out,
		    "Nobody is told any more when a message is stopped, "
		    "members of mailing lists neither.\nSuch messages are "
		    "kept all the same: `gatepost quarantine list`.\n");
	return CLI_OK;
}

/* By the value that it has now: on can be written in several ways. */
static int
explain(struct cli *cli, const char *pair)
{
	if (!span_is(key_of(pair), SPAN("scan.warn")))
		return CLI_OK;
	return cli_show(cli, HTTP_GET, "/api/v1/settings/scan.warn",
	    span_of(NULL, 0), explain_warn);
}

void
cli_warn_of_secret(struct cli *cli, const char *pair)
{
	struct span key = key_of(pair);
	int id = settings_find(key, NULL);

	if (id < 0 || !(settings_schema[id].flags & SETTING_SECRET)
	    || key.len + 1 >= strlen(pair))
		return;
	term_str(&cli->out, "warning: ");
	cli_put(&cli->out, key);
	term_str(&cli->out,
	    ": others could see this secret in the list of processes; "
	    "`gatepost set ");
	cli_put(&cli->out, key);
	term_str(&cli->out, "` reads one from standard input\n");
}

static int
set(struct cli *cli)
{
	struct text t;
	struct json_out o = cli_body(cli, &t);
	int status;

	json_object(&o, NULL);
	json_object(&o, "set");
	for (unsigned i = 0; i < cli->n_args; i++)
		if (add_pair(cli, &o, i))
			return CLI_FAILED;
	json_end(&o);
	json_end(&o);
	status = change(cli, &t);
	for (unsigned i = 0; status == CLI_OK && i < cli->n_args; i++)
		status = explain(cli, cli->args[i]);
	for (unsigned i = 0; status == CLI_OK && i < cli->n_args; i++)
		cli_warn_of_secret(cli, cli->args[i]);
	return status;
}

static int
unset(struct cli *cli)
{
	struct text t;
	struct json_out o = cli_body(cli, &t);

	json_object(&o, NULL);
	json_array(&o, "unset");
	for (unsigned i = 0; i < cli->n_args; i++)
		json_cstr(&o, NULL, cli->args[i]);
	json_end(&o);
	json_end(&o);
	return change(cli, &t);
}

/* ---- settings list ---- */

static bool
is_true(const struct json *j, const char *key)
{
	bool yes = false;

	return !json_truth(j, json_member(j, JSON_ROOT, key), &yes) && yes;
}

static void
print_source(struct cli *cli, const struct json *j)
{
	char source[16];
	int preset = json_member(j, JSON_ROOT, "default");

	cli_member(j, "source", source, sizeof(source));
	term_str(&cli->out, "    ");
	term_str(&cli->out, *source != '\0' ? source : "family");
	if (strcmp(source, "default") != 0 && preset != JSON_ABSENT) {
		term_str(&cli->out, "; default: ");
		cli_print_text(cli, j, preset);
	}
	if (is_true(j, "restart"))
		term_str(&cli->out, "; counts after a restart");
	term_str(&cli->out, "\n");
}

static void
print_help(struct cli *cli, const struct json *j)
{
	int help = json_member(j, JSON_ROOT, "help");

	if (help == JSON_ABSENT)
		return;
	term_str(&cli->out, "    ");
	cli_print_text(cli, j, json_member(j, help, "en"));
	term_str(&cli->out, "\n");
}

static int
print_setting(struct cli *cli, const struct json *j)
{
	cli_print_text(cli, j, json_member(j, JSON_ROOT, "key"));
	term_str(&cli->out, "=");
	if (is_true(j, "secret"))
		term_str(&cli->out, is_true(j, "set") ? "(set, secret)" : "");
	else
		cli_print_text(cli, j, json_member(j, JSON_ROOT, "value"));
	term_str(&cli->out, "\n");
	if (cli_option(cli, "--brief", 0) != NULL)
		return CLI_OK;
	print_source(cli, j);
	print_help(cli, j);
	return CLI_OK;
}

static int
settings_list(struct cli *cli)
{
	if (cli_option(cli, "--json", 0) != NULL)
		return cli_call(cli, HTTP_GET, "/api/v1/settings",
		    span_of(NULL, 0), cli_print_raw);
	return cli_list(cli, "/api/v1/settings", print_setting);
}

static const struct cli_command rows[] = {
	{ "get", "", "KEY...", 1, CLI_ANY, get, "print settings" },
	{ "set", "", "KEY=VALUE...", 1, CLI_ANY, set,
	    "change settings, all or none" },
	{ "unset", "", "KEY...", 1, CLI_ANY, unset,
	    "give settings their defaults back" },
	{ "settings list", "--brief --json", "[--brief|--json]", 0, 0,
	    settings_list, "list all settings with their help" },
};

const struct cli_table cli_settings_table = CLI_TABLE(rows);
