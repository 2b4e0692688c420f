/*
 * fuzz_kv: a flash of any content is opened, read, changed and opened again.
 *
 * Whatever the bytes are: no crash, no endless loop; what opens can be
 * changed, and the change is there at the next opening.
 */
#include <stdlib.h>

#include "store/kv.h"

#define BLOCK  8192
#define BLOCKS 2
#define SLOTS  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t medium[BLOCK * BLOCKS];
static struct kv kv;
static struct kv_slot slots[SLOTS];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN], value[KV_VALUE_MAX];

static int
mem_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	(void)f;
	if (at > sizeof(medium) || len > sizeof(medium) - at)
		abort();
	memcpy(to, medium + at, len);
	return ERR_OK;
}

static int
mem_program(struct flash *f, uint32_t at, struct span data)
{
	(void)f;
	if (at > sizeof(medium) || data.len > sizeof(medium) - at)
		abort();
	for (size_t i = 0; i < data.len; i++)
		medium[at + i] &= data.p[i];
	return ERR_OK;
}

static int
mem_erase(struct flash *f, uint32_t block)
{
	memset(medium + block * f->block_octets, 0xff, f->block_octets);
	return ERR_OK;
}

static int
open_kv(struct flash *f)
{
	const struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
		sizeof(copy) };

	return kv_open(&kv, f, 1, &memory);
}

static void
read_all(void)
{
	struct kv_cursor c = { 0 };
	struct kv_entry e;

	while (kv_next(&kv, span_of(NULL, 0), &c, &e) == 1) {
		int n = kv_get(
		    &kv, span_of(e.key, e.key_len), value, sizeof(value));

		if (n != (int)e.value_len)
			abort();
	}
}

static void
change_and_check(struct flash *f)
{
	struct span key = SPAN("fuzz"), want = SPAN("was here");
	int rc = kv_begin(&kv);

	if (rc == ERR_OK)
		rc = kv_put(&kv, key, want);
	if (rc != ERR_OK)
		abort();
	rc = kv_commit(&kv);
	if (rc == ERR_FULL)
		return;
	if (rc != ERR_OK || open_kv(f) != ERR_OK)
		abort();
	rc = kv_get(&kv, key, value, sizeof(value));
	if (rc < 0 || !span_is(span_of(value, (size_t)rc), want))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flash f = {
		.block_octets = BLOCK,
		.blocks = BLOCKS,
		.unit = 1,
		.fades = size % 2 == 0,
		.read = mem_read,
		.program = mem_program,
		.erase = mem_erase,
	};
	int rc;

	memset(medium, 0xff, sizeof(medium));
	if (size > sizeof(medium))
		size = sizeof(medium);
	if (size > 0)
		memcpy(medium, data, size);
	rc = open_kv(&f);
	if (rc == ERR_MISSING)
		rc = kv_format(&kv);
	if (rc != ERR_OK)
		return 0;
	read_all();
	change_and_check(&f);
	return 0;
}
