/*
 * auth: exchanges, their queue of work, and what a login's end means.  The
 * mechanisms are in proto/sasl, the forms of passwords in policy/users.
 */
#include "service/auth.h"

#include "core/log.h"
#include "core/secret.h"
#include "platform/clock.h"
#include "platform/entropy.h"

#define SLICE_ITERATIONS 64 /* between two looks at the clock */
#define CACHE_KEEP_MS	 (15 * 60 * 1000)

struct auth {
	struct auth_service *owner;
	struct auth *next; /* in the queue */
	struct auth_peer peer;
	enum auth_result result;
	const char *how;
	uint16_t account; /* id, 0: nobody */
	bool queued;
	bool stretching;
	struct users_kdf kdf;
	struct users_verifier verifier; /* to be met */
	struct sasl sasl;
};

_Static_assert(sizeof(struct auth) <= AUTH_SIZE, "AUTH_SIZE is too small");

static void auth_run(struct participant *me, struct poller *p);

static void
auth_prep(struct participant *me, struct poller *p)
{
	struct auth_service *as = (struct auth_service *)me;

	if (as->first != NULL)
		poller_at(p, p->now_ms);
}

int
auth_init(struct auth_service *as, struct accounts *accounts, struct pool *pool,
    struct users_seen *seen, uint32_t n_seen, const struct seal *seal)
{
	uint8_t key[USERS_KEY];
	int err = entropy_fill(key, sizeof(key));

	if (err)
		return err;
	*as = (struct auth_service) {
		.base = { .name = "auth", .prep = auth_prep, .run = auth_run },
		.accounts = accounts,
		.pool = pool,
		.seal = seal,
		.config = { .plaintext = AUTH_PLAIN_TLS,
		    .iterations = USERS_ITERATIONS_MIN },
	};
	users_cache_init(&as->cache, seen, n_seen, CACHE_KEEP_MS, key);
	secret_wipe(key, sizeof(key));
	return ERR_OK;
}

void
auth_configure(struct auth_service *as, const struct auth_config *config)
{
	as->config = *config;
}

bool
auth_is_plaintext_ok(
    const struct auth_service *as, const struct auth_peer *peer)
{
	switch (as->config.plaintext) {
	case AUTH_PLAIN_ANY:
		return true;
	case AUTH_PLAIN_LEGACY:
		return peer->tls || peer->legacy;
	case AUTH_PLAIN_TLS:
		break;
	}
	return peer->tls;
}

struct span
auth_mechanisms(const struct auth_service *as, const struct auth_peer *peer)
{
	bool plain = auth_is_plaintext_ok(as, peer);

	if (auth_has_apop(as))
		return plain ? SPAN("PLAIN LOGIN CRAM-MD5") : SPAN("CRAM-MD5");
	return plain ? SPAN("PLAIN LOGIN") : SPAN("");
}

bool
auth_has_old_form(const struct auth_service *as, const struct auth_peer *peer)
{
	return as->config.old_form && auth_is_plaintext_ok(as, peer);
}

bool
auth_has_apop(const struct auth_service *as)
{
	return as->accounts->legacy > 0;
}

static void
queue_add(struct auth *a)
{
	struct auth_service *as = a->owner;

	a->next = NULL;
	a->queued = true;
	if (as->last == NULL)
		as->first = a;
	else
		as->last->next = a;
	as->last = a;
}

static void
queue_remove(struct auth *a)
{
	struct auth_service *as = a->owner;
	struct auth **at = &as->first, *before = NULL;

	if (!a->queued)
		return;
	while (*at != a) {
		before = *at;
		at = &(*at)->next;
	}
	*at = a->next;
	if (as->last == a)
		as->last = before;
	a->queued = false;
}

static void
log_result(const struct auth *a, const char *event, struct span name)
{
	char addr[NET_ADDR_TEXT];
	struct log_line l;

	net_addr_text(&a->peer.addr, addr);
	log_begin(&l, LOG_INFO, event);
	log_span(&l, "user", name);
	log_str(&l, "how", a->how);
	log_str(&l, "client", addr);
	log_str(&l, "tls", a->peer.tls ? "yes" : "no");
	log_end(&l);
}

static void
accept_login(struct auth *a)
{
	const struct account *who =
	    accounts_by_id(a->owner->accounts, a->account);

	a->result = AUTH_OK;
	a->owner->accepted++;
	log_result(a, "auth.ok", account_name(who));
}

