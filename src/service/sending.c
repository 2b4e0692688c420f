/* sending: wiring and settings; no decision is made here. */
#include "service/sending.h"

#include <bearssl.h>

#include "core/log.h"
#include "core/zero.h"
#include "platform/clock.h"
#include "service/parts.h"

#define RESOLV_CONF  "/etc/resolv.conf"
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

/* The book of the directory: the families of the settings. */
static int
read_book(void *ctx, const char *key, char *out, size_t cap)
{
	static const struct {
		struct span prefix;
		enum setting family;
	} families[] = {
		{ { (const uint8_t *)"alias.", 6 }, SETTING_ALIAS },
		{ { (const uint8_t *)"forward.", 8 }, SETTING_FORWARD },
		{ { (const uint8_t *)"list.", 5 }, SETTING_LIST },
	};
	struct sending *s = ctx;
	struct span k = span_str(key);

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (span_starts(k, families[i].prefix))
			return settings_member(&s->state->settings,
			    families[i].family,
			    span_from(k, families[i].prefix.len), out, cap);
	return ERR_MISSING;
}

/* The key of rewritten senders comes from the device's. */
static void
make_srs_key(struct sending *s)
{
	br_hmac_key_context kc;
	br_hmac_context hc;

	br_hmac_key_init(&kc, &br_sha256_vtable, s->state->device_key,
	    sizeof(s->state->device_key));
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, "gatepost srs", 12);
	br_hmac_out(&hc, s->srs.key);
}

void
sending_init(struct sending *s, const struct sending_parts *p)
{
	struct text t;

	zero_fill(s, offsetof(struct sending, tls));
	s->state = p->state;
	if (ENABLE_RELAY)
		make_srs_key(s);
	text_init(&t, s->mail_root, sizeof(s->mail_root));
	s->directory.accounts = &p->state->accounts;
	s->directory.book =
	    (struct directory_book) { .read = read_book, .ctx = s };
	s->deliver.spool = p->spool;
	s->deliver.queue = &s->queue;
	s->deliver.quarantine = &s->quarantine;
	s->deliver.directory = &s->directory;
	s->deliver.accounts = &p->state->accounts;
	s->deliver.mail_root = s->mail_root;
}

/* It needs no turn of its own. */
static void
wait_for_any(struct participant *me, struct poller *unused)
{
	(void)me;
	(void)unused;
}

static void
set_day(struct participant *me, struct poller *unused)
{
	struct sending_day *d = (struct sending_day *)me;

	(void)unused;
	d->srs->day = (uint32_t)(clock_wall_us() / 1000000 / 86400);
}

static void
load_resolver(struct sending *s)
{
	struct span list = settings_text(&s->state->settings, SETTING_HOST_DNS);
	struct fs *fs = &s->state->files.fs;
	static char conf[2048];
	int h, n;

	if (list.len > 0) {
		resolver_servers(&s->resolver, list);
		return;
	}
	h = fs->open(fs, RESOLV_CONF, FS_READ);
	n = h < 0 ? h : fs->read(fs, h, conf, sizeof(conf), 0);
	if (h >= 0)
		(void)fs->close(fs, h);
	resolver_conf(&s->resolver, span_of(conf, n > 0 ? (size_t)n : 0));
}

/* Without roots, "verified" routes say so when they are tried. */
static const struct tls_roots *
load_roots(void *ctx)
{
	struct sending *s = ctx;
	struct span set = settings_text(&s->state->settings, SETTING_TLS_ROOTS);
	char path[FS_PATH_MAX / 2], reason[200];
	struct text t, why;

	if (s->roots.n > 0)
		return &s->roots;
	text_init(&t, path, sizeof(path));
	text_span(&t, set);
	if (set.len == 0)
		text_str(&t, SYSTEM_ROOTS);
	text_init(&why, reason, sizeof(reason));
	if (tls_roots_load(&s->roots, &s->state->files.fs, path, &why)
	    && (set.len > 0 || s->roots.n > 0))
		log_event(LOG_WARN, "tls.roots", "why", reason, 0);
	return &s->roots;
}

static int
say_folder(struct text *why, const char *what, const char *folder, int err)
{
	text_str(why, "cannot open the ");
	text_str(why, what);
	text_str(why, " in folder ");
	text_str(why, folder);
	text_str(why, ": ");
	text_str(why, err_text(err));
	return err;
}

