/*
 * cli_answer: asking the API, and taking its answers apart as they come: a
 * list of any length passes through a buffer for one of its entries.
 */
#include "service/cli.h"

#include "core/err.h"

struct text
cli_path(struct cli *cli, const char *start)
{
	struct text t;

	text_init(&t, cli->path_mem, sizeof(cli->path_mem));
	text_str(&t, "/api/v1");
	text_str(&t, start);
	return t;
}

struct json_out
cli_body(struct cli *cli, struct text *t)
{
	struct json_out o;

	text_init(t, cli->body_mem, cli->body_cap);
	json_begin(&o, t);
	return o;
}

int
cli_check(struct cli *cli, const char *what, struct span typed)
{
	size_t len = 1;

	while (len > 0 && typed.len > 0) {
		len = json_utf8(typed);
		typed = span_from(typed, len);
	}
	return len > 0 ? CLI_OK
		       : cli_error_at(cli, what,
			   "this is no UTF-8; does the terminal write another "
			   "character set?");
}

/* ---- errors ---- */

static int
print_error(struct cli *cli)
{
	char message[512];
	struct text t;
	struct json j;

	text_init(&t, message, sizeof(message));
	if (json_parse(&j, text_data(&cli->got), cli->tokens, CLI_TOKENS)
	    || json_text(&j, json_member(&j, JSON_ROOT, "error"), &t))
		return cli_error(cli,
		    "the server gave an error that is no gatepost's; is "
		    "another program behind STATE/control?");
	return cli_error(cli, message);
}

/* ---- taking answers apart ---- */

static int
item_done(struct cli *cli)
{
	struct json j;
	int err;

	if (cli->got.cut)
		return cli_error(
		    cli, "an entry of the answer is too long to be shown");
	err = json_parse(&j, text_data(&cli->got), cli->tokens, CLI_TOKENS);
	if (err)
		return cli_error(cli, "the answer is not the JSON that was "
				      "expected; same version on both sides?");
	err = cli->item(cli, &j);
	text_init(&cli->got, cli->got_mem, sizeof(cli->got_mem));
	return err;
}

/* Objects in an array of the top level stand at depth 2. */
static int
take_byte(struct cli *cli, uint8_t c)
{
	const unsigned level = cli->whole ? 0 : 2;
	bool inside = cli->depth > level;

	if (cli->in_string) {
		cli->in_string = cli->in_escape || c != '"';
		cli->in_escape = !cli->in_escape && c == '\\';
	} else if (c == '"') {
		cli->in_string = true;
	} else if (c == '{' || c == '[') {
		inside = ++cli->depth > level;
	} else if ((c == '}' || c == ']') && cli->depth > 0) {
		cli->depth--;
	}
	if (!inside)
		return CLI_OK;
	text_chr(&cli->got, (char)c);
	return cli->depth == level ? item_done(cli) : CLI_OK;
}

static int
take_items(struct cli *cli, struct span piece)
{
	int err = CLI_OK;

	for (size_t i = 0; i < piece.len && err == CLI_OK; i++)
		err = take_byte(cli, piece.p[i]);
	return err;
}

/* ---- calls ---- */

static int
sort_answer(struct cli *cli, struct span piece)
{
	if (cli->status >= 400)
		text_span(&cli->got, piece);
	else if (cli->user_sink != NULL)
		return cli->user_sink(cli, piece);
	return CLI_OK;
}

int
cli_call(struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_sink sink)
{
	int err;

	cli->status = 0;
	cli->user_sink = sink;
	text_init(&cli->got, cli->got_mem, sizeof(cli->got_mem));
	err = cli->link->call(cli->link, cli, m, path, body, sort_answer);
	if (err)
		return err;
	return cli->status >= 400 ? print_error(cli) : CLI_OK;
}

static int
call_for_items(struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_item item)
{
	cli->item = item;
	cli->depth = 0;
	cli->in_string = cli->in_escape = false;
	return cli_call(cli, m, path, body, take_items);
}

int
cli_show(struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_item item)
{
	cli->whole = true;
	return call_for_items(cli, m, path, body, item);
}

int
cli_list(struct cli *cli, const char *path, cli_item item)
{
	cli->whole = false;
	return call_for_items(cli, HTTP_GET, path, span_of(NULL, 0), item);
}

/* ---- printing ---- */

void
cli_member(const struct json *j, const char *key, char *out, size_t size)
{
	struct text t;

	text_init(&t, out, size);
	if (json_text(j, json_member(j, JSON_ROOT, key), &t))
		text_init(&t, out, size);
}

/* Characters of two and three octets, by the range of their last one. */
struct steering {
	struct span before;
	uint8_t from, to;
};

/* How many octets at the beginning of `s` would steer a terminal. */
static size_t
steering(struct span s)
{
	static const struct steering all[] = {
		{ { (const uint8_t *)"\xc2", 1 }, 0x80, 0x9f },	    /* U+0080 */
		{ { (const uint8_t *)"\xe2\x80", 2 }, 0x8e, 0x8f }, /* U+200E */
		{ { (const uint8_t *)"\xe2\x80", 2 }, 0xa8, 0xae }, /* U+2028 */
		{ { (const uint8_t *)"\xe2\x81", 2 }, 0xa6, 0xa9 }, /* U+2066 */
	};

	if (s.p[0] < 0x20 || s.p[0] == 0x7f)
		return 1;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t n = all[i].before.len;

		if (s.len > n && span_starts(s, all[i].before)
		    && s.p[n] >= all[i].from && s.p[n] <= all[i].to)
			return n + 1;
	}
	return 0;
}

void
cli_put(struct term *t, struct span s)
{
	while (s.len > 0) {
		size_t n = steering(s);

		term_span(t, n > 0 ? SPAN("?") : span_first(s, 1));
		s = span_from(s, n > 0 ? n : 1);
	}
}

int
cli_print_raw(struct cli *cli, struct span piece)
{
	term_span(&cli->out, piece);
	return CLI_OK;
}

void
cli_print_text(struct cli *cli, const struct json *j, int at)
{
	char *mem = cli->line_mem;
	struct text t;

	text_init(&t, mem, sizeof(cli->line_mem));
	if (json_text(j, at, &t))
		return;
	cli_put(&cli->out, text_data(&t));
}
