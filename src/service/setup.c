/* setup: the steps of init. */
#include "service/setup.h"

#include "core/secret.h"
#include "platform/process.h"

static void
print(struct cli *cli, const char *what, const char *how)
{
	term_str(&cli->out, what);
	term_str(&cli->out, ": ");
	term_str(&cli->out, how);
	term_str(&cli->out, "\n");
}

/* ---- --set ---- */

/* The n-th --set as key and value: 1, 0 when there is none, or ERR_SYNTAX. */
static int
nth_set(struct cli *cli, unsigned n, struct span *key, struct span *value)
{
	const char *set = cli_option(cli, "--set", n);
	struct span pair;
	size_t equals;

	if (set == NULL)
		return 0;
	pair = span_str(set);
	equals = span_find(pair, '=');
	if (equals == pair.len) {
		(void)cli_error_at(
		    cli, set, "a setting is given as --set KEY=VALUE");
		return ERR_SYNTAX;
	}
	*key = span_first(pair, equals);
	*value = span_from(pair, equals + 1);
	return 1;
}

/* One of settings_check, settings_set, settings_override. */
typedef int (*set_fn)(struct settings *s, struct span key, struct span value,
    struct text *message);

static int
each_set(struct cli *cli, struct settings *s, set_fn fn)
{
	char mem[SETTINGS_MESSAGE_MAX];
	struct span key, value;
	struct text why;
	int got;

	for (unsigned i = 0; (got = nth_set(cli, i, &key, &value)) > 0; i++) {
		text_init(&why, mem, sizeof(mem));
		if (fn(s, key, value, &why) < 0)
			return cli_error(cli, mem);
	}
	return got < 0 ? CLI_FAILED : CLI_OK;
}

int
setup_override(struct cli *cli, struct settings *s)
{
	return each_set(cli, s, settings_override);
}

/* Before anything is made: are all of them right? */
static int
check_sets(const struct setup *su)
{
	const struct state_memory *m = su->link->areas;
	struct settings *s = &su->link->state->settings;

	settings_init(s, NULL, m->settings, m->settings_cap);
	return each_set(su->cli, s, settings_check);
}

static int
store_sets(const struct setup *su)
{
	struct settings *s = &su->link->state->settings;
	char mem[SETTINGS_MESSAGE_MAX];
	const char *set;
	struct text why;

	text_init(&why, mem, sizeof(mem));
	if (cli_option(su->cli, "--set", 0) == NULL)
		return CLI_OK;
	if (settings_begin(s, &why) < 0)
		return cli_error(su->cli, mem);
	if (each_set(su->cli, s, settings_set)) {
		settings_abort(s);
		return CLI_FAILED;
	}
	if (settings_commit(s, &why) < 0)
		return cli_error(su->cli, mem);
	print(su->cli, "settings", "stored");
	for (unsigned i = 0; (set = cli_option(su->cli, "--set", i)); i++)
		cli_warn_of_secret(su->cli, set);
	return CLI_OK;
}

/* ---- the folder ---- */

static int
make_folder(const struct setup *su)
{
	const char *folder = su->cli->state;

	switch (process_make_folder(folder)) {
	case ERR_OK:
		print(su->cli, folder, "made");
		return CLI_OK;
	case ERR_EXISTS:
		print(su->cli, folder, "exists, kept");
		return CLI_OK;
	case ERR_MISSING:
		return cli_error_at(su->cli, folder,
		    "the folder above it does not exist; make it first");
	case ERR_DENIED:
		return cli_error_at(su->cli, folder,
		    "no right to make this folder; run as root, or name "
		    "another with --state");
	case ERR_READ_ONLY:
		return cli_error_at(su->cli, folder,
		    "the file system is read-only: this folder can't be made");
	case ERR_UNSUPPORTED:
		return cli_error_at(su->cli, folder,
		    "this is no folder; name another with --state");
	case ERR_FULL:
		return cli_error_at(
		    su->cli, folder, "no space left to make this folder");
	default:
		return cli_error_at(
		    su->cli, folder, "this folder can't be made");
	}
}

static int
open_state(const struct setup *su)
{
	char mem[STATE_WHY];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	if (cli_link_open(su->link, su->cli, &why) < 0)
		return cli_error(su->cli, mem);
	print(su->cli,
	    su->link->state->medium.is_mtd ? "settings on flash and " STATE_KEY
					   : STATE_SETTINGS " and " STATE_KEY,
	    su->link->state->fresh ? "made" : "exist, kept");
	return CLI_OK;
}

/* ---- the certificate ---- */

struct hosts {
	char name[256];
	struct span list[TLS_HOSTS_MAX];
	unsigned n;
};

