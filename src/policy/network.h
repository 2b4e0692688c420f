/*
 * network: lists of address ranges as people write them.
 *
 *	"192.168.1.0/24, 2001:db8::/32, lan"
 *
 * Addresses and ranges are those of codec/ip.
 * `lan` stands for the private ranges (RFC 1918, RFC 4193, link-local; not
 *loopback), `any` for everybody.
 *
 * Memory: the caller's.  Bounds: NETWORKS_MAX ranges a list.
 * Failure: ERR_SYNTAX, ERR_FULL; the caller shows the piece that is wrong.
 * Tested: tests/unit/test_network.c.
 */
#ifndef POLICY_NETWORK_H
#define POLICY_NETWORK_H

#include "codec/ip.h"

#define NETWORKS_MAX 32

struct networks {
	unsigned n;
	struct ip_net table[NETWORKS_MAX];
};

/*
 * Read a comma separated list, perhaps empty, in place of what `out` held.
 * On failure `*wrong` is the piece at fault, and `out` is empty.
 */
int networks_parse(
    struct span text, struct networks *out, struct span *wrong) MUST_CHECK;

/* Append one piece: a range or a word.  ERR_FULL, ERR_SYNTAX, ERR_RANGE. */
int networks_add(struct networks *ns, struct span piece) MUST_CHECK;

bool networks_has(const struct networks *ns, const uint8_t ip[16]);

#endif
