/* control: the socket's place and its end; requests are api_http's. */
#include "service/control.h"

#include "platform/net.h"
#include "platform/process.h"

/*
 * Where the socket goes: the setting, or STATE/control by a short path.  As
 * with all files, what does not begin with a slash lies in the state folder.
 * The setting's text, terminated, is the end of it; NULL: none.
 */
static const char *
choose_path(struct control *ct, struct span wanted)
{
	struct text t;

	text_init(&t, ct->path, sizeof(ct->path));
	if (wanted.len == 0 || wanted.p[0] != '/')
		process_short_path(
		    (struct process_folder) {
			ct->state->files.root, ct->state->folder },
		    "", &t);
	if (wanted.len == 0 || span_is(wanted, SPAN(STATE_CONTROL))) {
		text_str(&t, STATE_CONTROL);
		return NULL;
	}
	text_span(&t, wanted);
	return ct->path + t.len - wanted.len;
}

static const char *
words_of(int err)
{
	switch (err) {
	case ERR_EXISTS:
		return "something else is there; remove it, or name another "
		       "place";
	case ERR_BUSY:
		return "another program listens there; name another place";
	case ERR_MISSING:
		return "its folder does not exist";
	default:
		return err_text(err);
	}
}

static int
say(struct control *ct, const char *wanted, int err, struct text *why)
{
	text_str(why, wanted != NULL ? wanted : ct->state->folder);
	text_str(why, wanted != NULL ? "" : "/" STATE_CONTROL);
	text_str(
	    why, ": the API's socket can't be made here (control.socket): ");
	text_str(why,
	    err == ERR_DENIED && wanted == NULL
		? "no right to, or the file system has no sockets; `gatepost "
		  "set control.socket=/run/gatepost.sock`"
		: words_of(err));
	return err;
}

int
control_open(struct control *ct, struct state *st, struct listeners *ls,
    struct text *why)
{
	const char *wanted;
	int fd, err = ERR_OK;

	ct->state = st;
	ct->open = false;
	wanted = choose_path(
	    ct, settings_text(&st->settings, SETTING_CONTROL_SOCKET));
	/* our own place: a socket or a link of an earlier start */
	if (wanted == NULL)
		process_remove(ct->path);
	fd = net_listen_unix(ct->path);
	if (fd < 0)
		return say(ct, wanted, fd, why);
	if (wanted != NULL)
		err = process_point(st->files.root, STATE_CONTROL, wanted);
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
