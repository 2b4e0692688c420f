/*
 * network: lists of address ranges as people write them.
 *
 *	"192.168.1.0/24, 2001:db8::/32, lan"
 *
 * Addresses are 16 bytes, IPv4 in its v4-mapped form (platform/net.h).
 * `lan` stands for the private ranges (RFC 1918, RFC 4193, link-local),
 * `any` for everybody.  A single address is a range of one.  An IPv4 range
 * never holds an IPv6 address, nor the other way round, but for `any`.
 *
 * Memory: the caller's.  Bounds: NETWORKS_MAX ranges a list.
 * Failure: ERR_SYNTAX, ERR_FULL; the caller shows the piece that is wrong.
 * Tested: tests/unit/test_network.c.
 */
#ifndef POLICY_NETWORK_H
#define POLICY_NETWORK_H

#include "core/err.h"
#include "core/span.h"

#define NETWORKS_MAX 32

struct network {
	uint8_t ip[16];
	uint8_t bits; /* of the 16 bytes: an IPv4 /24 is 120 */
};

struct networks {
	unsigned n;
	struct network table[NETWORKS_MAX];
};

/* Read an address, IPv4 (RFC 6943: four decimals) or IPv6 (RFC 4291). */
int network_address(struct span text, uint8_t ip[16]) MUST_CHECK;

/*
 * Read "ADDR" or "ADDR/BITS".  ERR_SYNTAX; ERR_RANGE when an address bit
 * behind BITS is set ("10.0.0.1/8"), as that is a slip of the pen.
 */
int network_parse(struct span text, struct network *out) MUST_CHECK;

bool network_has(const struct network *n, const uint8_t ip[16]);

/*
 * Read a comma separated list, perhaps empty, in place of what `out` held.
 * On failure `*wrong` is the piece at fault, and `out` is empty.
 */
int networks_parse(
    struct span text, struct networks *out, struct span *wrong) MUST_CHECK;

/* Append one piece: a range or one of the words.  ERR_FULL, ERR_SYNTAX. */
int networks_add(struct networks *ns, struct span piece) MUST_CHECK;

bool networks_has(const struct networks *ns, const uint8_t ip[16]);

#endif
