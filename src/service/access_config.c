/* access_config: the settings of access, read into what the policies use. */
#include "service/access.h"

#include "config.h"

#include "core/log.h"
#include "store/settings_view.h"

#define MINUTE_MS 60000

static int
fail(struct text *why, enum setting id, struct span wrong)
{
	text_str(why, settings_schema[id].key);
	text_str(why, ": \"");
	text_escaped(why, wrong);
	text_str(why, "\" is wrong");
	return ERR_SYNTAX;
}

static int
read_networks(
    struct access *a, enum setting id, struct networks *out, struct text *why)
{
	struct span wrong;
	int err = networks_parse(settings_text(a->settings, id), out, &wrong);

	return err ? fail(why, id, wrong) : ERR_OK;
}

static bool
is_before(const char *a, const char *b)
{
	return strcmp(a, b) < 0;
}

/* The member whose label follows `after` in order: 1, 0 at the end. */
static int
next_label(const struct settings_view *v, enum setting family,
    const char *after, struct settings_member *best)
{
	struct settings_view_cursor at = { .in_change = false };
	struct settings_member m;
	int more, found = 0;

	while ((more = settings_view_next(v, family, &at, &m)) > 0) {
		const char *label = (const char *)m.label.p;

		if (is_before(after, label)
		    && (!found
			|| is_before(label, (const char *)best->label.p))) {
			best->entry = m.entry;
			best->label = span_of(
			    best->entry.key + (m.entry.key_len - m.label.len),
			    m.label.len);
			found = 1;
		}
	}
	return more < 0 ? more : found;
}

static void
keep_label(char to[KV_KEY_MAX + 1], const struct settings_member *m)
{
	memcpy(to, m->label.p, m->label.len + 1);
}

static int
member_value(const struct settings_view *v, const struct settings_member *m,
    char *to, size_t cap)
{
	return settings_view_get(
	    v, span_of(m->entry.key, m->entry.key_len), to, cap);
}

/* All rules in the order of their labels, one a line. */
static int
collect_rules(const struct settings_view *v, struct text *rules)
{
	char label[KV_KEY_MAX + 1] = "", line[512];
	struct settings_member m;
	int more;

	while ((more = next_label(v, SETTING_RELAY_RULE, label, &m)) > 0) {
		int n = member_value(v, &m, line, sizeof(line));

		if (n < 0)
			return n;
		keep_label(label, &m);
		text_str(rules, label);
		text_str(rules, ": ");
		text_span(rules, span_of(line, (size_t)n));
		text_chr(rules, '\n');
	}
	return more;
}

static void
read_permits(struct access *a, struct relay_rules *rr)
{
	static const enum setting ids[RELAY_LISTENERS] = {
		[RELAY_SMTP] = SETTING_PERMIT_SMTP,
		[RELAY_SUBMISSION] = SETTING_PERMIT_SUBMISSION,
		[RELAY_SMTPS] = SETTING_PERMIT_SMTPS,
	};
	static const enum grant_how least[] = { GRANT_NONE, GRANT_CHALLENGE,
		GRANT_CLEAR };

	/* the words auth,grant,network are bits 0, 1, 2, as in relay_permit */
	for (unsigned i = 0; i < RELAY_LISTENERS; i++)
		rr->permits[i] = (uint8_t)settings_flags(a->settings, ids[i]);
	rr->grant_least =
	    least[settings_number(a->settings, SETTING_RELAY_POP_BEFORE_SMTP)];
}

static int
read_rules(struct access *a, const struct settings_view *v,
    struct relay_rules *rr, struct text *why)
{
	char mem[200];
	struct text rules, wrong;
	int err;

	text_init(&rules, a->text, sizeof(a->text));
	err = collect_rules(v, &rules);
	if (err < 0) {
		text_str(why, "relay.rule.*: cannot be read");
		return err;
	}
	text_init(&wrong, mem, sizeof(mem));
	if (!rules.cut)
		err = relay_rules_parse(rr, text_data(&rules), &wrong);
	if (!err && !rules.cut)
		return ERR_OK;
	text_str(why, "relay.rule.*: ");
	if (rules.cut) {
		text_str(why, "all rules and labels together have more than ");
		text_u64(why, RELAY_TEXT);
		text_str(why, " octets");
		return ERR_FULL;
	}
	text_str(why, mem);
	return err;
}

static int
read_relay(struct access *a, struct relay_rules *rr, struct text *why)
{
	struct settings_view now = settings_view_now(a->settings);
	int err;

	relay_rules_init(rr);
	read_permits(a, rr);
	err = read_networks(a, SETTING_RELAY_NETWORKS, &rr->inside, why);
	if (!err)
		err = read_networks(
		    a, SETTING_RELAY_RETRY_NETWORKS, &rr->retry, why);
	return err ? err : read_rules(a, &now, rr, why);
}

static void
ignore_device(const char *label, const char *why)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "access.device_ignored");
	log_str(&l, "device", label);
	log_str(&l, "why", why);
	log_end(&l);
}

