/*
 * fuzz_ip: addresses, lists of networks and devices' lines of any text; what
 * is taken decides without leaving its bounds, what is refused says why.
 */
#include <assert.h>

#include "policy/network.h"
#include "policy/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
networks(struct span s)
{
	static const uint8_t home[IP_OCTETS] = {
		[10] = 255, [11] = 255, [12] = 192, 168, 1, 2
	};
	struct networks ns;
	struct span wrong = SPAN("");

	if (networks_parse(s, &ns, &wrong)) {
		assert(ns.n == 0);
		assert(
		    wrong.len == 0
		    || (wrong.p >= s.p && wrong.p + wrong.len <= s.p + s.len));
		return;
	}
	assert(ns.n <= NETWORKS_MAX);
	(void)networks_has(&ns, home);
}

static void
profile(struct span s)
{
	static struct profile p;
	static const uint8_t home[16] = { [10] = 255, [11] = 255, [12] = 10 };
	char mem[200];
	struct text why;

	text_init(&why, mem, sizeof(mem));
	if (profile_parse(SPAN("name"), s, &p, &why)) {
		assert(why.len > 0);
		return;
	}
	assert(p.text_len <= PROFILE_TEXT);
	assert(p.clients.len > 0);
	(void)profile_find(&p, 1, home);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	uint8_t ip[IP_OCTETS];
	struct ip_net net;

	if (!ip_parse(s, ip))
		assert(!ip_net_parse(s, &net) && ip_net_has(&net, ip));
	(void)!ip_net_parse(s, &net);
	networks(s);
	profile(s);
	return 0;
}
