/*
 * setup: what `gatepost init` does: a state folder that `serve` can use.
 *
 *   folder 0700 -> settings.kv, device.key -> --set values -> tls.pem -> mark
 *
 * Doing it again destroys nothing: what exists is kept and said so; given
 * settings are changed.  Every step is durable before the next one, and the
 * mark "set up" comes last, so a power cut leaves a folder on which init can
 * be run again.
 *
 * Failure: one line that says what is wrong; a wrong --set is found before
 * anything is made.
 * Tested: tests/e2e/test_cli.py.
 */
#ifndef SERVICE_SETUP_H
#define SERVICE_SETUP_H

#include "service/cli_link.h"
#include "service/server_tls.h"

struct setup {
	struct cli *cli;
	struct cli_local *link;
	struct server_tls *tls; /* for making the certificate */
};

/* Do it as the options of `cli` say; the exit status. */
int setup_run(const struct setup *su);

/*
 * Put all --set options of `cli` above the stored settings, for this run;
 * CLI_FAILED after a message.
 */
int setup_override(struct cli *cli, struct settings *s);

#endif
