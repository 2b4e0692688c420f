/*
 * log: one event = one line = `event key=value ...`.
 *
 *	struct log_line l;
 *	log_begin(&l, LOG_INFO, "smtp.accepted");
 *	log_u64(&l, "octets", n);
 *	log_span(&l, "from", reverse_path);      (foreign text: escaped here)
 *	log_end(&l);
 *
 * Memory: the line is built on the caller's stack.  Bounds: LOG_LINE_MAX
 * bytes; a longer line is cut and ends in " cut=1".  Never log a password or
 * a message body.  The same line as the one before is counted, not written;
 * the count follows as `log.repeated times=N`.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/text.h"

#define LOG_LINE_MAX 480

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

struct log_line {
	enum log_level level;
	bool muted; /* above the level that is wanted: build nothing */
	struct text text;
	char mem[LOG_LINE_MAX];
};

/* Takes one finished line without a line end; set by platform/log_sink. */
typedef void (*log_sink)(enum log_level level, struct span line);

/* Where lines go and which are wanted; a NULL sink drops everything. */
void log_to(log_sink sink, enum log_level most);

void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_u64(struct log_line *l, const char *key, uint64_t value);
void log_i64(struct log_line *l, const char *key, int64_t value);
void log_str(struct log_line *l, const char *key, const char *value);
void log_span(struct log_line *l, const char *key, struct span value);
void log_err(struct log_line *l, int err);
void log_end(struct log_line *l);

/* A line with one optional key and an error; key NULL and err 0 for none. */
void log_event(enum log_level level, const char *event, const char *key,
    const char *value, int err);

#endif
