/*
 * cli_files: files of the person at the keyboard, mapped or replaced.
 *
 * Paths are relative to the working folder, or absolute.  An error has been
 * printed, with the path in front, when one of these returns it.
 */
#ifndef SERVICE_CLI_FILES_H
#define SERVICE_CLI_FILES_H

#include "platform/files.h"
#include "service/cli.h"

struct cli_files {
	struct files files;
	char path[FS_PATH_MAX]; /* of the new file */
};

/*
 * Run a command with memory of its own: `octets` of zeroed memory that begin
 * with the struct cli_files `run` is given, the working folder opened.  The
 * exit status is run's, or CLI_FAILED.
 */
int cli_files_work(struct cli *cli, size_t octets,
    int (*run)(struct cli *cli, struct cli_files *f));

/* Map a whole file; an empty one is an empty span.  Unmap with the same. */
int cli_files_map(struct cli *cli, struct cli_files *f, const char *path,
    struct span *out) MUST_CHECK;
void cli_files_unmap(struct cli_files *f, struct span mapped);

/*
 * A name beside `path` that is nobody's: "PATH.xxxxxxxx.new".  ERR_RANGE: too
 * long; ERR_IO: no random numbers.
 */
int cli_files_beside(struct text *t, const char *path) MUST_CHECK;

/* Write the file anew, durably, in one step: the old or the new, never half. */
int cli_files_replace(struct cli *cli, struct cli_files *f, const char *path,
    struct span content) MUST_CHECK;

#endif
