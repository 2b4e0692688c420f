/* judge: asks those who will use a setting whether they could. */
#include "service/judge.h"

#include "codec/ip.h"
#include "core/chr.h"
#include "service/clamd.h"
#include "service/lists.h"
#include "service/listen.h"
#include "service/parts.h"
#include "service/resolver.h"
#include "service/route.h"
#include "store/settings_view.h"

#define ADDRESSES_MAX (LISTENERS_MAX - 1) /* control.socket is one */

static int
say_too_many(struct text *why, const char *what, unsigned n, unsigned most)
{
	text_u64(why, n);
	text_str(why, what);
	text_u64(why, most);
	return ERR_FULL;
}

static unsigned
count_pieces(struct span list)
{
	struct span piece;
	unsigned n = 0;

	while (list.len > 0 && span_next(&list, ',', &piece))
		n++;
	return n;
}

/* ---- one value ---- */

static int
judge_networks(struct span value, struct text *why)
{
	struct networks ns;
	struct span wrong;
	int err = networks_parse(value, &ns, &wrong);

	if (err == ERR_FULL)
		return say_too_many(why, " networks; at most ",
		    count_pieces(value), NETWORKS_MAX);
	return err;
}

static int
judge_language(struct span value, struct text *why)
{
	if (ENABLE_JAPANESE || span_is(value, SPAN("en")))
		return ERR_OK;
	text_str(why, "Japanese" PARTS_ABSENT);
	return ERR_UNSUPPORTED;
}

static int
judge_servers(struct span value, struct text *why)
{
	struct span list = value, piece;
	unsigned n = count_pieces(value);

	while (n > 0 && span_next(&list, ',', &piece)) {
		if (!span_ends_nocase(piece, SPAN(":0"))
		    || span_find(piece, '.') == piece.len)
			continue;
		text_str(why, "nobody answers at port 0");
		return ERR_RANGE;
	}
	if (n <= RESOLVER_SERVERS)
		return ERR_OK;
	return say_too_many(why, " DNS servers; at most ", n, RESOLVER_SERVERS);
}

static int
judge_iterations(struct span value, struct text *why)
{
	uint64_t n;

	if (span_u64(value, USERS_ITERATIONS_MAX, &n) == ERR_OK
	    && (n == 0 || n >= USERS_ITERATIONS_MIN))
		return ERR_OK;
	text_str(why, "is neither 0 nor a number from ");
	text_u64(why, USERS_ITERATIONS_MIN);
	return ERR_RANGE;
}

/* Nobody is there to use it; what it is anyway may be said. */
static int
judge_absent(
    const char *part, enum setting id, struct span value, struct text *why)
{
	const char *preset = settings_schema[id].preset;

	if (!(settings_schema[id].flags & SETTING_FAMILY)
	    && span_is(value, span_str(preset)))
		return ERR_OK;
	text_str(why, part);
	text_str(why, PARTS_ABSENT);
	return ERR_UNSUPPORTED;
}

static int
judge_clamd(struct span value, struct text *why)
{
	int err = clamd_judge(value);

	if (err)
		text_str(why, "an IP address and a port, or a socket's path");
	return err;
}

/* RFC 6376 section 3.5: a domain and selector as DNS and SMTP take them. */
static int
judge_dkim(enum setting id, struct span list, struct text *why)
{
	struct span piece;

	while (list.len > 0 && span_next(&list, ',', &piece)) {
		bool dotted = span_find(piece, '.') < piece.len;

		if (span_find(piece, '_') < piece.len) {
			text_span(why, span_first(piece, 64));
			text_str(why, ": an underscore can't be in it");
			return ERR_SYNTAX;
		}
		if (id == SETTING_DKIM_DOMAINS && !dotted) {
			text_span(why, span_first(piece, 64));
			text_str(why, ": needs a dot, DNS holds its key");
			return ERR_SYNTAX;
		}
	}
	return ERR_OK;
}

/* Addresses are looked up in lower case. */
static int
judge_label(struct span label, struct text *why)
{
	for (size_t i = 0; i < label.len; i++)
		if (chr_is(label.p[i], CHR_UPPER)) {
			text_str(why, "the name is written in lower case, "
				      "which stands for both");
			return ERR_SYNTAX;
		}
	return ERR_OK;
}

static int
judge_list(struct span label, struct span value, struct text *why)
{
	int err = judge_label(label, why);

	return err ? err : lists_judge(label, value, why);
}

static int
judge_value(void *user, enum setting id, struct span label, struct span value,
    struct text *why)
{
	const char *part = parts_lacking_setting(id);

