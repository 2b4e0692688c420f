/*
 * log_sink: log lines go to standard error, one write each.
 *
 *   2026-11-22T16:14:08Z info smtp.accepted id=...
 *
 * Whoever started us (procd, systemd, a terminal) keeps them.  A line that
 * can't be written is lost; the program goes on.  So it is when the reader of
 * a pipe stands still: LOG_SINK_PATIENCE_MS are waited once, then lines are
 * lost, and counted in a line `log.lost` as soon as one is taken again.
 * Tested: tests/e2e/test_log.py.
 */
#ifndef PLATFORM_LOG_SINK_H
#define PLATFORM_LOG_SINK_H

#include "core/log.h"

#define LOG_SINK_PATIENCE_MS 100

void log_sink_stderr(enum log_level level, struct span line);

#endif
