/*
 * accounts_log: records of accounts, read and written.  The table is
 * accounts.c's.
 */
#include "store/accounts_log.h"

#include <assert.h>

#include "core/secret.h"
#include "core/text.h"

#define VERSION	    1
#define HEAD_OCTETS (2 + USERS_RECORD)
#define RECORD_MAX  (HEAD_OCTETS + USERS_SEALED_MAX)

static const char prefix[] = "account.";

_Static_assert(sizeof(prefix) - 1 + ACCOUNTS_LOG_NAME_MAX == KV_KEY_MAX,
    "a name makes a key");

static int
add_record(struct accounts *as, struct span name, struct span record)
{
	struct users_verifier v;
	int err;

	if (record.len < HEAD_OCTETS || record.p[0] != VERSION)
		return ERR_SYNTAX;
	err = users_verifier_read(span_of(record.p + 2, USERS_RECORD), &v);
	if (err < 0)
		return err;
	err = accounts_add(as, name, &v, span_from(record, HEAD_OCTETS));
	if (err < 0)
		return err;
	return accounts_set_flags(as, name, record.p[1]);
}

static int
load_one(struct accounts *as, struct kv *kv, const struct kv_entry *e)
{
	uint8_t record[RECORD_MAX];
	struct span key = span_of(e->key, e->key_len);
	int n = kv_get(kv, key, record, sizeof(record));
	int err = n;

	if (n >= 0)
		err = add_record(as, span_from(key, sizeof(prefix) - 1),
		    span_of(record, (size_t)n));
	secret_wipe(record, sizeof(record));
	return err;
}

int
accounts_log_load(struct accounts *as, struct kv *kv, unsigned *bad)
{
	struct kv_cursor c = { 0 };
	struct kv_entry e;
	int got;

	*bad = 0;
	while ((got = kv_next(kv, span_str(prefix), &c, &e)) > 0) {
		int err = load_one(as, kv, &e);

		if (err == ERR_FULL || err == ERR_IO)
			return err;
		*bad += err < 0;
	}
	return got;
}

static int
put(struct kv *kv, struct span name, struct span record)
{
	char key[KV_KEY_MAX + 1];
	struct text t;
	int err;

	text_init(&t, key, sizeof(key));
	text_str(&t, prefix);
	text_span(&t, name);
	if (t.cut)
		return ERR_RANGE;
	err = kv_begin(kv);
	if (err < 0)
		return err;
	err = record.len > 0 ? kv_put(kv, span_str(key), record)
			     : kv_delete(kv, span_str(key));
	if (err >= 0)
		return kv_commit(kv);
	kv_abort(kv);
	return err;
}

static int
store(struct kv *kv, struct span name, uint8_t flags,
    const struct users_verifier *v, struct span legacy)
{
	uint8_t record[RECORD_MAX];
	int err;

	if (legacy.len > USERS_SEALED_MAX)
		return ERR_RANGE;
	record[0] = VERSION;
	record[1] = flags;
	users_verifier_write(v, record + 2);
	if (legacy.len > 0)
		memcpy(record + HEAD_OCTETS, legacy.p, legacy.len);
	err = put(kv, name, span_of(record, HEAD_OCTETS + legacy.len));
	secret_wipe(record, sizeof(record));
	return err;
}

int
accounts_log_add(struct accounts *as, struct kv *kv, struct span name,
    const struct users_verifier *v, struct span legacy)
{
	int err;

	if (!users_is_name(name))
		return ERR_SYNTAX;
	if (accounts_find(as, name) != NULL)
		return ERR_EXISTS;
	if (as->count == as->cap)
		return ERR_FULL;
	err = store(kv, name, 0, v, legacy);
	return err < 0 ? err : accounts_add(as, name, v, legacy);
}

int
accounts_log_set_password(struct accounts *as, struct kv *kv, struct span name,
    const struct users_verifier *v, struct span legacy)
{
	const struct account *a = accounts_find(as, name);
	int err;

	if (a == NULL)
		return ERR_MISSING;
	err = store(kv, name, (uint8_t)(a->flags & ~ACCOUNT_LEGACY), v, legacy);
	return err < 0 ? err : accounts_set_password(as, name, v, legacy);
}

int
accounts_log_set_flags(
    struct accounts *as, struct kv *kv, struct span name, uint8_t flags)
{
	const struct account *a = accounts_find(as, name);
	int err;

	if (a == NULL)
		return ERR_MISSING;
	flags &= (uint8_t)~ACCOUNT_LEGACY;
	err = store(
	    kv, name, flags, &a->verifier, span_of(a->sealed, a->sealed_len));
	return err < 0 ? err : accounts_set_flags(as, name, flags);
}

int
accounts_log_remove(struct accounts *as, struct kv *kv, struct span name)
{
	int err;

	if (accounts_find(as, name) == NULL)
		return ERR_MISSING;
	err = put(kv, name, span_of(NULL, 0));
	return err < 0 ? err : accounts_remove(as, name);
}
