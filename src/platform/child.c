/* child: fork, and what a child owes its parent. */
#include "platform/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
child_fork(void)
{
	pid_t pid = fork();

	return pid < 0 ? ERR_FULL : (int)pid;
}

void
child_begin(const char *name, bool deadly)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	struct sigaction sa;

	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &sa, NULL);
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
	if (deadly)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void
child_adopt(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void
child_exit(void)
{
	_exit(0);
}

void
child_kill(int pid)
{
	if (pid < 1)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void
child_is_expendable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	(void)setpriority(PRIO_PROCESS, 0, 5);
	if (fd < 0)
		return;
	n = write(fd, "800", 3);
	(void)n;
	(void)close(fd);
}
