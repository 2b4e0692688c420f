/*
 * ip: IP addresses and networks as people write them.
 *
 * An address is 16 octets; IPv4 in its v4-mapped form (::ffff:a.b.c.d), so
 * that one machine is one address however it came.  A network "10.0.0.0/8" is
 * kept as the mapped /104; "0.0.0.0/0" is all of IPv4, "::/0" is everything.
 *
 * Accepted: four decimal numbers without leading zeros; RFC 4291 forms of
 * IPv6, with "::" and a dotted tail, in brackets or not; no zone names.
 * Failure: ERR_SYNTAX.  Tested: tests/unit/test_ip.c.
 */
#ifndef CODEC_IP_H
#define CODEC_IP_H

#include "core/err.h"
#include "core/span.h"

#define IP_OCTETS 16

struct ip_net {
	uint8_t ip[IP_OCTETS];
	uint8_t bits; /* 0 to 128, of the 16 octets */
};

int ip_parse(struct span s, uint8_t ip[IP_OCTETS]) MUST_CHECK;

/*
 * "ADDR/BITS" or "ADDR".  Host bits that are set are a mistake of the writer:
 * ERR_RANGE, as are too many bits.
 */
int ip_net_parse(struct span s, struct ip_net *net) MUST_CHECK;

bool ip_net_has(const struct ip_net *net, const uint8_t ip[IP_OCTETS]);

/* Is the address in one of the networks of a comma separated, valid list? */
bool ip_list_has(struct span list, const uint8_t ip[IP_OCTETS]);

#endif
