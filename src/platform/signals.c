/* signals: the handler does nothing but write one byte. */
#include "platform/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int ends[2] = { -1, -1 };

static void
caught(int number)
{
	int saved = errno;
	char byte = number == SIGHUP ? SIGNALS_RELOAD : SIGNALS_STOP;
	ssize_t n = write(ends[1], &byte, 1);

	/* a full pipe holds the same wish already */
	(void)n;
	errno = saved;
}

int
signals_open(void)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	/* other servers take the latter two as questions: no reason to end */
	static const int ignored[] = { SIGPIPE, SIGUSR1, SIGUSR2 };
	struct sigaction sa;

	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return ERR_FULL;
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = caught;
	sa.sa_flags = SA_RESTART;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &sa, NULL);
	return ends[0];
}

unsigned
signals_take(void)
{
	unsigned got = 0;
	char bytes[16];
	ssize_t n;

	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			got |= (unsigned char)bytes[i];
	return got;
}
