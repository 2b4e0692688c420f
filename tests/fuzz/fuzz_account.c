/*
 * fuzz_account: any records where accounts are kept: octets of a name, the
 * name, octets of its record, the record, and so on.  What is loaded has names
 * and ids of its own, is found by both, and is still there when an account has
 * been added and all is loaded again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/accounts.h"

#define BLOCK  16384
#define BLOCKS 2
#define SLOTS  64
#define MOST   8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t medium[BLOCK * BLOCKS];
static struct kv kv;
static struct kv_slot slots[SLOTS];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN];
static struct account table[MOST];
static uint16_t places[ACCOUNTS_INDEX(MOST)];
static struct accounts accounts;

static int
mem_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	(void)f;
	memcpy(to, medium + at, len);
	return ERR_OK;
}

static int
mem_program(struct flash *f, uint32_t at, struct span data)
{
	(void)f;
	memcpy(medium + at, data.p, data.len);
	return ERR_OK;
}

static int
mem_erase(struct flash *f, uint32_t block)
{
	memset(medium + block * f->block_octets, 0xff, f->block_octets);
	return ERR_OK;
}

static struct flash flash = {
	.read = mem_read,
	.program = mem_program,
	.erase = mem_erase,
	.block_octets = BLOCK,
	.blocks = BLOCKS,
	.unit = 1,
};

static void
put(struct span name, struct span record)
{
	char mem[KV_KEY_MAX + 1];
	struct text key;

	text_init(&key, mem, sizeof(mem));
	text_str(&key, "account.");
	text_span(&key, name);
	if (key.cut || kv_begin(&kv))
		return;
	if (kv_put(&kv, text_data(&key), record))
		kv_abort(&kv);
	else if (kv_commit(&kv))
		abort();
}

/* A piece that begins with its length. */
static struct span
piece(struct span *rest)
{
	size_t len = rest->len > 0 ? rest->p[0] : 0;
	struct span got = span_first(span_from(*rest, 1), len);

	*rest = span_from(*rest, 1 + got.len);
	return got;
}

static unsigned
load(void)
{
	const struct account *a = NULL;
	unsigned bad, n = 0;
	int err;

	accounts_init(&accounts, table, MOST, places);
	err = accounts_load(&accounts, &kv, &bad);
	assert(err == ERR_OK || err == ERR_FULL);
	while ((a = accounts_next(&accounts, a ? a->id : 0)) != NULL) {
		assert(a->id > 0 && a->id <= MOST);
		assert(users_is_name(account_name(a)));
		assert(accounts_find(&accounts, account_name(a)) == a);
		assert(accounts_by_id(&accounts, a->id) == a);
		assert(a->sealed_len <= sizeof(a->sealed));
		n++;
	}
	assert(n == accounts.count);
	return err ? MOST + 1 : n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
		sizeof(copy) };
	const struct users_verifier v = { .iterations = 4096 };
	struct span rest = span_of(data, size);
	unsigned n;
	int err;

	if (size > 4096)
		return 0;
	memset(medium, 0xff, sizeof(medium));
	if (kv_open(&kv, &flash, 1, &memory) != ERR_MISSING || kv_format(&kv))
		abort();
	for (unsigned i = 0; i < 32 && rest.len > 0; i++) {
		struct span name = piece(&rest);

		put(name, piece(&rest));
	}
	n = load();
	if (n > MOST)
		return 0;
	err = accounts_add(&accounts, SPAN("zoe"), &v, SPAN(""));
	assert(err == ERR_OK || err == ERR_EXISTS || err == ERR_FULL);
	assert(load() == n + (err == ERR_OK));
	return 0;
}
