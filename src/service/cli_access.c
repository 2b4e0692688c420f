/* cli_access: `gatepost may`, `grants list|revoke`, `bans list|lift`. */
#include "service/cli_all.h"

static void
print_column(struct cli *cli, const struct json *j, const char *key)
{
	cli_print_text(cli, j, json_member(j, JSON_ROOT, key));
	term_str(&cli->out, "\t");
}

static void
print_seconds(
    struct cli *cli, const struct json *j, const char *key, const char *unit)
{
	char mem[24];
	struct text t;
	uint64_t n = 0;

	if (json_number(j, json_member(j, JSON_ROOT, key), UINT32_MAX, &n))
		n = 0;
	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	term_str(&cli->out, mem);
	term_str(&cli->out, unit);
}

static int
print_grant(struct cli *cli, const struct json *j)
{
	print_column(cli, j, "address");
	print_column(cli, j, "account");
	print_column(cli, j, "how");
	print_seconds(cli, j, "age_s", " s old\t");
	print_seconds(cli, j, "left_s", " s left\n");
	return CLI_OK;
}

static int
grants_list(struct cli *cli)
{
	return cli_list(cli, "/api/v1/grants", print_grant);
}

static int
print_revoked(struct cli *cli, const struct json *j)
{
	print_seconds(cli, j, "revoked", " revoked\n");
	return CLI_OK;
}

static int
grants_revoke(struct cli *cli)
{
	struct text path = cli_path(cli, "/grants/");

	httpreq_encode(&path, span_str(cli->args[0]));
	return cli_show(cli, HTTP_DELETE, text_cstr(&path), span_of(NULL, 0),
	    print_revoked);
}

static int
print_ban(struct cli *cli, const struct json *j)
{
	print_column(cli, j, "address");
	print_seconds(cli, j, "left_s", " s left\n");
	return CLI_OK;
}

static int
bans_list(struct cli *cli)
{
	return cli_list(cli, "/api/v1/bans", print_ban);
}

static int
bans_lift(struct cli *cli)
{
	struct text path = cli_path(cli, "/bans/");

	httpreq_encode(&path, span_str(cli->args[0]));
	return cli_call(
	    cli, HTTP_DELETE, text_cstr(&path), span_of(NULL, 0), NULL);
}

static int
print_decision(struct cli *cli, const struct json *j)
{
	static const char *const keys[] = { "verdict", "rule", "rule_text",
		"by", "code", "text" };
	char verdict[16];

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		term_str(&cli->out, keys[i]);
		term_str(&cli->out, ": ");
		if (i == 4)
			print_seconds(cli, j, keys[i], "");
		else
			cli_print_text(
			    cli, j, json_member(j, JSON_ROOT, keys[i]));
		term_str(&cli->out, "\n");
	}
	cli_member(j, "verdict", verdict, sizeof(verdict));
	return span_is(span_str(verdict), SPAN("permit")) ? CLI_OK : CLI_FOUND;
}

static void
add_option(struct cli *cli, struct json_out *o, const char *option)
{
	const char *value = cli_option(cli, option, 0);

	if (value != NULL)
		json_cstr(o, option + 2, value);
}

static int
may(struct cli *cli)
{
	static const char *const options[] = { "--from", "--to", "--client",
		"--auth", "--listener" };
	struct text t;
	struct json_out o = cli_body(cli, &t);

	for (unsigned i = 0; i < 3; i++)
		if (cli_option(cli, options[i], 0) == NULL)
			return cli_error(
			    cli, "may: --from, --to and --client are needed");
	json_object(&o, NULL);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		add_option(cli, &o, options[i]);
	json_end(&o);
	return cli_show(cli, HTTP_POST, "/api/v1/relay/decision", text_data(&t),
	    print_decision);
}

static const struct cli_command rows[] = {
	{ "may", "--from= --to= --client= --auth= --listener=",
	    "--from A --to B --client IP [--auth USER] [--listener NAME]", 0, 0,
	    may, "say whether that mail would be taken, and why" },
	{ "grants list", "", "", 0, 0, grants_list,
	    "who may send since he fetched (POP before SMTP)" },
	{ "grants revoke", "", "ADDRESS|ACCOUNT", 1, 1, grants_revoke,
	    "take that permission away" },
	{ "bans list", "", "", 0, 0, bans_list,
	    "addresses shut out after wrong logins" },
	{ "bans lift", "", "ADDRESS", 1, 1, bans_lift, "let it in again" },
};

const struct cli_table cli_access_table = CLI_TABLE(rows);
