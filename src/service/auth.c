/*
 * auth: exchanges, their queue of work, and what a login's end means.  The
 * mechanisms are in proto/sasl, the forms of passwords in policy/users.
 */
#include "service/auth.h"

#include "core/log.h"
#include "core/secret.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "policy/kdf.h"
#include "service/password.h"

#define CACHE_SECONDS 600

struct auth {
	struct auth_service *owner;
	struct auth *next; /* in the queue */
	struct auth_peer peer;
	enum auth_result result;
	const char *how;
	uint16_t account; /* id, 0: nobody */
	bool queued;
	bool stretching;       /* else, when queued: held back until ... */
	int64_t held_ms;       /* ... this time, to become ... */
	enum auth_result then; /* ... this */
	char name[USERS_NAME_MAX + 1]; /* empty: not even a name */
	struct kdf kdf;
	struct users_verifier verifier; /* to be met */
	struct sasl sasl;
};

_Static_assert(sizeof(struct auth) <= AUTH_SIZE, "AUTH_SIZE is too small");

static void auth_run(struct participant *me, struct poller *p);

static void
auth_prep(struct participant *me, struct poller *p)
{
	struct auth_service *as = (struct auth_service *)me;

	for (struct auth *a = as->first; a != NULL; a = a->next)
		poller_at(p, a->stretching ? p->now_ms : a->held_ms);
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
		    .iterations = USERS_ITERATIONS_MIN,
		    .cache_seconds = CACHE_SECONDS },
	};
	users_cache_init(&as->cache, seen, n_seen, CACHE_SECONDS * 1000, key);
	secret_wipe(key, sizeof(key));
	return ERR_OK;
}

void
auth_configure(struct auth_service *as, const struct auth_config *config)
{
	as->config = *config;
	as->cache.keep_ms = (int64_t)config->cache_seconds * 1000;
}

void
auth_connect(
    struct auth_service *as, struct grants *grants, struct limit *limit)
{
	as->grants = grants;
	as->limit = limit;
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

static enum grant_how
how_protected(const struct auth *a)
{
	if (a->peer.tls)
		return GRANT_TLS;
	if (a->sasl.mech == SASL_CRAM_MD5 || a->sasl.mech == SASL_SCRAM_SHA_256
	    || !strcmp(a->how, "APOP"))
		return GRANT_CHALLENGE;
	return GRANT_CLEAR;
}

static void
accept_login(struct auth *a, const struct account *who, int64_t now_ms)
{
	struct auth_service *as = a->owner;

	as->accepted++;
	if (as->limit != NULL)
		limit_login_ok(as->limit, a->peer.addr.ip, now_ms);
	if (as->grants != NULL && a->peer.protocol == AUTH_POP3)
		grants_add(as->grants, a->peer.addr.ip, a->account,
		    how_protected(a), now_ms);
	log_result(a, "auth.ok", account_name(who));
}

/* What is no account's name may be a password in the wrong place. */
static void
refuse_login(struct auth *a)
{
	bool known = a->account != 0;

	a->account = 0;
	a->owner->failed++;
	log_result(a, "auth.failed", known ? span_str(a->name) : SPAN("?"));
}

/*
 * How long the answer waits.  A right one waits, too, when the name is under
 * attack and the client is a stranger, or the waiting itself would tell.
 */
static uint32_t
delay(struct auth *a, bool right, int64_t now_ms)
{
	struct limit *l = a->owner->limit;
	struct span name = span_str(a->name);
	uint32_t wait, failed;

	if (l == NULL)
		return 0;
	wait = limit_login_wait(l, a->peer.addr.ip, name, now_ms);
	if (right)
		return wait;
	failed = limit_login_failed(l, a->peer.addr.ip, name, now_ms);
	return failed > wait ? failed : wait;
}

/* The mechanism has said its last word, or the password was compared. */
static void
settle(struct auth *a, bool right)
{
	const struct account *who =
	    accounts_by_id(a->owner->accounts, a->account);
	int64_t now_ms = clock_mono_ms();
	uint32_t wait;

	right = right && who != NULL && !(who->flags & ACCOUNT_DISABLED);
	wait = delay(a, right, now_ms);
	if (right)
		accept_login(a, who, now_ms);
	else
		refuse_login(a);
	a->then = right ? AUTH_OK : AUTH_FAILED;
	a->result = wait > 0 ? AUTH_PENDING : a->then;
	a->held_ms = now_ms + wait;
	if (wait > 0)
		queue_add(a);
}

/*
 * Find the account, or what stands for one: from here on both cost the same.
 */
static void
look_up(struct auth *a)
{
	struct auth_service *as = a->owner;
	struct span login = sasl_name(&a->sasl);
	const struct account *who = NULL;

	if (!users_name(login, as->config.domains, a->name))
		who = accounts_find(as->accounts, span_str(a->name));
	users_verifier_dummy(
	    &a->verifier, login, as->seal->key, as->config.iterations);
	a->account = 0;
	if (who != NULL) {
		a->account = who->id;
		a->verifier = who->verifier;
	}
}

/* The password as it is compared; what can't be prepared is wrong anyway. */
static struct span
prepared(const struct auth *a, uint8_t mem[USERS_PASSWORD_MAX])
{
	struct span password = sasl_password(&a->sasl);
	int n = password_prep(password, mem);

	return n < 0 ? password : span_of(mem, (size_t)n);
}

static void
check_password(struct auth *a)
{
	uint8_t mem[USERS_PASSWORD_MAX];
	struct span password = prepared(a, mem);

	look_up(a);
	if (users_cache_has(
		&a->owner->cache, &a->verifier, password, clock_mono_ms())) {
		settle(a, true);
	} else {
		kdf_begin(&a->kdf, password,
		    span_of(a->verifier.salt, USERS_SALT),
		    a->verifier.iterations);
		a->stretching = true;
		a->result = AUTH_PENDING;
		queue_add(a);
	}
	secret_wipe(mem, sizeof(mem));
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
		look_up(a);
		sasl_verifier(&a->sasl, &a->verifier, a->account != 0);
		a->result = a->sasl.state == SASL_CHALLENGE ? AUTH_CHALLENGE
							    : AUTH_SYNTAX;
		break;
	case SASL_SYNTAX:
		a->result = AUTH_SYNTAX;
		break;
	case SASL_RIGHT:
	case SASL_WRONG:
		settle(a, a->sasl.state == SASL_RIGHT);
		break;
	}
}

