/* access_config: the settings of access, read into what the policies use. */
#include "service/access.h"

#include "core/log.h"

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

/* The label that follows `after` in order; false at the end. */
static int
next_label(struct settings *s, enum setting family, const char *after,
    char best[KV_KEY_MAX + 1])
{
	struct kv_cursor at = { 0 };
	struct settings_member m;
	int more;

	best[0] = '\0';
	while ((more = settings_member_next(s, family, &at, &m)) > 0) {
		const char *label = (const char *)m.label.p;

		if (is_before(after, label)
		    && (best[0] == '\0' || is_before(label, best)))
			memcpy(best, label, m.label.len + 1);
	}
	return more < 0 ? more : best[0] != '\0';
}

/* All rules in the order of their labels, one a line. */
static int
collect_rules(struct settings *s, struct text *rules)
{
	char label[KV_KEY_MAX + 1] = "", next[KV_KEY_MAX + 1];
	char line[512];
	int more;

	while ((more = next_label(s, SETTING_RELAY_RULE, label, next)) > 0) {
		int n;

		memcpy(label, next, sizeof(label));
		n = settings_member(
		    s, SETTING_RELAY_RULE, span_str(label), line, sizeof(line));
		if (n < 0)
			return n;
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
read_rules(struct access *a, struct relay_rules *rr, struct text *why)
{
	struct text rules;
	int err;

	text_init(&rules, a->text, sizeof(a->text));
	err = a->settings->kv == NULL ? 0 : collect_rules(a->settings, &rules);
	if (err < 0) {
		text_str(why, "relay.rule.*: cannot be read");
		return err;
	}
	if (rules.cut) {
		text_str(why, "relay.rule.*: the rules are too long");
		return ERR_FULL;
	}
	return relay_rules_parse(rr, text_data(&rules), why);
}

static int
read_relay(struct access *a, struct relay_rules *rr, struct text *why)
{
	int err;

	relay_rules_init(rr);
	read_permits(a, rr);
	err = read_networks(a, SETTING_RELAY_NETWORKS, &rr->inside, why);
	if (!err)
		err = read_networks(
		    a, SETTING_RELAY_RETRY_NETWORKS, &rr->retry, why);
	return err ? err : read_rules(a, rr, why);
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
read_device(struct access *a, const char *label)
{
	char line[PROFILE_TEXT + 1], mem[200];
	struct text why;
	int n;

	if (a->devices_n == a->devices_cap) {
		ignore_device(label, "there are too many devices");
		return ERR_OK;
	}
	text_init(&why, mem, sizeof(mem));
	n = settings_member(
	    a->settings, SETTING_DEVICE, span_str(label), line, sizeof(line));
	if (n < 0 && n != ERR_RANGE)
		return n;
	if (n == ERR_RANGE)
		ignore_device(label, "its line is too long");
	else if (profile_parse(span_str(label), span_of(line, (size_t)n),
		     &a->devices[a->devices_n], &why))
		ignore_device(label, mem);
	else
		a->devices_n++;
	return ERR_OK;
}

static int
read_devices(struct access *a, struct text *why)
{
	char label[KV_KEY_MAX + 1] = "", next[KV_KEY_MAX + 1];
	int more = 0;

	a->devices_n = 0;
	while (a->settings->kv != NULL
	       && (more = next_label(a->settings, SETTING_DEVICE, label, next))
		      > 0) {
		memcpy(label, next, sizeof(label));
		more = read_device(a, label);
		if (more < 0)
			break;
	}
	if (more < 0)
		text_str(why, "device.*: cannot be read");
	return more;
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
access_judge(void *access, enum setting id, struct span label,
    struct span value, struct text *why)
{
	struct access *a = access;

	if (id == SETTING_RELAY_RULE)
		return judge_rule(a, label, value, why);
	if (id == SETTING_DEVICE)
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

/* The private ranges and the owner's own networks. */
static int
read_local(struct access *a, struct text *why)
{
	struct networks own;
	int err = read_networks(a, SETTING_RELAY_NETWORKS, &own, why);

	a->local.n = 0;
	if (!err)
		err = networks_add(&a->local, SPAN("lan"));
	for (unsigned i = 0; i < own.n && a->local.n < NETWORKS_MAX; i++)
		a->local.table[a->local.n++] = own.table[i];
	return err;
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
		err = read_local(a, why);
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
