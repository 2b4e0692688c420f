/* api_access: see the header. */
#include "service/api_access.h"

#include "core/log.h"
#include "platform/clock.h"

static void
write_address(struct json_out *o, const uint8_t ip[16])
{
	struct net_addr addr = { .port = 0 };
	char text[NET_ADDR_TEXT];

	memcpy(addr.ip, ip, sizeof(addr.ip));
	net_addr_text(&addr, text);
	json_cstr(o, "address", text);
}

static void
write_grant(struct json_out *o, const struct api_access *aa,
    const struct grant *g, int64_t now_ms)
{
	static const char *const how[] = { [GRANT_NONE] = "none",
		[GRANT_CLEAR] = "clear",
		[GRANT_CHALLENGE] = "challenge",
		[GRANT_TLS] = "tls" };
	const struct account *a = accounts_by_id(aa->accounts, g->account);

	json_object(o, NULL);
	write_address(o, g->ip);
	json_str(o, "account", a == NULL ? SPAN("") : account_name(a));
	json_cstr(o, "how", how[g->how]);
	json_i64(o, "age_s", (now_ms - g->made_ms) / 1000);
	json_i64(
	    o, "left_s", grants_left_ms(&aa->access->grants, g, now_ms) / 1000);
	json_end(o);
}

/* The list's head comes with its first part. */
static void
begin_list(struct api_call *c, const char *name)
{
	if (c->state.bytes[0])
		return;
	c->state.bytes[0] = 1;
	json_object(&c->json, NULL);
	json_array(&c->json, name);
}

