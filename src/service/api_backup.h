/*
 * api_backup: whole contents, in and out.
 *
 *	GET  /settings/export      "key=value" lines; secrets are named, left
 *out POST /settings/export      {"passphrase":".."}: with sealed secrets POST
 * /settings/import      lines: what is not there gets its default POST
 * /settings/reset       everything back to its default GET  /settings/wear
 *room, erases, and the arithmetic of years POST /backup {"passphrase":".."}
 *(may be empty): one file POST /restore              such a file: replaces
 *everything
 *
 * The body of import and restore is one line with the passphrase, which may
 * be empty, and then the file.
 * Tested: tests/e2e/test_backup.py.
 */
#ifndef SERVICE_API_BACKUP_H
#define SERVICE_API_BACKUP_H

#include "service/api.h"
#include "service/state.h"

void api_backup_offer(struct api *api, struct state *state);

#endif
