/*
 * cli_selftest: `gatepost selftest relay`: the classic ways to abuse a relay,
 * tried on the running server over loopback, from addresses that nobody was
 * given permission for.
 *
 * A form counts as taken when its RCPT is; DATA is never sent, so nothing is.
 */
#include "service/cli_all.h"

#include "service/cli_talk.h"

#define LISTENERS 8
#define SECONDS	  20
#define FAR	  "far.example"

/* "#" stands for our own name. */
static const struct form {
	const char *from, *to;
} forms[] = {
	{ "spam@" FAR, "victim@" FAR },
	{ "postmaster@#", "victim@" FAR },
	{ "", "victim@" FAR },
	{ "spam@localhost", "victim@" FAR },
	{ "spam@[127.0.0.1]", "victim@" FAR },
	{ "spam@#", "victim@" FAR },
	{ "postmaster@#", "victim%" FAR "@#" },
	{ "postmaster@#", "victim%" FAR "@[127.0.0.1]" },
	{ "postmaster@#", "\"victim@" FAR "\"" },
	{ "postmaster@#", "\"victim%" FAR "\"" },
	{ "postmaster@#", "victim@" FAR "@#" },
	{ "postmaster@#", "\"victim@" FAR "\"@#" },
	{ "postmaster@#", "victim@" FAR "@[127.0.0.1]" },
	{ "postmaster@#", "@#:victim@" FAR },
	{ "postmaster@#", "@[127.0.0.1]:victim@" FAR },
	{ "postmaster@#", FAR "!victim" },
	{ "postmaster@#", FAR "!victim@#" },
	{ "postmaster@#", FAR "!victim@[127.0.0.1]" },
	{ "postmaster@#", "victim@[203.0.113.9]" },
	{ "postmaster@#", "victim@#@" FAR },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

struct selftest {
	struct net_addr to[LISTENERS];
	char role[LISTENERS][16];
	unsigned n;
	unsigned refused, taken, failed;
	char host[256]; /* as the greeting names it */
};

static bool
is_tried(struct span role)
{
	return span_is(role, SPAN("smtp")) || span_is(role, SPAN("submission"))
	       || span_is(role, SPAN("smtps"));
}

static int
keep_listeners(struct cli *cli, const struct json *j)
{
	int list = json_member(j, JSON_ROOT, "listeners"), at = JSON_ABSENT;
	struct selftest *st = cli->user;
	char mem[NET_ADDR_TEXT + 8];
	struct text role, address;

	while (st->n < LISTENERS && json_next(j, list, &at, NULL)) {
		text_init(&role, st->role[st->n], sizeof(st->role[0]));
		text_init(&address, mem, sizeof(mem));
		if (json_text(j, json_member(j, at, "role"), &role)
		    || json_text(j, json_member(j, at, "address"), &address)
		    || !is_tried(text_data(&role))
		    || net_endpoint_parse(text_data(&address), &st->to[st->n]))
			continue;
		st->n++;
	}
	return CLI_OK;
}

/* ---- talking ---- */

/* Send "VERB<address>" with our own name for '#', and hear the reply. */
static bool
say(struct cli *cli, struct cli_talk *t, const char *verb, const char *address,
    const char *host)
{
	struct text line;

	text_init(&line, cli->path_mem, sizeof(cli->path_mem));
	text_str(&line, verb);
	for (const char *p = address; p != NULL && *p != '\0'; p++) {
		if (*p == '#')
			text_str(&line, host);
		else
			text_chr(&line, *p);
	}
	text_str(&line, address == NULL ? "\r\n" : ">\r\n");
	return cli_talk_say(t, text_data(&line));
}

/* "220 gate.example ESMTP": who we are. */
static void
take_host(struct selftest *st, const struct cli_talk *t)
{
	struct span rest = span_from(text_data(&t->reply), 4), word;
	struct text host;

	text_init(&host, st->host, sizeof(st->host));
	if (span_next(&rest, ' ', &word))
		text_span(&host, span_trim(word));
}

/* To the last reply that decides; false when there was none. */
static bool
converse(struct cli *cli, struct selftest *st, struct cli_talk *t,
    const struct form *f)
{
	if (!cli_talk_hear(t) || t->code != 220)
		return false;
	take_host(st, t);
	if (!say(cli, t, "EHLO selftest.invalid", NULL, st->host)
	    || t->code != 250 || !say(cli, t, "MAIL FROM:<", f->from, st->host))
		return false;
	return t->code >= 400 || say(cli, t, "RCPT TO:<", f->to, st->host);
}

/* ---- telling ---- */

static void
put_address(struct cli *cli, const char *address, const char *host)
{
	term_str(&cli->out, "<");
	for (; *address != '\0'; address++) {
		if (*address == '#')
			term_str(&cli->out, host);
		else
			term_span(&cli->out, span_of(address, 1));
	}
	term_str(&cli->out, ">\t");
}

static void
tell(struct cli *cli, struct selftest *st, const struct cli_talk *t,
    const struct form *f, const char *role, const char *verdict)
{
	struct span all = text_data(&t->reply);
	struct span line = span_first(all, span_find(all, '\n'));

	term_str(&cli->out, verdict);
	term_str(&cli->out, "\t");
	term_str(&cli->out, role);
	term_str(&cli->out, "\t");
	put_address(cli, f->from, st->host);
	put_address(cli, f->to, st->host);
	term_span(&cli->out, t->code == 0 ? SPAN("no reply") : span_trim(line));
	term_str(&cli->out, "\n");
	term_flush(&cli->out);
}

/*
 * Each form has an address of its own in 127.0.0.0/8, so that none waits for
 * what the others did.  A listener on one IPv6 address is asked from there.
 */
static int
connect_for(const struct selftest *st, unsigned l, unsigned form)
{
	struct net_addr to = st->to[l], from = { .port = 0 };
	static const uint8_t none[16];
	bool any = !memcmp(to.ip, none, sizeof(none))
		   || (net_is_v4(&to) && !memcmp(to.ip + 12, none, 4));

	if (any && net_endpoint_parse(SPAN("127.0.0.1:1"), &to) == ERR_OK)
		to.port = st->to[l].port;
	if (!net_is_v4(&to))
		return net_connect_from(&to, &to, SECONDS);
	from = to;
	from.ip[12] = 127;
	from.ip[13] = 83;
	from.ip[14] = (uint8_t)l;
	from.ip[15] = (uint8_t)(form + 1);
	return net_connect_from(&to, &from, SECONDS);
}

static void
try_form(struct cli *cli, struct selftest *st, unsigned l, unsigned form)
{
	bool hidden = span_is(span_str(st->role[l]), SPAN("smtps"));
	const struct form *f = &forms[form];
	const char *verdict = "unknown";
	int fd = connect_for(st, l, form);
	struct cli_talk t;

	cli_talk_begin(&t, fd, hidden ? cli->secure : NULL, cli->net_mem,
	    sizeof(cli->net_mem));
	if (fd < 0 || !converse(cli, st, &t, f) || t.code == 421) {
		st->failed++;
	} else if (t.code < 300) {
		st->taken++;
		verdict = "TAKEN";
	} else {
		st->refused++;
		verdict = "refused";
	}
	tell(cli, st, &t, f, st->role[l], verdict);
	cli_talk_end(&t);
	if (fd >= 0)
		net_close(fd);
}

static int
conclude(struct cli *cli, const struct selftest *st)
{
	char mem[160];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, st->taken > 0    ? "OPEN RELAY: "
		     : st->failed > 0 ? "not decided: "
				      : "closed: ");
	text_u64(&t, st->refused);
	text_str(&t, " forms refused, ");
	text_u64(&t, st->taken);
	text_str(&t, " taken, ");
	text_u64(&t, st->failed);
	text_str(&t, " without an answer\n");
	term_str(&cli->out, mem);
	if (st->taken > 0)
		return CLI_FOUND;
	return st->failed > 0 ? CLI_FAILED : CLI_OK;
}

static int
selftest_relay(struct cli *cli)
{
	struct selftest st = { .n = 0 };
	int status;

	cli->user = &st;
	status = cli_show(
	    cli, HTTP_GET, "/api/v1/status", span_of(NULL, 0), keep_listeners);
	cli->user = NULL;
	if (status != CLI_OK)
		return status;
	if (st.n == 0)
		return cli_error(cli, "selftest: no server is running here "
				      "that listens for SMTP; start it first");
	for (unsigned l = 0; l < st.n; l++) {
		for (unsigned f = 0; f < FORMS; f++)
			try_form(cli, &st, l, f);
	}
	return conclude(cli, &st);
}

static const struct cli_command rows[] = {
	{ "selftest relay", "", "", 0, 0, selftest_relay,
	    "try the classic open-relay forms on the running server" },
};

const struct cli_table cli_selftest_table = CLI_TABLE(rows);
