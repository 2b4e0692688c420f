/* admin: putting the API's parts together. */
#include "service/admin.h"

#include "core/log.h"
#include "service/api_backup.h"
#include "service/api_settings.h"
#include "service/api_signatures.h"
#include "service/api_users.h"
#include "service/parts.h"

static void
collect_stats(struct admin *ad, struct server *sv)
{
	struct stats *st = &ad->stats;

	stats_init(st);
	for (unsigned i = 0; i < SERVER_POOLS; i++)
		stats_pool(st, &sv->pools[i]);
	stats_pool(st, &ad->sessions);
	stats_pool(st, &ad->areas);
	stats_counter(st, "loop.turns", &sv->loop.turns);
	stats_counter(st, "listen.refused", &sv->listeners.refused);
	stats_counter(st, "smtp.accepted", &sv->submit.accepted);
	stats_counter(st, "smtp.not_stored", &sv->submit.refused);
	stats_counter(st, "smtp.octets", &sv->submit.octets);
	stats_counter(st, "spool.barriers", &sv->spool.barriers);
	stats_counter(st, "spool.file_syncs", &sv->spool.file_syncs);
	stats_counter(st, "spool.folder_syncs", &sv->spool.folder_syncs);
	stats_counter(st, "spool.slowest_us", &sv->submit.slowest_barrier_us);
	stats_counter(st, "auth.accepted", &sv->auth.accepted);
	stats_counter(st, "auth.failed", &sv->auth.failed);
	stats_counter(st, "auth.refused", &sv->auth.refused);
	stats_counter(st, "auth.slowest_us", &sv->auth.slowest_us);
	stats_counter(st, "relay.delivered", &sv->sending.relayd.delivered);
	stats_counter(st, "relay.deferred", &sv->sending.relayd.deferred);
	stats_counter(st, "relay.failed", &sv->sending.relayd.failed);
	stats_counter(
	    st, "relay.login_refused", &sv->sending.relayd.login.refused);
	stats_counter(st, "scan.done", &sv->scanner.scanned);
	stats_counter(st, "scan.found", &sv->scanner.found);
	stats_counter(st, "scan.flawed", &sv->scanner.flawed);
	stats_counter(st, "scan.failed", &sv->scanner.failed);
	stats_counter(st, "scan.moved", &sv->scanner.moved);
	stats_counter(st, "scan.waiting", &sv->scanner.waiting);
	stats_counter(st, "scan.workers", &sv->scanner.workers);
	stats_counter(st, "scan.keepers", &sv->scanner.keepers);
	stats_counter(st, "clamd.asked", &sv->clamd.asked);
	stats_counter(st, "clamd.found", &sv->clamd.found);
	stats_counter(st, "clamd.failed", &sv->clamd.failed);
	stats_counter(st, "queue.damaged", &sv->sending.queue.damaged);
	stats_counter(
	    st, "quarantine.damaged", &sv->sending.quarantine.damaged);
	stats_counter(
	    st, "quarantine.expired", &sv->sending.quarantine.expired);
	stats_counter(st, "quarantine.octets", &sv->sending.quarantine.octets);
	stats_counter(st, "warning.sent", &sv->sending.warning.sent);
	stats_counter(
	    st, "warning.suppressed", &sv->sending.warning.suppressed);
	access_stats(&sv->access, st);
	stats_counter(st, "api.calls", &ad->api.calls);
	stats_counter(st, "api.refusals", &ad->api.refusals);
}

static void
offer_all(struct admin *ad, struct server *sv)
{
	api_init(&ad->api);
	ad->api.tls = &sv->tls;
	api_users_offer(&ad->api, sv->state);
	api_backup_offer(&ad->api, sv->state);
	if (ENABLE_SCAN_WORKER)
		api_signatures_offer(&ad->api, sv->state);
	api_settings_offer(&ad->api, sv->state);
	ad->status = (struct api_status) {
		.state = sv->state,
		.listeners = &sv->listeners,
		.stats = &ad->stats,
		.started_ms = sv->started_ms,
	};
	api_status_offer(&ad->api, &ad->status);
	ad->queue.queue = &sv->sending.queue;
	ad->queue.relayd = &sv->sending.relayd;
	ad->queue.state = sv->state;
	if (ENABLE_RELAY)
		api_queue_offer(&ad->api, &ad->queue);
	ad->quarantine.state = sv->state;
	ad->quarantine.sending = &sv->sending;
	ad->quarantine.queue = &ad->queue;
	ad->quarantine.running = true;
	if (HAS_VERDICTS)
		api_quarantine_offer(&ad->api, &ad->quarantine);
	ad->access = (struct api_access) {
		.access = &sv->access,
		.accounts = &sv->state->accounts,
		.directory = &sv->sending.directory,
	};
	api_access_offer(&ad->api, &ad->access);
	ad->dkim = (struct api_dkim) { sv->state, &sv->sending.signer };
	if (ENABLE_DKIM)
		api_dkim_offer(&ad->api, &ad->dkim);
}

int
admin_open(struct admin *ad, struct server *sv, const struct admin_memory *m,
    struct text *why)
{
	int err;

	pool_init(&ad->sessions, "api", m->sessions,
	    POOL_SIZE(struct api_session), m->n);
	pool_init(&ad->areas, "api.long", m->area, m->area_octets, 1);
	offer_all(ad, sv);
	collect_stats(ad, sv);
	api_http_init(&ad->control.http, &ad->api, &ad->sessions, &ad->areas,
	    m->area_octets, m->piece);
	err = control_open(&ad->control, sv->state, &sv->listeners, why);
	if (err)
		return err;
	loop_join(&sv->loop, &ad->control.base);
	log_event(LOG_INFO, "server.control", "state", sv->state->folder, 0);
	return ERR_OK;
}

void
admin_close(struct admin *ad)
{
	control_close(&ad->control);
}