static void
add_host(struct hosts *h, struct span host)
{
	for (unsigned i = 0; i < h->n; i++)
		if (span_is_nocase(h->list[i], host))
			return;
	if (h->n < TLS_HOSTS_MAX && host.len > 0)
		h->list[h->n++] = host;
}

/* The addresses that are listened on by name, as clients will call them. */
static void
add_addresses(struct hosts *h, struct span endpoints)
{
	struct span at;

	while (span_next(&endpoints, ',', &at)) {
		struct span ip = span_trim(at);

		ip = span_first(ip, span_rfind(ip, ':'));
		if (ip.len > 2 && ip.p[0] == '[')
			ip = span_of(ip.p + 1, ip.len - 2);
		if (!span_is(ip, SPAN("*")) && !span_is(ip, SPAN("0.0.0.0"))
		    && !span_is(ip, SPAN("::")) && !span_is(ip, SPAN("off")))
			add_host(h, ip);
	}
}

static void
collect_hosts(const struct settings *s, struct hosts *h)
{
	struct span name = settings_text(s, SETTING_HOST_NAME), piece;
	struct span domains = settings_text(s, SETTING_HOST_DOMAINS);

	h->n = 0;
	process_host_name(h->name, sizeof(h->name));
	add_host(h, name.len > 0 ? name : span_str(h->name));
	while (domains.len > 0 && h->n < TLS_HOSTS_MAX / 2
	       && span_next(&domains, ',', &piece))
		add_host(h, span_trim(piece));
	add_host(h, SPAN("localhost"));
	add_host(h, SPAN("127.0.0.1"));
	add_host(h, SPAN("::1"));
	add_addresses(h, settings_text(s, SETTING_LISTEN_SUBMISSION));
	add_addresses(h, settings_text(s, SETTING_LISTEN_POP3S));
}

static int
print_fingerprint(const struct setup *su)
{
	char mem[2 * TLS_FINGERPRINT + 1], why_mem[STATE_WHY];
	struct text t, why;
	struct fs *fs = &su->link->state->files.fs;

	text_init(&why, why_mem, sizeof(why_mem));
	if (tls_identity_load(
		&su->tls->main[0], fs, STATE_PAIR, STATE_PAIR, &why))
		return cli_error(su->cli, why_mem);
	text_init(&t, mem, sizeof(mem));
	text_hex(&t, span_of(su->tls->main[0].fingerprint, TLS_FINGERPRINT));
	tls_identity_wipe(&su->tls->main[0]);
	print(su->cli, "certificate sha256", mem);
	return CLI_OK;
}

static int
make_pair(const struct setup *su)
{
	const struct settings *s = &su->link->state->settings;
	struct fs *fs = &su->link->state->files.fs;
	struct fs_stat st;
	struct hosts h;
	int err;

	if (settings_text(s, SETTING_TLS_CERT).len > 0) {
		print(su->cli, STATE_PAIR, "not made, tls.cert is set");
		return CLI_OK;
	}
	if (fs->stat(fs, STATE_PAIR, &st) == ERR_OK) {
		print(su->cli, STATE_PAIR, "exists, kept");
		return print_fingerprint(su);
	}
	collect_hosts(s, &h);
	err = tls_identity_make(
	    &su->tls->main[0], fs, ".", STATE_PAIR, h.list, h.n);
	if (err < 0)
		return cli_error_at(su->cli, STATE_PAIR,
		    err == ERR_SYNTAX
			? "host.name or host.domains can't stand in a "
			  "certificate; set host.name to a DNS name"
			: err_text(err));
	print(su->cli, STATE_PAIR, "made");
	return print_fingerprint(su);
}

/* The owner's own pair: the files may still come. */
static void
try_pair(const struct setup *su)
{
	struct state *st = su->link->state;
	char mem[STATE_WHY];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	server_tls_try(
	    su->tls, &st->files.fs, &st->settings, SERVER_TLS_MAIN, &why);
	if (why.len > 0)
		print(su->cli, "warning", mem);
}

int
setup_run(const struct setup *su)
{
	struct cli *cli = su->cli;

	if (check_sets(su) || make_folder(su) || open_state(su)
	    || store_sets(su) || make_pair(su))
		return CLI_FAILED;
	try_pair(su);
	if (state_set_up(su->link->state) < 0)
		return cli_error_at(cli, cli->state,
		    "could not be marked as set up: device error");
	term_str(&cli->out, "ready: gatepost serve --state ");
	term_str(&cli->out, cli->state);
	term_str(&cli->out, "\n");
	return CLI_OK;
}