static int
open_queue(struct sending *s, const struct sending_parts *p,
    const struct sending_memory *m)
{
	int err = files_open(&s->files, s->state->folder);

	if (!err)
		err = queue_open(&s->queue, &s->files.fs, p->queue,
		    p->spool->ids, m->window, m->window_n);
	if (!err && ENABLE_LISTS)
		err = lists_init(&s->lists, &s->deliver, p->spool->tmp);
	return err;
}

/* What sends the queue on. */
static void
open_relayd(struct sending *s, const struct sending_parts *p,
    const struct sending_memory *m)
{
	notice_init(&s->notice, &s->letter);
	pool_init(&s->lookups, "lookups", m->lookups, POOL_SIZE(struct lookup),
	    m->lookups_n);
	resolver_init(&s->resolver, &s->lookups, m->memo, m->memo_n);
	tls_config_init(&s->tls, false);
	relayd_init(&s->relayd, &(struct relayd_parts) {
				    .queue = &s->queue,
				    .settings = &s->state->settings,
				    .resolver = &s->resolver,
				    .directory = &s->directory,
				    .notice = &s->notice,
				    .lists = &s->lists,
				    .tls_pool = p->tls_pool,
				    .tls_config = &s->tls,
				    .signer = &s->signer,
				    .roots = load_roots,
				    .roots_ctx = s,
				    .slots = m->slots,
				    .slots_n = m->slots_n,
				    .dests = m->dests,
				    .dests_n = m->dests_n,
				});
}

int
sending_open(struct sending *s, const struct sending_parts *p,
    const struct sending_memory *m, struct text *why)
{
	struct text t;
	int err;

	text_init(&t, s->mail_root, sizeof(s->mail_root));
	text_str(&t, p->mail_root);
	err = letter_init(&s->letter, &s->deliver, p->spool->tmp);
	if (ENABLE_RELAY && !err)
		err = open_queue(s, p, m);
	if (err)
		return say_folder(why, "queue", p->queue, err);
	if (HAS_VERDICTS)
		err = quarantine_open(&s->quarantine, &s->state->files.fs,
		    p->quarantine, p->spool->ids);
	if (err)
		return say_folder(why, "quarantine", p->quarantine, err);
	warning_init(&s->warning, &s->letter, m->rates, m->rates_n);
	if (ENABLE_QUOTAS)
		quota_init(&s->quota, &(struct quota_parts) {
					  .fs = &s->state->files.fs,
					  .settings = &s->state->settings,
					  .accounts = &s->state->accounts,
					  .mail_root = s->mail_root,
					  .use = m->quotas,
				      });
	s->deliver.quota = ENABLE_QUOTAS ? &s->quota : NULL;
	if (HAS_VERDICTS || ENABLE_QUOTAS)
		custody_init(
		    &s->custody, &s->quarantine, &s->warning, &s->quota);
	if (ENABLE_RELAY)
		open_relayd(s, p, m);
	return ERR_OK;
}

/* Copy a text setting, which may move with the next change. */
static struct span
keep(
    const struct sending *s, enum setting id, char *mem, size_t size, bool *cut)
{
	struct text t;

	text_init(&t, mem, size);
	text_span(&t, settings_text(&s->state->settings, id));
	*cut = *cut || t.cut;
	return text_data(&t);
}

/* A key that can't be read is said, and mail leaves without a signature. */
static void
load_signer(struct sending *s)
{
	struct settings *st = &s->state->settings;
	char mem[200];
	struct text why;
	int err;

	text_init(&why, mem, sizeof(mem));
	signer_configure(&s->signer, settings_text(st, SETTING_DKIM_DOMAINS),
	    settings_text(st, SETTING_DKIM_SELECTOR));
	if (!signer_is_ready(&s->signer))
		return;
	err = signer_load(&s->signer, &s->state->files.fs, &why);
	if (err)
		log_event(LOG_WARN, "dkim.no_key", "why", mem, 0);
}

