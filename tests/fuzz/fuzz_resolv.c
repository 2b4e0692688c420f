/*
 * fuzz_resolv: any resolv.conf leaves one server to ask or more, within
 * bounds, and a try for each of them; one that is read twice is read the same,
 * and comments at its end change nothing.
 */
#include <assert.h>
#include <string.h>

#include "service/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 4096

static void
check(const struct resolver *r)
{
	assert(r->server_n > 0 && r->server_n <= RESOLVER_SERVERS);
	assert(r->server_at == 0);
	assert(r->tries > 0 && r->tries <= 5 * RESOLVER_SERVERS);
	assert(r->wait_ms >= 1000 && r->wait_ms <= 30000);
	for (unsigned i = 0; i < r->server_n; i++) {
		const struct net_addr *a = &r->server[i];

		assert(a->port == 53);
		assert(a->scope == 0 || a->ip[0] == 0xfe);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char end[] = "\n# nameserver 192.0.2.1\n;options x";
	static uint8_t mem[MOST + sizeof(end)];
	static struct resolver r, again;

	if (size > MOST)
		return 0;
	resolver_conf(&r, span_of(data, size));
	check(&r);
	memcpy(mem, data, size);
	memcpy(mem + size, end, sizeof(end) - 1);
	resolver_conf(&again, span_of(mem, size + sizeof(end) - 1));
	check(&again);
	assert(r.server_n == again.server_n && r.tries == again.tries);
	assert(r.wait_ms == again.wait_ms);
	for (unsigned i = 0; i < r.server_n; i++) {
		assert(net_is_same(&r.server[i], &again.server[i]));
		assert(r.server[i].scope == again.server[i].scope);
	}
	return 0;
}
