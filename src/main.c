/*
 * main: the program's front door.
 *
 * One binary is the server and the command line; which of them is decided by
 * the words behind its name (service/cli).
 */
#include "memory.h"

#include "core/log.h"
#include "platform/log_sink.h"
#include "platform/process.h"
#include "service/api_users.h"
#include "service/cli_link.h"

static struct cli_local link;

static void
offer(struct api *api, struct state *state)
{
	api_users_offer(api, state);
}

static int
override(struct cli *cli, const char *option, struct text *why)
{
	struct span rest = span_str(option), key;

	if (!span_next(&rest, '=', &key) || rest.p == NULL)
		return cli_error_at(cli, option, "give --set KEY=VALUE");
	if (settings_override(&memory_state.settings, key, rest, why))
		return cli_error(cli, text_cstr(why));
	return CLI_OK;
}

static int
serve(struct cli *cli)
{
	const char *set;
	char mem[STATE_WHY];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	log_to(log_sink_stderr, LOG_INFO);
	if (state_open(&memory_state, &memory_state_areas, cli->state, &why))
		return cli_error(cli, mem);
	for (unsigned i = 0; (set = cli_option(cli, "--set", i)); i++)
		if (override(cli, set, &why))
			return CLI_FAILED;
	if (server_open(
		&memory_server, &memory_state, &memory_server_areas, &why))
		return cli_error(cli, mem);
	server_run(&memory_server);
	state_close(&memory_state);
	return CLI_OK;
}

static const struct cli_command rows[] = {
	{ "serve", "--set=", "[--set KEY=VALUE]...", 0, 0, serve,
	    "run in the foreground; SIGHUP re-reads, SIGTERM ends cleanly" },
};

static struct cli_table table = CLI_TABLE(rows);

int
main(int argc, char **argv)
{
	process_private();
	cli_link_init(
	    &link, &memory_api, &memory_state, &memory_state_areas, offer);
	cli_init(&memory_cli, &link.link);
	cli_add(&memory_cli, &table);
	return cli_run(&memory_cli, argc, argv);
}
