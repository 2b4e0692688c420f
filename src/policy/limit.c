/*
 * limit: counting failures and messages.  It holds no connections and no
 * answers back itself; services do, by the times given here.
 */
#include "policy/limit.h"

#define HOUR_MS	 3600000
#define DAY_MS	 86400000
#define FIRST_MS 250 /* after the first wrong login */

#define FREE_BAD    3 /* bad recipients before answers get slower */
#define BAD_STEP_MS 1000
#define BAD_MOST_MS 10000

void
limit_init(struct limit *l, struct limit_place *places, uint32_t n,
    struct limit_count *senders, uint32_t accounts)
{
	*l = (struct limit) { .places = places,
		.rows = n / LIMIT_WAYS,
		.senders = senders,
		.accounts = accounts };
}

void
limit_configure(struct limit *l, const uint8_t key[SIPHASH_KEY],
    const struct limit_config *config)
{
	memcpy(l->key, key, SIPHASH_KEY);
	l->config = *config;
}

/* An IPv6 client is its /64: it can choose the rest. */
static void
key_of_ip(const uint8_t ip[16], uint8_t key[16])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(key, ip, 16);
	if (memcmp(ip, v4, sizeof(v4)))
		memset(key + 8, 0, 8);
}

/* Multicast addresses never call: they serve as the space of names. */
static void
key_of_name(const struct limit *l, struct span name, uint8_t key[16])
{
	uint64_t h = siphash(l->key, name);

	memset(key, 0xff, 8);
	memcpy(key + 8, &h, 8);
}

static struct limit_place *
row_of(const struct limit *l, const uint8_t key[16])
{
	uint64_t h = siphash(l->key, span_of(key, 16));

	return l->places + h % l->rows * LIMIT_WAYS;
}

static struct limit_place *
find(const struct limit *l, const uint8_t key[16])
{
	struct limit_place *row = row_of(l, key);

	for (unsigned i = 0; i < LIMIT_WAYS; i++) {
		if (row[i].touched_ms != 0 && !memcmp(row[i].key, key, 16))
			return &row[i];
	}
	return NULL;
}

static uint32_t
less(uint32_t n, int64_t drops)
{
	return drops >= n ? 0 : n - (uint32_t)drops;
}

static void
leak(struct limit_place *p, int64_t now_ms)
{
	int64_t drops = (now_ms - p->leaked_ms) / LIMIT_LEAK_MS;

	if (drops <= 0)
		return;
	p->leaked_ms += drops * LIMIT_LEAK_MS;
	p->failures = less(p->failures, drops);
	p->bad_recipients = less(p->bad_recipients, drops);
}

/* How much would be lost with this place: bans, then failures, then age. */
static int64_t
worth(const struct limit_place *p, int64_t now_ms)
{
	if (p->touched_ms == 0)
		return 0;
	if (p->banned_ms > now_ms)
		return INT64_MAX / 2 + p->banned_ms;
	return p->touched_ms
	       + ((int64_t)p->failures + p->bad_recipients) * HOUR_MS;
}

static struct limit_place *
find_or_make(struct limit *l, const uint8_t key[16], int64_t now_ms)
{
	struct limit_place *p = find(l, key), *row = row_of(l, key);

	if (p == NULL) {
		p = row;
		for (unsigned i = 1; i < LIMIT_WAYS; i++) {
			if (worth(&row[i], now_ms) < worth(p, now_ms))
				p = &row[i];
		}
		l->forgotten += p->touched_ms != 0;
		*p = (struct limit_place) { .leaked_ms = now_ms };
		memcpy(p->key, key, 16);
	}
	leak(p, now_ms);
	p->touched_ms = now_ms == 0 ? 1 : now_ms;
	return p;
}

static struct limit_place *
find_ip(const struct limit *l, const uint8_t ip[16])
{
	uint8_t key[16];

	key_of_ip(ip, key);
	return find(l, key);
}

static struct limit_place *
make_ip(struct limit *l, const uint8_t ip[16], int64_t now_ms)
{
	uint8_t key[16];

	key_of_ip(ip, key);
	return find_or_make(l, key, now_ms);
}

bool
limit_is_banned(struct limit *l, const uint8_t ip[16], int64_t now_ms)
{
	const struct limit_place *p = find_ip(l, ip);

	return p != NULL && p->banned_ms > now_ms;
}

bool
limit_is_good(struct limit *l, const uint8_t ip[16], int64_t now_ms)
{
	const struct limit_place *p = find_ip(l, ip);

	return p != NULL && p->good_ms != 0 && now_ms - p->good_ms < DAY_MS;
}

enum limit_answer
limit_accept(struct limit *l, const uint8_t ip[16],
    enum limit_standing standing, unsigned used, unsigned cap, int64_t now_ms)
{
	unsigned kept =
	    l->config.reserved < cap / 2 ? l->config.reserved : cap / 2;

