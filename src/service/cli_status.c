/* cli_status: `gatepost status`, `version` and `help`. */
#include "service/cli_all.h"

#include "core/err.h"
#include "service/version.h"

static void
print_number(struct cli *cli, const char *name, uint64_t n)
{
	char mem[24];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	term_str(&cli->out, name);
	term_str(&cli->out, ": ");
	term_str(&cli->out, mem);
	term_str(&cli->out, "\n");
}

static uint64_t
number(const struct json *j, int object, const char *key)
{
	uint64_t n = 0;

	if (json_number(j, json_member(j, object, key), UINT64_MAX, &n))
		return 0;
	return n;
}

static void
print_listeners(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "listeners"), at = JSON_ABSENT;

	while (json_next(j, list, &at, NULL)) {
		term_str(&cli->out, "listen.");
		cli_print_text(cli, j, json_member(j, at, "role"));
		term_str(&cli->out, ": ");
		cli_print_text(cli, j, json_member(j, at, "address"));
		term_str(&cli->out, "\n");
	}
}

static void
print_pools(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "pools"), at = JSON_ABSENT;
	char mem[96];
	struct text t;

	while (json_next(j, list, &at, NULL)) {
		text_init(&t, mem, sizeof(mem));
		text_str(&t, ": ");
		text_u64(&t, number(j, at, "used"));
		text_str(&t, " of ");
		text_u64(&t, number(j, at, "size"));
		text_str(&t, " used, ");
		text_u64(&t, number(j, at, "high"));
		text_str(&t, " at most, ");
		text_u64(&t, number(j, at, "refused"));
		text_str(&t, " refused\n");
		term_str(&cli->out, "pool.");
		cli_print_text(cli, j, json_member(j, at, "name"));
		term_str(&cli->out, mem);
	}
}

static void
print_counters(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "counters"), at = JSON_ABSENT;
	struct span key;

	while (json_next(j, list, &at, &key)) {
		term_span(&cli->out, key);
		term_str(&cli->out, ": ");
		term_span(&cli->out, json_raw(j, at));
		term_str(&cli->out, "\n");
	}
}

static void
print_member(struct cli *cli, const struct json *j, const char *key)
{
	term_str(&cli->out, key);
	term_str(&cli->out, ": ");
	cli_print_text(cli, j, json_member(j, JSON_ROOT, key));
	term_str(&cli->out, "\n");
}

static int
print_status(struct cli *cli, const struct json *j)
{
	bool running = false, set_up = false;

	if (json_truth(j, json_member(j, JSON_ROOT, "running"), &running)
	    || json_truth(j, json_member(j, JSON_ROOT, "set_up"), &set_up))
		return cli_error(cli, "the answer is not understood");
	print_member(cli, j, "version");
	term_str(
	    &cli->out, running ? "server: running\n" : "server: not running\n");
	if (running)
		print_number(cli, "uptime_s", number(j, JSON_ROOT, "uptime_s"));
	print_member(cli, j, "state");
	term_str(&cli->out, set_up ? "set_up: yes\n" : "set_up: no\n");
	print_member(cli, j, "host");
	print_number(cli, "accounts", number(j, JSON_ROOT, "accounts"));
	print_listeners(cli, j);
	print_pools(cli, j);
	print_counters(cli, j);
	return CLI_OK;
}

static int
status(struct cli *cli)
{
	static const char path[] = "/api/v1/status";
	int got;

	if (cli_option(cli, "--json", 0) == NULL)
		return cli_show(
		    cli, HTTP_GET, path, span_of(NULL, 0), print_status);
	got = cli_call(cli, HTTP_GET, path, span_of(NULL, 0), cli_print_raw);
	term_str(&cli->out, got == CLI_OK ? "\n" : "");
	return got;
}

static int
version(struct cli *cli)
{
	term_str(&cli->out, "gatepost " GATEPOST_VERSION "\n");
	return CLI_OK;
}

static void
print_command(struct cli *cli, const struct cli_command *c)
{
	char mem[128];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "  ");
	text_str(&t, c->words);
	text_str(&t, *c->usage != '\0' ? " " : "");
	text_str(&t, c->usage);
	text_str(&t, "  ");
	while (t.len < 48)
		text_chr(&t, ' ');
	term_str(&cli->out, mem);
	term_str(&cli->out, c->help);
	term_str(&cli->out, "\n");
}

/* Does what was asked about name this command, or begin like it? */
static bool
is_asked(const struct cli *cli, const struct cli_command *c)
{
	struct span rest = span_str(c->words), word;

	for (unsigned i = 0; i < cli->n_args; i++) {
		if (!span_next(&rest, ' ', &word))
			break;
		if (!span_is(word, span_str(cli->args[i])))
			return false;
	}
	return true;
}

static unsigned
print_commands(struct cli *cli)
{
	unsigned n = 0;

	for (unsigned k = 0; k < cli->n_tables; k++) {
		const struct cli_table *t = cli->tables[k];

		for (unsigned i = 0; i < t->n; i++) {
			if (!is_asked(cli, &t->rows[i]))
				continue;
			print_command(cli, &t->rows[i]);
			n++;
		}
	}
	return n;
}

static int
help(struct cli *cli)
{
	if (cli->n_args > 0)
		return print_commands(cli) > 0 ? CLI_OK
					       : cli_unknown(cli, cli->args[0]);
	term_str(&cli->out,
	    "usage: gatepost COMMAND [ARGUMENT...] [--state DIR]\n\n");
	(void)print_commands(cli);
	term_str(&cli->out,
	    "\nThe commands work with the server running or not.  Errors are "
	    "one line on\nstandard error, with exit status 2.\n");
	return CLI_OK;
}

static const struct cli_command rows[] = {
	{ "status", "--json", "[--json]", 0, 0, status,
	    "show how the server does" },
	{ "version", "", "", 0, 0, version, "print the version" },
	{ "help", "", "[COMMAND]", 0, CLI_ANY, help,
	    "list the commands, or say how one is used" },
};

const struct cli_table cli_status_table = CLI_TABLE(rows);