static enum api_result
end_list(struct api_call *c)
{
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
grants_show(struct api_call *c)
{
	struct api_access *aa = c->context;
	int64_t now_ms = clock_mono_ms();
	uint32_t at = (uint32_t)c->cursor;
	const struct grant *g = grants_next(&aa->access->grants, &at, now_ms);

	begin_list(c, "grants");
	c->cursor = at;
	if (g == NULL)
		return end_list(c);
	write_grant(&c->json, aa, g, now_ms);
	return API_MORE;
}

static enum api_result
grants_revoke(struct api_call *c)
{
	struct api_access *aa = c->context;
	const struct account *a = accounts_find(aa->accounts, c->arg[0]);
	struct net_addr addr;
	struct log_line l;
	unsigned n;

	if (a != NULL)
		n = grants_revoke_account(&aa->access->grants, a->id);
	else if (!net_addr_parse(c->arg[0], &addr))
		n = grants_revoke_ip(&aa->access->grants, addr.ip);
	else
		return api_refuse(c, 404,
		    "this is neither an account nor an address: "
		    "`gatepost grants list` shows what there is");
	log_begin(&l, LOG_INFO, "grant.revoked");
	log_span(&l, "what", c->arg[0]);
	log_u64(&l, "n", n);
	log_end(&l);
	json_object(&c->json, NULL);
	json_u64(&c->json, "revoked", n);
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
bans_show(struct api_call *c)
{
	struct api_access *aa = c->context;
	int64_t now_ms = clock_mono_ms();
	uint32_t at = (uint32_t)c->cursor;
	const struct limit_place *p =
	    limit_next_ban(&aa->access->limit, &at, now_ms);

	begin_list(c, "bans");
	c->cursor = at;
	if (p == NULL)
		return end_list(c);
	json_object(&c->json, NULL);
	write_address(&c->json, p->key);
	json_i64(&c->json, "left_s", (p->banned_ms - now_ms) / 1000);
	json_end(&c->json);
	return API_MORE;
}

static enum api_result
bans_lift(struct api_call *c)
{
	struct api_access *aa = c->context;
	struct net_addr addr;

	if (net_addr_parse(c->arg[0], &addr)
	    || !limit_unban(&aa->access->limit, addr.ip, clock_mono_ms()))
		return api_refuse(c, 404,
		    "this address is not shut out: `gatepost bans list` shows "
		    "who is");
	return api_ok(c);
}

/* ---- what would be decided ---- */

static int
take_path(struct api_call *c, const struct json *j, const char *key, char *mem,
    struct addr *out)
{
	struct text t;
	struct span rest;

	text_init(&t, mem, ADDR_TEXT_MAX + 1);
	if (api_body_text(c, j, key, &t)) {
		(void)api_refuse(c, 400, "give \"from\", \"to\", \"client\"");
		return ERR_SYNTAX;
	}
	rest = text_data(&t);
	/* the null sender, as it stands in MAIL */
	if (span_is(rest, SPAN("<>")) && !strcmp(key, "from"))
		rest = SPAN("");
	*out = (struct addr) { .null = rest.len == 0 };
	if (rest.len == 0 || !addr_parse(rest, ADDR_ALLOW_UTF8, out))
		return ERR_OK;
	(void)api_refuse(
	    c, 400, "\"from\" and \"to\" are addresses like anna@example.org");
	return ERR_SYNTAX;
}

static int
take_client(struct api_call *c, const struct json *j, struct api_may *m)
{
	struct text t;

	text_init(&t, m->word, sizeof(m->word));
	if (!api_body_text(c, j, "client", &t)
	    && !net_addr_parse(text_data(&t), &m->client.addr))
		return ERR_OK;
	(void)api_refuse(c, 400, "\"client\" is an IP address like 192.0.2.7");
	return ERR_SYNTAX;
}

static int
take_auth(struct api_call *c, const struct json *j, struct api_may *m)
{
	const struct api_access *aa = c->context;
	const struct account *a;
	struct text t;
	int err;

	text_init(&t, m->word, sizeof(m->word));
	err = api_body_text(c, j, "auth", &t);
	if (err == ERR_MISSING)
		return ERR_OK;
	a = err ? NULL : accounts_find(aa->accounts, text_data(&t));
	if (a == NULL) {
		(void)api_refuse(c, 404, "\"auth\": there is no such account");
		return ERR_SYNTAX;
	}
	m->client.account = a->id;
	return ERR_OK;
}

static int
take_listener(struct api_call *c, const struct json *j, struct api_may *m)
{
	static const char *const names[RELAY_LISTENERS] = { "smtp",
		"submission", "smtps" };
	struct text t;
	int err;

	text_init(&t, m->word, sizeof(m->word));
	err = api_body_text(c, j, "listener", &t);
	if (err == ERR_MISSING)
		return ERR_OK;
	for (unsigned i = 0; !err && i < RELAY_LISTENERS; i++) {
		if (!strcmp(m->word, names[i])) {
			m->client.listener = (enum relay_listener)i;
			return ERR_OK;
		}
	}
	(void)api_refuse(c, 400, "\"listener\" is smtp, submission or smtps");
	return ERR_SYNTAX;
}

static void
write_decision(struct json_out *o, const struct relay_answer *a)
{
	static const char *const verdicts[] = { [RELAY_PERMIT] = "permit",
		[RELAY_REFUSE] = "refuse",
		[RELAY_LATER] = "later" };

	json_object(o, NULL);
	json_cstr(o, "verdict", verdicts[a->verdict]);
	json_str(o, "rule", a->rule);
	json_str(o, "rule_text", a->rule_text);
	json_cstr(o, "by", access_basis_name(a->basis));
	json_u64(o, "code", a->code);
	json_cstr(o, "text", a->text);
	json_end(o);
}

static bool
is_ours(const struct api_access *aa, const struct addr *a)
{
	return a->domain.len > 0 && directory_is_ours(aa->directory, a->domain);
}

static enum api_result
decision(struct api_call *c)
{
	struct api_access *aa = c->context;
	struct api_may *m = &aa->may;
	struct relay_answer answer;
	struct json j;

	*m = (struct api_may) { .client = { .listener = RELAY_SMTP } };
	if (api_body(c, &j, "from to client auth listener")
	    || take_path(c, &j, "from", m->from, &m->from_addr)
	    || take_path(c, &j, "to", m->to, &m->to_addr)
	    || take_client(c, &j, m) || take_auth(c, &j, m)
	    || take_listener(c, &j, m))
		return API_DONE;
	m->q.from = &m->from_addr;
	m->q.from_own = is_ours(aa, &m->from_addr);
	m->q.to = &m->to_addr;
	m->q.to_local = is_ours(aa, &m->to_addr);
	(void)access_may(
	    aa->access, &m->client, &m->q, clock_mono_ms(), &answer);
	write_decision(&c->json, &answer);
	return API_DONE;
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/grants", grants_show },
	{ HTTP_DELETE, "/grants/{what}", grants_revoke },
	{ HTTP_GET, "/bans", bans_show },
	{ HTTP_DELETE, "/bans/{address}", bans_lift },
	{ HTTP_POST, "/relay/decision", decision },
};

static const struct api_table table = API_TABLE(routes);

void
api_access_offer(struct api *api, struct api_access *aa)
{
	api_add(api, &table, aa);
}
