/* dns: one question, one answer.  It sends nothing and remembers nothing. */
#include "service/dns.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include "codec/addr.h"
#include "core/text.h"

#define TTL_LEAST_S 5u
#define TTL_MOST_S  3600u

static const int types[] = {
	[DNS_TYPE_A] = ns_t_a,
	[DNS_TYPE_AAAA] = ns_t_aaaa,
	[DNS_TYPE_MX] = ns_t_mx,
};

int
dns_ask(const char *name, enum dns_type type, uint16_t id,
    uint8_t out[DNS_QUERY_MAX])
{
	int n;

	if (strlen(name) >= DNS_NAME_MAX
	    || !addr_is_domain(span_str(name), false))
		return ERR_SYNTAX;
	n = res_mkquery(ns_o_query, name, ns_c_in, types[type], NULL, 0, NULL,
	    out, DNS_QUERY_MAX);
	if (n < NS_HFIXEDSZ)
		return ERR_SYNTAX;
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	return n;
}

/* The one question of a message. */
static bool
read_question(ns_msg *m, ns_rr *rr)
{
	return ns_msg_count(*m, ns_s_qd) == 1
	       && ns_parserr(m, ns_s_qd, 0, rr) == 0;
}

static bool
is_same_name(const char *a, const char *b)
{
	return span_is_nocase(span_str(a), span_str(b));
}

/* Does the packet answer this query, as RFC 5452 wants it checked? */
static bool
is_answer_to(struct span query, ns_msg *m)
{
	static ns_rr asked, echoed;
	ns_msg q;

	return ns_initparse(query.p, (int)query.len, &q) == 0
	       && ns_msg_id(q) == ns_msg_id(*m) && ns_msg_getflag(*m, ns_f_qr)
	       && ns_msg_getflag(*m, ns_f_opcode) == ns_o_query
	       && read_question(&q, &asked) && read_question(m, &echoed)
	       && ns_rr_type(asked) == ns_rr_type(echoed)
	       && ns_rr_class(asked) == ns_rr_class(echoed)
	       && is_same_name(ns_rr_name(asked), ns_rr_name(echoed));
}

static void
note_ttl(struct dns_answer *a, uint32_t ttl_s)
{
	if (ttl_s < TTL_LEAST_S)
		ttl_s = TTL_LEAST_S;
	if (ttl_s < a->ttl_s)
		a->ttl_s = ttl_s;
}

static void
take_address(struct dns_answer *a, const ns_rr *rr)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	struct net_addr *to = &a->address[a->address_n];

	if (a->address_n == DNS_ADDRESSES)
		return;
	memset(to, 0, sizeof(*to));
	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == 4) {
		memcpy(to->ip, v4, 12);
		memcpy(to->ip + 12, ns_rr_rdata(*rr), 4);
	} else if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == 16) {
		memcpy(to->ip, ns_rr_rdata(*rr), 16);
	} else {
		return;
	}
	a->address_n++;
}

static bool
read_name(ns_msg *m, const uint8_t *at, char out[DNS_NAME_MAX])
{
	static char raw[NS_MAXDNAME];
	struct text t;

	if (ns_name_uncompress(
		ns_msg_base(*m), ns_msg_end(*m), at, raw, sizeof(raw))
	    < 0)
		return false;
	text_init(&t, out, DNS_NAME_MAX);
	text_str(&t, raw);
	return !t.cut;
}

static void
drop_worst(struct dns_answer *a)
{
	uint16_t at = a->mx[--a->mx_n].at;
	size_t len = strlen(a->names + at) + 1;

	a->names_len -= len;
	memmove(a->names + at, a->names + at + len, a->names_len - at);
	for (unsigned i = 0; i < a->mx_n; i++)
		if (a->mx[i].at > at)
			a->mx[i].at = (uint16_t)(a->mx[i].at - len);
}

/* Where a new exchanger belongs by preference; the worst may drop out. */
static void
insert_mx(struct dns_answer *a, uint16_t preference, const char *name)
{
	size_t len = strlen(name) + 1;
	unsigned i;

	while (a->mx_n == DNS_MX || a->names_len + len > sizeof(a->names)) {
		if (a->mx[a->mx_n - 1].preference <= preference)
			return;
		drop_worst(a);
	}
	i = a->mx_n;
	for (; i > 0 && a->mx[i - 1].preference > preference; i--)
		a->mx[i] = a->mx[i - 1];
	a->mx[i] = (struct dns_mx) { preference, (uint16_t)a->names_len };
	memcpy(a->names + a->names_len, name, len);
	a->names_len += len;
	a->mx_n++;
}

