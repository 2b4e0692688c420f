/* server_config: one function per module that has settings. */
#include "service/server_config.h"

#include "core/log.h"
#include "platform/clock.h"
#include "platform/log_sink.h"
#include "platform/process.h"
#include "service/parts.h"
#include "service/password.h"
#include "service/place.h"
#include "service/submit_scan.h"

#define MIB (1024u * 1024u)

static const struct settings *
settings_of(const struct server *sv)
{
	return &sv->state->settings;
}

int
server_configure_host(struct server *sv, struct text *why)
{
	struct span name = settings_text(settings_of(sv), SETTING_HOST_NAME);
	struct text t;

	if (name.len == 0) {
		process_host_name(sv->host, sizeof(sv->host));
		return ERR_OK;
	}
	text_init(&t, sv->host, sizeof(sv->host));
	text_span(&t, name);
	if (t.cut)
		text_str(why, "host.name is too long");
	return t.cut ? ERR_RANGE : ERR_OK;
}

static void
configure_auth(struct server *sv)
{
	const struct settings *s = settings_of(sv);
	struct auth_config c = {
		.plaintext = settings_number(s, SETTING_AUTH_PLAINTEXT),
		.old_form = settings_bool(s, SETTING_AUTH_OLD_FORM),
		.iterations = password_iterations(s),
		.cache_seconds = settings_number(s, SETTING_AUTH_CACHE_SECONDS),
		.domains = span_str(sv->submit.domains),
		.host = span_str(sv->host),
		.legacy = &sv->access.auth_legacy,
	};

	auth_configure(&sv->auth, &c);
}

static int
configure_access(struct server *sv, struct text *why)
{
	int err = access_configure(&sv->access, clock_mono_ms(), why);

	if (!err)
		access_mark(&sv->access, sv->listeners.table, sv->listeners.n);
	sv->conns.old_tls = &sv->access.tls_legacy;
	return err;
}

/* Settings without "off" begin with "deliver". */
static void
read_rules(const struct settings *s, struct verdict_rules *r)
{
	static const struct {
		uint8_t cause, setting, plus;
	} rows[] = {
		{ VERDICT_ENCRYPTED, SETTING_SCAN_ENCRYPTED, 1 },
		{ VERDICT_DEEP, SETTING_SCAN_DEEP, 1 },
		{ VERDICT_DAMAGED, SETTING_SCAN_DAMAGED, 1 },
		{ VERDICT_LIMITS, SETTING_SCAN_LIMITS, 1 },
		{ VERDICT_UNOPENED, SETTING_SCAN_UNOPENED, 1 },
		{ VERDICT_FAILED, SETTING_SCAN_FAILED, 1 },
		{ VERDICT_SCRIPTS, SETTING_SCAN_SCRIPTS, 0 },
		{ VERDICT_PROGRAMS, SETTING_SCAN_PROGRAMS, 0 },
		{ VERDICT_MACROS, SETTING_SCAN_MACROS, 0 },
	};

	_Static_assert(sizeof(rows) / sizeof(rows[0]) == VERDICT_CAUSES - 1,
	    "every cause but malware has its setting");
	_Static_assert(SETTING_N < UINT8_MAX, "settings' numbers fit");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		r->of[rows[i].cause] =
		    (uint8_t)(rows[i].plus
			      + settings_number(s, rows[i].setting));
}

/* What the setting says, or what `gatepost sig install` has put in STATE. */
static struct span
signatures_path(struct server *sv)
{
	struct span path =
	    settings_text(settings_of(sv), SETTING_SCAN_SIGNATURES);
	struct fs *fs = &sv->state->files.fs;
	struct fs_stat st;

	if (path.len > 0 || fs->stat(fs, STATE_SIGNATURES, &st))
		return path;
	return SPAN(STATE_SIGNATURES);
}

