/*
 * resolver_servers: which name servers are asked, by the settings or by the
 * system's resolv.conf.
 */
#include "service/resolver.h"

#define PORT	      53
#define CONF_TIMEOUT  30 /* glibc's bounds */
#define CONF_ATTEMPTS 5

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

static void
begin(struct resolver *r)
{
	r->server_n = r->server_at = 0;
	r->wait_ms = RESOLVER_WAIT_MS;
	r->tries = RESOLVER_TRIES;
}

void
resolver_servers(struct resolver *r, struct span list)
{
	struct span one;

	begin(r);
	while (span_next(&list, ',', &one))
		add_server(r, span_trim(one));
	resolver_forget(r);
}

/* ---- resolv.conf: read as glibc does ---- */

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The rest of the line behind this word, which begins it. */
static bool
is_about(struct span line, const char *word, struct span *rest)
{
	struct span w = span_str(word);

	if (!span_starts(line, w) || line.len == w.len
	    || !is_blank(line.p[w.len]))
		return false;
	*rest = span_from(line, w.len);
	return true;
}

static bool
next_word(struct span *rest, struct span *word)
{
	size_t n = 0;

	while (rest->len > 0 && is_blank(rest->p[0]))
		*rest = span_from(*rest, 1);
	while (n < rest->len && !is_blank(rest->p[n]) && rest->p[n] != ';'
	       && rest->p[n] != '#' && rest->p[n] != '\r')
		n++;
	*word = span_first(*rest, n);
	*rest = span_from(*rest, n);
	return n > 0;
}

static void
conf_server(struct resolver *r, struct span rest)
{
	struct net_addr a;
	struct span word;

	if (r->server_n == RESOLVER_SERVERS || !next_word(&rest, &word)
	    || net_scope_parse(word, &a) != ERR_OK)
		return;
	a.port = PORT;
	r->server[r->server_n++] = a;
}

/* "timeout:3"; what is out of bounds is the bound. */
static bool
option(struct span word, const char *name, unsigned most, unsigned *out)
{
	struct span w = span_str(name);
	uint64_t n;
	int err;

	if (!span_starts(word, w))
		return false;
	err = span_u64(span_from(word, w.len), most, &n);
	if (err == ERR_SYNTAX)
		return false;
	*out = err ? most : n > 0 ? (unsigned)n : 1;
	return true;
}

/* ndots and search do not matter: all our names are whole ones. */
static void
conf_options(struct resolver *r, struct span rest, unsigned *attempts)
{
	struct span word;
	unsigned n;

	while (next_word(&rest, &word)) {
		if (option(word, "timeout:", CONF_TIMEOUT, &n))
			r->wait_ms = (int64_t)n * 1000;
		if (option(word, "attempts:", CONF_ATTEMPTS, &n))
			*attempts = n;
	}
}

void
resolver_conf(struct resolver *r, struct span text)
{
	unsigned attempts = 0;
	struct span line, rest;

	begin(r);
	while (span_next(&text, '\n', &line)) {
		if (is_about(line, "nameserver", &rest))
			conf_server(r, rest);
		else if (is_about(line, "options", &rest))
			conf_options(r, rest, &attempts);
	}
	if (r->server_n == 0)
		add_server(r, SPAN("127.0.0.1"));
	if (attempts > 0)
		r->tries = attempts * r->server_n;
	resolver_forget(r);
}
