/*
 * server: puts the parts together.
 *
 * Deliberately not here: what any part does, and where its memory comes from.
 */
#include "service/server.h"

#include "config.h"

#include <unistd.h>

#include "core/log.h"
#include "core/zero.h"
#include "platform/area.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/process.h"
#include "platform/sandbox.h"
#include "platform/signals.h"
#include "service/judge.h"
#include "service/server_config.h"
#include "service/server_ports.h"

#define END_MS 5000 /* how long clients get to read their 421 */

static void
watch_prep(struct participant *me, struct poller *p)
{
	struct server_watch *w = (struct server_watch *)me;

	poller_read(p, w->fd);
	if (w->last_ms != 0)
		poller_at(p, w->last_ms);
}

static void
watch_run(struct participant *me, struct poller *p)
{
	struct server_watch *w = (struct server_watch *)me;
	unsigned got;

	if (!poller_can_read(p, w->fd))
		return;
	got = signals_take();
	w->stop |= (got & SIGNALS_STOP) != 0;
	w->reload |= (got & SIGNALS_RELOAD) != 0;
}

static int
open_watch(struct server *sv, struct text *why)
{
	int fd = signals_open();

	if (fd < 0) {
		text_str(why, "no descriptors left: raise the limit");
		return fd;
	}
	sv->watch = (struct server_watch) {
		.base = { .name = "watch",
		    .prep = watch_prep,
		    .run = watch_run },
		.fd = fd,
	};
	return ERR_OK;
}

static void
open_pools(struct server *sv, const struct server_memory *m)
{
	for (unsigned i = 0; i < SERVER_POOLS; i++) {
		const struct server_area *a = &m->pools[i];

		pool_init(&sv->pools[i], a->name, a->mem, a->size, a->n);
	}
}

static int
open_ids(struct server *sv, struct text *why)
{
	uint8_t boot[MAILBOX_BOOT_LEN];
	int err = entropy_fill(boot, sizeof(boot));

	if (err)
		text_str(why, "the system has no random numbers");
	else
		mailbox_ids_init(
		    &sv->ids, (uint32_t)getpid(), boot, span_str(sv->host));
	return err;
}

static int
open_auth(struct server *sv, const struct server_memory *m, struct text *why)
{
	int err =
	    auth_init(&sv->auth, &sv->state->accounts, &sv->pools[SERVER_AUTH],
		m->seen, m->seen_n, &sv->state->settings.seal);

	if (err)
		text_str(why, "the system has no random numbers");
	return err;
}

static int
open_services(
    struct server *sv, const struct server_memory *m, struct text *why)
{
	struct pool *p = sv->pools;
	int err;

	conns_init(&sv->conns, &p[SERVER_CONNS], &p[SERVER_WINDOWS],
	    &p[SERVER_BIGS], &p[SERVER_TLS]);
	listeners_init(&sv->listeners, &sv->conns);
	err = access_init(&sv->access, &sv->state->settings, &m->access);
	if (err) {
		text_str(why, "the system has no random numbers");
		return err;
	}
	err = open_auth(sv, m, why);
	if (err)
		return err;
	judge_settings(&sv->access);
	access_connect_auth(&sv->access, &sv->auth);
	sv->listeners.access = &sv->access;
	sending_init(&sv->sending, &(struct sending_parts) {
				       .state = sv->state,
				       .spool = &sv->spool,
				   });
	submit_init(&sv->submit, &(struct submit_parts) {
				     .sessions = &p[SERVER_SMTP],
				     .txns = &p[SERVER_TXNS],
				     .spool = &sv->spool,
				     .accounts = &sv->state->accounts,
				     .auth = &sv->auth,
				     .access = &sv->access,
				     .scanner = &sv->scanner,
				     .clamd = &sv->clamd,
				     .deliver = &sv->sending.deliver,
				 });
	if (!ENABLE_POP3)
		return ERR_OK;
	collect_init(&sv->collect, &sv->state->files.fs, &sv->auth,
	    &(struct collect_memory) {
		.sessions = &p[SERVER_POP3],
		.drops = &p[SERVER_DROPS],
		.work = m->drop_work,
		.logged_in_ms = m->logged_in_ms,
	    });
	return ERR_OK;
}

static void
shed(void *ctx)
{
	struct maildrops *m = &((struct server *)ctx)->collect.drops;

	if (ENABLE_POP3 && maildrops_let_go(m))
		area_forget(m->work, sizeof(*m->work));
}