static void
configure_scanner(struct server *sv)
{
	const struct settings *s = settings_of(sv);
	struct verdict_rules *r = &sv->submit.rules;
	struct scanner_config c = {
		.enabled = settings_bool(s, SETTING_SCAN_ENABLED),
		.max_octets =
		    (uint64_t)settings_number(s, SETTING_SCAN_MAX_MIB) * MIB,
		.depth = settings_number(s, SETTING_SCAN_DEPTH),
		.members = settings_number(s, SETTING_SCAN_MAX_MEMBERS),
		.max_seconds = settings_number(s, SETTING_SCAN_MAX_SECONDS),
		.rules = submit_scan_rules(r),
		.signatures = signatures_path(sv),
	};

	if (ENABLE_SCAN_WORKER)
		scanner_configure(&sv->scanner, &c);
	if (!ENABLE_CLAMD)
		return;
	clamd_configure(&sv->clamd,
	    c.enabled ? settings_text(s, SETTING_SCAN_CLAMD) : SPAN(""),
	    c.max_seconds);
	if (!ENABLE_SCAN_WORKER && c.enabled && !sv->clamd.on)
		log_event(LOG_WARN, "scanner.none", "try",
		    "set scan.clamd; this build has no scanner", 0);
}

static int
configure_submit(struct server *sv)
{
	const struct settings *s = settings_of(sv);
	struct submit_config c = {
		.host = span_str(sv->host),
		.domains = settings_text(s, SETTING_HOST_DOMAINS),
		.max_octets = settings_number(s, SETTING_SMTP_MAX_OCTETS),
		.max_recipients =
		    settings_number(s, SETTING_SMTP_MAX_RECIPIENTS),
		.utf8 = settings_bool(s, SETTING_SMTP_UTF8),
	};

	read_rules(s, &c.rules);
	return submit_configure(&sv->submit, &c);
}

static void
configure_collect(struct server *sv)
{
	const struct settings *s = settings_of(sv);
	struct collect_config c = {
		.host = span_str(sv->host),
		.mail_root = sv->submit.mail_root,
		.networks = settings_text(s, SETTING_PERMIT_POP3_NETWORKS),
		.login_delay_s =
		    settings_number(s, SETTING_POP3_LOGIN_DELAY_SECONDS),
	};

	collect_configure(&sv->collect, &c);
}

int
server_configure(struct server *sv, struct text *why)
{
	const struct settings *s = settings_of(sv);
	int err;

	log_to(log_sink_stderr, settings_number(s, SETTING_LOG_LEVEL));
	sv->conns.idle_ms = 1000 * settings_number(s, SETTING_NET_IDLE_SECONDS);
	sv->listeners.max_per_address =
	    settings_number(s, SETTING_NET_MAX_PER_ADDRESS);
	sv->spool.reserve_octets =
	    (uint64_t)settings_number(s, SETTING_MAIL_FREE_MIB) * MIB;
	err = server_configure_host(sv, why);
	if (err)
		return err;
	err = configure_submit(sv);
	if (err)
		text_str(why, "host.domains is too long: name fewer domains");
	if (!err)
		err = configure_access(sv, why);
	configure_auth(sv);
	if (ENABLE_POP3)
		configure_collect(sv);
	if (HAS_VERDICTS)
		configure_scanner(sv);
	if (!err)
		err = sending_configure(&sv->sending, sv->host);
	sv->generation = s->generation;
	return err;
}

static void
offer_tls(struct server *sv)
{
	sv->conns.tls_modern = &sv->tls.modern;
	sv->conns.tls_legacy = &sv->tls.legacy;
}

int
server_configure_tls(
    struct server *sv, const struct server_memory *m, struct text *why)
{
	struct server_tls *st = &sv->tls;
	int err;

	server_tls_init(st, m->tls_cache, m->tls_cache_octets);
	err = server_tls_load(st, &sv->state->files.fs, settings_of(sv), why);
	if (err == 0)
		log_event(LOG_WARN, "tls.no_pair", "try",
		    "run init, or set tls.cert and tls.key", 0);
	if (err > 0)
		offer_tls(sv);
	return err < 0 ? err : ERR_OK;
}

int
server_renew_tls(struct server *sv, struct text *why)
{
	int err = server_tls_load(
	    &sv->tls, &sv->state->files.fs, settings_of(sv), why);

	if (err > 0)
		offer_tls(sv);
	return err < 0 ? err : ERR_OK;
}

