/*
 * process: what this process is allowed to do, and where it may write.
 */
#ifndef PLATFORM_PROCESS_H
#define PLATFORM_PROCESS_H

#include "core/err.h"
#include "core/span.h"
#include "core/text.h"

/*
 * New files are readable by their owner only, none becomes standard input or
 * output, and one that grows beyond the limit for files is an error and not
 * the end; to be called first.
 */
void process_private(void);

/*
 * When started as root: become the owner of folder `path` for good (user,
 * groups; no way back, not by setuid programs either).  Nothing happens when
 * we are not root, or root owns the folder.  ERR_MISSING: no such folder;
 * ERR_DENIED: the system refused, and the process must not go on.
 */
int process_become_owner(const char *path) MUST_CHECK;

/* Are we root now? */
bool process_is_root(void);

/* Sleep; for the command line, which waits for a lock. */
void process_sleep_ms(unsigned ms);

struct process_folder {
	int dir; /* its descriptor */
	const char *path;
};

/*
 * Write to `out` a path to `name` in this folder that is short enough for a
 * Unix socket's address, however deep the folder lies.  Without /proc it is
 * the path as it stands.
 */
void process_short_path(
    struct process_folder folder, const char *name, struct text *out);

/*
 * Make a folder for its owner only; ERR_EXISTS, ERR_MISSING, ERR_DENIED;
 * ERR_UNSUPPORTED: there is something else of this name.
 */
int process_make_folder(const char *path) MUST_CHECK;

/* The machine's own name, or "localhost"; terminated. */
void process_host_name(char *out, size_t size);

/*
 * Let `name` in folder `dir` point to `target`, replacing what was there: a
 * link, or on a file system without links (FAT) a file that holds the path.
 */
int process_point(int dir, const char *name, const char *target) MUST_CHECK;

/* Is `name` such a file?  Then the path that it holds, in `out`. */
bool process_pointed(int dir, const char *name, struct text *out);

/*
 * May we make names in this folder?  A relative path begins at `dir`.
 * ERR_DENIED, ERR_READ_ONLY; others: not known.
 */
int process_may_write(int dir, const char *path) MUST_CHECK;

/* Does something bear this name that is no socket? */
bool process_is_taken(int dir, const char *path);

/* Remove a name; fine when there is none. */
void process_remove(const char *path);

/* The program's own user can be named in messages: "uid 1000". */
void process_user(struct text *out);

#endif