static void
configure_relayd(struct sending *s)
{
	const struct settings *st = &s->state->settings;
	const struct relayd_config c = {
		.host = s->directory.host,
		.retry_s = settings_number(st, SETTING_QUEUE_RETRY_SECONDS),
		.retry_max_s =
		    settings_number(st, SETTING_QUEUE_RETRY_MAX_SECONDS),
		.expire_s =
		    (int64_t)settings_number(st, SETTING_QUEUE_EXPIRE_HOURS)
		    * 3600,
		.delay_s =
		    (int64_t)settings_number(st, SETTING_QUEUE_DELAY_HOURS)
		    * 3600,
		.per_dest = settings_number(st, SETTING_QUEUE_PER_DESTINATION),
		.hold = settings_bool(st, SETTING_QUEUE_HOLD),
	};

	s->letter.host = s->directory.host;
	s->letter.language = ENABLE_JAPANESE
				 ? (enum letter_language)settings_number(
				     st, SETTING_NOTICES_LANGUAGE)
				 : LETTER_ENGLISH;
	if (!ENABLE_RELAY || s->relayd.slots_n == 0)
		return; /* not open yet */
	load_resolver(s);
	if (ENABLE_DKIM)
		load_signer(s);
	relayd_configure(&s->relayd, &c);
	s->queue.look_ms =
	    1000
	    * (c.delay_s > 0 && c.delay_s < c.expire_s ? c.delay_s
						       : c.expire_s);
	s->deliver.lmtp = s->relayd.routes.has_lmtp;
}

/* RFC 5321 section 4.5.1 wants somebody there. */
static void
look_for_postmaster(struct sending *s)
{
	const struct addr a = { .local = SPAN("postmaster"), .bare = true };
	bool before = s->no_postmaster;

	if (s->deliver.spool == NULL || s->deliver.accounts == NULL)
		return;
	s->no_postmaster =
	    accounts_next(s->deliver.accounts, 0) != NULL
	    && !directory_leads_on(&s->deliver.walk, &s->directory, &a);
	if (s->no_postmaster && !before)
		log_event(LOG_WARN, "postmaster.nobody", "try",
		    "set host.postmaster to an account", 0);
}

int
sending_configure(struct sending *s, const char *host)
{
	const struct settings *st = &s->state->settings;
	struct span suffix = settings_text(st, SETTING_MAIL_SUFFIX);
	struct directory *d = &s->directory;
	bool cut = false;
	struct text t;

	text_init(&t, s->host, sizeof(s->host));
	text_str(&t, host);
	d->host = text_data(&t);
	d->domains =
	    keep(s, SETTING_HOST_DOMAINS, s->domains, sizeof(s->domains), &cut);
	d->postmaster = keep(s, SETTING_HOST_POSTMASTER, s->postmaster,
	    sizeof(s->postmaster), &cut);
	d->catch_all = keep(s, SETTING_MAIL_CATCH_ALL, s->catch_all,
	    sizeof(s->catch_all), &cut);
	d->suffix = suffix.len > 0 ? (char)suffix.p[0] : '\0';
	d->srs = ENABLE_RELAY && settings_bool(st, SETTING_MAIL_SRS) ? &s->srs
								     : NULL;
	s->srs.domain = d->domains.len > 0 ? span_trim(
			    span_first(d->domains, span_find(d->domains, ',')))
					   : d->host;
	s->day.srs = &s->srs;
	set_day(&s->day.base, NULL);
	configure_relayd(s);
	custody_configure(&s->custody, st);
	look_for_postmaster(s);
	return cut || t.cut ? ERR_RANGE : ERR_OK;
}

int
sending_open_alone(
    struct sending *s, const struct sending_parts *p, const char *host)
{
	struct text t;
	int err, more = 1;

	sending_init(s, p);
	text_init(&t, s->mail_root, sizeof(s->mail_root));
	text_str(&t, p->mail_root);
	err = sending_configure(s, host);
	if (ENABLE_RELAY)
		routes_load(&s->relayd.routes, &s->state->settings);
	s->deliver.lmtp = s->relayd.routes.has_lmtp;
	if (!err)
		err = quarantine_open(&s->quarantine, &s->state->files.fs,
		    p->quarantine, p->spool->ids);
	while (!err && more > 0)
		more = quarantine_recover_step(&s->quarantine, 1000);
	return err ? err : more;
}

void
sending_join(struct sending *s, struct loop *l)
{
	s->day.base.name = "day";
	s->day.base.prep = wait_for_any;
	s->day.base.run = set_day;
	loop_join(l, &s->day.base);
	if (ENABLE_RELAY) {
		loop_join(l, &s->resolver.base);
		loop_join(l, &s->relayd.base);
	}
	if (HAS_VERDICTS || ENABLE_QUOTAS)
		loop_join(l, &s->custody.base);
	if (ENABLE_QUOTAS)
		loop_join(l, &s->quota.base);
}

void
sending_close(struct sending *s)
{
	if (ENABLE_RELAY) {
		relayd_stop(&s->relayd);
		queue_close(&s->queue);
		files_close(&s->files);
	}
	if (HAS_VERDICTS)
		quarantine_close(&s->quarantine);
}
