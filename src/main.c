/*
 * main: the program's front door.
 *
 * One binary is the server and the command line; which of them is decided by
 * the words behind its name (service/cli).
 */
#include "memory.h"

#include "core/log.h"
#include "platform/clock.h"
#include "platform/log_sink.h"
#include "platform/process.h"
#include "service/api_access.h"
#include "service/api_backup.h"
#include "service/api_quarantine.h"
#include "service/api_settings.h"
#include "service/api_signatures.h"
#include "service/api_users.h"
#include "service/cli_all.h"
#include "service/cli_link.h"
#include "service/judge.h"
#include "service/parts.h"
#include "service/scan_keeper.h"
#include "service/setup.h"

#define SERVE_PATIENCE_MS 3000

static struct cli_local link;
static struct api_status status;
static struct directory directory;
static struct api_access access_answers;

/* The rules as they stand; nobody has a grant when no server runs. */
static void
offer_access(struct api *api, struct state *state)
{
	struct access *a = &memory_server.access;
	char mem[STATE_WHY];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	directory.host = settings_text(&state->settings, SETTING_HOST_NAME);
	directory.domains =
	    settings_text(&state->settings, SETTING_HOST_DOMAINS);
	access_answers.access = a;
	access_answers.accounts = &state->accounts;
	access_answers.directory = &directory;
	if (access_init(a, &state->settings, &memory_server_areas.access)
	    || access_configure(a, clock_mono_ms(), &why))
		log_event(LOG_ERROR, "access.settings", "why", mem, 0);
	else
		api_access_offer(api, &access_answers);
	judge_settings(a);
}

static void
offer_quarantine(struct api *api, struct state *state)
{
	struct api_quarantine *a = &memory_admin.quarantine;

	a->state = state;
	a->sending = &memory_server.sending;
	a->queue = &memory_admin.queue;
	api_quarantine_offer(api, a);
}

/* What the command line's own process offers; the server: admin.c. */
static void
offer(struct api *api, struct state *state)
{
	struct api_queue *q = &memory_admin.queue;

	status.state = state;
	api->tls = &memory_server.tls;
	api_users_offer(api, state);
	api_backup_offer(api, state);
	if (ENABLE_SCAN_WORKER)
		api_signatures_offer(api, state);
	api_settings_offer(api, state);
	api_status_offer(api, &status);
	q->queue = &memory_server.sending.queue;
	q->window = memory_server_areas.sending.window;
	q->window_n = memory_server_areas.sending.window_n;
	q->state = state;
	if (ENABLE_RELAY)
		api_queue_offer(api, q);
	if (HAS_VERDICTS)
		offer_quarantine(api, state);
	memory_admin.dkim =
	    (struct api_dkim) { state, &memory_server.sending.signer };
	if (ENABLE_DKIM)
		api_dkim_offer(api, &memory_admin.dkim);
	offer_access(api, state);
}

static int
init(struct cli *cli)
{
	struct setup su = { cli, &link, &memory_server.tls };

	return setup_run(&su);
}

static int
open_server(struct cli *cli, int keeper, struct text *why)
{
	int err;

	if (setup_override(cli, &memory_state.settings))
		return ERR_SYNTAX;
	err = server_open(
	    &memory_server, &memory_state, &memory_server_areas, keeper, why);
	if (!err)
		err = admin_open(
		    &memory_admin, &memory_server, &memory_admin_areas, why);
	if (err)
		(void)cli_error(cli, text_cstr(why));
	return err;
}

/* A command line may be at work in the folder just now. */
static int
open_state(struct cli *cli, struct text *why)
{
	int64_t until = clock_mono_ms() + SERVE_PATIENCE_MS;
	int err;

	for (;;) {
		err = state_open(
		    &memory_state, &memory_state_areas, cli->state, why);
		if (err != ERR_BUSY || clock_mono_ms() >= until)
			return err;
		text_init(why, why->mem, STATE_WHY);
		process_sleep_ms(20);
	}
}

static int
serve(struct cli *cli)
{
	char mem[STATE_WHY];
	struct text why;
	int err, keeper;

	text_init(&why, mem, sizeof(mem));
	log_to(log_sink_stderr, LOG_INFO);
	keeper = scan_keeper_start(cli->state);
	if (open_state(cli, &why))
		return cli_error(cli, mem);
	err = open_server(cli, keeper, &why);
	if (!err) {
		server_run(&memory_server);
		admin_close(&memory_admin);
	}
	state_close(&memory_state);
	return err ? CLI_FAILED : CLI_OK;
}

static const struct cli_command rows[] = {
	{ "serve", "--set=", "[--set KEY=VALUE]...", 0, 0, serve,
	    "run in the foreground; SIGHUP re-reads, SIGTERM ends cleanly" },
	{ "init", "--set=", "[--set KEY=VALUE]...", 0, 0, init,
	    "make a state folder, or complete one" },
};

static const struct cli_table table = CLI_TABLE(rows);

int
main(int argc, char **argv)
{
	int code;

	process_private();
	cli_link_init(
	    &link, &memory_api, &memory_state, &memory_state_areas, offer);
	cli_init(&memory_cli, &link.link, memory_admin_areas.area,
	    memory_admin_areas.area_octets);
	memory_cli.secure = memory_cli_secure;
	cli_add(&memory_cli, &table);
	cli_all(&memory_cli);
	code = cli_run(&memory_cli, argc, argv);
	cli_link_close(&link);
	return code;
}
