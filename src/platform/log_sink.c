/* log_sink: time and level in front, a line end behind. */
#include "platform/log_sink.h"

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

void
log_sink_stderr(enum log_level level, struct span line)
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
