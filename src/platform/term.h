/*
 * term: the command line's side of the world: texts out, answers in.
 *
 * Output is collected in the caller's buffer and written when it is full or
 * flushed.  Failure: a reader that went away or a full disk sets `failed`,
 * and nothing more is written; look once, at the end.
 * All calls block.
 */
#ifndef PLATFORM_TERM_H
#define PLATFORM_TERM_H

#include "core/err.h"
#include "core/span.h"

#define TERM_IN	 0
#define TERM_OUT 1
#define TERM_ERR 2

struct term {
	int fd;
	char *mem;
	size_t cap;
	size_t len;
	bool failed;
};

/* Collect output for descriptor `fd` in `cap` bytes at `mem`. */
void term_init(struct term *t, int fd, char *mem, size_t cap);

void term_span(struct term *t, struct span s);
void term_str(struct term *t, const char *s);
void term_flush(struct term *t);

/*
 * Begin a file for its owner only, to be written like any other output.  It
 * appears as `path` at term_file_end, durably and whole, in place of what was
 * there.  `part` (terminated, of the caller's) names it until then.
 */
int term_file_begin(
    struct term *t, const char *part, char *mem, size_t cap) MUST_CHECK;
int term_file_end(
    struct term *t, const char *part, const char *path) MUST_CHECK;

/*
 * Is something at `path` that a new file must not stand in for: a device, a
 * pipe, a link (/dev/null, /dev/stdout), a folder?
 */
bool term_is_special(const char *path);

/* Give up a file that has begun. */
void term_file_abort(struct term *t, const char *part);

/*
 * Read a whole file ("-": standard input); its length, or
 * ERR_MISSING, ERR_DENIED, ERR_RANGE when it is longer than `cap`, ERR_IO.
 */
int term_read_file(const char *path, char *out, size_t cap) MUST_CHECK;

/* Is there a person at the other end of this descriptor? */
bool term_is_tty(int fd);

/*
 * Ask for a secret at the terminal, without echo; the length, or ERR_MISSING
 * when there is no terminal, ERR_EOF when the person gave up, ERR_RANGE when
 * it is longer than `cap`.
 */
int term_ask_secret(const char *prompt, char *out, size_t cap) MUST_CHECK;

/*
 * Read one line from standard input, its end cut off; the length, ERR_EOF
 * when there is none, ERR_RANGE when it is longer than `cap`.
 */
int term_read_line(char *out, size_t cap) MUST_CHECK;

#endif
