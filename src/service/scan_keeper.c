/* scan_keeper: waits for orders; at most one worker for each lane. */
#include "service/scan_keeper.h"

#include <unistd.h>

#include "config.h"
#include "platform/channel.h"
#include "platform/child.h"
#include "platform/process.h"
#include "platform/sandbox.h"
#include "service/scan_talk.h"
#include "service/scan_worker.h"

#define LANES 2

static void
close_all(const int *fds)
{
	for (unsigned i = 0; i < CHANNEL_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* fds: the worker's end of its channel, and perhaps signatures. */
static int
start_worker(int *fds)
{
	int pid = child_fork();

	if (pid != 0)
		return pid;
	sandbox_keep_only(fds, fds[1] < 0 ? 1 : 2);
	scan_worker(fds[0], fds[1]);
}

static _Noreturn void
keep(int channel)
{
	int fds[CHANNEL_FDS], pids[LANES] = { 0 };
	struct scan_order o;
	int err;

	for (;;) {
		err = channel_receive(channel, &o, sizeof(o), fds);
		if (err == ERR_EOF)
			break;
		if (err || o.lane >= LANES)
			continue;
		scan_worker_prepare();
		child_kill(pids[o.lane]);
		pids[o.lane] = fds[0] < 0 ? 0 : start_worker(fds);
		close_all(fds);
	}
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
	pid = child_fork();
	if (pid == 0) {
		child_begin("gatepost-keeper", false);
		sandbox_keep_only(&ends[1], 1);
		if (process_become_owner(state) == ERR_DENIED)
			child_exit();
		keep(ends[1]);
	}
	(void)close(ends[1]);
	if (pid > 0)
		return ends[0];
	(void)close(ends[0]);
	return pid;
}
