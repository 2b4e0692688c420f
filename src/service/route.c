/*
 * route: rules into decisions.  Reading a rule is route_parse.c's; nothing is
 * looked up in DNS here.
 */
#include "service/route.h"

#include "core/chr.h"
#include "core/log.h"
#include "core/zero.h"
#include "service/tls_peer.h"

static bool
copy(char *to, size_t cap, struct span s)
{
	struct text t;

	text_init(&t, to, cap);
	text_span(&t, s);
	return !t.cut;
}

/* Put a rule where its label belongs. */
static void
insert(struct routes *rs, const struct route *r)
{
	unsigned i = rs->n;

	if (rs->n == ROUTES_MAX) {
		log_event(LOG_WARN, "route.too_many", "label", r->label, 0);
		return;
	}
	for (; i > 0 && strcmp(rs->rule[i - 1].label, r->label) > 0; i--)
		rs->rule[i] = rs->rule[i - 1];
	rs->rule[i] = *r;
	rs->n++;
}

static void
load_rule(struct routes *rs, struct settings *s, struct span label)
{
	static struct route r;
	static char line[512];
	char reason[120];
	struct text why;
	int len =
	    settings_member(s, SETTING_ROUTE_RULE, label, line, sizeof(line));

	if (len < 0)
		return;
	text_init(&why, reason, sizeof(reason));
	if (!route_parse(span_of(line, (size_t)len), &r, &why)
	    && copy(r.label, sizeof(r.label), label)) {
		insert(rs, &r);
	} else {
		struct log_line l;

		log_begin(&l, LOG_WARN, "route.bad_rule");
		log_span(&l, "label", label);
		log_str(&l, "why", text_cstr(&why));
		log_end(&l);
	}
}

static void
load_rest(struct routes *rs, struct settings *s)
{
	struct span host = settings_text(s, SETTING_ROUTE_SMARTHOST);
	struct span pin = settings_text(s, SETTING_ROUTE_FINGERPRINT);
	struct route *r = &rs->rest;

	r->tls = (enum route_tls)settings_number(s, SETTING_ROUTE_TLS);
	if (host.len == 0 || !route_parse_host(r, host))
		return;
	(void)copy(
	    r->user, sizeof(r->user), settings_text(s, SETTING_ROUTE_USER));
	(void)copy(r->send_as, sizeof(r->send_as),
	    settings_text(s, SETTING_ROUTE_SEND_AS));
	r->per_minute = (uint16_t)settings_number(s, SETTING_ROUTE_PER_MINUTE);
	r->has_pin = pin.len > 0 && tls_fingerprint_read(pin, r->pin) == ERR_OK;
	if (pin.len > 0 && !r->has_pin)
		log_event(LOG_WARN, "route.bad_fingerprint", NULL, NULL, 0);
}

static void
load_lmtp(struct routes *rs, struct settings *s)
{
	struct span host = settings_text(s, SETTING_MAIL_LMTP);

	rs->lmtp.lmtp = true;
	rs->has_lmtp = host.len > 0 && route_parse_host(&rs->lmtp, host);
}

void
routes_load(struct routes *rs, struct settings *s)
{
	struct kv_cursor c = { 0 };
	struct settings_member m;

	zero_fill(rs, sizeof(*rs));
	load_rest(rs, s);
	load_lmtp(rs, s);
	while (settings_member_next(s, SETTING_ROUTE_RULE, &c, &m) == 1)
		load_rule(rs, s, m.label);
}

/* "example.org" fits the domain, "anna@example.org" the address. */
static bool
fits(const char *pattern, struct span address)
{
	struct span want = span_str(pattern);
	size_t at = span_rfind(address, '@');

	if (want.len == 0)
		return true;
	if (span_find(want, '@') < want.len)
		return span_is_nocase(want, address);
	return span_is_nocase(want, span_from(address, at + 1));
}

const struct route *
routes_find(const struct routes *rs, struct span sender, struct span recipient,
    bool local)
{
	if (local && rs->has_lmtp)
		return &rs->lmtp;
	for (unsigned i = 0; i < rs->n; i++) {
		const struct route *r = &rs->rule[i];

		if (fits(r->from, sender) && fits(r->to, recipient))
			return r;
	}
	return &rs->rest;
}

static uint32_t
hash(uint32_t h, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ chr_lower(s.p[i])) * 16777619u;
	return (h ^ 0x100u) * 16777619u;
}

uint32_t
route_key(const struct route *r, struct span domain)
{
	uint32_t h = 2166136261u ^ r->port;

	h = hash(h, span_str(r->label));
	h = hash(h, r->host[0] != '\0' ? span_str(r->host) : domain);
	return h != 0 ? h : 1;
}

int
route_secret(const struct route *r, struct settings *s, void *to, size_t cap)
{
	if (r->label[0] == '\0')
		return settings_secret(s, SETTING_ROUTE_PASSWORD, to, cap);
	return settings_member_secret(
	    s, SETTING_ROUTE_SECRET, span_str(r->label), to, cap);
}