static void
refuse_login(struct auth *a)
{
	a->account = 0;
	a->result = AUTH_FAILED;
	a->owner->failed++;
	log_result(a, "auth.failed", sasl_name(&a->sasl));
}

/* The mechanism has said its last word, or the password was compared. */
static void
settle(struct auth *a, bool right)
{
	const struct account *who =
	    accounts_by_id(a->owner->accounts, a->account);

	if (right && who != NULL && !(who->flags & ACCOUNT_DISABLED))
		accept_login(a);
	else
		refuse_login(a);
}

/*
 * Find the account, or what stands for one: from here on both cost the same.
 */
static void
look_up(struct auth *a)
{
	struct auth_service *as = a->owner;
	char name[USERS_NAME_MAX + 1];
	struct span login = sasl_name(&a->sasl);
	const struct account *who = NULL;

	if (!users_name(login, as->config.domains, name))
		who = accounts_find(as->accounts, span_str(name));
	users_verifier_dummy(
	    &a->verifier, login, as->seal->key, as->config.iterations);
	a->account = 0;
	if (who != NULL) {
		a->account = who->id;
		a->verifier = who->verifier;
	}
}

static void
check_password(struct auth *a)
{
	struct span password = sasl_password(&a->sasl);
	int64_t now_ms = clock_mono_ms();

	look_up(a);
	if (users_cache_has(&a->owner->cache, &a->verifier, password, now_ms)) {
		settle(a, true);
		return;
	}
	users_kdf_begin(&a->kdf, password,
	    span_of(a->verifier.salt, USERS_SALT), a->verifier.iterations);
	a->stretching = true;
	a->result = AUTH_PENDING;
	queue_add(a);
}

/* The account's legacy secret; false: none, and a stand-in is used. */
static bool
open_secret(struct auth *a, uint8_t secret[USERS_PASSWORD_MAX], size_t *len)
{
	struct auth_service *as = a->owner;
	const struct account *who;
	int n = ERR_MISSING;

	look_up(a);
	who = accounts_by_id(as->accounts, a->account);
	if (who != NULL)
		n = account_secret(who, as->seal, secret);
	if (n < 0) {
		memcpy(secret, a->verifier.salt, USERS_SALT);
		*len = USERS_SALT;
		return false;
	}
	*len = (size_t)n;
	return true;
}

static void
check_cram(struct auth *a)
{
	uint8_t secret[USERS_PASSWORD_MAX];
	size_t len;
	bool known = open_secret(a, secret, &len);

	sasl_secret(&a->sasl, span_of(secret, len), known);
	secret_wipe(secret, sizeof(secret));
	settle(a, a->sasl.state == SASL_RIGHT);
}

static void
follow(struct auth *a)
{
	switch (a->sasl.state) {
	case SASL_CHALLENGE:
		a->result = AUTH_CHALLENGE;
		break;
	case SASL_PASSWORD:
		check_password(a);
		break;
	case SASL_SECRET:
		check_cram(a);
		break;
	case SASL_VERIFIER:
	case SASL_SYNTAX:
		a->result = AUTH_SYNTAX;
		break;
	case SASL_RIGHT:
	case SASL_WRONG:
		settle(a, a->sasl.state == SASL_RIGHT);
		break;
	}
}

static struct auth *
take(struct auth_service *as, const struct auth_peer *peer, const char *how)
{
	struct auth *a = pool_take(as->pool);

	if (a == NULL)
		return NULL;
	memset(a, 0, sizeof(*a));
	a->owner = as;
	a->peer = *peer;
	a->how = how;
	return a;
}

/* Something that was never said before, and says nothing about us. */
static bool
begin_mech(struct auth *a, enum sasl_mech mech)
{
	uint8_t random[16];
	char mem[128];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	if (entropy_fill(random, sizeof(random)))
		return false;
	text_hex(&t, span_of(random, sizeof(random)));
	if (mech == SASL_CRAM_MD5) {
		text_chr(&t, '@');
		text_span(&t, span_first(a->owner->config.host, 64));
	}
	sasl_begin(&a->sasl, mech, text_data(&t));
	return true;
}

