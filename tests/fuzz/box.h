/*
 * box: settings on a flash in memory, judged as the server does, for the fuzz
 * targets of what comes in from outside: an import, a backup.
 */
#ifndef FUZZ_BOX_H
#define FUZZ_BOX_H

#include <assert.h>

#include "service/judge.h"
#include "service/route.h"
#include "store/settings_text.h"

#define BOX_BLOCK 16384
#define BOX_SLOTS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct box {
	struct flash flash; /* first: flash and box are one address */
	uint8_t octets[2 * BOX_BLOCK];
	struct kv kv;
	struct settings set;
	struct access access;
	struct kv_slot slots[BOX_SLOTS];
	uint8_t txn[3 * KV_TXN_MIN], copy[KV_COPY_MIN];
	char area[2 * 8192];
	uint8_t device_key[SEAL_KEY];

	struct grant grants[8];
	uint16_t buckets[8];
	struct grant_holder holders[4];
	struct limit_count senders[4];
	struct limit_place places[8];
	struct profile devices[4];
};

static inline int
box_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	struct box *b = (struct box *)f;

	assert(at <= sizeof(b->octets) && len <= sizeof(b->octets) - at);
	memcpy(to, b->octets + at, len);
	return ERR_OK;
}

static inline int
box_program(struct flash *f, uint32_t at, struct span data)
{
	struct box *b = (struct box *)f;

	assert(at <= sizeof(b->octets) && data.len <= sizeof(b->octets) - at);
	for (size_t i = 0; i < data.len; i++)
		b->octets[at + i] &= data.p[i];
	return ERR_OK;
}

static inline int
box_erase(struct flash *f, uint32_t block)
{
	struct box *b = (struct box *)f;

	assert(block < 2);
	memset(b->octets + block * BOX_BLOCK, 0xff, BOX_BLOCK);
	return ERR_OK;
}

static inline int
box_random(void *to, size_t len)
{
	static uint8_t next;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = next++;
	return ERR_OK;
}

/* What lies on the flash is read as at a start; an erased one is formatted. */
static inline void
box_start(struct box *b, uint8_t device)
{
	const struct kv_memory memory = { b->slots, BOX_SLOTS, b->txn,
		sizeof(b->txn), b->copy, sizeof(b->copy) };
	const struct access_memory access = { b->grants, b->buckets, 8,
		b->holders, b->senders, 4, b->places, 8, b->devices, 4 };
	int rc;

	b->flash = (struct flash) {
		.block_octets = BOX_BLOCK,
		.blocks = 2,
		.unit = 1,
		.read = box_read,
		.program = box_program,
		.erase = box_erase,
	};
	rc = kv_open(&b->kv, &b->flash, 1, &memory);
	if (rc == ERR_MISSING)
		rc = kv_format(&b->kv);
	assert(rc == ERR_OK);
	memset(b->device_key, device, SEAL_KEY);
	settings_init(&b->set, &b->kv, b->area, sizeof(b->area));
	assert(settings_unlock(&b->set, b->device_key, box_random) == ERR_OK);
	assert(settings_load(&b->set, NULL) == ERR_OK);
	assert(access_init(&b->access, &b->set, &access) == ERR_OK);
	judge_settings(&b->access);
}

static inline void
box_set(struct box *b, const char *key, const char *value)
{
	char mem[SETTINGS_MESSAGE_MAX];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	assert(settings_begin(&b->set, &why) == ERR_OK);
	assert(settings_set(&b->set, span_str(key), span_str(value), &why)
	       == ERR_OK);
	assert(settings_commit(&b->set, &why) == ERR_OK);
}

/*
 * All that is stored, by a passphrase's key or without secrets; the text's
 * length.
 */
static inline size_t
box_export(struct box *b, const struct passkey *k, char *to, size_t cap)
{
	static struct settings_export x;
	static char mem[SETTINGS_TEXT_LINE + 1];
	struct text line;
	size_t len = 0;
	int rc = settings_export_begin(&x, &b->set, k);

	assert(rc == ERR_OK);
	for (;;) {
		text_init(&line, mem, sizeof(mem));
		rc = settings_export_next(&x, &line);
		if (rc != 1)
			break;
		assert(!line.cut && line.len <= cap - len);
		memcpy(to + len, mem, line.len);
		len += line.len;
	}
	assert(rc == 0);
	settings_export_end(&x);
	return len;
}

/* What was not refused is used: no rule, device or route is left out. */
static inline void
box_check_use(struct box *b)
{
	static struct routes routes;
	char mem[SETTINGS_MESSAGE_MAX];
	struct kv_cursor at = { 0 };
	struct settings_member m;
	struct text why;
	unsigned bad, rules = 0;

	assert(settings_load(&b->set, &bad) == ERR_OK && bad == 0);
	text_init(&why, mem, sizeof(mem));
	assert(access_configure(&b->access, 0, &why) == ERR_OK);
	while (settings_member_next(&b->set, SETTING_ROUTE_RULE, &at, &m) == 1)
		rules++;
	routes_load(&routes, &b->set);
	assert(routes.n == rules);
}

/* One line for a person, without what could steer a terminal. */
static inline void
box_check_message(const struct text *t)
{
	assert(t->len > 0);
	for (size_t i = 0; i < t->len; i++)
		assert((uint8_t)t->mem[i] >= ' ' && t->mem[i] != 0x7f);
}

#endif
