/*
 * kv_walk: all current keys with a prefix, in the order of the log.  It keeps
 * nothing between two steps but the caller's cursor.
 */
#include "store/kv.h"

#include "store/kv_item.h"
#include "store/kv_pack.h"

/* Go to the next frame that counts: 1, 0 at the end. */
static int
next_frame(struct kv *kv, struct kv_cursor *c)
{
	struct kv_frame f;

	while (c->next < kv->log.live.end) {
		int rc = kv_log_frame(&kv->log, c->next, &f);

		if (rc != 1)
			return rc;
		c->at = f.body;
		c->end = f.body + f.body_len;
		c->next = f.at + f.size;
		if (f.whole)
			return 1;
	}
	return 0;
}

static int
next_item(struct kv *kv, struct kv_cursor *c, struct kv_item *it)
{
	int rc;

	while (c->at == c->end) {
		rc = next_frame(kv, c);
		if (rc != 1)
			return rc;
	}
	rc = kv_item_read(&kv->log, c->at, c->end, it);
	if (rc != ERR_OK)
		return rc;
	c->at += it->size;
	return 1;
}

int
kv_next(
    struct kv *kv, struct span prefix, struct kv_cursor *c, struct kv_entry *e)
{
	struct kv_item it;
	int rc = kv_ready(kv);

	if (rc != ERR_OK)
		return rc;
	if (c->seq == 0) {
		c->seq = kv->log.live.seq;
		c->next = kv_log_first(&kv->log, kv->log.live.bank);
	}
	if (c->seq != kv->log.live.seq)
		return ERR_AGAIN;
	while ((rc = next_item(kv, c, &it)) == 1) {
		if (!span_starts(kv_item_key(&it), prefix)
		    || !kv_is_current(kv, &it))
			continue;
		memcpy(e->key, it.key, it.key_len);
		e->key[it.key_len] = '\0';
		e->key_len = it.key_len;
		e->value_len = it.value_len;
		return 1;
	}
	return rc;
}
