/*
 * control: the API on a local socket, for the command line and LuCI.
 *
 *	curl --unix-socket STATE/control http://localhost/api/v1/status
 *
 * The socket belongs to its owner alone (0600), so whoever can open it may do
 * everything; no passwords, no cookies.  The setting control.socket puts it
 * elsewhere; STATE/control is then a symbolic link to it, so that the command
 * line finds it all the same.  A socket or a link that is taken away while we
 * serve is made anew.
 *
 * Failure: control_open says in one line what is wrong.
 * Tested: tests/e2e/test_api.py.
 */
#ifndef SERVICE_CONTROL_H
#define SERVICE_CONTROL_H

#include "service/api_http.h"
#include "service/listen.h"
#include "service/state.h"

struct control {
	struct participant base;
	struct api_http http;
	struct state *state;
	struct listener *listener;
	char path[FS_PATH_MAX]; /* of the socket, to remove it at the end */
	int watch;		/* descriptor, or an error: none */
	uint64_t is_socket, is_link; /* what watch_which said of our own */
	int64_t look_ms;	     /* look again then; 0: when it is told */
	bool open, told;
};

/*
 * Listen.  `ct->http` has been prepared with api_http_init.  The address must
 * be free: whoever holds the state folder's lock may replace a dead socket.
 * Then `ct->base` may join the loop, which keeps the socket in its place.
 */
int control_open(struct control *ct, struct state *st, struct listeners *ls,
    struct text *why) MUST_CHECK;

/* Remove the socket, so that the command line does not knock in vain. */
void control_close(struct control *ct);

#endif
