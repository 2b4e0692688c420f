/* test_conn: the end of a connection, with a session that does as it is told.
 */
#include "support/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "service/conn.h"
#include "service/listener.h"

#define PHASE_S 10

POOL_MEMORY(conn_memory, struct conn, 2);
POOL_MEMORY(window_memory, uint8_t[CONN_WINDOW], 4);

static struct pool conn_pool, windows, none;
static struct conns conns;
static struct poller poller;
static enum want wish;
static bool answered; /* the service knows the answer */
static int peer;

static enum want
want(const void *s)
{
	(void)s;
	return wish;
}

/* Every line is a question; its answer ends the session. */
static void
line(void *s, struct span text, enum line_flaw flaw, struct buf *out)
{
	(void)s;
	(void)text;
	(void)flaw;
	(void)out;
	wish = WANT_ANSWER;
}

static void
stop(void *s, enum session_stop why, struct buf *out)
{
	(void)s;
	(void)why;
	assert_true(buf_put(out, SPAN("bye\r\n")));
	wish = WANT_CLOSE;
}

static unsigned
phase(const void *s)
{
	(void)s;
	return 0;
}

static unsigned
phase_seconds(const void *s)
{
	(void)s;
	return PHASE_S;
}

static const struct session_ops ops = {
	.name = "test",
	.line_max = 100,
	.want = want,
	.line = line,
	.stop = stop,
	.phase = phase,
	.phase_seconds = phase_seconds,
};

static int
open_session(struct conn *c)
{
	c->session = &wish;
	return ERR_OK;
}

static void
request(struct conn *c)
{
	if (!answered)
		return;
	assert_true(buf_put(&c->out, SPAN("yes\r\n")));
	wish = WANT_CLOSE;
}

static void
close_session(struct conn *c)
{
	c->session = NULL;
}

static const struct conn_kind kind = {
	.ops = &ops,
	.open = open_session,
	.request = request,
	.close = close_session,
};

static const struct listener listener = { .kind = &kind };

/* One turn at this time; what the client sent is there. */
static void
turn(int64_t now_ms)
{
	poller_begin(&poller, now_ms);
	conns.base.prep(&conns.base, &poller);
	assert_int_equal(poller_wait(&poller), 0);
	poller.now_ms = now_ms;
	conns.base.run(&conns.base, &poller);
}

static void
begin(enum want first)
{
	static const struct net_addr from;
	int fds[2];

	pool_init(&conn_pool, "conns", conn_memory, POOL_SIZE(struct conn), 2);
	pool_init(&windows, "windows", window_memory, CONN_WINDOW, 4);
	conns_init(&conns, &conn_pool, &windows, &none, &none);
	wish = first;
	answered = false;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	peer = fds[1];
	conns.now_ms = 1000;
	conn_open(&conns, fds[0], &from, &listener);
	assert_non_null(conns.list);
}

static int
setup(void **state)
{
	(void)state;
	begin(WANT_LINE);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(peer);
	if (conns.list != NULL)
		turn(3600000);
	assert_int_equal(conn_pool.used, 0);
	assert_int_equal(windows.used, 0);
	return 0;
}

static void
says(const char *what)
{
	size_t len = strlen(what);

	assert_int_equal(write(peer, what, len), len);
}

static void
client_that_says_too_much_is_waited_for_two_seconds(void **state)
{
	(void)state;
	says("question\r\nmore\r\n");
	turn(2000);
	assert_int_equal(wish, WANT_ANSWER);
	answered = true;
	conn_push(conns.list); /* as the barrier does */
	turn(2001);
	assert_true(conns.list->lingering);
	turn(4100);
	assert_null(conns.list);
}

static void
client_that_was_too_slow_is_not_looked_at_all_the_time(void **state)
{
	int64_t late = 1000 + PHASE_S * 1000;

	(void)state;
	turn(late);
	assert_true(conns.list->lingering);
	poller_begin(&poller, late + 1);
	conns.base.prep(&conns.base, &poller);
	assert_int_equal(poller.deadline_ms, late + 2000);
	turn(late + 2000);
	assert_null(conns.list);
}

static void
session_that_is_over_at_once_is_closed_at_once(void **state)
{
	(void)state;
	begin(WANT_CLOSE);
	turn(1001);
	assert_null(conns.list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    client_that_says_too_much_is_waited_for_two_seconds, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    client_that_was_too_slow_is_not_looked_at_all_the_time,
		    setup, teardown),
		cmocka_unit_test_teardown(
		    session_that_is_over_at_once_is_closed_at_once, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
