/*
 * route_parse: one rule from text; see route.h's grammar.  What is wrong with
 * a rule is said here in words; which rule is taken is decided in route.c.
 */
#include "service/route.h"

#include "codec/addr.h"
#include "core/chr.h"
#include "service/tls_peer.h"

static bool
copy(char *to, size_t cap, struct span s, bool lower)
{
	struct text t;

	text_init(&t, to, cap);
	for (size_t i = 0; i < s.len; i++)
		text_chr(&t, (char)(lower ? chr_lower(s.p[i]) : s.p[i]));
	return s.len > 0 && !t.cut;
}

bool
route_parse_host(struct route *r, struct span s)
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
	return copy(r->host, sizeof(r->host), host, true);
}

static bool
is_address(struct span v)
{
	struct addr a;

	return addr_parse(v, ADDR_ALLOW_UTF8, &a) == ADDR_OK;
}

/* A domain, or an address. */
static bool
is_whom(struct span v)
{
	return span_find(v, '@') < v.len ? is_address(v)
					 : addr_is_domain(v, true);
}

static bool
set_from(struct route *r, struct span v)
{
	return is_whom(v) && copy(r->from, sizeof(r->from), v, true);
}

static bool
set_to(struct route *r, struct span v)
{
	return is_whom(v) && copy(r->to, sizeof(r->to), v, true);
}

static bool
set_host(struct route *r, struct span v)
{
	return span_is(v, SPAN("mx")) || route_parse_host(r, v);
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

static bool
set_send_as(struct route *r, struct span v)
{
	return is_address(v) && copy(r->send_as, sizeof(r->send_as), v, false);
}

static const struct {
	const char *word;
	bool (*set)(struct route *r, struct span v);
	const char *right;
} words[] = {
	{ "from", set_from, "a domain or an address" },
	{ "to", set_to, "a domain or an address" },
	{ "host", set_host, "NAME:PORT or mx" },
	{ "port", set_port, "a port, with host=mx" },
	{ "tls", set_tls, "off, opportunistic, required or verified" },
	{ "user", set_user, "a login name of up to 255 octets" },
	{ "per_minute", set_per_minute, "a number up to 10000; 0: no limit" },
	{ "pin", set_pin, "a SHA-256 fingerprint, 64 hexadecimal digits" },
	{ "proto", set_proto, "smtp or lmtp" },
	{ "send_as", set_send_as, "an address" },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static void
say_wrong(struct text *why, struct span word, const char *what)
{
	text_chr(why, '"');
	text_escaped(why, span_first(word, 60));
	text_str(why, what);
}

static int
say_unknown(struct text *why, struct span word)
{
	say_wrong(why, word, "\" is none of the words ");
	for (size_t i = 0; i < WORDS; i++) {
		text_str(why, i > 0 ? ", " : "");
		text_str(why, words[i].word);
		text_chr(why, '=');
	}
	return ERR_SYNTAX;
}

/* Take one word; `*seen` has a bit for each that was there. */
static int
take_word(struct route *r, struct span word, unsigned *seen, struct text *why)
{
	size_t eq = span_find(word, '=');

	for (unsigned i = 0; eq < word.len && i < WORDS; i++) {
		if (!span_is(span_first(word, eq), span_str(words[i].word)))
			continue;
		if (*seen >> i & 1u) {
			say_wrong(why, word, "\" is there twice");
			return ERR_SYNTAX;
		}
		*seen |= 1u << i;
		if (words[i].set(r, span_from(word, eq + 1)))
			return ERR_OK;
		say_wrong(why, word, "\" is wrong, behind \"=\" stands ");
		text_str(why, words[i].right);
		return ERR_SYNTAX;
	}
	return say_unknown(why, word);
}

/* Words that are right one by one, but not together; NULL: all is well. */
static const char *
clash(const struct route *r, bool has_host)
{
	bool mx = r->host[0] == '\0';

	if (!has_host)
		return "host= is missing";
	if (mx && r->user[0] != '\0')
		return "user= needs a host to log in at, not host=mx";
	if (mx && r->lmtp)
		return "proto=lmtp needs a host, not host=mx";
	if (r->has_pin && r->tls == ROUTE_TLS_OFF)
		return "pin= needs TLS, not tls=off";
	return NULL;
}

int
route_parse(struct span text, struct route *r, struct text *why)
{
	const char *wrong;
	struct span word;
	unsigned seen = 0;
	int err = ERR_OK;

	memset(r, 0, sizeof(*r));
	r->tls = ROUTE_TLS_OPPORTUNISTIC;
	while (!err && span_next(&text, ' ', &word))
		if (word.len > 0)
			err = take_word(r, word, &seen, why);
	if (err)
		return err;
	wrong = clash(r, (seen & 1u << 2) != 0);
	if (wrong == NULL)
		return ERR_OK;
	text_str(why, wrong);
	return ERR_SYNTAX;
}

static int
judge_rest(enum setting id, struct span value, struct text *why)
{
	static struct route r;
	const char *wrong = NULL;

	if (id == SETTING_ROUTE_FINGERPRINT && !set_pin(&r, value))
		wrong = "\" is not a SHA-256 fingerprint";
	else if (id == SETTING_ROUTE_SEND_AS && !is_address(value))
		wrong = "\" is not a whole address";
	else if ((id == SETTING_ROUTE_SMARTHOST || id == SETTING_MAIL_LMTP)
		 && !route_parse_host(&r, value))
		wrong = "\" is not NAME:PORT with a port from 1 to 65535";
	if (wrong == NULL)
		return ERR_OK;
	text_chr(why, '"');
	text_escaped(why, value);
	text_str(why, wrong);
	return ERR_SYNTAX;
}

int
route_judge(enum setting id, struct span value, struct text *why)
{
	static struct route r;

	if (id == SETTING_ROUTE_RULE)
		return route_parse(value, &r, why);
	return value.len > 0 ? judge_rest(id, value, why) : ERR_OK;
}