struct auth *
auth_begin(struct auth_service *as, struct span mech,
    const struct auth_peer *peer, struct span initial, bool has_initial)
{
	enum sasl_mech m = sasl_mech_find(mech);
	struct auth *a = take(as, peer, "?");

	if (a == NULL)
		return NULL;
	if (m == SASL_MECHS) {
		a->result = AUTH_UNKNOWN_MECH;
		return a;
	}
	a->how = sasl_mech_name(m);
	if (sasl_is_plaintext(m) && !auth_is_plaintext_ok(as, peer)) {
		as->refused++;
		a->result = AUTH_NEEDS_TLS;
		return a;
	}
	if (!begin_mech(a, m)) {
		a->result = AUTH_TEMPFAIL;
		return a;
	}
	if (has_initial && !sasl_has_initial(m))
		a->sasl.state = SASL_SYNTAX;
	else if (has_initial)
		sasl_feed(&a->sasl, initial);
	follow(a);
	return a;
}

/* As if PLAIN had been spoken. */
struct auth *
auth_password(struct auth_service *as, const struct auth_peer *peer,
    struct span name, struct span password)
{
	struct auth *a = take(as, peer, "USER");

	if (a == NULL)
		return NULL;
	if (!auth_is_plaintext_ok(as, peer)) {
		as->refused++;
		a->result = AUTH_NEEDS_TLS;
		return a;
	}
	sasl_begin(&a->sasl, SASL_LOGIN, SPAN(""));
	sasl_feed(&a->sasl, name);
	if (a->sasl.state == SASL_CHALLENGE)
		sasl_feed(&a->sasl, password);
	follow(a);
	return a;
}

struct auth *
auth_apop(struct auth_service *as, const struct auth_peer *peer,
    struct span name, struct span digest, struct span stamp)
{
	uint8_t secret[USERS_PASSWORD_MAX];
	struct auth *a = take(as, peer, "APOP");
	size_t len;
	bool known, same;

	if (a == NULL)
		return NULL;
	sasl_begin(&a->sasl, SASL_LOGIN, SPAN(""));
	sasl_feed(&a->sasl, name);
	if (a->sasl.state != SASL_CHALLENGE) {
		a->result = AUTH_SYNTAX;
		return a;
	}
	known = open_secret(a, secret, &len);
	same = sasl_is_apop(stamp, span_of(secret, len), digest);
	secret_wipe(secret, sizeof(secret));
	settle(a, known && same);
	return a;
}

enum auth_result
auth_step(struct auth *a, struct span response)
{
	if (a->result != AUTH_CHALLENGE)
		return a->result;
	sasl_feed(&a->sasl, response);
	follow(a);
	return a->result;
}

enum auth_result
auth_poll(const struct auth *a)
{
	return a->result;
}

struct span
auth_challenge(const struct auth *a)
{
	return sasl_challenge(&a->sasl);
}

const struct account *
auth_account(const struct auth *a)
{
	if (a->result != AUTH_OK)
		return NULL;
	return accounts_by_id(a->owner->accounts, a->account);
}

const char *
auth_how(const struct auth *a)
{
	return a->how;
}

void
auth_end(struct auth *a)
{
	struct pool *pool;

	if (a == NULL)
		return;
	queue_remove(a);
	pool = a->owner->pool;
	secret_wipe(a, sizeof(*a));
	pool_give(pool, a);
}

static void
stretched(struct auth *a)
{
	uint8_t salted[USERS_HASH];
	bool right;

	users_kdf_done(&a->kdf, salted);
	right = users_verifier_is(&a->verifier, salted);
	if (right && a->account != 0)
		users_cache_put(&a->owner->cache, &a->verifier,
		    sasl_password(&a->sasl), clock_mono_ms());
	secret_wipe(salted, sizeof(salted));
	a->stretching = false;
	sasl_verdict(&a->sasl, right);
	queue_remove(a);
	settle(a, right);
	if (a->peer.wake != NULL)
		a->peer.wake(a->peer.waker);
}

static void
auth_run(struct participant *me, struct poller *p)
{
	struct auth_service *as = (struct auth_service *)me;
	int64_t begun = clock_mono_us();
	int64_t now = begun;

	(void)p;
	while (as->first != NULL && now - begun < AUTH_SLICE_MS * 1000) {
		if (users_kdf_run(&as->first->kdf, SLICE_ITERATIONS))
			stretched(as->first);
		now = clock_mono_us();
	}
	if ((uint64_t)(now - begun) > as->slowest_us)
		as->slowest_us = (uint64_t)(now - begun);
}
