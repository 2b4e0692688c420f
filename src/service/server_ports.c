/* server_ports: one row per listener setting. */
#include "service/server_ports.h"

#include "config.h"

#include "core/log.h"

struct port {
	enum setting setting;
	enum listener_role role;
	const struct conn_kind *kind;
};

static void
explain(struct text *why, const struct port *port, struct span at, int err)
{
	text_str(why, settings_schema[port->setting].key);
	text_str(why, "=");
	text_span(why, at);
	switch (err) {
	case ERR_BUSY:
		text_str(why, ": another program listens there already");
		break;
	case ERR_DENIED:
		text_str(why, ": ports below 1024 need root at the start");
		break;
	case ERR_MISSING:
		text_str(why, ": this machine does not have that address");
		break;
	case ERR_FULL:
		text_str(why, ": too many listeners");
		break;
	default:
		text_str(why, ": ");
		text_str(why, err_text(err));
		break;
	}
}

static void
log_port(const struct listeners *ls)
{
	const struct listener *l = &ls->table[ls->n - 1];
	char text[NET_ADDR_TEXT];
	struct log_line line;

	net_addr_text(&l->local, text);
	log_begin(&line, LOG_INFO, "server.listening");
	log_str(&line, "listener", listener_name(l->role));
	log_str(&line, "address", text);
	log_u64(&line, "port", l->local.port);
	log_end(&line);
}

static int
open_port(struct server *sv, const struct port *port, struct text *why)
{
	struct span rest = settings_text(&sv->state->settings, port->setting);
	struct span at;

	if (span_is(rest, SPAN("off")) || rest.len == 0)
		return ERR_OK;
	if (port->setting >= SETTING_LISTEN_HTTP) {
		log_event(LOG_WARN, "server.no_page", "ignored",
		    settings_schema[port->setting].key, 0);
		return ERR_OK;
	}
	if (port->kind == NULL) {
		text_str(why, settings_schema[port->setting].key);
		text_str(why, ": this build has no POP3; set it to off");
		return ERR_UNSUPPORTED;
	}
	while (span_next(&rest, ',', &at)) {
		int err = listeners_add(
		    &sv->listeners, span_trim(at), port->role, port->kind);

		if (err) {
			explain(why, port, at, err);
			return err;
		}
		log_port(&sv->listeners);
	}
	return ERR_OK;
}

int
server_ports_open(struct server *sv, struct text *why)
{
	const struct conn_kind *smtp = &sv->submit.kind;
	const struct conn_kind *pop3 = ENABLE_POP3 ? &sv->collect.kind : NULL;
	const struct port ports[] = {
		{ SETTING_LISTEN_SMTP, LISTENER_SMTP, smtp },
		{ SETTING_LISTEN_SUBMISSION, LISTENER_SUBMISSION, smtp },
		{ SETTING_LISTEN_SMTPS, LISTENER_SMTPS, smtp },
		{ SETTING_LISTEN_POP3, LISTENER_POP3, pop3 },
		{ SETTING_LISTEN_POP3S, LISTENER_POP3S, pop3 },
		{ .setting = SETTING_LISTEN_HTTP },
		{ .setting = SETTING_LISTEN_HTTPS },
	};

	if (!sv->state->is_set_up) {
		log_event(LOG_WARN, "server.not_set_up", "try",
		    "nothing listens until gatepost init has run", 0);
		return ERR_OK;
	}
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		int err = open_port(sv, &ports[i], why);

		if (err)
			return err;
	}
	if (sv->listeners.n == 0)
		log_event(LOG_WARN, "server.no_listener", "try",
		    "gatepost set listen.smtp=*:25, and a restart", 0);
	access_mark(&sv->access, sv->listeners.table, sv->listeners.n);
	return ERR_OK;
}
