/* judge: asks those who will use a setting whether they could. */
#include "service/judge.h"

#include "config.h"

#include "service/clamd.h"
#include "service/listen.h"
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
judge_servers(struct span value, struct text *why)
{
	unsigned n = count_pieces(value);

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

static int
judge_pop3(struct span value, struct text *why)
{
	if (ENABLE_POP3 || span_is(value, SPAN("off")))
		return ERR_OK;
	text_str(why, "this build has no POP3; only off is possible");
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

static int
judge_value(void *user, enum setting id, struct span label, struct span value,
    struct text *why)
{
	if (settings_schema[id].type == SETTING_NETWORKS)
		return judge_networks(value, why);
	switch ((int)id) {
	case SETTING_HOST_DNS:
		return judge_servers(value, why);
	case SETTING_AUTH_ITERATIONS:
		return judge_iterations(value, why);
	case SETTING_LISTEN_POP3:
	case SETTING_LISTEN_POP3S:
		return judge_pop3(value, why);
	case SETTING_SCAN_CLAMD:
		return judge_clamd(value, why);
	case SETTING_ROUTE_SMARTHOST:
	case SETTING_MAIL_LMTP:
	case SETTING_ROUTE_FINGERPRINT:
	case SETTING_ROUTE_SEND_AS:
	case SETTING_ROUTE_RULE:
		return route_judge(id, value, why);
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

static int
weigh_listeners(const struct settings_view *v, struct text *why)
{
	static char mem[SETTING_TEXT_MAX];
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
		if (!span_is(list, SPAN("off")))
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
