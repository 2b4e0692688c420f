/*
 * submit_log: the lines from which an owner learns what became of a message.
 *
 *   smtp.accepted   id peer listener from to recipients octets boxes queued
 *   smtp.recipient  id to                  each further recipient
 *   smtp.refused    id peer listener from to reply
 *
 * `boxes` are the accounts that have it, `queued=yes` says that the queue has
 * it too; relay.* lines go on from there under the same id.
 *
 * Memory: none of its own.  Bounds: a line is core/log's; BOXES_SHOWN names.
 * Failure: none.  Tested: tests/e2e/test_log.py.
 */
#ifndef SERVICE_SUBMIT_LOG_H
#define SERVICE_SUBMIT_LOG_H

#include "service/submit.h"

/* The message is durable; then its recipients beside the first. */
void submit_log_accepted(const struct submit_session *ss);
void submit_log_recipients(const struct submit_session *ss);

/*
 * The client is told `reply`, a refusal; `from` and `to` are of the request
 * and empty where it names none: then the transaction's are written.
 */
void submit_log_refused(const struct submit_session *ss, enum smtp_reply reply,
    const struct addr *from, const struct addr *to);

#endif
