/* server_tls: which pair, which profile; how they are used is tls's. */
#include "service/server_tls.h"

#include "core/log.h"
#include "platform/clock.h"
#include "service/state.h"

void
server_tls_init(struct server_tls *st, uint8_t *cache, size_t octets)
{
	tls_config_init(&st->modern, false);
	tls_config_init(&st->legacy, true);
	tls_cache_init(&st->cache, cache, octets / 2);
	tls_cache_init(&st->legacy_cache, cache + octets / 2, octets / 2);
	st->modern.cache = &st->cache;
	st->legacy.cache = &st->legacy_cache;
}

/* A terminated copy of a path setting. */
static int
copy_path(const struct settings *s, enum setting id, char *mem, size_t size)
{
	struct text t;

	text_init(&t, mem, size);
	text_span(&t, settings_text(s, id));
	return t.cut ? ERR_RANGE : ERR_OK;
}

static struct tls_identity *
spare(struct tls_identity id[2], const struct tls_identity *now)
{
	return now == &id[0] ? &id[1] : &id[0];
}

#define DAY_S	  86400
#define SOON_DAYS 14

/* What clients will see, and whether they will take it. */
static void
log_pair(const struct tls_identity *id, const char *path)
{
	int64_t now_s = clock_wall_us() / 1000000;
	int64_t left_s = id->not_after_s - now_s;
	bool early = now_s < id->not_before_s;
	bool soon = left_s < (int64_t)SOON_DAYS * DAY_S;
	char mem[2 * TLS_FINGERPRINT + 1];
	struct log_line l;
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_hex(&t, span_of(id->fingerprint, TLS_FINGERPRINT));
	log_begin(&l, early || soon ? LOG_WARN : LOG_INFO, "tls.certificate");
	log_str(&l, "file", path);
	log_str(&l, "sha256", mem);
	if (left_s < 0)
		log_str(&l, "why", "it has expired: renew it");
	else
		log_u64(&l, "days", (uint64_t)(left_s / DAY_S));
	if (early)
		log_str(&l, "why", "it is not valid yet: is the clock right?");
	log_end(&l);
}

struct pair {
	enum setting cert, key;
	const char *otherwise; /* NULL: none */
};

static const struct pair pairs[SERVER_TLS_PAIRS] = {
	{ SETTING_TLS_CERT, SETTING_TLS_KEY, STATE_PAIR },
	{ SETTING_TLS_SECOND_CERT, SETTING_TLS_SECOND_KEY, NULL },
};

struct paths {
	char cert[FS_PATH_MAX / 4], key[FS_PATH_MAX / 4];
};

/* Load what the settings name, by the paths in `f`: 1, or 0 for nothing. */
static int
load_named(struct tls_identity *id, struct fs *fs, const struct settings *s,
    const struct pair *p, struct paths *f, struct text *why)
{
	bool one;
	int err;

	if (copy_path(s, p->cert, f->cert, sizeof(f->cert)) < 0
	    || copy_path(s, p->key, f->key, sizeof(f->key)) < 0) {
		text_str(why, settings_schema[p->cert].key);
		text_str(why, ": the path is too long");
		return ERR_RANGE;
	}
	if (f->cert[0] == '\0')
		return ERR_OK;
	one = f->key[0] == '\0';
	err = tls_identity_load(id, fs, f->cert, one ? f->cert : f->key, why);
	if (err < 0 && one) {
		text_str(why, "; the key was looked for there, too: ");
		text_str(why, settings_schema[p->key].key);
		text_str(why, " names another file");
	}
	return err < 0 ? err : 1;
}

/* Load into the half of `id` that is not in force; NULL: nothing to load. */
static int
load_pair(struct tls_identity id[2], struct tls_identity **now, struct fs *fs,
    const struct settings *s, const struct pair *p, struct text *why)
{
	struct tls_identity *next = spare(id, *now);
	struct paths f;
	struct fs_stat st;
	const char *path = f.cert;
	int err = load_named(next, fs, s, p, &f, why);

	if (err < 0)
		return err;
	if (err == 0) {
		path = p->otherwise;
		if (path == NULL || fs->stat(fs, path, &st) < 0)
			return ERR_OK;
		err = tls_identity_load(next, fs, path, path, why);
		if (err < 0)
			return err;
	}
	log_pair(next, path);
	*now = next;
	return 1;
}

int
server_tls_load(struct server_tls *st, struct fs *fs, const struct settings *s,
    struct text *why)
{
	struct tls_identity *main = st->modern.main, *other = st->modern.other;
	int err =
	    load_pair(st->main, &main, fs, s, &pairs[SERVER_TLS_MAIN], why);

	if (err <= 0)
		return err;
	err =
	    load_pair(st->other, &other, fs, s, &pairs[SERVER_TLS_OTHER], why);
	if (err < 0)
		return err;
	if (err == 0)
		other = NULL;
	st->modern.main = st->legacy.main = main;
	st->modern.other = st->legacy.other = other;
	return 1;
}

bool
server_tls_names(enum server_tls_pair pair, enum setting id)
{
	return id == pairs[pair].cert || id == pairs[pair].key;
}

/* Sound, but will clients take it? */
static void
judge_days(
    const struct tls_identity *id, const struct paths *f, struct text *why)
{
	int64_t now_s = clock_wall_us() / 1000000;

	if (now_s >= id->not_before_s && now_s <= id->not_after_s)
		return;
	text_str(why, f->cert);
	text_str(why,
	    now_s > id->not_after_s
		? ": the certificate has expired: renew it"
		: ": the certificate is not valid yet: is the clock right?");
}

void
server_tls_try(struct server_tls *st, struct fs *fs, const struct settings *s,
    enum server_tls_pair pair, struct text *why)
{
	const struct pair *p = &pairs[pair];
	bool main = pair == SERVER_TLS_MAIN;
	struct tls_identity *id = spare(main ? st->main : st->other,
	    main ? st->modern.main : st->modern.other);
	struct paths f;
	int err;

	if (id->users > 0)
		return;
	err = load_named(id, fs, s, p, &f, why);
	if (err == 0 && f.key[0] != '\0') {
		text_str(why, settings_schema[p->key].key);
		text_str(why, ": has no effect without ");
		text_str(why, settings_schema[p->cert].key);
	}
	if (err > 0)
		judge_days(id, &f, why);
	tls_identity_wipe(id);
}
