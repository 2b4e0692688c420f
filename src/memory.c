/*
 * memory: the arrays, sized by Kconfig.  All are zero at start; pages that
 * are never used cost no RAM.
 */
#include "memory.h"

#include "config.h"

/* ---- the state folder ---- */

_Static_assert(SETTINGS_BLOCKS % 2 == 0, "settings lie in two banks");
_Static_assert(SETTINGS_TXN_KIB * 1024 >= KV_TXN_MIN,
    "a change must hold the longest value");
_Static_assert(MAX_ACCOUNTS < SETTINGS_KEYS, "every account is a key");

static struct kv_slot kv_slots[SETTINGS_KEYS * 4 / 3 + 1];
static uint8_t kv_txn[SETTINGS_TXN_KIB * 1024];
static uint8_t kv_copy[KV_COPY_MIN];
static char settings_area[SETTINGS_AREA_KIB * 1024];
static struct account accounts[MAX_ACCOUNTS];
static uint16_t accounts_index[ACCOUNTS_INDEX(MAX_ACCOUNTS)];

struct state memory_state;

const struct state_memory memory_state_areas = {
	.kv = {
		.slots = kv_slots,
		.slots_n = SETTINGS_KEYS * 4 / 3 + 1,
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
	.block_octets = SETTINGS_BLOCK_KIB * 1024,
	.blocks = SETTINGS_BLOCKS,
};

/* ---- the command line ---- */

struct cli memory_cli;
struct api memory_api;
