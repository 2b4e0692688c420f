/* cli_all: the list. */
#include "service/cli_all.h"

#include "service/parts.h"

void
cli_all(struct cli *cli)
{
	cli_add(cli, &cli_user_table);
	cli_add(cli, &cli_settings_table);
	cli_add(cli, &cli_backup_table);
	if (ENABLE_SCANNER) {
		cli_add(cli, &cli_scan_table);
		cli_add(cli, &cli_sig_table);
	}
	cli_add(cli, &cli_status_table);
	if (ENABLE_RELAY)
		cli_add(cli, &cli_queue_table);
	if (HAS_VERDICTS)
		cli_add(cli, &cli_quarantine_table);
	cli_add(cli, &cli_access_table);
	if (ENABLE_SELFTEST)
		cli_add(cli, &cli_selftest_table);
	if (ENABLE_DKIM)
		cli_add(cli, &cli_dkim_table);
}
