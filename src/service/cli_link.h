/*
 * cli_link: how the command line reaches the API.
 *
 *   STATE/control answers  -> HTTP over it      (a server is running)
 *   else                   -> lock STATE, run the handlers in this process
 *
 * While another command line holds the lock, or the server has too many
 * clients, wait for it up to CLI_PATIENCE_MS.  A server that says nothing for
 * CLI_SILENCE_MS is given up: a stopped process, or a stranger behind the
 * socket.
 */
#ifndef SERVICE_CLI_LINK_H
#define SERVICE_CLI_LINK_H

#include "service/api.h"
#include "service/cli.h"
#include "service/state.h"

#define CLI_PATIENCE_MS 10000
#define CLI_SILENCE_MS	30000 /* beyond any passphrase's stretching */

struct cli_local {
	struct cli_link link; /* first: what struct cli points to */
	struct api *api;
	struct state *state;
	const struct state_memory *areas;
	void (*offer)(struct api *api, struct state *state); /* add tables */
	bool open; /* the state is open in this process */
	struct httpreq req;
	struct api_call call;
};

void cli_link_init(struct cli_local *l, struct api *api, struct state *state,
    const struct state_memory *areas,
    void (*offer)(struct api *api, struct state *state));

/*
 * Open the state folder in this process and offer the API there; ERR_OK when
 * it is open already.  For init and serve, which must not talk to a server.
 */
int cli_link_open(
    struct cli_local *l, struct cli *cli, struct text *why) MUST_CHECK;

void cli_link_close(struct cli_local *l);

/* The answer does not come: say so. */
int cli_remote_silent(struct cli *cli);

/*
 * Send one request over a connected socket; see struct cli_link.  ERR_BUSY:
 * the server has not looked at it, since it has too many clients.
 */
int cli_remote_call(int fd, struct cli *cli, enum http_method m,
    const char *path, struct span body, cli_sink sink);

#endif
