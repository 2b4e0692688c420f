/*
 * cli: the command line: `gatepost WORDS ARGUMENTS --options`.
 *
 *   argv -> cli_run -> row of a table -> its function -> cli_call -> API
 *                                                          |
 *                       server running: its control socket +
 *                       else: the same handlers in this process, under the
 *                       state folder's lock
 *
 * To add commands: a table of rows in a cli_*.c, and one line in cli_all.c.
 *
 *	static int
 *	thing_list(struct cli *cli)
 *	{
 *		return cli_list(cli, "/api/v1/things", print_thing);
 *	}
 *
 *	static const struct cli_command rows[] = {
 *		{ "thing list", "", "", 0, 0, thing_list, "list all things" },
 *	};
 *	const struct cli_table cli_things = CLI_TABLE(rows);
 *
 * Failure: one line on standard error that says what is wrong, where, and
 * what to do; exit status CLI_FAILED.  Texts on standard output are stable:
 * scripts read them.
 * Memory: struct cli, static in memory.c; touched by the command line only.
 * Bounds: CLI_OPTIONS options, arguments as many as the system passes.
 * Tested: tests/e2e/test_cli.py.
 */
#ifndef SERVICE_CLI_H
#define SERVICE_CLI_H

#include "codec/httpreq.h"
#include "codec/json.h"
#include "platform/term.h"

#define CLI_OK	   0
#define CLI_FOUND  1 /* scan: something was found */
#define CLI_FAILED 2

#define CLI_OPTIONS 32
#define CLI_ITEM    16384 /* one entry of a list, or a whole short answer */
#define CLI_TOKENS  512

struct cli;
struct cli_link;

struct cli_command {
	const char *words;   /* "user add" */
	const char *options; /* "--legacy --set= -o=": "=" takes a value */
	const char *usage;   /* "NAME [--legacy]" */
	unsigned min, max;   /* arguments behind the words */
	int (*run)(struct cli *cli); /* returns the exit status */
	const char *help;	     /* one line, lower case */
};

struct cli_table {
	const struct cli_command *rows;
	unsigned n;
};

#define CLI_TABLE(rows)                                                        \
	{                                                                      \
		(rows), sizeof(rows) / sizeof((rows)[0])                       \
	}

#define CLI_TABLES 16
#define CLI_ANY	   4096u /* as `max`: any number of arguments */

struct cli_option {
	const char *name; /* as in cli_command.options, without "=" */
	size_t name_len;
	const char *value; /* "" for a flag */
};

/* Where an answer's bytes go; an exit status other than CLI_OK ends it. */
typedef int (*cli_sink)(struct cli *cli, struct span piece);

/* What is done with one entry of a list, or with a whole answer. */
typedef int (*cli_item)(struct cli *cli, const struct json *j);

struct cli {
	const char *state; /* the state folder */
	const struct cli_command *command;
	char **args;
	unsigned n_args;
	struct cli_option options[CLI_OPTIONS];
	unsigned n_options;
	const struct cli_table *tables[CLI_TABLES];
	unsigned n_tables;
	struct cli_link *link; /* how the API is reached */
	struct term out, err;
	void *user; /* the running command's own */

	/* the answer that is being read */
	unsigned status;
	cli_item item;
	cli_sink user_sink;
	struct text got;
	unsigned depth;
	bool in_string, in_escape, whole;

	struct cli_secure *secure; /* for talking TLS */

	char *body_mem; /* for the longest request */
	size_t body_cap;

	char out_mem[4096];
	char err_mem[1024];
	char got_mem[CLI_ITEM];
	char path_mem[1024];
	char line_mem[CLI_ITEM]; /* one value that is being printed */
	char net_mem[4096];	 /* a piece of an answer as it came */
	struct json_token tokens[CLI_TOKENS];
};

/* How a request reaches the API: cli_link.h, or a test's own. */
struct cli_link {
	/*
	 * Send the request; pieces of the answer go to `sink` after
	 * cli->status has been set.  Returns an exit status.
	 */
	int (*call)(struct cli_link *l, struct cli *cli, enum http_method m,
	    const char *path, struct span body, cli_sink sink);
};

/* Requests are built in `body`, `cap` bytes. */
void cli_init(struct cli *cli, struct cli_link *link, char *body, size_t cap);
void cli_add(struct cli *cli, const struct cli_table *t);

/* Understand argv (of main) and do it; the exit status. */
int cli_run(struct cli *cli, int argc, char **argv);

/* ---- for commands ---- */

/* Say what is wrong, as one line; returns CLI_FAILED. */
int cli_error(struct cli *cli, const char *message);

/* The same with the name of the thing in front: "FILE: message". */
int cli_error_at(struct cli *cli, const char *where, const char *message);

/* `word` begins no command, or several: say so; returns CLI_FAILED. */
int cli_unknown(struct cli *cli, const char *word);

/* The value of an option ("" for a flag), or NULL; n-th of several. */
const char *cli_option(const struct cli *cli, const char *name, unsigned nth);

/* Start a path of the API, then add segments, which are encoded. */
struct text cli_path(struct cli *cli, const char *start);

/* Start the JSON of a request's body. */
struct json_out cli_body(struct cli *cli, struct text *t);

/* What is no UTF-8 would be kept as something else: CLI_FAILED, and said. */
int cli_check(struct cli *cli, const char *what, struct span typed);

/*
 * Ask the API; the answer is dropped, or given to `sink` piece by piece.  An
 * error has been printed when this returns another status than CLI_OK.
 */
int cli_call(struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_sink sink);

/* Ask for a short answer and have `item` called with the whole of it. */
int cli_show(struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_item item);

/*
 * Ask for a list of any length: `item` is called with each object that stands
 * in an array of the answer's top level.
 */
int cli_list(struct cli *cli, const char *path, cli_item item);

/*
 * Print what comes from outside: it stays on its line and steers no terminal.
 * Control characters, those of Unicode that turn the direction of writing, and
 * its line ends become question marks.
 */
void cli_put(struct term *t, struct span s);

/* KEY=VALUE has been typed: warn when it is a secret. */
void cli_warn_of_secret(struct cli *cli, const char *pair);

/* A sink: print the answer as it comes. */
int cli_print_raw(struct cli *cli, struct span piece);

/* Print a string member, or nothing when it is not there; by cli_put. */
void cli_print_text(struct cli *cli, const struct json *j, int at);

/* A member's text; "" when it is not there or does not fit. */
void cli_member(const struct json *j, const char *key, char *out, size_t size);

#endif
