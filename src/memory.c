/*
 * memory: the arrays, sized by Kconfig.  All are zero at start; pages that
 * are never used cost no RAM.
 */
#include "memory.h"

#include "service/parts.h"

/* ---- the state folder ---- */

_Static_assert(SETTINGS_BANK_KIB >= 2 * SETTINGS_TXN_KIB,
    "a bank keeps a change free behind what is stored");
_Static_assert(SETTINGS_TXN_KIB * 1024 >= KV_TXN_MIN,
    "a change must hold the longest value");

/* every account is a key, too; three quarters of the slots are used */
#define KEYS  (SETTINGS_KEYS + MAX_ACCOUNTS)
#define SLOTS (KEYS * 4 / 3 + 4)

static struct kv_slot kv_slots[SLOTS];
static uint8_t kv_txn[SETTINGS_TXN_KIB * 1024];
static uint8_t kv_copy[KV_COPY_MIN];
static char settings_area[SETTINGS_AREA_KIB * 1024];
static struct account accounts[MAX_ACCOUNTS];
static uint16_t accounts_index[ACCOUNTS_INDEX(MAX_ACCOUNTS)];

struct state memory_state;

const struct state_memory memory_state_areas = {
	.kv = {
		.slots = kv_slots,
		.slots_n = SLOTS,
		.txn = kv_txn,
		.txn_cap = sizeof(kv_txn),
		.copy = kv_copy,
		.copy_cap = sizeof(kv_copy),
	},
	.settings = settings_area,
	.settings_cap = sizeof(settings_area),
	.accounts = accounts,
	.accounts_index = accounts_index,
	.accounts_cap = MAX_ACCOUNTS,
	.mtd = SETTINGS_MTD,
	.bank_octets = SETTINGS_BANK_KIB * 1024,
};

/* ---- the server ---- */

#define WINDOWS	   (2 * MAX_CONNECTIONS) /* in and out: never short of one */
#define POP3S	   (ENABLE_POP3 ? MAX_CONNECTIONS : 1)
#define DROPS	   (ENABLE_POP3 ? MAX_MAILDROPS : 1)
#define BIG_OCTETS (BIG_WINDOW_KIB * 1024)

/* what is not in the program takes no room */
#define SENT(n)	 (ENABLE_RELAY ? (n) : 1)
#define DEVICES	 (ENABLE_DEVICES ? MAX_DEVICES : 1)
#define OWNERS	 (ENABLE_QUOTAS ? MAX_ACCOUNTS + 1 : 1)
#define WARNINGS (HAS_VERDICTS || ENABLE_QUOTAS ? WARNING_RATES : WARNING_WAYS)

_Static_assert(MAX_CONNECTIONS + MAX_TRANSACTIONS < POLLER_FD_MAX - 64,
    "every connection and every message under way needs a descriptor");

POOL_MEMORY(conns, struct conn, MAX_CONNECTIONS);
POOL_MEMORY(tls, struct tls, MAX_TLS);
POOL_MEMORY(smtp, struct submit_session, MAX_CONNECTIONS);
POOL_MEMORY(txns, struct submit_txn, MAX_TRANSACTIONS);
POOL_MEMORY(pop3, struct collect_session, POP3S);
POOL_MEMORY(drops, struct maildrop, DROPS);
static struct maildrop_work drop_work;
static int64_t logged_in_ms[MAX_ACCOUNTS + 1];
static _Alignas(4096) uint8_t windows[WINDOWS * CONN_WINDOW];
static _Alignas(4096) uint8_t bigs[BIG_WINDOWS * BIG_OCTETS];
static _Alignas(16) uint8_t auths[MAX_CONNECTIONS * AUTH_SIZE];
static struct users_seen seen[USERS_SEEN];
static struct grant grants[MAX_GRANTS];
static uint16_t grant_buckets[MAX_GRANTS];
static struct grant_holder grant_holders[MAX_ACCOUNTS];
static struct limit_count senders[MAX_ACCOUNTS];
static struct limit_place limit_places[LIMIT_ROWS * LIMIT_WAYS];
static struct profile devices[DEVICES];

_Static_assert(MAX_GRANTS >= MAX_ACCOUNTS && MAX_GRANTS < UINT16_MAX,
    "every account can hold a grant");
