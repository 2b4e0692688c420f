/* log_sink: time and level in front, a line end behind. */
#include "platform/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void
put_time(struct text *t)
{
	time_t now = time(NULL);
	struct tm utc;

	if (gmtime_r(&now, &utc) == NULL)
		return;
	text_i64(t, 1900 + utc.tm_year);
	text_chr(t, '-');
	text_u64_pad(t, (unsigned)utc.tm_mon + 1, 2);
	text_chr(t, '-');
	text_u64_pad(t, (unsigned)utc.tm_mday, 2);
	text_chr(t, 'T');
	text_u64_pad(t, (unsigned)utc.tm_hour, 2);
	text_chr(t, ':');
	text_u64_pad(t, (unsigned)utc.tm_min, 2);
	text_chr(t, ':');
	text_u64_pad(t, (unsigned)utc.tm_sec, 2);
	text_chr(t, 'Z');
}

static unsigned lost; /* lines since somebody last took one */

/* A file always takes a line; a pipe or terminal, when its reader does. */
static bool
may_block(void)
{
	static enum { UNKNOWN, NO, YES } known;
	struct stat st;

	if (known == UNKNOWN)
		known = fstat(STDERR_FILENO, &st) || !S_ISREG(st.st_mode) ? YES
									  : NO;
	return known == YES;
}

/* Would a line be taken now?  Waited for is only in front of the first lost. */
static bool
is_ready(void)
{
	struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };
	int n;

	if (!may_block())
		return true;
	do
		n = poll(&p, 1, lost > 0 ? 0 : LOG_SINK_PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	return n != 0;
}

static void
put_line(enum log_level level, struct span line)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	char mem[LOG_LINE_MAX + 40];
	struct text t;
	ssize_t n;

	text_init(&t, mem, sizeof(mem));
	put_time(&t);
	text_chr(&t, ' ');
	text_str(&t, names[level]);
	text_chr(&t, ' ');
	text_span(&t, line);
	text_chr(&t, '\n');
	n = write(STDERR_FILENO, t.mem, t.len);
	(void)n;
}

static void
put_lost(void)
{
	char mem[48];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_str(&t, "log.lost lines=");
	text_u64(&t, lost);
	lost = 0;
	put_line(LOG_WARN, text_data(&t));
}

/* A pipe that is ready has room for both lines. */
void
log_sink_stderr(enum log_level level, struct span line)
{
	if (!is_ready()) {
		lost++;
		return;
	}
	if (lost > 0)
		put_lost();
	put_line(level, line);
}
