/*
 * network: reading and matching address ranges.  No names, no interfaces: what
 * the LAN is, the owner says, or `lan` guesses from private ranges.
 */
#include "policy/network.h"

#include "core/chr.h"

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

static const char *const lan_ranges[] = { "10.0.0.0/8", "172.16.0.0/12",
	"192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7",
	"fe80::/10", "::1" };

static int
parse_v4(struct span text, uint8_t ip[4])
{
	struct span part;
	uint64_t value;
	unsigned n = 0;

	while (span_next(&text, '.', &part)) {
		if (n == 4 || part.len > 3 || span_u64(part, 255, &value)
		    || (part.len > 1 && part.p[0] == '0'))
			return ERR_SYNTAX;
		ip[n++] = (uint8_t)value;
	}
	return n == 4 ? ERR_OK : ERR_SYNTAX;
}

/* Up to four hexadecimal digits. */
static int
parse_group(struct span part, uint8_t out[2])
{
	unsigned value = 0;

	if (part.len == 0 || part.len > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < part.len; i++) {
		int digit = chr_hex(part.p[i]);

		if (digit < 0)
			return ERR_SYNTAX;
		value = value << 4 | (unsigned)digit;
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return ERR_OK;
}

/*
 * One side of "::", or all of it: bytes written, or an error.  The address's
 * end may be written as IPv4.
 */
static int
parse_groups(struct span text, bool is_end, uint8_t *out)
{
	struct span part;
	int n = 0;

	if (text.len == 0)
		return 0;
	while (span_next(&text, ':', &part)) {
		if (is_end && text.p == NULL
		    && span_find(part, '.') < part.len) {
			if (n > 12 || parse_v4(part, out + n))
				return ERR_SYNTAX;
			n += 4;
		} else {
			if (n > 14 || parse_group(part, out + n))
				return ERR_SYNTAX;
			n += 2;
		}
	}
	return n;
}

static size_t
find_gap(struct span text)
{
	size_t i = 0;

	while (i + 1 < text.len && !(text.p[i] == ':' && text.p[i + 1] == ':'))
		i++;
	return i + 1 < text.len ? i : text.len;
}

static int
parse_v6(struct span text, uint8_t ip[16])
{
	size_t gap = find_gap(text);
	uint8_t head[16], tail[16] = { 0 };
	int h = parse_groups(span_first(text, gap), gap == text.len, head),
	    t = 0;

	if (h < 0)
		return ERR_SYNTAX;
	if (gap == text.len) {
		if (h != 16)
			return ERR_SYNTAX;
	} else {
		t = parse_groups(span_from(text, gap + 2), true, tail);
		if (t < 0 || h + t > 14)
			return ERR_SYNTAX;
	}
	memset(ip, 0, 16);
	memcpy(ip, head, (size_t)h);
	memcpy(ip + 16 - t, tail, (size_t)t);
	return ERR_OK;
}

int
network_address(struct span text, uint8_t ip[16])
{
	if (span_find(text, ':') < text.len)
		return parse_v6(text, ip);
	memcpy(ip, v4_prefix, sizeof(v4_prefix));
	return parse_v4(text, ip + 12);
}

static bool
is_same_bits(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole))
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static void
keep_bits(const uint8_t ip[16], unsigned bits, uint8_t out[16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits >= 8 ? 8 : bits;

		out[i] = (uint8_t)(ip[i] & (0xff00u >> keep));
		bits -= keep;
	}
}

int
network_parse(struct span text, struct network *out)
{
	size_t slash = span_find(text, '/');
	bool v4 = span_find(text, ':') == text.len;
	uint8_t kept[16];
	uint64_t bits = v4 ? 32 : 128;

	if (network_address(span_first(text, slash), out->ip))
		return ERR_SYNTAX;
	if (slash < text.len
	    && span_u64(span_from(text, slash + 1), bits, &bits))
		return ERR_SYNTAX;
	out->bits = (uint8_t)(v4 ? bits + 96 : bits);
	keep_bits(out->ip, out->bits, kept);
	return memcmp(kept, out->ip, sizeof(kept)) ? ERR_RANGE : ERR_OK;
}

bool
network_has(const struct network *n, const uint8_t ip[16])
{
	return is_same_bits(n->ip, ip, n->bits);
}

int
networks_add(struct networks *ns, struct span piece)
{
	struct network one = { .bits = 0 };
	size_t words = sizeof(lan_ranges) / sizeof(lan_ranges[0]);

	if (span_is_nocase(piece, SPAN("lan"))) {
		for (size_t i = 0; i < words; i++) {
			int err = networks_add(ns, span_str(lan_ranges[i]));

			if (err)
				return err;
		}
		return ERR_OK;
	}
	if (!span_is_nocase(piece, SPAN("any"))) {
		int err = network_parse(piece, &one);

		if (err)
			return err;
	}
	if (ns->n == NETWORKS_MAX)
		return ERR_FULL;
	ns->table[ns->n++] = one;
	return ERR_OK;
}

int
networks_parse(struct span text, struct networks *out, struct span *wrong)
{
	struct span piece;

	out->n = 0;
	*wrong = SPAN("");
	if (span_trim(text).len == 0)
		return ERR_OK;
	while (span_next(&text, ',', &piece)) {
		int err = networks_add(out, span_trim(piece));

		if (err) {
			*wrong = span_trim(piece);
			out->n = 0;
			return err;
		}
	}
	return ERR_OK;
}

bool
networks_has(const struct networks *ns, const uint8_t ip[16])
{
	for (unsigned i = 0; i < ns->n; i++) {
		if (network_has(&ns->table[i], ip))
			return true;
	}
	return false;
}
