/* ip: reads addresses strictly; writing them is platform/net's. */
#include "codec/ip.h"

#include "core/chr.h"

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

static int
v4_parse(struct span s, uint8_t out[4])
{
	struct span part;
	unsigned n = 0;

	while (span_next(&s, '.', &part)) {
		uint64_t v;

		if (n == 4 || part.len > 3 || (part.len > 1 && part.p[0] == '0')
		    || span_u64(part, 255, &v) != ERR_OK)
			return ERR_SYNTAX;
		out[n++] = (uint8_t)v;
	}
	return n == 4 ? ERR_OK : ERR_SYNTAX;
}

static int
group_parse(struct span s, uint8_t out[2])
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		int digit = chr_hex(s.p[i]);

		if (digit < 0)
			return ERR_SYNTAX;
		v = v << 4 | (unsigned)digit;
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return ERR_OK;
}

/*
 * Groups separated by ':', the last possibly dotted, into at most `cap`
 * octets; returns how many were filled.  An empty text is no groups.
 */
static int
groups_parse(struct span s, uint8_t *out, int cap)
{
	struct span part;
	int n = 0;

	if (s.len == 0)
		return 0;
	while (span_next(&s, ':', &part)) {
		bool dotted = s.p == NULL && span_find(part, '.') < part.len;
		int size = dotted ? 4 : 2;

		if (n + size > cap)
			return ERR_SYNTAX;
		if ((dotted ? v4_parse(part, out + n)
			    : group_parse(part, out + n))
		    != ERR_OK)
			return ERR_SYNTAX;
		n += size;
	}
	return n;
}

/* Where "::" stands, or s.len. */
static size_t
find_gap(struct span s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.p[i] == ':' && s.p[i + 1] == ':')
			return i;
	}
	return s.len;
}

static int
v6_parse(struct span s, uint8_t ip[IP_OCTETS])
{
	size_t gap = find_gap(s);
	uint8_t tail[IP_OCTETS];
	int head, n;

	memset(ip, 0, IP_OCTETS);
	head = groups_parse(span_first(s, gap), ip, IP_OCTETS);
	if (head < 0)
		return ERR_SYNTAX;
	if (gap == s.len)
		return head == IP_OCTETS ? ERR_OK : ERR_SYNTAX;
	n = groups_parse(span_from(s, gap + 2), tail, IP_OCTETS - 2 - head);
	if (n < 0)
		return ERR_SYNTAX;
	memcpy(ip + IP_OCTETS - n, tail, (size_t)n);
	return ERR_OK;
}

int
ip_parse(struct span s, uint8_t ip[IP_OCTETS])
{
	bool brackets = s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']';

	if (brackets)
		s = span_of(s.p + 1, s.len - 2);
	if (span_find(s, ':') < s.len)
		return v6_parse(s, ip);
	memcpy(ip, v4_prefix, sizeof(v4_prefix));
	return brackets ? ERR_SYNTAX : v4_parse(s, ip + sizeof(v4_prefix));
}

static bool
has_host_bits(const struct ip_net *net)
{
	for (unsigned bit = net->bits; bit < 8 * IP_OCTETS; bit++) {
		if (net->ip[bit / 8] & 0x80u >> bit % 8)
			return true;
	}
	return false;
}

int
ip_net_parse(struct span s, struct ip_net *net)
{
	size_t slash = span_find(s, '/');
	struct span addr = span_first(s, slash);
	bool v4 = span_find(addr, ':') == addr.len;
	uint64_t bits = v4 ? 32 : 128;
	int rc = ip_parse(addr, net->ip);

	if (rc == ERR_OK && slash < s.len)
		rc = span_u64(span_from(s, slash + 1), bits, &bits);
	if (rc != ERR_OK)
		return rc;
	net->bits = (uint8_t)(v4 ? bits + 96 : bits);
	return has_host_bits(net) ? ERR_RANGE : ERR_OK;
}

bool
ip_net_has(const struct ip_net *net, const uint8_t ip[IP_OCTETS])
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(net->ip, ip, whole) != 0)
		return false;
	return rest == 0 || ((net->ip[whole] ^ ip[whole]) & mask) == 0;
}

bool
ip_list_has(struct span list, const uint8_t ip[IP_OCTETS])
{
	struct span piece;
	struct ip_net net;

	while (list.len > 0 && span_next(&list, ',', &piece)) {
		if (ip_net_parse(piece, &net) == ERR_OK && ip_net_has(&net, ip))
			return true;
	}
	return false;
}
