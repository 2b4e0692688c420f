/*
 * resolver_servers: which name servers are asked, by the settings or by the
 * system's resolv.conf.
 */
#include "service/resolver.h"

#define PORT 53

static void
add_server(struct resolver *r, struct span text)
{
	struct net_addr a;

	if (r->server_n == RESOLVER_SERVERS)
		return;
	if (net_addr_parse(text, &a) == ERR_OK)
		a.port = PORT;
	else if (net_endpoint_parse(text, &a) != ERR_OK)
		return;
	r->server[r->server_n++] = a;
}

void
resolver_servers(struct resolver *r, struct span list)
{
	struct span one;

	r->server_n = r->server_at = 0;
	while (span_next(&list, ',', &one))
		add_server(r, span_trim(one));
	resolver_forget(r);
}

void
resolver_conf(struct resolver *r, struct span text)
{
	struct span line;

	r->server_n = r->server_at = 0;
	while (span_next(&text, '\n', &line)) {
		line = span_trim(line);
		if (span_starts(line, SPAN("nameserver"))) {
			line = span_trim(span_from(line, 10));
			add_server(r, span_first(line, span_find(line, ' ')));
		}
	}
	resolver_forget(r);
}
