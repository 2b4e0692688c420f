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

/* Load into the half of `id` that is not in force; NULL: nothing to load. */
static int
load_pair(struct tls_identity id[2], struct tls_identity **now, struct fs *fs,
    const struct settings *s, const struct pair *p, struct text *why)
{
	char cert[FS_PATH_MAX / 4], key[FS_PATH_MAX / 4];
	struct tls_identity *next = *now == &id[0] ? &id[1] : &id[0];
	struct fs_stat st;
	const char *path = p->otherwise;
	int err;

	if (copy_path(s, p->cert, cert, sizeof(cert)) < 0
	    || copy_path(s, p->key, key, sizeof(key)) < 0) {
		text_str(why, settings_schema[p->cert].key);
		text_str(why, ": the path is too long");
		return ERR_RANGE;
	}
	if (cert[0] != '\0')
		path = cert;
	else if (path == NULL || fs->stat(fs, path, &st) < 0)
		return ERR_OK;
	err =
	    tls_identity_load(next, fs, path, key[0] != '\0' ? key : path, why);
	if (err < 0 && cert[0] != '\0' && key[0] == '\0') {
		text_str(why, "; the key was looked for there, too: ");
		text_str(why, settings_schema[p->key].key);
		text_str(why, " names another file");
	}
	if (err < 0)
		return err;
	log_pair(next, path);
	*now = next;
	return 1;
}

int
server_tls_load(struct server_tls *st, struct fs *fs, const struct settings *s,
    struct text *why)
{
	static const struct pair first = { SETTING_TLS_CERT, SETTING_TLS_KEY,
		STATE_PAIR };
	static const struct pair second = { SETTING_TLS_SECOND_CERT,
		SETTING_TLS_SECOND_KEY, NULL };
	struct tls_identity *main = st->modern.main, *other = st->modern.other;
	int err = load_pair(st->main, &main, fs, s, &first, why);

	if (err <= 0)
		return err;
	err = load_pair(st->other, &other, fs, s, &second, why);
	if (err < 0)
		return err;
	if (err == 0)
		other = NULL;
	st->modern.main = st->legacy.main = main;
	st->modern.other = st->legacy.other = other;
	return 1;
}
