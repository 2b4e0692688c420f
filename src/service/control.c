/* control: the socket's place and its end; requests are api_http's. */
#include "service/control.h"

#include "core/log.h"
#include "platform/net.h"
#include "platform/process.h"
#include "platform/watch.h"

#define AGAIN_MS 2000 /* something else stands in our place */

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

/* The socket and the link to it: its descriptor, or an error with `why`. */
static int
make_socket(struct control *ct, struct text *why)
{
	struct state *st = ct->state;
	const char *wanted = choose_path(
	    ct, settings_text(&st->settings, SETTING_CONTROL_SOCKET));
	int fd, err = ERR_OK;

	/* our own place: a socket or a link of an earlier start */
	if (wanted == NULL)
		process_remove(ct->path);
	fd = net_listen_unix(ct->path);
	if (fd < 0)
		return say(ct, wanted, fd, why);
	if (wanted != NULL)
		err = process_point(st->files.root, STATE_CONTROL, wanted);
	if (!err)
		return fd;
	net_close(fd);
	return say(ct, wanted, err, why);
}

/* ---- while we serve ---- */

/* STATE/control by a short path: the socket itself, or the link to it. */
static void
link_path(struct control *ct, char out[FS_PATH_MAX])
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	process_short_path((struct process_folder) { ct->state->files.root,
			       ct->state->folder },
	    STATE_CONTROL, &t);
}

static void
watch_names(struct control *ct)
{
	char link[FS_PATH_MAX];

	link_path(ct, link);
	ct->watch = watch_open();
	if (ct->watch < 0)
		return;
	ct->is_socket = watch_add(ct->watch, ct->path);
	ct->is_link = watch_add(ct->watch, link);
}

static bool
is_in_place(struct control *ct)
{
	char link[FS_PATH_MAX];

	link_path(ct, link);
	return watch_which(ct->path) == ct->is_socket
	       && watch_which(link) == ct->is_link;
}

/*
 * Both are made anew.  What is left of the old goes first: to connect to our
 * own socket would look like another program's.
 */
static void
make_again(struct control *ct, int64_t now_ms)
{
	char mem[STATE_WHY];
	struct text why;
	int fd;

	if (ct->listener->fd >= 0)
		net_close(ct->listener->fd);
	if (ct->watch >= 0)
		watch_close(ct->watch);
	text_init(&why, mem, sizeof(mem));
	fd = make_socket(ct, &why);
	ct->listener->fd = fd < 0 ? -1 : fd;
	watch_names(ct);
	ct->look_ms = fd < 0 ? now_ms + AGAIN_MS : 0;
	if (fd >= 0)
		log_event(LOG_INFO, "server.control_again", "state",
		    ct->state->folder, 0);
	else if (!ct->told)
		log_event(LOG_ERROR, "server.no_control", "why", mem, fd);
	ct->told = fd < 0;
}

static void
control_prep(struct participant *me, struct poller *p)
{
	struct control *ct = (struct control *)me;

	if (ct->watch >= 0)
		poller_read(p, ct->watch);
	if (ct->look_ms > 0)
		poller_at(p, ct->look_ms);
}

static void
control_run(struct participant *me, struct poller *p)
{
	struct control *ct = (struct control *)me;
	bool gone = false;

	if (ct->watch >= 0 && poller_can_read(p, ct->watch)) {
		watch_take(ct->watch);
		gone = ct->listener->fd >= 0 && !is_in_place(ct);
	}
	if (gone || (ct->look_ms > 0 && p->now_ms >= ct->look_ms))
		make_again(ct, p->now_ms);
}

int
control_open(struct control *ct, struct state *st, struct listeners *ls,
    struct text *why)
{
	int fd, err;

	ct->base = (struct participant) {
		.name = "control", .prep = control_prep, .run = control_run
	};
	ct->state = st;
	ct->open = ct->told = false;
	ct->look_ms = 0;
	fd = make_socket(ct, why);
	if (fd < 0)
		return fd;
	err = listeners_take(ls, fd, LISTENER_CONTROL, &ct->http.kind);
	if (err) {
		net_close(fd);
		return say(ct, NULL, err, why);
	}
	ct->listener = &ls->table[ls->n - 1];
	watch_names(ct);
	ct->open = true;
	return ERR_OK;
}

void
control_close(struct control *ct)
{
	if (ct->open)
		process_remove(ct->path);
	if (ct->open && ct->watch >= 0)
		watch_close(ct->watch);
	ct->open = false;
}