static int
make_mailboxes(struct server *sv, struct text *why)
{
	struct fs *fs = &sv->state->files.fs;
	const struct account *a = NULL;
	char maildir[FS_PATH_MAX];
	int err;

	while ((a = accounts_next(&sv->state->accounts, a ? a->id : 0))) {
		err = mailbox_folder(
		    maildir, sv->submit.mail_root, account_name(a));
		if (!err)
			err = mailbox_create(fs, maildir);
		if (!err)
			continue;
		text_str(why, "cannot make the mailbox of ");
		text_span(why, account_name(a));
		text_str(why, ": ");
		text_str(why, err_text(err));
		return err;
	}
	return ERR_OK;
}

/* Where mail has been received, but is not now: its disk is not mounted. */
static int
check_place(struct server *sv, const char *tmp, struct text *why)
{
	int err = place_check(&sv->state->files.fs, tmp);

	if (!err)
		return ERR_OK;
	text_str(why, "mail.path: ");
	text_str(why, tmp);
	if (err == ERR_MISSING)
		text_str(why, " was there when mail was received, and is not "
			      "now; mount its disk, or make this folder to "
			      "begin anew");
	else {
		text_str(why, ": ");
		text_str(why, err_text(err));
	}
	return err;
}

/*
 * mail.path, which is made where the folder above it is there.  Not the whole
 * way: it may lead onto a disk that is not mounted.
 */
static int
make_mail_path(struct server *sv, const char *path, struct text *why)
{
	struct fs *fs = &sv->state->files.fs;
	struct fs_stat st;
	int err = fs->stat(fs, path, &st);

	if (err == ERR_MISSING)
		err = fs->mkdir(fs, path);
	else if (!err && !st.is_dir)
		err = ERR_EXISTS;
	if (!err)
		return ERR_OK;
	text_str(why, "mail.path ");
	text_str(why, path);
	if (err == ERR_MISSING)
		text_str(why, ": the folder above it is not there; make it, "
			      "or mount its disk");
	else if (err == ERR_EXISTS)
		text_str(why, ": is no folder");
	else {
		text_str(why, ": ");
		text_str(why, err_text(err));
	}
	return err;
}

int
server_configure_spool(struct server *sv, struct text *why)
{
	const struct settings *s = settings_of(sv);
	struct span path = settings_text(s, SETTING_MAIL_PATH);
	struct submit *su = &sv->submit;
	char mem[FS_PATH_MAX / 2];
	struct text root;
	int err;

	if (path.len > sizeof(mem) - 16) {
		text_str(why, "mail.path is too long");
		return ERR_RANGE;
	}
	text_init(&root, su->mail_root, sizeof(su->mail_root));
	text_span(&root, path.len > 0 ? path : SPAN("mail"));
	/* received next to the mailboxes, so that a rename can deliver */
	err = state_beside(sv->state, "tmp", ".receiving", mem);
	if (!err)
		err = check_place(sv, mem, why);
	if (!err && path.len > 0)
		err = make_mail_path(sv, su->mail_root, why);
	if (err)
		return err;
	err = spool_init(&sv->spool, &sv->state->files.fs, &sv->ids, mem,
	    (uint64_t)settings_number(s, SETTING_MAIL_FREE_MIB) * MIB);
	if (!err)
		err = spool_recover(&sv->spool);
	if (err >= 0)
		err = place_keep(&sv->state->files.fs, mem);
	if (err >= 0)
		return make_mailboxes(sv, why);
	text_str(why, "cannot receive in folder ");
	text_str(why, mem);
	text_str(why, ": ");
	text_str(why, err_text(err));
	return err;
}

int
server_configure_sending(
    struct server *sv, const struct server_memory *m, struct text *why)
{
	char queue[FS_PATH_MAX / 2], held[FS_PATH_MAX / 2];
	struct sending_parts parts = {
		.state = sv->state,
		.spool = &sv->spool,
		.tls_pool = &sv->pools[SERVER_TLS],
		.mail_root = sv->submit.mail_root,
		.queue = queue,
		.quarantine = held,
	};
	int err = state_beside(sv->state, "queue", ".queue", queue);

	if (!err)
		err =
		    state_beside(sv->state, "quarantine", ".quarantine", held);
	if (!err)
		err = sending_open(&sv->sending, &parts, &m->sending, why);
	return err ? err : sending_configure(&sv->sending, sv->host);
}
