/* maildrop_record: what a file's name says. */
#include "core/le.h"
#include "store/mailbox.h"
#include "store/maildrop_table.h"

#define SECONDS_MAX (UINT32_MAX * 16ull) /* in a name */

/* The same on every machine: unique ids of odd names depend on it. */
static uint64_t
hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u ^ s.len;
	size_t i;

	for (i = 0; i + 8 <= s.len; i += 8) {
		h = (h ^ le64_get(s.p + i)) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	for (; i < s.len; i++)
		h = (h ^ s.p[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/*
 * Read digits at *at, and go behind them; what does not fit is above `max`.
 */
static uint64_t
number_at(struct span s, size_t *at, uint64_t max)
{
	uint64_t n = 0;
	uint8_t digit;

	for (; *at < s.len && (digit = (uint8_t)(s.p[*at] - '0')) < 10; ++*at)
		n = n > max ? n : n * 10 + digit;
	return n;
}

/* "1763826000.M512345P8..." in microseconds; 0 where it says nothing. */
static uint64_t
time_of(struct span id)
{
	uint64_t seconds, us;
	size_t at = 0, digits;

	seconds = number_at(id, &at, SECONDS_MAX);
	if (at == 0 || seconds > SECONDS_MAX
	    || (at < id.len && id.p[at] != '.'))
		return 0;
	seconds *= 1000000;
	if (at + 1 >= id.len || id.p[at + 1] != 'M')
		return seconds;
	digits = at += 2;
	us = number_at(id, &at, 999999);
	return at == digits || us > 999999 ? seconds : seconds + us;
}

static bool
is_cut(size_t base_len)
{
	return base_len >= MAILDROP_NAME;
}

uint64_t
maildrop_hash(const struct maildrop_entry *e)
{
	return is_cut(e->base_len) ? e->hash
				   : hash(span_of(e->name, e->base_len));
}

bool
maildrop_is_same(const struct maildrop_entry *a, const struct maildrop_entry *b)
{
	return a->base_len == b->base_len
	       && maildrop_hash(a) == maildrop_hash(b);
}

int
maildrop_record(uint8_t folder, struct span name, struct maildrop_entry *e)
{
	struct mailbox_entry m;
	int err = mailbox_parse(name, &m);

	if (err || name.len > UINT8_MAX)
		return ERR_SYNTAX;
	e->time_us = time_of(m.id);
	e->octets = m.has_wire ? m.wire_octets : 0;
	e->hash = is_cut(m.base.len) ? hash(m.base) : 0;
	e->mark = 0;
	e->has_octets = m.has_wire;
	e->folder = folder;
	e->len = (uint8_t)name.len;
	e->base_len = (uint8_t)m.base.len;
	e->id_len = (uint8_t)m.id.len;
	name = span_first(name, sizeof(e->name));
	memcpy(e->name, name.p, name.len);
	memset(e->name + name.len, 0, sizeof(e->name) - name.len);
	return ERR_OK;
}
