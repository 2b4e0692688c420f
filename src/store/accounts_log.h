/*
 * accounts_log: the accounts on flash: one key `account.NAME` each.
 *
 *   value:  version 1 (1) | flags (1) | verifier (USERS_RECORD) | sealed (rest)
 *
 * A change is durable before it counts in the table.
 *
 * Memory: none of its own.  Failure: kv's errors; the table is then as before.
 * Tested: test_accounts_log.
 */
#ifndef STORE_ACCOUNTS_LOG_H
#define STORE_ACCOUNTS_LOG_H

#include "store/accounts.h"
#include "store/kv.h"

#define ACCOUNTS_LOG_NAME_MAX 55 /* so that the key fits in KV_KEY_MAX */

/*
 * Fill the empty table from the log; `*bad` counts records that can't be read
 * (they stay stored).  ERR_FULL: more accounts than the table takes.
 */
int accounts_log_load(
    struct accounts *as, struct kv *kv, unsigned *bad) MUST_CHECK;

/*
 * As the functions of accounts.h with these names, and durable.
 * ERR_RANGE: a name longer than ACCOUNTS_LOG_NAME_MAX, or a legacy secret that
 * is too long.
 */
int accounts_log_add(struct accounts *as, struct kv *kv, struct span name,
    const struct users_verifier *v, struct span legacy) MUST_CHECK;
int accounts_log_set_password(struct accounts *as, struct kv *kv,
    struct span name, const struct users_verifier *v,
    struct span legacy) MUST_CHECK;
int accounts_log_set_flags(struct accounts *as, struct kv *kv, struct span name,
    uint8_t flags) MUST_CHECK;
int accounts_log_remove(
    struct accounts *as, struct kv *kv, struct span name) MUST_CHECK;

#endif