/* A device that can't be read is left out; the others work. */
static int
read_device(struct access *a, const struct settings_view *v,
    const struct settings_member *m)
{
	char line[PROFILE_TEXT + 1], label[KV_KEY_MAX + 1], mem[200];
	struct text why;
	int n;

	keep_label(label, m);
	if (a->devices_n == a->devices_cap) {
		ignore_device(label, "there are too many devices");
		return ERR_OK;
	}
	text_init(&why, mem, sizeof(mem));
	n = member_value(v, m, line, sizeof(line));
	if (n < 0 && n != ERR_RANGE)
		return n;
	if (n == ERR_RANGE)
		ignore_device(label, "its line is too long");
	else if (profile_parse(m->label, span_of(line, (size_t)n),
		     &a->devices[a->devices_n], &why))
		ignore_device(label, mem);
	else
		a->devices_n++;
	return ERR_OK;
}

static int
read_devices(struct access *a, struct text *why)
{
	struct settings_view now = settings_view_now(a->settings);
	char label[KV_KEY_MAX + 1] = "";
	struct settings_member m;
	int more;

	a->devices_n = 0;
	if (!ENABLE_DEVICES)
		return ERR_OK;
	while ((more = next_label(&now, SETTING_DEVICE, label, &m)) > 0) {
		keep_label(label, &m);
		more = read_device(a, &now, &m);
		if (more < 0)
			break;
	}
	if (more < 0)
		text_str(why, "device.*: cannot be read");
	return more;
}

static int
weigh_devices(
    const struct access *a, const struct settings_view *v, struct text *why)
{
	struct settings_view_cursor at = { .in_change = false };
	struct settings_member m;
	uint32_t n = 0;
	int more;

	while ((more = settings_view_next(v, SETTING_DEVICE, &at, &m)) > 0)
		n++;
	if (more < 0 || n <= a->devices_cap)
		return more;
	text_str(why, "device.*: ");
	text_u64(why, n);
	text_str(why, " devices in all; at most ");
	text_u64(why, a->devices_cap);
	return ERR_FULL;
}

int
access_weigh(
    struct access *a, const struct settings_view *coming, struct text *why)
{
	int err = read_rules(a, coming, &a->rules[!a->now], why);

	return err ? err : weigh_devices(a, coming, why);
}

/* The next rules' place serves to try one: it is filled before it is used. */
static int
judge_rule(
    struct access *a, struct span label, struct span value, struct text *why)
{
	struct text rule;

	text_init(&rule, a->text, sizeof(a->text));
	text_span(&rule, label);
	text_str(&rule, ": ");
	text_span(&rule, value);
	text_chr(&rule, '\n');
	return relay_rules_parse(&a->rules[!a->now], text_data(&rule), why);
}

int
access_judge(struct access *a, enum setting id, struct span label,
    struct span value, struct text *why)
{
	if (id == SETTING_RELAY_RULE)
		return judge_rule(a, label, value, why);
	if (ENABLE_DEVICES && id == SETTING_DEVICE)
		return profile_parse(label, value, &a->tried, why);
	return ERR_OK;
}

static void
read_limits(struct access *a)
{
	const struct settings *s = a->settings;
	struct limit_config c = {
		.failures = settings_number(s, SETTING_LIMIT_FAILURES),
		.ban_ms = (int64_t)MINUTE_MS
			  * settings_number(s, SETTING_LIMIT_BAN_MINUTES),
		.bad_recipients =
		    settings_number(s, SETTING_LIMIT_BAD_RECIPIENTS),
		.per_hour = settings_number(s, SETTING_LIMIT_PER_HOUR),
		.per_day = settings_number(s, SETTING_LIMIT_PER_DAY),
		.reserved = settings_number(s, SETTING_NET_RESERVED),
	};

	limit_configure(&a->limit, a->key, &c);
}

/*
 * Rules that can't be read must not keep the server from starting, nor open
 * it: nothing is relayed until they are mended.
 */
static void
close_rules(struct relay_rules *rr)
{
	relay_rules_init(rr);
	memset(rr->permits, 0, sizeof(rr->permits));
}

int
access_configure(struct access *a, int64_t now_ms, struct text *why)
{
	const struct settings *s = a->settings;
	unsigned next = !a->now;
	int err = read_relay(a, &a->rules[next], why);

	if (err && !a->ready) {
		log_event(LOG_ERROR, "access.closed", "why", text_cstr(why), 0);
		close_rules(&a->rules[next]);
		err = ERR_OK;
	}
	if (!err)
		err = read_devices(a, why);
	if (!err)
		err = read_networks(
		    a, SETTING_AUTH_LEGACY_NETWORKS, &a->auth_legacy, why);
	if (!err)
		err = read_networks(
		    a, SETTING_TLS_LEGACY_NETWORKS, &a->tls_legacy, why);
	if (err)
		return err;
	a->now = next;
	a->ready = true;
	grants_configure(&a->grants, a->key,
	    (int64_t)MINUTE_MS
		* settings_number(s, SETTING_RELAY_WINDOW_MINUTES),
	    settings_number(s, SETTING_RELAY_GRANTS_PER_ACCOUNT), now_ms);
	read_limits(a);
	return ERR_OK;
}