	if (part != NULL)
		return judge_absent(part, id, value, why);
	if (settings_schema[id].type == SETTING_NETWORKS)
		return judge_networks(value, why);
	switch ((int)id) {
	case SETTING_HOST_DNS:
		return judge_servers(value, why);
	case SETTING_DKIM_DOMAINS:
	case SETTING_DKIM_SELECTOR:
		return judge_dkim(id, value, why);
	case SETTING_NOTICES_LANGUAGE:
		return judge_language(value, why);
	case SETTING_AUTH_ITERATIONS:
		return judge_iterations(value, why);
	case SETTING_ALIAS:
	case SETTING_FORWARD:
		return judge_label(label, why);
	case SETTING_LIST:
		return judge_list(label, value, why);
	case SETTING_SCAN_CLAMD:
		return ENABLE_CLAMD ? judge_clamd(value, why) : ERR_OK;
	case SETTING_ROUTE_SMARTHOST:
	case SETTING_MAIL_LMTP:
	case SETTING_ROUTE_FINGERPRINT:
	case SETTING_ROUTE_SEND_AS:
	case SETTING_ROUTE_RULE:
		return ENABLE_RELAY ? route_judge(id, value, why) : ERR_OK;
	default:
		return access_judge(user, id, label, value, why);
	}
}

/* ---- all together ---- */

static int
weigh_routes(const struct settings_view *v, struct text *why)
{
	struct settings_view_cursor at = { .in_change = false };
	struct settings_member m;
	unsigned n = 0;
	int more;

	while ((more = settings_view_next(v, SETTING_ROUTE_RULE, &at, &m)) > 0)
		n++;
	if (more < 0 || n <= ROUTES_MAX)
		return more;
	text_str(why, "route.rule.*: ");
	return say_too_many(why, " rules in all; at most ", n, ROUTES_MAX);
}

/* An address that is to be listened on. */
struct place {
	const char *key;
	uint8_t ip[IP_OCTETS];
	uint64_t port;
	bool all; /* "*" */
};

static bool
is_all_of_its_kind(const uint8_t ip[IP_OCTETS])
{
	uint8_t any[IP_OCTETS];

	return (!ip_parse(SPAN("0.0.0.0"), any) && !memcmp(ip, any, IP_OCTETS))
	       || (!ip_parse(SPAN("::"), any) && !memcmp(ip, any, IP_OCTETS));
}

static bool
is_v4(const uint8_t ip[IP_OCTETS])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(ip, mapped, sizeof(mapped));
}

/* Would the system refuse the second of the two? */
static bool
is_taken(const struct place *a, const struct place *b)
{
	if (a->port != b->port || a->port == 0)
		return false;
	return a->all || b->all || !memcmp(a->ip, b->ip, IP_OCTETS)
	       || (is_v4(a->ip) == is_v4(b->ip)
		   && (is_all_of_its_kind(a->ip) || is_all_of_its_kind(b->ip)));
}

static struct place
read_place(const char *key, struct span piece)
{
	size_t colon = span_rfind(piece, ':');
	struct span host = span_first(piece, colon);
	struct place p = { .key = key, .all = span_is(host, SPAN("*")) };

	if (span_u64(span_from(piece, colon + 1), UINT16_MAX, &p.port))
		p.port = 0;
	if (!p.all && ip_parse(host, p.ip))
		p.port = 0;
	return p;
}

/* Note the addresses of one listener; two at one place can't both listen. */
static int
add_places(struct place *places, unsigned n, const char *key, struct span list,
    struct text *why)
{
	struct span piece;

	while (n < ADDRESSES_MAX && span_next(&list, ',', &piece)) {
		places[n] = read_place(key, piece);
		for (unsigned i = 0; i < n; i++) {
			if (!is_taken(&places[i], &places[n]))
				continue;
			text_str(why, key);
			text_str(why, ": ");
			text_span(why, span_first(piece, 64));
			text_str(why, " is taken by ");
			text_str(why, places[i].key);
			text_str(why, "; give each a port of its own");
			return ERR_RANGE;
		}
		n++;
	}
	return ERR_OK;
}

static int
weigh_listeners(const struct settings_view *v, struct text *why)
{
	static char mem[SETTING_TEXT_MAX];
	static struct place places[ADDRESSES_MAX];
	unsigned n = 0;

	for (int id = SETTING_LISTEN_SMTP; id <= SETTING_LISTEN_HTTPS; id++) {
		const struct setting_spec *spec = &settings_schema[id];
		int len =
		    settings_view_get(v, span_str(spec->key), mem, sizeof(mem));
		struct span list = span_str(spec->preset);

		if (len < 0 && len != ERR_MISSING)
			return len;
		if (len >= 0)
			list = span_of(mem, (size_t)len);
		if (span_is(list, SPAN("off")))
			continue;
		if (add_places(places, n, spec->key, list, why))
			return ERR_RANGE;
		n += count_pieces(list);
	}
	if (n <= ADDRESSES_MAX)
		return ERR_OK;
	text_str(why, "listen.*: ");
	return say_too_many(
	    why, " addresses in all; at most ", n, ADDRESSES_MAX);
}

static int
weigh(void *user, const struct settings_view *coming, struct text *why)
{
	int err = access_weigh(user, coming, why);

	if (!err)
		err = weigh_routes(coming, why);
	return err ? err : weigh_listeners(coming, why);
}

void
judge_settings(struct access *a)
{
	settings_judge_by(a->settings, judge_value, weigh, a);
}
