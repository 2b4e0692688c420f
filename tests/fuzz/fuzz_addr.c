/*
 * fuzz_addr: parsed parts lie in the input and within their bounds; a parsed
 * address, written out again, parses to the same.  The first byte is `allow`.
 */
#include <assert.h>

#include "codec/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_part(struct span part, struct span in, size_t max)
{
	if (part.len == 0)
		return;
	assert(part.len <= max);
	assert(part.p >= in.p && part.p + part.len <= in.p + in.len);
	assert(span_find(part, 0) == part.len);
	assert(span_find(part, '\n') == part.len);
	assert(span_find(part, '\r') == part.len);
}

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

static void
check(const struct addr *a, struct span in, unsigned allow)
{
	static uint8_t text[ADDR_TEXT_MAX];
	struct addr again;
	size_t len;

	check_part(a->local, in, ADDR_LOCAL_MAX);
	check_part(a->domain, in, ADDR_DOMAIN_MAX);
	assert(!a->null || ((allow & ADDR_ALLOW_NULL) && a->local.len == 0));
	assert(!a->bare || (allow & ADDR_ALLOW_BARE));
	assert(!a->eight_bit || (allow & ADDR_ALLOW_UTF8));
	if (a->null || a->bare)
		return;
	assert(a->local.len > 0 && a->domain.len > 0);
	len = a->local.len + 1 + a->domain.len;
	memcpy(text, a->local.p, a->local.len);
	text[a->local.len] = '@';
	memcpy(text + a->local.len + 1, a->domain.p, a->domain.len);
	assert(!addr_parse(span_of(text, len), allow, &again));
	assert(same(a->local, again.local) && same(a->domain, again.domain));
	assert(a->literal == again.literal && a->quoted == again.quoted);
	assert(addr_is_tricky(a) == addr_is_tricky(&again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in, rest;
	struct addr a;

	if (size < 1)
		return 0;
	in = rest = span_of(data + 1, size - 1);
	if (addr_path(&rest, data[0] & 15U, &a) == ADDR_OK) {
		assert(rest.len < in.len);
		assert(rest.p + rest.len == in.p + in.len);
		check(&a, in, data[0] & 15U);
	}
	if (addr_parse(in, data[0] & 15U, &a) == ADDR_OK)
		check(&a, in, data[0] & 15U);
	(void)addr_is_domain(in, data[0] & ADDR_ALLOW_UTF8);
	return 0;
}
