/* kv_item: reads and writes single items; knows neither frames nor banks. */
#include "store/kv_item.h"

#include "core/chr.h"
#include "core/le.h"

bool
kv_is_key(struct span key)
{
	if (key.len == 0 || key.len > KV_KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++) {
		if (!chr_is(key.p[i], CHR_PRINT) || key.p[i] == ' ')
			return false;
	}
	return true;
}

size_t
kv_item_size(size_t key_len, size_t value_len, bool gone)
{
	return KV_ITEM_HEAD + key_len + (gone ? 0 : value_len);
}

size_t
kv_item_put(uint8_t *to, struct span key, struct span value, bool gone)
{
	to[0] = (uint8_t)key.len;
	le16_put(to + 1, gone ? (uint16_t)KV_GONE : (uint16_t)value.len);
	memcpy(to + KV_ITEM_HEAD, key.p, key.len);
	if (!gone && value.len > 0)
		memcpy(to + KV_ITEM_HEAD + key.len, value.p, value.len);
	return kv_item_size(key.len, value.len, gone);
}

/* Understand head and key in `s`; `room` octets are left for the item. */
static int
item_parse(struct span s, size_t room, struct kv_item *it)
{
	if (s.len < KV_ITEM_HEAD + 1u)
		return ERR_TORN;
	it->key_len = s.p[0];
	it->value_len = le16_get(s.p + 1);
	it->gone = it->value_len == KV_GONE;
	if (it->gone)
		it->value_len = 0;
	it->size = (uint32_t)kv_item_size(it->key_len, it->value_len, false);
	if (it->size > room || it->value_len > KV_VALUE_MAX
	    || s.len < KV_ITEM_HEAD + it->key_len)
		return ERR_TORN;
	if (!kv_is_key(span_of(s.p + KV_ITEM_HEAD, it->key_len)))
		return ERR_TORN;
	memcpy(it->key, s.p + KV_ITEM_HEAD, it->key_len);
	return ERR_OK;
}

int
kv_item_read(struct kv_log *log, uint32_t at, uint32_t end, struct kv_item *it)
{
	uint8_t mem[KV_ITEM_HEAD + KV_KEY_MAX];
	size_t n = end - at < sizeof(mem) ? end - at : sizeof(mem);
	int rc = log->flash->read(log->flash, at, mem, n);

	if (rc == ERR_OK)
		rc = item_parse(span_of(mem, n), end - at, it);
	if (rc != ERR_OK)
		return rc;
	it->at = at;
	it->value_at = at + KV_ITEM_HEAD + (uint32_t)it->key_len;
	return ERR_OK;
}

int
kv_item_take(struct span *rest, struct kv_item *it, struct span *value)
{
	int rc = item_parse(*rest, rest->len, it);

	if (rc != ERR_OK)
		return rc;
	it->at = it->value_at = 0;
	*value = span_of(rest->p + KV_ITEM_HEAD + it->key_len, it->value_len);
	*rest = span_from(*rest, it->size);
	return ERR_OK;
}
