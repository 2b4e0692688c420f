/* control: the socket's place and its end; requests are api_http's. */
#include "service/control.h"

#include "platform/net.h"
#include "platform/process.h"

/* Where the socket goes: the setting, or STATE/control by a short path. */
static void
choose_path(struct control *ct, struct span wanted)
{
	struct text t;

	text_init(&t, ct->path, sizeof(ct->path));
	if (wanted.len > 0)
		text_span(&t, wanted);
	else
		process_short_path(ct->state->files.root, STATE_CONTROL, &t);
}

static int
say(struct control *ct, struct span wanted, int err, struct text *why)
{
	if (wanted.len > 0)
		text_span(why, wanted);
	else
		text_str(why, ct->state->folder);
	text_str(why, wanted.len > 0 ? "" : "/" STATE_CONTROL);
	text_str(
	    why, ": the API's socket can't be made here (control.socket): ");
	text_str(why,
	    err == ERR_DENIED && wanted.len == 0
		? "no right to, or the file system has no sockets; `gatepost "
		  "set control.socket=/run/gatepost.sock`"
		: err_text(err));
	return err;
}

int
control_open(struct control *ct, struct state *st, struct listeners *ls,
    struct text *why)
{
	struct span wanted =
	    settings_text(&st->settings, SETTING_CONTROL_SOCKET);
	int fd, err = ERR_OK;

	ct->state = st;
	ct->open = false;
	choose_path(ct, wanted);
	fd = net_listen_unix(ct->path);
	if (fd < 0)
		return say(ct, wanted, fd, why);
	if (wanted.len > 0)
		err = process_point(st->files.root, STATE_CONTROL, ct->path);
	if (!err)
		err = listeners_take(ls, fd, LISTENER_CONTROL, &ct->http.kind);
	if (err) {
		net_close(fd);
		return say(ct, wanted, err, why);
	}
	ct->open = true;
	return ERR_OK;
}

void
control_close(struct control *ct)
{
	if (ct->open)
		process_remove(ct->path);
	ct->open = false;
}
