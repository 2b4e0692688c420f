/*
 * parts: what Kconfig has left out of this program, in a person's words.
 *
 * A setting, a command or a path of the API whose part is not built in is
 * refused with one line that says so, and the part's name: "sending on to
 * other servers is not built into this program".  A setting's default may be
 * set all the same, so that exports and backups move between programs.
 *
 * Memory: constant.
 * Tested: tests/unit/test_access.c, tools/check-configs.
 */
#ifndef SERVICE_PARTS_H
#define SERVICE_PARTS_H

#include "config.h"

#include "store/settings_schema.h"

/* Something looks into messages, so that some are stopped and kept. */
#define HAS_VERDICTS (ENABLE_SCAN_WORKER || ENABLE_CLAMD)

#define PARTS_ABSENT " is not built into this program"

/* The name of the part that this setting needs and that is lacking; or NULL. */
const char *parts_lacking_setting(enum setting id);

/* The same for a command's first word, or the first part of a path. */
const char *parts_lacking_word(struct span word);

#endif