	if (limit_is_banned(l, ip, now_ms)) {
		l->banned++;
		return LIMIT_BANNED;
	}
	if (standing == LIMIT_LOCAL)
		kept /= 2;
	if (standing == LIMIT_GRANTED || used + kept < cap
	    || (used < cap && limit_is_good(l, ip, now_ms)))
		return LIMIT_OK;
	l->busy++;
	return LIMIT_BUSY;
}

/* FIRST_MS, doubled for each further failure, up to LIMIT_WAIT_MS. */
static uint32_t
delay_of(uint32_t failures)
{
	uint32_t ms = FIRST_MS;

	for (; failures > 1 && ms < LIMIT_WAIT_MS; failures--)
		ms *= 2;
	return ms;
}

uint32_t
limit_login_wait(
    struct limit *l, const uint8_t ip[16], struct span name, int64_t now_ms)
{
	struct limit_place *p;
	uint8_t key[16];

	key_of_name(l, name, key);
	p = find(l, key);
	if (p == NULL || limit_is_good(l, ip, now_ms))
		return 0;
	leak(p, now_ms);
	if (p->failures < l->config.failures)
		return 0;
	return delay_of(p->failures - l->config.failures + 1);
}

uint32_t
limit_login_failed(
    struct limit *l, const uint8_t ip[16], struct span name, int64_t now_ms)
{
	struct limit_place *of_name, *of_ip;
	bool good = limit_is_good(l, ip, now_ms);
	uint8_t key[16];

	key_of_name(l, name, key);
	of_name = find_or_make(l, key, now_ms);
	of_name->failures++;
	of_ip = make_ip(l, ip, now_ms);
	of_ip->failures++;
	l->failed++;
	if (of_ip->failures >= l->config.failures * (good ? 4 : 1)) {
		of_ip->failures = 0;
		of_ip->banned_ms = now_ms + l->config.ban_ms;
		l->bans++;
		return LIMIT_WAIT_MS;
	}
	return delay_of(of_ip->failures);
}

void
limit_login_ok(struct limit *l, const uint8_t ip[16], int64_t now_ms)
{
	make_ip(l, ip, now_ms)->good_ms = now_ms == 0 ? 1 : now_ms;
}

uint32_t
limit_bad_recipient(
    struct limit *l, const uint8_t ip[16], unsigned nth, int64_t now_ms)
{
	struct limit_place *p = make_ip(l, ip, now_ms);
	unsigned borne = l->config.bad_recipients;

	l->probes++;
	p->bad_recipients++;
	if (p->bad_recipients > borne && p->bad_recipients - borne > nth)
		nth = p->bad_recipients - borne;
	if (nth > borne)
		return UINT32_MAX;
	if (nth <= FREE_BAD)
		return 0;
	if (nth - FREE_BAD > BAD_MOST_MS / BAD_STEP_MS)
		return BAD_MOST_MS;
	return (nth - FREE_BAD) * BAD_STEP_MS;
}

static enum limit_answer
count_one(struct limit *l, struct limit_count *c, unsigned per_hour,
    unsigned per_day, int64_t now_ms)
{
	if (c->hour_ms == 0 || now_ms - c->hour_ms >= HOUR_MS) {
		c->hour_ms = now_ms;
		c->hour = 0;
	}
	if (c->day_ms == 0 || now_ms - c->day_ms >= DAY_MS) {
		c->day_ms = now_ms;
		c->day = 0;
	}
	if ((per_hour > 0 && c->hour >= per_hour)
	    || (per_day > 0 && c->day >= per_day)) {
		l->over++;
		return LIMIT_OVER;
	}
	c->hour++;
	c->day++;
	return LIMIT_OK;
}

enum limit_answer
limit_send_within(struct limit *l, const uint8_t ip[16], unsigned per_hour,
    unsigned per_day, int64_t now_ms)
{
	if (per_hour == 0 && per_day == 0)
		return LIMIT_OK;
	return count_one(
	    l, &make_ip(l, ip, now_ms)->count, per_hour, per_day, now_ms);
}

enum limit_answer
limit_send(
    struct limit *l, uint16_t account, const uint8_t ip[16], int64_t now_ms)
{
	if (account == 0 || account > l->accounts)
		return limit_send_within(
		    l, ip, l->config.per_hour, l->config.per_day, now_ms);
	return count_one(l, &l->senders[account - 1], l->config.per_hour,
	    l->config.per_day, now_ms);
}

bool
limit_unban(struct limit *l, const uint8_t ip[16], int64_t now_ms)
{
	struct limit_place *p = find_ip(l, ip);

	if (p == NULL || p->banned_ms <= now_ms)
		return false;
	p->banned_ms = 0;
	p->failures = 0;
	p->bad_recipients = 0;
	return true;
}

const struct limit_place *
limit_next_ban(const struct limit *l, uint32_t *at, int64_t now_ms)
{
	while (*at < l->rows * LIMIT_WAYS) {
		const struct limit_place *p = &l->places[(*at)++];

		if (p->touched_ms != 0 && p->banned_ms > now_ms)
			return p;
	}
	return NULL;
}