static uint8_t tls_cache[TLS_CACHE_OCTETS(TLS_SESSIONS)];

POOL_MEMORY(lookups, struct lookup, SENT(DNS_QUERIES));
static struct queue_entry queue_window[SENT(QUEUE_WINDOW)];
static struct resolver_memo dns_memo[SENT(DNS_CACHE)];
static struct relayd_slot relay_slots[SENT(RELAY_SLOTS)];
static struct relay_dest relay_dests[SENT(RELAY_DESTS)];

static struct quota_use quotas[OWNERS];
static struct warning_rate warning_rates[WARNINGS];
_Static_assert(
    WARNING_RATES % WARNING_WAYS == 0, "rates stand in rows of so many");

_Static_assert(
    RELAY_DESTS > RELAY_SLOTS, "every slot finds a place for its destination");
_Static_assert(DNS_QUERIES >= RELAY_SLOTS, "every slot may look up");

struct server memory_server;

#define AREA(mem, type, n)                                                     \
	{                                                                      \
#mem, mem, POOL_SIZE(type), n                                  \
	}

const struct server_memory memory_server_areas = {
	.pools = {
		[SERVER_CONNS] = AREA(conns, struct conn, MAX_CONNECTIONS),
		[SERVER_WINDOWS] = { "windows", windows, CONN_WINDOW, WINDOWS },
		[SERVER_BIGS] = { "bigs", bigs, BIG_OCTETS, BIG_WINDOWS },
		[SERVER_TLS] = AREA(tls, struct tls, MAX_TLS),
		[SERVER_AUTH] = { "auths", auths, AUTH_SIZE, MAX_CONNECTIONS },
		[SERVER_SMTP] = AREA(smtp, struct submit_session, MAX_CONNECTIONS),
		[SERVER_TXNS] = AREA(txns, struct submit_txn, MAX_TRANSACTIONS),
		[SERVER_POP3] = AREA(pop3, struct collect_session, POP3S),
		[SERVER_DROPS] = AREA(drops, struct maildrop, DROPS),
	},
	.drop_work = &drop_work,
	.sending = {
		.window = queue_window,
		.window_n = SENT(QUEUE_WINDOW),
		.lookups = lookups,
		.lookups_n = SENT(DNS_QUERIES),
		.memo = dns_memo,
		.memo_n = SENT(DNS_CACHE),
		.slots = relay_slots,
		.slots_n = SENT(RELAY_SLOTS),
		.dests = relay_dests,
		.dests_n = SENT(RELAY_DESTS),
		.rates = warning_rates,
		.rates_n = WARNINGS,
		.quotas = quotas,
	},
	.logged_in_ms = logged_in_ms,
	.access = {
		.grants = grants,
		.grant_buckets = grant_buckets,
		.grants_n = MAX_GRANTS,
		.holders = grant_holders,
		.senders = senders,
		.accounts_n = MAX_ACCOUNTS,
		.places = limit_places,
		.places_n = LIMIT_ROWS * LIMIT_WAYS,
		.devices = devices,
		.devices_n = DEVICES,
	},
	.seen = seen,
	.seen_n = USERS_SEEN,
	.tls_cache = tls_cache,
	.tls_cache_octets = sizeof(tls_cache),
};

/* ---- the API in the server ---- */

_Static_assert(ADMIN_BODY_KIB % 4 == 0, "a pool's objects are aligned");

POOL_MEMORY(api_sessions, struct api_session, MAX_ADMIN);
static _Alignas(16) uint8_t api_area[ADMIN_BODY_KIB * 1024];
static char api_piece_mem[API_PIECE + 1];

struct admin memory_admin;

const struct admin_memory memory_admin_areas = {
	.sessions = api_sessions,
	.n = MAX_ADMIN,
	.area = api_area,
	.area_octets = sizeof(api_area),
	.piece = api_piece_mem,
};

/* ---- the command line ---- */

struct cli memory_cli;

/* no server runs in this process: its memory serves */
_Static_assert(sizeof(struct cli_secure) <= sizeof(tls), "it has the room");
struct cli_secure *const memory_cli_secure = (void *)tls;
struct api memory_api;
