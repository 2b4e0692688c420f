/*
 * cli: which command is meant, with which arguments and options.  Reaching
 * the API is cli_answer.c's.
 */
#include "service/cli.h"

#include <assert.h>
#include <string.h>

#include "service/parts.h"

#define ARGUMENT_SHOWN 160  /* of an argument, in a message about it */
#define LINE_SHOWN     1000 /* of a message, or of the path before it */

void
cli_init(struct cli *cli, struct cli_link *link, char *body, size_t cap)
{
	cli->secure = NULL;
	cli->body_mem = body;
	cli->body_cap = cap;
	cli->state = STATE_DIR;
	cli->command = NULL;
	cli->n_args = 0;
	cli->n_options = 0;
	cli->n_tables = 0;
	cli->link = link;
	cli->user = NULL;
	term_init(&cli->out, TERM_OUT, cli->out_mem, sizeof(cli->out_mem));
	term_init(&cli->err, TERM_ERR, cli->err_mem, sizeof(cli->err_mem));
}

void
cli_add(struct cli *cli, const struct cli_table *t)
{
	assert(cli->n_tables < CLI_TABLES);
	cli->tables[cli->n_tables++] = t;
}

/* ---- messages ---- */

/* What was typed, or comes from outside. */
static void
put_shown(struct cli *cli, const char *s, size_t most)
{
	struct span all = span_str(s);

	cli_put(&cli->err, span_first(all, most));
	term_str(&cli->err, all.len > most ? "..." : "");
}

static void
put_line(struct cli *cli, const char *a, const char *b, const char *c)
{
	term_str(&cli->err, "gatepost: ");
	put_shown(cli, a, LINE_SHOWN);
	term_str(&cli->err, b);
	put_shown(cli, c, LINE_SHOWN);
	term_str(&cli->err, "\n");
	term_flush(&cli->err);
}

int
cli_error(struct cli *cli, const char *message)
{
	put_line(cli, message, "", "");
	return CLI_FAILED;
}

int
cli_error_at(struct cli *cli, const char *where, const char *message)
{
	put_line(cli, where, ": ", message);
	return CLI_FAILED;
}

static int
usage(struct cli *cli, const char *what, const char *detail)
{
	const struct cli_command *c = cli->command;

	term_str(&cli->err, "gatepost: ");
	put_shown(cli, what, ARGUMENT_SHOWN);
	term_str(&cli->err, detail);
	term_str(&cli->err, "; usage: gatepost ");
	term_str(&cli->err, c->words);
	term_str(&cli->err, *c->usage != '\0' ? " " : "");
	term_str(&cli->err, c->usage);
	term_str(&cli->err, " [--state DIR]\n");
	term_flush(&cli->err);
	return CLI_FAILED;
}

/* ---- which command ---- */

/* How many of the words are those of the row; 0: it is another command. */
static unsigned
words_match(const struct cli_command *row, char **words, unsigned n)
{
	struct span rest = span_str(row->words), word;
	unsigned used = 0;

	while (span_next(&rest, ' ', &word)) {
		if (used == n || !span_is(word, span_str(words[used])))
			return 0;
		used++;
	}
	return used;
}

static unsigned
find_command(struct cli *cli, char **words, unsigned n)
{
	unsigned best = 0;

	for (unsigned k = 0; k < cli->n_tables; k++) {
		const struct cli_table *t = cli->tables[k];

		for (unsigned i = 0; i < t->n; i++) {
			unsigned used = words_match(&t->rows[i], words, n);

			if (used <= best)
				continue;
			best = used;
			cli->command = &t->rows[i];
		}
	}
	return best;
}

/* "user" alone, or "user frobnicate": say what could have been meant. */
int
cli_unknown(struct cli *cli, const char *word)
{
	struct span first = span_str(word), rest, have;
	const char *part = parts_lacking_word(first);
	char mem[256];
	struct text text;

	text_init(&text, mem, sizeof(mem));
	for (unsigned k = 0; k < cli->n_tables; k++) {
		const struct cli_table *t = cli->tables[k];

		for (unsigned i = 0; i < t->n; i++) {
			rest = span_str(t->rows[i].words);
			if (!span_next(&rest, ' ', &have)
			    || !span_is(have, first) || rest.p == NULL)
				continue;
			text_str(&text, text.len > 0 ? ", " : "");
			text_str(&text, t->rows[i].words);
		}
	}
	if (part != NULL) {
		put_line(cli, part, PARTS_ABSENT, "");
		return CLI_FAILED;
	}
	if (text.len > 0) {
		put_line(cli, word,
		    ": which of its commands is meant? there are: ", mem);
		return CLI_FAILED;
	}
	put_line(cli, *word != '\0' ? word : "\"\"", ": no such command; ",
	    "`gatepost help` lists all of them");
	return CLI_FAILED;
}

/* ---- options ---- */

/* The option's place in "--a --b= -o="; is it there, does it take a value? */
static bool
find_option(
    const char *known, struct span name, struct cli_option *o, bool *valued)
{
	struct span rest = span_str(known), word;

	while (span_next(&rest, ' ', &word)) {
		*valued = word.len > 0 && word.p[word.len - 1] == '=';
		if (*valued)
			word.len--;
		if (word.len == 0 || !span_is(word, name))
			continue;
		o->name = (const char *)word.p;
		o->name_len = word.len;
		return true;
	}
	return false;
}

