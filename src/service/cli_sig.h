/*
 * cli_sig: what the `gatepost sig` commands share among their files.
 */
#ifndef SERVICE_CLI_SIG_H
#define SERVICE_CLI_SIG_H

#include "scan/sigdb.h"
#include "service/cli.h"

/* Open a signature file, or say what is wrong with it; an exit status. */
int cli_sig_open(
    struct cli *cli, const char *path, struct sigdb *db, struct span bytes);

/* Say that a signature file's sums are not right; an exit status. */
int cli_sig_damaged(struct cli *cli, const char *path);

/* `gatepost sig install`, in a file of its own. */
int cli_sig_install(struct cli *cli);

#endif
