/* route: rules into decisions.  It looks nothing up in DNS. */
#include "service/route.h"

#include "core/chr.h"
#include "core/log.h"
#include "core/zero.h"
#include "service/tls_peer.h"

static bool
copy(char *to, size_t cap, struct span s, bool lower)
{
	struct text t;

	text_init(&t, to, cap);
	for (size_t i = 0; i < s.len; i++)
		text_chr(&t, (char)(lower ? chr_lower(s.p[i]) : s.p[i]));
	return !t.cut;
}

/* "NAME:PORT" or "[2001:db8::1]:PORT". */
static bool
take_host(struct route *r, struct span s)
{
	size_t colon = span_rfind(s, ':');
	struct span host = span_first(s, colon);
	uint64_t port;

	if (colon == s.len || span_u64(span_from(s, colon + 1), 65535, &port)
	    || port == 0)
		return false;
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		host = span_of(host.p + 1, host.len - 2);
	r->port = (uint16_t)port;
	return host.len > 0 && copy(r->host, sizeof(r->host), host, true);
}

static bool
set_from(struct route *r, struct span v)
{
	return copy(r->from, sizeof(r->from), v, true);
}

static bool
set_to(struct route *r, struct span v)
{
	return copy(r->to, sizeof(r->to), v, true);
}

static bool
set_host(struct route *r, struct span v)
{
	return span_is(v, SPAN("mx")) || take_host(r, v);
}

static bool
set_port(struct route *r, struct span v)
{
	uint64_t port;

	if (r->host[0] != '\0' || span_u64(v, 65535, &port) || port == 0)
		return false;
	r->port = (uint16_t)port;
	return true;
}

static bool
set_tls(struct route *r, struct span v)
{
	struct span words = SPAN("off,opportunistic,required,verified"), word;

	for (unsigned i = 0; span_next(&words, ',', &word); i++) {
		if (!span_is(v, word))
			continue;
		r->tls = (enum route_tls)i;
		return true;
	}
	return false;
}

static bool
set_user(struct route *r, struct span v)
{
	return copy(r->user, sizeof(r->user), v, false);
}

static bool
set_per_minute(struct route *r, struct span v)
{
	uint64_t n;

	if (span_u64(v, 10000, &n))
		return false;
	r->per_minute = (uint16_t)n;
	return true;
}

static bool
set_pin(struct route *r, struct span v)
{
	r->has_pin = tls_fingerprint_read(v, r->pin) == ERR_OK;
	return r->has_pin;
}

static bool
set_proto(struct route *r, struct span v)
{
	r->lmtp = span_is(v, SPAN("lmtp"));
	return r->lmtp || span_is(v, SPAN("smtp"));
}

static const struct {
	const char *word;
	bool (*set)(struct route *r, struct span v);
} words[] = {
	{ "from", set_from },
	{ "to", set_to },
	{ "host", set_host },
	{ "port", set_port },
	{ "tls", set_tls },
	{ "user", set_user },
	{ "per_minute", set_per_minute },
	{ "pin", set_pin },
	{ "proto", set_proto },
};

static bool
set_word(struct route *r, struct span word)
{
	size_t eq = span_find(word, '=');

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_is(span_first(word, eq), span_str(words[i].word)))
			return eq < word.len
			       && words[i].set(r, span_from(word, eq + 1));
	return false;
}

int
route_parse(struct span text, struct route *r, struct text *why)
{
	struct span word;
	bool has_host = false;

	memset(r, 0, sizeof(*r));
	r->tls = ROUTE_TLS_OPPORTUNISTIC;
	while (span_next(&text, ' ', &word)) {
		if (word.len == 0)
			continue;
		if (!set_word(r, word)) {
			text_str(why, "not understood: ");
			text_escaped(why, word);
			return ERR_SYNTAX;
		}
		has_host = has_host || span_starts(word, SPAN("host="));
	}
	if (has_host)
		return ERR_OK;
	text_str(why, "host= is missing");
	return ERR_SYNTAX;
}

int
route_judge(enum setting id, struct span value, struct text *why)
{
	static struct route r;

	if (id == SETTING_ROUTE_RULE)
		return route_parse(value, &r, why);
	if (value.len == 0)
		return ERR_OK;
	if (id == SETTING_ROUTE_FINGERPRINT && set_pin(&r, value))
		return ERR_OK;
	if (id != SETTING_ROUTE_FINGERPRINT && take_host(&r, value))
		return ERR_OK;
	text_chr(why, '"');
	text_escaped(why, value);
	text_str(why, id == SETTING_ROUTE_FINGERPRINT
			  ? "\" is not a SHA-256 fingerprint"
			  : "\" is not NAME:PORT with a port from 1 to 65535");
	return ERR_SYNTAX;
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
	    && copy(r.label, sizeof(r.label), label, false)) {
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
	if (host.len == 0 || !take_host(r, host))
		return;
	(void)set_user(r, settings_text(s, SETTING_ROUTE_USER));
	r->per_minute = (uint16_t)settings_number(s, SETTING_ROUTE_PER_MINUTE);
	if (pin.len > 0 && !set_pin(r, pin))
		log_event(LOG_WARN, "route.bad_fingerprint", NULL, NULL, 0);
}

static void
load_lmtp(struct routes *rs, struct settings *s)
{
	struct span host = settings_text(s, SETTING_MAIL_LMTP);

	rs->lmtp.lmtp = true;
	rs->has_lmtp = host.len > 0 && take_host(&rs->lmtp, host);
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
