/* cli_quarantine: `gatepost quarantine list|show|release|delete`. */
#include "service/cli_all.h"

#include "codec/date.h"
#include "platform/clock.h"

static void
print_field(
    struct cli *cli, const struct json *j, const char *key, const char *before)
{
	term_str(&cli->out, before);
	cli_print_text(cli, j, json_member(j, JSON_ROOT, key));
}

static void
print_number(
    struct cli *cli, const struct json *j, const char *key, const char *before)
{
	char mem[24];
	struct text t;
	uint64_t n;

	if (json_number(j, json_member(j, JSON_ROOT, key), INT64_MAX, &n))
		return;
	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	term_str(&cli->out, before);
	term_span(&cli->out, text_data(&t));
}

static void
print_time(struct cli *cli, const struct json *j, const char *before)
{
	char mem[40];
	struct text t;
	uint64_t s;

	if (json_number(j, json_member(j, JSON_ROOT, "time"), INT64_MAX, &s))
		return;
	text_init(&t, mem, sizeof(mem));
	date_put(&t, (int64_t)s, clock_zone_minutes((int64_t)s));
	term_str(&cli->out, before);
	term_span(&cli->out, text_data(&t));
}

/* ID, time, sender, first recipient, octets, and why. */
static int
print_message(struct cli *cli, const struct json *j)
{
	print_field(cli, j, "id", "");
	print_time(cli, j, "\t");
	print_field(cli, j, "sender", "\t<");
	print_field(cli, j, "first", ">\t<");
	print_number(cli, j, "octets", ">\t");
	print_field(cli, j, "reason", "\t");
	print_field(cli, j, "name", "\t");
	term_str(&cli->out, "\n");
	return CLI_OK;
}

static int
list(struct cli *cli)
{
	return cli_list(cli, "/api/v1/quarantine", print_message);
}

static int
print_details(struct cli *cli, const struct json *j)
{
	static const char *const keys[] = { "reason", "name", "where", "sha256",
		"sender", "login", "client", "listener" };
	static const char *const names[] = { "reason\t", "found\t", "inside\t",
		"sha256\t", "sender\t", "submitted by\t", "client\t",
		"listener\t" };
	int to = json_member(j, JSON_ROOT, "to"), child = JSON_ABSENT;
	bool warned;

	print_field(cli, j, "id", "id\t");
	print_time(cli, j, "\ntime\t");
	print_number(cli, j, "octets", "\noctets\t");
	term_str(&cli->out, "\n");
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		print_field(cli, j, keys[i], names[i]);
		term_str(&cli->out, "\n");
	}
	if (!json_truth(j, json_member(j, JSON_ROOT, "warned"), &warned))
		term_str(&cli->out, warned ? "told\tyes\n" : "told\tno\n");
	while (json_next(j, to, &child, NULL)) {
		term_str(&cli->out, "to\t");
		cli_print_text(cli, j, child);
		term_str(&cli->out, "\n");
	}
	return CLI_OK;
}

/* "/quarantine/ID" and what follows. */
static struct text
path_of(struct cli *cli, const char *end)
{
	struct text path = cli_path(cli, "/quarantine/");

	httpreq_encode(&path, span_str(cli->args[0]));
	text_str(&path, end);
	return path;
}

static int
show(struct cli *cli)
{
	struct text path = path_of(cli, "");

	return cli_show(
	    cli, HTTP_GET, text_cstr(&path), span_of(NULL, 0), print_details);
}

static int
release(struct cli *cli)
{
	struct text path = path_of(cli, "/release");

	return cli_call(
	    cli, HTTP_POST, text_cstr(&path), span_of(NULL, 0), NULL);
}

static int
remove_one(struct cli *cli)
{
	struct text path = path_of(cli, "");

	return cli_call(
	    cli, HTTP_DELETE, text_cstr(&path), span_of(NULL, 0), NULL);
}

static const struct cli_command rows[] = {
	{ "quarantine list", "", "", 0, 0, list,
	    "list the messages that were stopped, and why" },
	{ "quarantine show", "", "ID", 1, 1, show,
	    "show one: what was found where, its hash, its recipients" },
	{ "quarantine release", "", "ID", 1, 1, release,
	    "deliver a stopped message after all; never malware" },
	{ "quarantine delete", "", "ID", 1, 1, remove_one,
	    "delete a stopped message; nobody is told" },
};

const struct cli_table cli_quarantine_table = CLI_TABLE(rows);