/* The order of joining is the order within a turn: see loop.h. */
static void
join_all(struct server *sv)
{
	loop_init(&sv->loop);
	loop_join(&sv->loop, &sv->watch.base);
	loop_join(&sv->loop, &sv->listeners.base);
	loop_join(&sv->loop, &sv->auth.base);
	if (ENABLE_SCAN_WORKER)
		loop_join(&sv->loop, &sv->scanner.base);
	if (ENABLE_CLAMD)
		loop_join(&sv->loop, &sv->clamd.base);
	loop_join(&sv->loop, &sv->conns.base);
	loop_join(&sv->loop, &sv->submit.base);
	sending_join(&sv->sending, &sv->loop);
	quiet_init(&sv->quiet, shed, sv);
	loop_join(&sv->loop, &sv->quiet.base);
}

/* Root's rights were needed for the ports; from here on nobody has them. */
static int
drop_rights(struct server *sv, struct text *why)
{
	int err = process_become_owner(sv->state->folder);

	if (err) {
		text_str(why, "cannot become the owner of ");
		text_str(why, sv->state->folder);
	} else if (sandbox_shield()) {
		log_event(LOG_INFO, "server.no_filter", NULL, NULL, 0);
	}
	return err;
}

int
server_open(struct server *sv, struct state *st, const struct server_memory *m,
    int keeper, struct text *why)
{
	int err;

	zero_fill(sv, sizeof(*sv));
	sv->state = st;
	sv->started_ms = clock_mono_ms();
	if (ENABLE_SCAN_WORKER)
		scanner_init(&sv->scanner, &st->files.fs, keeper);
	if (ENABLE_CLAMD)
		clamd_init(&sv->clamd, &st->files.fs);
	open_pools(sv, m);
	err = open_watch(sv, why);
	if (!err)
		err = server_configure_host(sv, why); /* ids begin with it */
	if (!err)
		err = open_ids(sv, why);
	if (!err)
		err = open_services(sv, m, why);
	if (!err)
		err = server_configure(sv, why);
	if (!err)
		err = server_configure_tls(sv, m, why);
	if (!err)
		err = server_ports_open(sv, why);
	if (!err)
		err = drop_rights(sv, why);
	if (!err)
		err = server_configure_spool(sv, why);
	if (!err)
		err = server_configure_sending(sv, m, why);
	if (!err)
		join_all(sv);
	return err;
}

static void
reload(struct server *sv)
{
	char mem[STATE_WHY];
	struct text why;
	int err;

	text_init(&why, mem, sizeof(mem));
	err = settings_load(&sv->state->settings, NULL);
	if (!err)
		err = server_configure(sv, &why);
	if (!err)
		err = server_renew_tls(sv, &why);
	log_event(err ? LOG_ERROR : LOG_INFO, "server.reload",
	    why.len > 0 ? "why" : NULL, mem, err);
}

/* Something in the settings has changed: by SIGHUP or through the API. */
static void
follow_settings(struct server *sv)
{
	char mem[STATE_WHY];
	struct text why;

	if (sv->watch.reload) {
		sv->watch.reload = false;
		reload(sv);
	}
	if (sv->generation == sv->state->settings.generation)
		return;
	text_init(&why, mem, sizeof(mem));
	if (server_configure(sv, &why))
		log_event(LOG_ERROR, "server.settings", "why", mem, 0);
}

static void
end(struct server *sv)
{
	sv->watch.last_ms = clock_mono_ms() + END_MS;
	log_event(LOG_INFO, "server.stopping", NULL, NULL, 0);
	listeners_close(&sv->listeners);
	while (sv->conns.list != NULL && clock_mono_ms() < sv->watch.last_ms) {
		conns_stop(&sv->conns);
		loop_turn(&sv->loop);
	}
	submit_end(&sv->submit);
	sending_close(&sv->sending);
	if (ENABLE_SCAN_WORKER)
		scanner_close(&sv->scanner);
	clamd_close(&sv->clamd);
	net_close(sv->watch.fd);
	log_event(LOG_INFO, "server.stopped", NULL, NULL, 0);
}

void
server_run(struct server *sv)
{
	while (!sv->watch.stop) {
		loop_turn(&sv->loop);
		follow_settings(sv);
	}
	end(sv);
}
