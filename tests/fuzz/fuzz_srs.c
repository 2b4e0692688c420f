/*
 * fuzz_srs: an address that was rewritten leads back to itself, or through
 * the forwarder that rewrote it before; any other local part does not, unless
 * its hash is right.
 */
#include <assert.h>

#include "policy/srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct srs srs = { { 1, 2, 3 },
		{ (const uint8_t *)"our.example", 11 }, 1000 };
	struct span s = span_of(data, size), made;
	char one[ADDR_LOCAL_MAX + 300], back[ADDR_LOCAL_MAX + 300];
	struct text t, u;
	struct addr a;

	text_init(&u, back, sizeof(back));
	if (srs_is_ours(s))
		(void)!srs_reverse(&srs, s, &u);
	if (addr_parse(s, 0, &a) != ADDR_OK || a.local.len == 0
	    || a.domain.len == 0)
		return 0;
	text_init(&t, one, sizeof(one));
	if (srs_forward(&srs, &a, &t))
		return 0;
	made = text_data(&t);
	made = span_first(made, span_rfind(made, '@'));
	if (a.quoted || made.p[0] == '"')
		return 0; /* test_srs has those */
	assert(srs_is_ours(made));
	text_init(&u, back, sizeof(back));
	assert(!srs_reverse(&srs, made, &u));
	if (!srs_is_ours(a.local))
		assert(u.len == s.len);
	return 0;
}
