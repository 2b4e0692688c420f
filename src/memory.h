/*
 * memory: every static array of the program, lent to its modules.
 *
 * Floor 5: only main.c and tests of whole processes use it.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "service/admin.h"
#include "service/api.h"
#include "service/cli.h"
#include "service/cli_talk.h"
#include "service/server.h"
#include "service/state.h"

extern struct state memory_state;
extern const struct state_memory memory_state_areas;

extern struct server memory_server;
extern const struct server_memory memory_server_areas;

extern struct admin memory_admin;
extern const struct admin_memory memory_admin_areas;

/* Of the command line's own process. */
extern struct cli memory_cli;
extern struct cli_secure *const memory_cli_secure;
extern struct api memory_api;

#endif