/* The exchange is over before it began. */
static struct auth *
refused(struct auth *a, enum auth_result result)
{
	a->owner->refused += result == AUTH_NEEDS_TLS;
	a->result = result;
	return a;
}

static bool
is_banned(const struct auth *a)
{
	struct limit *l = a->owner->limit;

	return l != NULL
	       && limit_is_banned(l, a->peer.addr.ip, clock_mono_ms());
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
	if (is_banned(a))
		return refused(a, AUTH_BANNED);
	if (m == SASL_MECHS)
		return refused(a, AUTH_UNKNOWN_MECH);
	a->how = sasl_mech_name(m);
	if (sasl_is_plaintext(m) && !auth_is_plaintext_ok(as, peer))
		return refused(a, AUTH_NEEDS_TLS);
	if (!begin_mech(a, m))
		return refused(a, AUTH_TEMPFAIL);
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
	if (is_banned(a))
		return refused(a, AUTH_BANNED);
	if (!auth_is_plaintext_ok(as, peer))
		return refused(a, AUTH_NEEDS_TLS);
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
	if (is_banned(a))
		return refused(a, AUTH_BANNED);
	sasl_begin(&a->sasl, SASL_LOGIN, SPAN(""));
	sasl_feed(&a->sasl, name);
	if (a->sasl.state != SASL_CHALLENGE)
		return refused(a, AUTH_SYNTAX);
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
wake(struct auth *a)
{
	if (a->peer.wake != NULL)
		a->peer.wake(a->peer.waker);
}

static void
stretched(struct auth *a)
{
	uint8_t salted[USERS_HASH], mem[USERS_PASSWORD_MAX];
	bool right;

	kdf_done(&a->kdf, salted);
	right = users_verifier_is(&a->verifier, salted);
	if (right && a->account != 0)
		users_cache_put(&a->owner->cache, &a->verifier,
		    prepared(a, mem), clock_mono_ms());
	secret_wipe(mem, sizeof(mem));
	secret_wipe(salted, sizeof(salted));
	a->stretching = false;
	queue_remove(a);
	settle(a, right);
	if (!a->queued)
		wake(a);
}

/* Whose answer was held back long enough? */
static void
let_go(struct auth_service *as, int64_t now_ms)
{
	struct auth *next;

	for (struct auth *a = as->first; a != NULL; a = next) {
		next = a->next;
		if (a->stretching || a->held_ms > now_ms)
			continue;
		queue_remove(a);
		a->result = a->then;
		wake(a);
	}
}

static struct auth *
next_work(const struct auth_service *as)
{
	struct auth *a = as->first;

	while (a != NULL && !a->stretching)
		a = a->next;
	return a;
}

static void
auth_run(struct participant *me, struct poller *p)
{
	struct auth_service *as = (struct auth_service *)me;
	int64_t begun = clock_mono_us();
	int64_t now = begun, until = begun + AUTH_SLICE_MS * 1000;
	struct auth *a;

	let_go(as, p->now_ms);
	while (now < until && (a = next_work(as)) != NULL) {
		if (kdf_until(&a->kdf, clock_mono_us, until))
			stretched(a);
		now = clock_mono_us();
	}
	if ((uint64_t)(now - begun) > as->slowest_us)
		as->slowest_us = (uint64_t)(now - begun);
}
