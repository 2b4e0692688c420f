/*
 * grant: the table of grants.  It does not know what a login is, nor where
 * grants count (policy/relay).
 */
#include "policy/grant.h"

#include "core/zero.h"

static uint16_t *
bucket_of(struct grants *g, const uint8_t ip[16])
{
	return &g->buckets[siphash(g->key, span_of(ip, 16)) % g->cap];
}

/* Entry number `i`; they count from 1, so that clear memory is an empty table.
 */
static struct grant *
at(const struct grants *g, uint16_t i)
{
	return &g->table[i - 1];
}

static void
forget_all(struct grants *g)
{
	zero_fill(g->table, g->cap * sizeof(*g->table));
	zero_fill(g->buckets, g->cap * sizeof(*g->buckets));
	zero_fill(g->holders, g->accounts * sizeof(*g->holders));
	g->free = GRANT_END;
	g->used = 0;
	g->live = 0;
}

void
grants_init(struct grants *g, struct grant *table, uint16_t *buckets,
    uint32_t cap, struct grant_holder *holders, uint32_t accounts)
{
	*g = (struct grants) { .table = table,
		.buckets = buckets,
		.holders = holders,
		.cap = cap,
		.accounts = accounts,
		.per_account = (uint16_t)(cap / accounts),
		.window_ms = GRANT_WINDOW_MS };
	forget_all(g);
}

void
grants_configure(struct grants *g, const uint8_t key[SIPHASH_KEY],
    int64_t window_ms, unsigned per_account, int64_t now_ms)
{
	uint32_t most = g->cap / g->accounts;

	if (memcmp(g->key, key, SIPHASH_KEY)) {
		forget_all(g);
		memcpy(g->key, key, SIPHASH_KEY);
		g->begun_ms = now_ms;
	}
	if (per_account < most)
		most = per_account == 0 ? 1 : per_account;
	g->per_account = (uint16_t)most;
	if (g->window_ms != window_ms) {
		g->window_ms = window_ms;
		g->begun_ms = now_ms;
	}
}

static void
unlink_bucket(struct grants *g, uint16_t i)
{
	uint16_t *link = bucket_of(g, at(g, i)->ip);

	while (*link != i)
		link = &at(g, *link)->next;
	*link = at(g, i)->next;
}

static void
unlink_holder(struct grants *g, uint16_t i)
{
	struct grant *e = at(g, i);
	struct grant_holder *h = &g->holders[e->account - 1];

	if (e->older == GRANT_END)
		h->oldest = e->newer;
	else
		at(g, e->older)->newer = e->newer;
	if (e->newer == GRANT_END)
		h->newest = e->older;
	else
		at(g, e->newer)->older = e->older;
	h->n--;
}

static void
link_holder(struct grants *g, uint16_t i)
{
	struct grant *e = at(g, i);
	struct grant_holder *h = &g->holders[e->account - 1];

	e->older = h->newest;
	e->newer = GRANT_END;
	if (h->newest == GRANT_END)
		h->oldest = i;
	else
		at(g, h->newest)->newer = i;
	h->newest = i;
	h->n++;
}

static void
drop(struct grants *g, uint16_t i)
{
	unlink_bucket(g, i);
	unlink_holder(g, i);
	at(g, i)->account = 0;
	at(g, i)->next = g->free;
	g->free = i;
	g->live--;
}

static bool
is_live(const struct grants *g, const struct grant *e)
{
	return e->account != 0 && g->generation - e->generation <= 1;
}

/* Change generations as often as W went by; sweep out what is too old. */
static void
advance(struct grants *g, int64_t now_ms)
{
	int64_t passed = (now_ms - g->begun_ms) / g->window_ms;

	if (passed <= 0)
		return;
	g->begun_ms += passed * g->window_ms;
	g->generation += passed > 2 ? 2 : (uint32_t)passed;
	for (uint16_t i = 1; i <= g->used; i++) {
		if (at(g, i)->account != 0 && !is_live(g, at(g, i)))
			drop(g, i);
	}
}