static int
keep_option(struct cli *cli, struct cli_option o)
{
	if (span_is(span_of(o.name, o.name_len), SPAN("--state"))) {
		cli->state = o.value;
		return CLI_OK;
	}
	if (cli->n_options == CLI_OPTIONS)
		return usage(cli, "too many options", "");
	cli->options[cli->n_options++] = o;
	return CLI_OK;
}

/* Take the option at argv[*i], and its value from behind it. */
static int
take_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];
	struct span whole = span_str(arg);
	size_t equals = span_find(whole, '=');
	struct span name = span_first(whole, equals);
	struct cli_option o = { .value = "" };
	bool valued;

	if (!find_option("--state=", name, &o, &valued)
	    && !find_option(cli->command->options, name, &o, &valued))
		return usage(cli, arg, ": no such option");
	if (!valued && equals < whole.len)
		return usage(cli, arg, ": this option takes no value");
	if (valued && equals < whole.len)
		o.value = arg + equals + 1;
	else if (valued && *i + 1 < argc)
		o.value = argv[++*i];
	else if (valued)
		return usage(cli, arg, ": a value must follow");
	if (valued && *o.value == '\0')
		return usage(cli, arg, ": the value is empty");
	return keep_option(cli, o);
}

static bool
is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

/* Options out of argv, so that arguments stand together at its front. */
static int
sort_arguments(struct cli *cli, int argc, char **argv)
{
	bool plain = false;
	int err;

	cli->args = argv;
	for (int i = 0; i < argc; i++) {
		if (!plain && !strcmp(argv[i], "--")) {
			plain = true;
		} else if (!plain && is_option(argv[i])) {
			err = take_option(cli, argc, argv, &i);
			if (err)
				return err;
		} else if (argv[i][0] == '\0') {
			return usage(
			    cli, cli->command->words, ": an argument is empty");
		} else {
			argv[cli->n_args++] = argv[i];
		}
	}
	if (cli->n_args < cli->command->min)
		return usage(
		    cli, cli->command->words, ": something is missing");
	if (cli->n_args > cli->command->max)
		return usage(cli, cli->args[cli->command->max],
		    ": this is one argument too many");
	return CLI_OK;
}

/* A --state in front of the command's words. */
static void
leading_state(struct cli *cli, int *argc, char ***argv)
{
	while (*argc > 0) {
		const char *arg = **argv;
		int used = 1;

		if (span_starts(span_str(arg), SPAN("--state="))
		    && arg[sizeof("--state=") - 1] != '\0') {
			cli->state = arg + sizeof("--state=") - 1;
		} else if (!strcmp(arg, "--state") && *argc > 1) {
			cli->state = (*argv)[1];
			used = 2;
		} else {
			return;
		}
		*argc -= used;
		*argv += used;
	}
}

/* And one between them, as in "user --state DIR list". */
static void
inner_state(struct cli *cli, int *argc, char ***argv)
{
	char *first = **argv, **rest = *argv + 1;
	int n = *argc - 1;

	if (is_option(first))
		return;
	leading_state(cli, &n, &rest);
	*--rest = first;
	*argv = rest;
	*argc = n + 1;
}

static bool
asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* The usual other ways to ask for two of the commands. */
static char *
common_name(char *word)
{
	static char help[] = "help", version[] = "version";

	if (asks_for_help(word))
		return help;
	return strcmp(word, "--version") != 0 ? word : version;
}

/* "user add --help" is "help user add"; *argv has a place in front. */
static void
trailing_help(int *argc, char ***argv)
{
	static char help[] = "help";
	int words = 0, i;

	while (words < *argc && !is_option((*argv)[words]))
		words++;
	for (i = words; i < *argc && strcmp((*argv)[i], "--") != 0; i++)
		if (asks_for_help((*argv)[i]))
			break;
	if (words == 0 || i == *argc || !asks_for_help((*argv)[i]))
		return;
	*--*argv = help;
	*argc = words + 1;
}

int
cli_run(struct cli *cli, int argc, char **argv)
{
	unsigned used;
	int status;

	argc--;
	argv++;
	leading_state(cli, &argc, &argv);
	if (argc == 0)
		return cli_error(cli,
		    "what is to be done? `gatepost help` lists the commands");
	inner_state(cli, &argc, &argv);
	trailing_help(&argc, &argv);
	argv[0] = common_name(argv[0]);
	used = find_command(cli, argv, (unsigned)argc);
	if (used == 0)
		return cli_unknown(cli, argv[0]);
	status = sort_arguments(cli, argc - (int)used, argv + used);
	if (status)
		return status;
	status = cli->command->run(cli);
	term_flush(&cli->out);
	if (cli->out.failed && status == CLI_OK)
		return cli_error(cli, "standard output: can't be written to");
	return status;
}

const char *
cli_option(const struct cli *cli, const char *name, unsigned nth)
{
	for (unsigned i = 0; i < cli->n_options; i++) {
		const struct cli_option *o = &cli->options[i];

		if (!span_is(span_of(o->name, o->name_len), span_str(name)))
			continue;
		if (nth-- == 0)
			return o->value;
	}
	return NULL;
}