static void
take_mx(struct dns_answer *a, ns_msg *m, const ns_rr *rr)
{
	char name[DNS_NAME_MAX];
	uint16_t preference;

	if (ns_rr_rdlen(*rr) < 3 || !read_name(m, ns_rr_rdata(*rr) + 2, name))
		return;
	preference = (uint16_t)ns_get16(ns_rr_rdata(*rr));
	if (name[0] == '\0' || (name[0] == '.' && name[1] == '\0'))
		a->outcome = DNS_NULL_MX;
	else if (addr_is_domain(span_str(name), false))
		insert_mx(a, preference, name);
}

/* One pass over the answers for `name`; true where it is an alias. */
static bool
take_records(ns_msg *m, int type, char name[DNS_NAME_MAX], struct dns_answer *a)
{
	static ns_rr rr;
	char target[DNS_NAME_MAX];
	unsigned n = ns_msg_count(*m, ns_s_an);
	bool alias = false;

	for (unsigned i = 0; i < n && i < 128; i++) {
		if (ns_parserr(m, ns_s_an, (int)i, &rr) != 0)
			break;
		if (ns_rr_class(rr) != ns_c_in
		    || !is_same_name(ns_rr_name(rr), name))
			continue;
		if (ns_rr_type(rr) == ns_t_cname && !alias)
			alias = read_name(m, ns_rr_rdata(rr), target);
		else if ((int)ns_rr_type(rr) != type)
			continue;
		else if (type == ns_t_mx)
			take_mx(a, m, &rr);
		else
			take_address(a, &rr);
		note_ttl(a, ns_rr_ttl(rr));
	}
	if (alias)
		memcpy(name, target, sizeof(target));
	return alias;
}

/* It neither has the zone nor asks others: what it lacks says nothing. */
static bool
is_referral(ns_msg *m)
{
	return !ns_msg_getflag(*m, ns_f_aa) && !ns_msg_getflag(*m, ns_f_ra);
}

static void
read_answers(ns_msg *m, int type, struct dns_answer *a)
{
	static ns_rr rr;
	unsigned aliases = 0;
	struct text t;

	(void)ns_parserr(m, ns_s_qd, 0, &rr); /* was parsed before */
	text_init(&t, a->alias, sizeof(a->alias));
	text_str(&t, ns_rr_name(rr));
	while (aliases < DNS_ALIASES && take_records(m, type, a->alias, a))
		aliases++;
	if (a->outcome == DNS_NULL_MX && a->mx_n == 0)
		return;
	if (a->mx_n + a->address_n > 0)
		a->outcome = DNS_FOUND;
	else if (aliases == DNS_ALIASES)
		a->outcome = DNS_FAILED;
	else if (aliases > 0)
		a->outcome = DNS_ALIAS;
	else
		a->outcome = is_referral(m) ? DNS_FAILED : DNS_NOTHING;
}

int
dns_read(struct span query, enum dns_type type, struct span packet,
    struct dns_answer *a)
{
	ns_msg m;
	int rcode;

	a->outcome = DNS_NOTHING;
	a->ttl_s = TTL_MOST_S;
	a->mx_n = a->address_n = 0;
	a->names_len = 0;
	a->alias[0] = '\0';
	if (packet.len > NS_MAXMSG
	    || ns_initparse(packet.p, (int)packet.len, &m) != 0
	    || !is_answer_to(query, &m))
		return ERR_SYNTAX;
	rcode = ns_msg_getflag(m, ns_f_rcode);
	if (ns_msg_getflag(m, ns_f_tc))
		a->outcome = DNS_CUT;
	else if (rcode == ns_r_nxdomain)
		a->outcome = DNS_NO_NAME;
	else if (rcode != ns_r_noerror)
		a->outcome = DNS_FAILED;
	else
		read_answers(&m, types[type], a);
	if (a->outcome != DNS_FOUND && a->ttl_s > 60)
		a->ttl_s = 60;
	return ERR_OK;
}
