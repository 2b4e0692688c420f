/*
 * accounts: the table of accounts and its index by name.  It checks no
 * passwords (service/auth does, with policy/users).
 */
#include "store/accounts.h"

#include <assert.h>

#include "core/text.h"
#include "core/zero.h"

#define PREFIX	"account."
#define VERSION 1

_Static_assert(sizeof(PREFIX) - 1 + USERS_NAME_MAX <= KV_KEY_MAX,
    "an account's name does not fit into a key");

static uint32_t
name_hash(struct span name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.p[i]) * 16777619u;
	return h;
}

/* The place in the index where the name stands, or the free one for it. */
static uint32_t
index_place(const struct accounts *as, struct span name)
{
	uint32_t at = name_hash(name) % as->index_cap;

	while (as->index[at] != 0) {
		const struct account *a = &as->table[as->index[at] - 1];

		if (span_is(account_name(a), name))
			break;
		at = (at + 1) % as->index_cap;
	}
	return at;
}

static void
index_rebuild(struct accounts *as)
{
	zero_fill(as->index, as->index_cap * sizeof(*as->index));
	for (uint32_t i = 0; i < as->cap; i++) {
		const struct account *a = &as->table[i];

		if (a->id != 0)
			as->index[index_place(as, account_name(a))] = a->id;
	}
}

void
accounts_init(
    struct accounts *as, struct account *table, uint32_t cap, uint16_t *index)
{
	*as = (struct accounts) { .table = table,
		.index = index,
		.cap = cap,
		.index_cap = ACCOUNTS_INDEX(cap) };
	zero_fill(table, cap * sizeof(*table));
	zero_fill(index, as->index_cap * sizeof(*index));
}

static struct account *
find(const struct accounts *as, struct span name)
{
	uint16_t id = as->index[index_place(as, name)];

	return id == 0 ? NULL : &as->table[id - 1];
}

const struct account *
accounts_find(const struct accounts *as, struct span name)
{
	return find(as, name);
}

const struct account *
accounts_by_id(const struct accounts *as, uint16_t id)
{
	if (id == 0 || id > as->cap || as->table[id - 1].id == 0)
		return NULL;
	return &as->table[id - 1];
}

const struct account *
accounts_next(const struct accounts *as, uint16_t after)
{
	for (uint32_t i = after; i < as->cap; i++) {
		if (as->table[i].id != 0)
			return &as->table[i];
	}
	return NULL;
}

static void
key_of(struct span name, struct text *t)
{
	text_str(t, PREFIX);
	text_span(t, name);
}

int
account_secret(const struct account *a, const struct seal *seal, uint8_t *out)
{
	char mem[KV_KEY_MAX + 1];
	struct text key;

	if (!(a->flags & ACCOUNT_LEGACY))
		return ERR_MISSING;
	text_init(&key, mem, sizeof(mem));
	key_of(account_name(a), &key);
	return seal_open(seal, text_data(&key),
	    span_of(a->sealed, a->sealed_len), out, USERS_PASSWORD_MAX);
}

int
account_seal(struct span name, struct span password, const struct seal *seal,
    uint8_t out[ACCOUNT_SEALED_MAX])
{
	char mem[KV_KEY_MAX + 1];
	struct text key;

	text_init(&key, mem, sizeof(mem));
	key_of(name, &key);
	return seal_close(
	    seal, text_data(&key), password, out, ACCOUNT_SEALED_MAX);
}

/* Version, flags, id (big endian), verifier, sealed secret. */
static size_t
record_write(const struct account *a, uint8_t out[ACCOUNT_RECORD_MAX])
{
	out[0] = VERSION;
	out[1] = a->flags;
	out[2] = (uint8_t)(a->id >> 8);
	out[3] = (uint8_t)a->id;
	users_verifier_write(&a->verifier, out + 4);
	memcpy(out + 4 + USERS_RECORD, a->sealed, a->sealed_len);
	return 4u + USERS_RECORD + a->sealed_len;
}

static int
record_read(struct span record, struct span name, struct account *a)
{
	struct span sealed = span_from(record, 4 + USERS_RECORD);
	int err;

	*a = (struct account) { .id = 0 };
	if (record.len < 4 + USERS_RECORD || record.p[0] != VERSION
	    || sealed.len > ACCOUNT_SEALED_MAX || !users_is_name(name))
		return ERR_SYNTAX;
	err = users_verifier_read(
	    span_first(span_from(record, 4), USERS_RECORD), &a->verifier);
	if (err)
		return err;
	a->flags = record.p[1] & (uint8_t)~ACCOUNT_LEGACY;
	a->flags |= sealed.len > 0 ? ACCOUNT_LEGACY : 0;
	a->id = (uint16_t)(record.p[2] << 8 | record.p[3]);
	a->name_len = (uint8_t)name.len;
	memcpy(a->name, name.p, name.len);
	a->sealed_len = (uint8_t)sealed.len;
	memcpy(a->sealed, sealed.p, sealed.len);
	return a->id == 0 ? ERR_SYNTAX : ERR_OK;
}

/* The account enters the table at its id, which is free. */
static void
enter(struct accounts *as, const struct account *a)
{
	as->table[a->id - 1] = *a;
	as->count++;
	as->legacy += (a->flags & ACCOUNT_LEGACY) != 0;
	if (a->id > as->last_id)
		as->last_id = a->id;
	as->index[index_place(as, account_name(a))] = a->id;
}

