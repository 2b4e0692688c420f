/*
 * cli_link: choosing between a running server and our own process, and
 * running calls in the latter.  The HTTP client is cli_remote.c.
 */
#include "service/cli_link.h"

#include "core/secret.h"
#include "platform/clock.h"
#include "platform/net.h"
#include "platform/process.h"

static int
run_call(struct cli *cli, struct api_call *c, cli_sink sink)
{
	struct text t;
	int got, status;

	do {
		text_init(&t, cli->net_mem, sizeof(cli->net_mem));
		got = api_piece(c, &t);
		if (got < 0)
			return cli_error(cli,
			    "the answer broke off: something changed while "
			    "it was read; try again");
		cli->status = c->status;
		status = sink(cli, text_data(&t));
		if (status)
			return status;
	} while (got != API_DONE);
	return CLI_OK;
}

/* The path has been read: l->req (check_path). */
static int
local_call(struct cli_local *l, struct cli *cli, enum http_method m,
    struct span body, cli_sink sink)
{
	struct api_call *c = &l->call;
	int status;

	api_begin(l->api, c, m, l->req.path, l->req.query, body);
	status = run_call(cli, c, sink);
	secret_wipe(c, sizeof(*c));
	return status;
}

/* The folder's descriptor makes a path of any depth short enough. */
static int
connect_to(struct cli_local *l, struct cli *cli)
{
	struct files *folder = &l->state->files;
	char mem[128]; /* more than an address holds */
	struct text t;
	int err = files_open(folder, cli->state);

	if (err < 0)
		return err;
	text_init(&t, mem, sizeof(mem));
	if (!process_pointed(folder->root, STATE_CONTROL, &t))
		process_short_path(
		    (struct process_folder) { folder->root, cli->state },
		    STATE_CONTROL, &t);
	err = net_connect_unix(mem, CLI_SILENCE_MS);
	files_close(folder);
	return err;
}

int
cli_link_open(struct cli_local *l, struct cli *cli, struct text *why)
{
	int err;

	if (l->open)
		return ERR_OK;
	err = process_become_owner(cli->state);
	if (err == ERR_DENIED) {
		text_str(why, cli->state);
		text_str(why, ": root can't become the folder's owner here");
		return err;
	}
	err = state_open(l->state, l->areas, cli->state, why);
	if (err < 0)
		return err;
	l->open = true;
	l->offer(l->api, l->state);
	return ERR_OK;
}

void
cli_link_close(struct cli_local *l)
{
	if (l->open)
		state_close(l->state);
	l->open = false;
}

/* What is asked, while the way to ask is looked for. */
struct request {
	enum http_method method;
	const char *path;
	struct span body;
	cli_sink sink;
};

static int
ask_here(struct cli_local *l, struct cli *cli, const struct request *r)
{
	return local_call(l, cli, r->method, r->body, r->sink);
}

static int
ask_there(int fd, struct cli *cli, const struct request *r, struct text *why)
{
	int status =
	    cli_remote_call(fd, cli, r->method, r->path, r->body, r->sink);

	net_close(fd);
	if (status == ERR_BUSY)
		text_str(why, "the server has too many clients at once; try "
			      "again");
	return status;
}

/* A mistyped --state must not become a state folder. */
static bool
is_state_folder(struct cli_local *l, const struct cli *cli)
{
	struct files *folder = &l->state->files;
	struct fs_stat st;
	bool is;

	if (l->areas->mtd[0] != '\0' || files_open(folder, cli->state) < 0)
		return true; /* opening it will say what is wrong */
	is =
	    folder->fs.stat(&folder->fs, STATE_KEY, &st) != ERR_MISSING
	    || folder->fs.stat(&folder->fs, STATE_SETTINGS, &st) != ERR_MISSING;
	files_close(folder);
	return is;
}

/* One try: CLI_OK or CLI_FAILED, or ERR_BUSY with `why`. */
static int
try_call(struct cli_local *l, struct cli *cli, const struct request *r,
    struct text *why)
{
	int fd = l->open ? ERR_MISSING : connect_to(l, cli);
	int err;

	if (fd >= 0)
		return ask_there(fd, cli, r, why);
	if (fd == ERR_AGAIN)
		return cli_remote_silent(cli);
	if (fd == ERR_DENIED)
		return cli_error_at(cli, cli->state,
		    "no right to use this folder or its server's socket; run "
		    "as its owner or as root");
	if (!l->open && !is_state_folder(l, cli))
		return cli_error_at(cli, cli->state,
		    "is no state folder; `gatepost init` makes one, --state "
		    "names another");
	err = cli_link_open(l, cli, why);
	if (err == ERR_BUSY)
		return ERR_BUSY;
	return err < 0 ? cli_error(cli, text_cstr(why)) : ask_here(l, cli, r);
}

/* An argument that is part of the path and can be the name of nothing. */
static int
check_path(struct cli_local *l, struct cli *cli, const char *path)
{
	httpreq_init(&l->req);
	if (strlen(path) < sizeof(cli->path_mem) - 1
	    && httpreq_target(&l->req, span_str(path)) == ERR_OK)
		return CLI_OK;
	return cli_error_at(cli, cli->args[0],
	    "nothing here has such a name; the list command shows all");
}

static int
link_call(struct cli_link *link, struct cli *cli, enum http_method m,
    const char *path, struct span body, cli_sink sink)
{
	struct cli_local *l = (struct cli_local *)link;
	const struct request r = { m, path, body, sink };
	int64_t until = clock_mono_ms() + CLI_PATIENCE_MS;
	char mem[STATE_WHY];
	struct text why;
	int status;

	if (check_path(l, cli, path))
		return CLI_FAILED;
	for (;;) {
		text_init(&why, mem, sizeof(mem));
		status = try_call(l, cli, &r, &why);
		if (status != ERR_BUSY)
			return status;
		if (clock_mono_ms() >= until)
			return cli_error(cli, mem);
		process_sleep_ms(20);
	}
}

void
cli_link_init(struct cli_local *l, struct api *api, struct state *state,
    const struct state_memory *areas,
    void (*offer)(struct api *api, struct state *state))
{
	*l = (struct cli_local) { .link = { link_call },
		.api = api,
		.state = state,
		.areas = areas,
		.offer = offer };
	api_init(api);
}
