/* api_status: see the header. */
#include "service/api_status.h"

#include "platform/clock.h"
#include "platform/net.h"
#include "service/version.h"

/* The parts of the answer, one piece each. */
enum part { PART_HEAD, PART_LISTENERS, PART_POOLS, PART_COUNTERS };

static void
write_head(struct json_out *o, const struct api_status *st)
{
	const struct state *s = st->state;

	json_object(o, NULL);
	json_cstr(o, "version", GATEPOST_VERSION);
	json_bool(o, "running", st->listeners != NULL);
	if (st->listeners != NULL)
		json_u64(o, "uptime_s",
		    (uint64_t)(clock_mono_ms() - st->started_ms) / 1000);
	json_cstr(o, "state", s->folder);
	json_bool(o, "set_up", s->is_set_up);
	json_str(o, "host", settings_text(&s->settings, SETTING_HOST_NAME));
	json_u64(o, "accounts", s->accounts.count);
	json_u64(o, "unreadable_settings", s->bad);
	json_u64(o, "unreadable_accounts", s->bad_accounts);
}

static void
write_listener(struct json_out *o, const struct listener *l)
{
	char mem[NET_ADDR_TEXT + 8], ip[NET_ADDR_TEXT];
	struct text t;
	bool v6 = !net_is_v4(&l->local);

	if (l->fd < 0 || l->role == LISTENER_CONTROL)
		return;
	net_addr_text(&l->local, ip);
	text_init(&t, mem, sizeof(mem));
	text_str(&t, v6 ? "[" : "");
	text_str(&t, ip);
	text_str(&t, v6 ? "]:" : ":");
	text_u64(&t, l->local.port);
	json_object(o, NULL);
	json_cstr(o, "role", listener_name(l->role));
	json_cstr(o, "address", mem);
	json_bool(o, "tls", l->tls_first);
	json_bool(o, "legacy", l->old_tls || l->plain_auth);
	json_end(o);
}

static void
write_listeners(struct json_out *o, const struct api_status *st)
{
	json_array(o, "listeners");
	for (unsigned i = 0; st->listeners != NULL && i < st->listeners->n; i++)
		write_listener(o, &st->listeners->table[i]);
	json_end(o);
}

static void
write_pools(struct json_out *o, const struct stats *stats)
{
	json_array(o, "pools");
	for (unsigned i = 0; stats != NULL && i < stats->n_pools; i++) {
		const struct pool *p = stats->pools[i];

		json_object(o, NULL);
		json_cstr(o, "name", p->name);
		json_u64(o, "used", p->used);
		json_u64(o, "high", p->high);
		json_u64(o, "size", p->cap);
		json_u64(o, "refused", p->refused);
		json_end(o);
	}
	json_end(o);
}

static void
write_counters(struct json_out *o, const struct stats *stats)
{
	json_object(o, "counters");
	for (unsigned i = 0; stats != NULL && i < stats->n_counters; i++)
		json_u64(o, stats->counters[i].name, *stats->counters[i].value);
	json_end(o);
	json_end(o);
}

static enum api_result
show(struct api_call *c)
{
	const struct api_status *st = c->context;

	switch ((enum part)c->cursor++) {
	case PART_HEAD:
		write_head(&c->json, st);
		return API_MORE;
	case PART_LISTENERS:
		write_listeners(&c->json, st);
		return API_MORE;
	case PART_POOLS:
		write_pools(&c->json, st->stats);
		return API_MORE;
	case PART_COUNTERS:
	default:
		write_counters(&c->json, st->stats);
		return API_DONE;
	}
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/status", show },
};

static const struct api_table table = API_TABLE(routes);

void
api_status_offer(struct api *api, struct api_status *status)
{
	api_add(api, &table, status);
}