/* This account's newest entry for the address, protected or not. */
static uint16_t
find_own(const struct grants *g, const struct grant_holder *h,
    const uint8_t ip[16], bool is_protected)
{
	uint16_t i = h->newest;

	while (i != GRANT_END
	       && (memcmp(at(g, i)->ip, ip, 16)
		   || (at(g, i)->how > GRANT_CLEAR) != is_protected))
		i = at(g, i)->older;
	return i;
}

/*
 * Make way for a new entry of the same account and address.  A protected one
 * outdoes a clear one; a clear one must not end the time of a protected one,
 * so each kind has its own entry where the protected one is the older.
 * False: a protected one of this generation is there and says it all.
 */
static bool
supersede(struct grants *g, const struct grant_holder *h, const uint8_t ip[16],
    bool is_protected)
{
	uint16_t safe = find_own(g, h, ip, true);
	uint16_t open = find_own(g, h, ip, false);

	g->renewed += safe != GRANT_END || open != GRANT_END;
	if (open != GRANT_END)
		drop(g, open);
	if (safe == GRANT_END)
		return true;
	if (!is_protected)
		return at(g, safe)->generation != g->generation;
	drop(g, safe);
	return true;
}

static uint16_t
take(struct grants *g, struct grant_holder *h)
{
	uint16_t i;

	while (h->n >= g->per_account) {
		g->replaced++;
		drop(g, h->oldest);
	}
	i = g->free;
	if (i == GRANT_END)
		return ++g->used;
	g->free = at(g, i)->next;
	return i;
}

void
grants_add(struct grants *g, const uint8_t ip[16], uint16_t account,
    enum grant_how how, int64_t now_ms)
{
	struct grant_holder *h = &g->holders[account - 1];
	uint16_t *bucket, i;

	advance(g, now_ms);
	g->made++;
	if (!supersede(g, h, ip, how > GRANT_CLEAR))
		return;
	i = take(g, h);
	bucket = bucket_of(g, ip);
	*at(g, i) = (struct grant) { .made_ms = now_ms,
		.generation = g->generation,
		.account = account,
		.next = *bucket,
		.how = how };
	memcpy(at(g, i)->ip, ip, 16);
	*bucket = i;
	link_holder(g, i);
	g->live++;
}

const struct grant *
grants_find(struct grants *g, const uint8_t ip[16], enum grant_how at_least,
    int64_t now_ms)
{
	uint16_t i;

	advance(g, now_ms);
	for (i = *bucket_of(g, ip); i != GRANT_END; i = at(g, i)->next) {
		if (!memcmp(at(g, i)->ip, ip, 16) && at(g, i)->how >= at_least)
			return at(g, i);
	}
	g->refused++;
	return NULL;
}

unsigned
grants_revoke_ip(struct grants *g, const uint8_t ip[16])
{
	uint16_t i = *bucket_of(g, ip);
	unsigned n = 0;

	while (i != GRANT_END) {
		uint16_t next = at(g, i)->next;

		if (!memcmp(at(g, i)->ip, ip, 16)) {
			drop(g, i);
			n++;
		}
		i = next;
	}
	g->revoked += n;
	return n;
}

unsigned
grants_revoke_account(struct grants *g, uint16_t account)
{
	struct grant_holder *h;
	unsigned n = 0;

	if (account == 0 || account > g->accounts)
		return 0;
	h = &g->holders[account - 1];
	for (; h->oldest != GRANT_END; n++)
		drop(g, h->oldest);
	g->revoked += n;
	return n;
}

const struct grant *
grants_next(struct grants *g, uint32_t *where, int64_t now_ms)
{
	if (*where == 0)
		advance(g, now_ms);
	while (*where < g->used) {
		const struct grant *e = &g->table[(*where)++];

		if (e->account != 0)
			return e;
	}
	return NULL;
}

int64_t
grants_left_ms(const struct grants *g, const struct grant *one, int64_t now_ms)
{
	int64_t swaps = 2 - (int64_t)(g->generation - one->generation);

	return g->begun_ms + swaps * g->window_ms - now_ms;
}
