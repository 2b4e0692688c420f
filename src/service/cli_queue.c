/* cli_queue: `gatepost queue list|show|retry|hold|release|delete`. */
#include "service/cli_all.h"

#include "codec/date.h"
#include "platform/clock.h"

static void
print_field(struct cli *cli, const struct json *j, int at, const char *key,
    const char *before)
{
	term_str(&cli->out, before);
	cli_print_text(cli, j, json_member(j, at, key));
}

static uint64_t
number(const struct json *j, const char *key)
{
	uint64_t n = 0;

	if (json_number(j, json_member(j, JSON_ROOT, key), INT64_MAX, &n))
		n = 0;
	return n;
}

static void
print_number(struct cli *cli, const char *before, uint64_t n, const char *after)
{
	char mem[24];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_u64(&t, n);
	term_str(&cli->out, before);
	term_span(&cli->out, text_data(&t));
	term_str(&cli->out, after);
}

/* ID, sender, first recipient of how many, and why it is still here. */
static int
print_message(struct cli *cli, const struct json *j)
{
	bool held = false;

	print_field(cli, j, JSON_ROOT, "id", "");
	print_field(cli, j, JSON_ROOT, "sender", "\t<");
	print_field(cli, j, JSON_ROOT, "first", ">\t<");
	term_str(&cli->out, ">");
	if (number(j, "waiting") > 1)
		print_number(cli, " and ", number(j, "waiting") - 1, " more");
	term_str(&cli->out, "\t");
	if (json_truth(j, json_member(j, JSON_ROOT, "held"), &held) == 0
	    && held)
		term_str(&cli->out, "held\t");
	print_field(cli, j, JSON_ROOT, "words", "");
	term_str(&cli->out, "\n");
	return CLI_OK;
}

static int
queue_list(struct cli *cli)
{
	return cli_list(cli, "/api/v1/queue", print_message);
}

/* When it came, and what happens next. */
static void
print_times(struct cli *cli, const struct json *j)
{
	int64_t arrived = (int64_t)number(j, "arrived");
	char mem[64];
	struct text t;
	bool held = false;

	text_init(&t, mem, sizeof(mem));
	date_put(&t, arrived, clock_zone_minutes(arrived));
	term_str(&cli->out, "arrived\t");
	term_span(&cli->out, text_data(&t));
	print_number(cli, "\noctets\t", number(j, "octets"), "\n");
	print_number(cli, "tries\t", number(j, "tries"), "\n");
	if (json_truth(j, json_member(j, JSON_ROOT, "held"), &held) == 0
	    && held)
		term_str(&cli->out, "next\theld, until it is released\n");
	else if (number(j, "due_seconds") > 0)
		print_number(
		    cli, "next\tin ", number(j, "due_seconds"), " s\n");
	else
		term_str(&cli->out, "next\tnow\n");
}

static void
print_recipient(struct cli *cli, const struct json *j, int child)
{
	uint64_t code = 0;

	print_field(cli, j, child, "address", "to\t");
	print_field(cli, j, child, "state", "\t");
	term_str(&cli->out, "\t");
	if (json_number(j, json_member(j, child, "code"), 999, &code) == 0
	    && code > 0)
		print_number(cli, "", code, " ");
	print_field(cli, j, child, "words", "");
	term_str(&cli->out, "\n");
}

static int
print_details(struct cli *cli, const struct json *j)
{
	static const char *const keys[] = { "id", "sender", "login" };
	static const char *const names[] = { "id\t", "sender\t",
		"submitted by\t" };
	int to = json_member(j, JSON_ROOT, "to"), child = JSON_ABSENT;
	struct span key;

	for (unsigned i = 0; i < 3; i++) {
		print_field(cli, j, JSON_ROOT, keys[i], names[i]);
		term_str(&cli->out, "\n");
	}
	print_times(cli, j);
	while (json_next(j, to, &child, &key))
		print_recipient(cli, j, child);
	return CLI_OK;
}

/* "/queue/ID" and what follows. */
static struct text
path_of(struct cli *cli, const char *end)
{
	struct text path = cli_path(cli, "/queue/");

	httpreq_encode(&path, span_str(cli->args[0]));
	text_str(&path, end);
	return path;
}

static int
queue_show(struct cli *cli)
{
	struct text path = path_of(cli, "");

	return cli_show(
	    cli, HTTP_GET, text_cstr(&path), span_of(NULL, 0), print_details);
}

static int
post(struct cli *cli, const char *end)
{
	struct text path = path_of(cli, end);

	return cli_call(
	    cli, HTTP_POST, text_cstr(&path), span_of(NULL, 0), NULL);
}

static int
queue_retry(struct cli *cli)
{
	if (cli->n_args == 0)
		return cli_call(cli, HTTP_POST, "/api/v1/queue/retry",
		    span_of(NULL, 0), NULL);
	return post(cli, "/retry");
}

static int
queue_hold(struct cli *cli)
{
	return post(cli, "/hold");
}

static int
queue_release(struct cli *cli)
{
	return post(cli, "/release");
}

static int
queue_delete(struct cli *cli)
{
	struct text path = path_of(cli, "");

	return cli_call(
	    cli, HTTP_DELETE, text_cstr(&path), span_of(NULL, 0), NULL);
}

static const struct cli_command rows[] = {
	{ "queue list", "", "", 0, 0, queue_list,
	    "list the messages that wait to be sent on" },
	{ "queue show", "", "ID", 1, 1, queue_show,
	    "show one message and why it is still here" },
	{ "queue retry", "", "[ID]", 0, 1, queue_retry,
	    "try one message, or all, now" },
	{ "queue hold", "", "ID", 1, 1, queue_hold,
	    "keep a message until it is released" },
	{ "queue release", "", "ID", 1, 1, queue_release,
	    "let a held message go" },
	{ "queue delete", "", "ID", 1, 1, queue_delete,
	    "delete a message; nobody is told" },
};

const struct cli_table cli_queue_table = CLI_TABLE(rows);
