/*
 * network: lists of address ranges.  No names, no interfaces: what
 * the LAN is, the owner says, or `lan` guesses from private ranges.
 */
#include "policy/network.h"

static const char *const lan_ranges[] = { "10.0.0.0/8", "172.16.0.0/12",
	"192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10" };

int
networks_add(struct networks *ns, struct span piece)
{
	struct ip_net one = { .bits = 0 };
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
		int err = ip_net_parse(piece, &one);

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
		if (ip_net_has(&ns->table[i], ip))
			return true;
	}
	return false;
}
