/*
 * log_sink: log lines go to standard error, one write each.
 *
 *   2026-11-22T16:14:08Z info smtp.accepted id=...
 *
 * Whoever started us (procd, systemd, a terminal) keeps them.  A line that
 * can't be written is lost; the program goes on.
 */
#ifndef PLATFORM_LOG_SINK_H
#define PLATFORM_LOG_SINK_H

#include "core/log.h"

void log_sink_stderr(enum log_level level, struct span line);

#endif
