/*
 * dns: reading a DNS server's answer (RFC 1035), with libc's parser.
 *
 *   dns_ask    ->  a query packet
 *   dns_read   <-  an answer to exactly that query, its aliases followed
 *
 * Only what sending mail needs: MX, A and AAAA.  Names that are no host names
 * are dropped.  "MX 0 ." (RFC 7505) is DNS_NULL_MX.
 *
 * Memory: the caller's struct dns_answer, about 1.3 KB.
 * Bounds: DNS_MX exchangers (the best by preference), DNS_ADDRESSES
 * addresses, DNS_NAMES octets of names, DNS_ALIASES aliases in a row.
 * Failure: ERR_SYNTAX for what is not an answer to the query, and is to be
 * treated as if it had not come; everything else is in the answer.
 * Tested: tests/unit/test_dns.c, fuzz_dns, tests/e2e/test_relay.py.
 */
#ifndef SERVICE_DNS_H
#define SERVICE_DNS_H

#include "core/err.h"
#include "core/span.h"
#include "platform/net.h"

#define DNS_NAME_MAX  254 /* with the terminator */
#define DNS_QUERY_MAX 300
#define DNS_MX	      12
#define DNS_ADDRESSES 12
#define DNS_NAMES     768
#define DNS_ALIASES   8

enum dns_type {
	DNS_TYPE_A,
	DNS_TYPE_AAAA,
	DNS_TYPE_MX,
};

enum dns_outcome {
	DNS_FOUND,
	DNS_NOTHING, /* the name exists, but has none of these */
	DNS_NO_NAME, /* the name does not exist */
	DNS_NULL_MX, /* its owner takes no mail */
	DNS_ALIAS,   /* led to `alias`; ask for that */
	DNS_CUT,     /* truncated: ask by TCP */
	DNS_FAILED,  /* the server failed or refused: ask another */
};

struct dns_mx {
	uint16_t preference;
	uint16_t at; /* of the terminated name in `names` */
};

struct dns_answer {
	enum dns_outcome outcome;
	uint32_t ttl_s;
	unsigned mx_n, address_n;
	struct dns_mx mx[DNS_MX];
	struct net_addr address[DNS_ADDRESSES]; /* port 0 */
	size_t names_len;
	char names[DNS_NAMES];
	char alias[DNS_NAME_MAX];
};

/* Write a query for `name`; its length, or ERR_SYNTAX for no good name. */
int dns_ask(const char *name, enum dns_type type, uint16_t id,
    uint8_t out[DNS_QUERY_MAX]) MUST_CHECK;

/* Read what came; `query` is what was asked. */
int dns_read(struct span query, enum dns_type type, struct span packet,
    struct dns_answer *a) MUST_CHECK;

/* The name of exchanger `i`. */
static inline const char *
dns_mx_name(const struct dns_answer *a, unsigned i)
{
	return a->names + a->mx[i].at;
}

#endif
