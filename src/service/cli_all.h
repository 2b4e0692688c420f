/*
 * cli_all: all tables of commands, and all tables of the API that need no
 * running server.  A module adds a line to each.
 */
#ifndef SERVICE_CLI_ALL_H
#define SERVICE_CLI_ALL_H

#include "service/api.h"
#include "service/cli.h"
#include "service/state.h"

extern const struct cli_table cli_user_table;
extern const struct cli_table cli_settings_table;
extern const struct cli_table cli_backup_table;
extern const struct cli_table cli_scan_table;
extern const struct cli_table cli_sig_table;
extern const struct cli_table cli_status_table;
extern const struct cli_table cli_queue_table;
extern const struct cli_table cli_quarantine_table;
extern const struct cli_table cli_access_table;
extern const struct cli_table cli_selftest_table;
extern const struct cli_table cli_dkim_table;

/* Add every command but init and serve, which are main's. */
void cli_all(struct cli *cli);

#endif