static int
load_one(
    struct accounts *as, struct kv *kv, const struct kv_entry *e, unsigned *bad)
{
	uint8_t record[ACCOUNT_RECORD_MAX];
	struct span key = span_of(e->key, e->key_len);
	struct account a;
	int n = kv_get(kv, key, record, sizeof(record));

	if (n < 0 && n != ERR_RANGE)
		return n;
	if (n < 0
	    || record_read(span_of(record, (size_t)n),
		span_from(key, sizeof(PREFIX) - 1), &a)) {
		(*bad)++;
		return ERR_OK;
	}
	if (a.id > as->cap)
		return ERR_FULL;
	if (as->table[a.id - 1].id != 0)
		(*bad)++;
	else
		enter(as, &a);
	return ERR_OK;
}

int
accounts_load(struct accounts *as, struct kv *kv, unsigned *bad)
{
	struct kv_cursor at = { 0 };
	struct kv_entry e;
	int more;

	*bad = 0;
	accounts_init(as, as->table, as->cap, as->index);
	while ((more = kv_next(kv, SPAN(PREFIX), &at, &e)) > 0) {
		int err = load_one(as, kv, &e, bad);

		if (err)
			return err;
	}
	as->kv = kv;
	return more;
}

/* On flash first; `a` NULL: the record goes. */
static int
store(struct accounts *as, struct span name, const struct account *a)
{
	uint8_t record[ACCOUNT_RECORD_MAX];
	char mem[KV_KEY_MAX + 1];
	struct text key;
	int err;

	if (as->kv == NULL)
		return ERR_OK;
	text_init(&key, mem, sizeof(mem));
	key_of(name, &key);
	err = kv_begin(as->kv);
	if (err)
		return err;
	if (a == NULL)
		err = kv_delete(as->kv, text_data(&key));
	else
		err = kv_put(as->kv, text_data(&key),
		    span_of(record, record_write(a, record)));
	if (err) {
		kv_abort(as->kv);
		return err;
	}
	return kv_commit(as->kv);
}

static void
set_secret(
    struct account *a, const struct users_verifier *v, struct span legacy)
{
	a->flags &= (uint8_t)~ACCOUNT_LEGACY;
	a->flags |= legacy.len > 0 ? ACCOUNT_LEGACY : 0;
	a->verifier = *v;
	a->sealed_len = (uint8_t)legacy.len;
	if (legacy.len > 0)
		memcpy(a->sealed, legacy.p, legacy.len);
}

/* Store the changed copy, then let it count. */
static int
replace(struct accounts *as, struct account *a, const struct account *changed)
{
	int err = store(as, account_name(a), changed);

	if (err)
		return err;
	as->legacy -= (a->flags & ACCOUNT_LEGACY) != 0;
	as->legacy += (changed->flags & ACCOUNT_LEGACY) != 0;
	*a = *changed;
	return ERR_OK;
}

/* The next free place after the one given out last. */
static uint32_t
free_place(const struct accounts *as)
{
	assert(as->table != NULL);
	for (uint32_t i = 0; i < as->cap; i++) {
		uint32_t at = (as->last_id + i) % as->cap;

		if (as->table[at].id == 0)
			return at;
	}
	return as->cap;
}

int
accounts_add(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy)
{
	struct account a = { .name_len = (uint8_t)name.len };
	uint32_t at;
	int err;

	if (!users_is_name(name))
		return ERR_SYNTAX;
	if (legacy.len > ACCOUNT_SEALED_MAX)
		return ERR_RANGE;
	if (find(as, name) != NULL)
		return ERR_EXISTS;
	at = free_place(as);
	if (at == as->cap)
		return ERR_FULL;
	a.id = (uint16_t)(at + 1);
	memcpy(a.name, name.p, name.len);
	set_secret(&a, v, legacy);
	err = store(as, name, &a);
	if (err)
		return err;
	enter(as, &a);
	as->last_id = a.id;
	return ERR_OK;
}

int
accounts_set_password(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy)
{
	struct account *a = find(as, name), changed;

	if (a == NULL)
		return ERR_MISSING;
	if (legacy.len > ACCOUNT_SEALED_MAX)
		return ERR_RANGE;
	changed = *a;
	set_secret(&changed, v, legacy);
	return replace(as, a, &changed);
}

int
accounts_set_flags(struct accounts *as, struct span name, uint8_t flags)
{
	struct account *a = find(as, name), changed;

	if (a == NULL)
		return ERR_MISSING;
	changed = *a;
	changed.flags = (uint8_t)((a->flags & ACCOUNT_LEGACY)
				  | (flags & (uint8_t)~ACCOUNT_LEGACY));
	return replace(as, a, &changed);
}

int
accounts_remove(struct accounts *as, struct span name)
{
	struct account *a = find(as, name);
	int err;

	if (a == NULL)
		return ERR_MISSING;
	err = store(as, name, NULL);
	if (err)
		return err;
	as->legacy -= (a->flags & ACCOUNT_LEGACY) != 0;
	memset(a, 0, sizeof(*a));
	as->count--;
	index_rebuild(as);
	return ERR_OK;
}
