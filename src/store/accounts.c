/*
 * accounts: the table of accounts and its index by name.  It checks no
 * passwords (service/auth does, with policy/users).
 */
#include "store/accounts.h"

#include <assert.h>

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
	memset(as->index, 0, as->index_cap * sizeof(*as->index));
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
	memset(table, 0, cap * sizeof(*table));
	memset(index, 0, as->index_cap * sizeof(*index));
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
set_secret(struct accounts *as, struct account *a,
    const struct users_verifier *v, struct span legacy)
{
	as->legacy -= (a->flags & ACCOUNT_LEGACY) != 0;
	a->flags &= (uint8_t)~ACCOUNT_LEGACY;
	a->verifier = *v;
	a->sealed_len = (uint8_t)legacy.len;
	if (legacy.len > 0) {
		memcpy(a->sealed, legacy.p, legacy.len);
		a->flags |= ACCOUNT_LEGACY;
		as->legacy++;
	}
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
	struct account *a;
	uint32_t at;

	if (!users_is_name(name))
		return ERR_SYNTAX;
	if (legacy.len > USERS_SEALED_MAX)
		return ERR_RANGE;
	if (find(as, name) != NULL)
		return ERR_EXISTS;
	at = free_place(as);
	if (at == as->cap)
		return ERR_FULL;
	a = &as->table[at];
	memset(a, 0, sizeof(*a));
	a->id = (uint16_t)(at + 1);
	a->name_len = (uint8_t)name.len;
	memcpy(a->name, name.p, name.len);
	set_secret(as, a, v, legacy);
	as->last_id = a->id;
	as->count++;
	as->index[index_place(as, name)] = a->id;
	return ERR_OK;
}

int
accounts_set_password(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy)
{
	struct account *a = find(as, name);

	if (a == NULL)
		return ERR_MISSING;
	if (legacy.len > USERS_SEALED_MAX)
		return ERR_RANGE;
	set_secret(as, a, v, legacy);
	return ERR_OK;
}

int
accounts_set_flags(struct accounts *as, struct span name, uint8_t flags)
{
	struct account *a = find(as, name);

	if (a == NULL)
		return ERR_MISSING;
	a->flags = (uint8_t)((a->flags & ACCOUNT_LEGACY)
			     | (flags & (uint8_t)~ACCOUNT_LEGACY));
	return ERR_OK;
}

int
accounts_remove(struct accounts *as, struct span name)
{
	struct account *a = find(as, name);

	if (a == NULL)
		return ERR_MISSING;
	as->legacy -= (a->flags & ACCOUNT_LEGACY) != 0;
	memset(a, 0, sizeof(*a));
	as->count--;
	index_rebuild(as);
	return ERR_OK;
}
