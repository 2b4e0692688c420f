/*
 * scan_keeper: waits for orders; at most one worker for each lane.  From the
 * first one on its heir sleeps beside it, a fork of it.  Each sees the other's
 * end.
 */
#include "service/scan_keeper.h"

#include <unistd.h>

#include "config.h"
#include "platform/channel.h"
#include "platform/child.h"
#include "platform/pages.h"
#include "platform/process.h"
#include "platform/sandbox.h"
#include "service/scan_talk.h"
#include "service/scan_worker.h"

#define LANES 2

/* fds: the worker's end of its channel, and perhaps signatures. */
static int
start_worker(int *fds, bool is_new)
{
	int pid = child_fork();

	if (pid != 0)
		return pid;
	sandbox_keep_only(fds, fds[1] < 0 ? 1 : 2);
	scan_worker(fds[0], fds[1], is_new);
}

/* A channel that fails is as good as ended: nothing must spin on it. */
static bool
goes_on(int err)
{
	return err == ERR_OK || err == ERR_AGAIN || err == ERR_SYNTAX;
}

/*
 * Fork the heir: here `*heir` is the channel that ends with it, there the call
 * returns when the keeper has ended, and it is the keeper.  True: it is.
 */
static bool
has_inherited(int channel, int *heir, int *pid)
{
	int ends[2], fds[CHANNEL_FDS], err;
	struct scan_order nothing;

	*heir = -1;
	*pid = 0;
	if (channel_open(ends))
		return false;
	*pid = child_fork();
	if (*pid != 0) {
		(void)close(ends[1]);
		*heir = ends[0];
		return false;
	}
	child_begin("gatepost-heir", false);
	(void)close(ends[0]);
	do
		err = channel_receive(ends[1], &nothing, sizeof(nothing), fds);
	while (goes_on(err));
	(void)close(ends[1]);
	child_begin("gatepost-keeper", false);
	/* it goes on in main's log */
	nothing.lane = SCAN_NO_LANE;
	(void)!channel_send(
	    channel, span_of(&nothing, sizeof(nothing)), NULL, 0);
	return true;
}

/* Until the heir's channel ends, or an order is there. */
static bool
has_order(int channel, int heir)
{
	pages_shed();
	return heir < 0 || channel_wait(channel, heir) == channel;
}

static void
obey(const struct scan_order *o, int *fds, int *pids)
{
	if (o->lane < LANES) {
		scan_worker_prepare();
		child_kill(pids[o->lane]);
		pids[o->lane] = fds[0] < 0 ? 0 : start_worker(fds, o->is_new);
	}
	channel_drop(fds);
}

/* One life as the keeper; returns in the heir, as the next one. */
static void
keep(int channel, bool ordered)
{
	int fds[CHANNEL_FDS], pids[LANES] = { 0 }, heir = -1, heir_pid = 0;
	struct scan_order o;
	int err = ERR_OK;

	do {
		if (ordered && heir < 0
		    && has_inherited(channel, &heir, &heir_pid))
			return;
		if (!has_order(channel, heir)) {
			(void)close(heir);
			child_kill(heir_pid);
			heir = -1;
			continue;
		}
		err = channel_receive(channel, &o, sizeof(o), fds);
		if (err == ERR_OK)
			obey(&o, fds, pids);
		ordered = ordered || err == ERR_OK;
	} while (goes_on(err));
	child_kill(heir_pid);
	for (unsigned i = 0; i < LANES; i++)
		child_kill(pids[i]);
	child_exit();
}

int
scan_keeper_start(const char *state)
{
	int ends[2], pid, err;

	if (!ENABLE_SCAN_WORKER)
		return ERR_UNSUPPORTED;
	err = channel_open(ends);
	if (err)
		return err;
	child_adopt();
	pid = child_fork();
	if (pid == 0) {
		child_begin("gatepost-keeper", false);
		sandbox_keep_only(&ends[1], 1);
		if (process_become_owner(state) == ERR_DENIED)
			child_exit();
		keep(ends[1], false);
		for (;;)
			keep(ends[1], true);
	}
	(void)close(ends[1]);
	if (pid > 0)
		return ends[0];
	(void)close(ends[0]);
	return pid;
}
